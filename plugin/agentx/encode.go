package agentx

import (
	"encoding/binary"
	"fmt"

	"hawser/mib/snmp"
)

// writer appends the elements of RFC 2741, section 5, in one byte order.
type writer struct {
	buf    []byte
	little bool
}

func (f Flags) little() bool { return f&FlagNetworkByteOrder == 0 }

// Append appends the message, header and all. It panics on a type that RFC 2741 does not know and on a value that SNMP does
// not know: both are mistakes of this program.
func (p *PDU) Append(dst []byte) []byte {
	if p.Context != "" {
		p.Flags |= FlagNonDefaultContext
	}
	w := writer{buf: dst, little: p.Flags.little()}
	w.header(p.Header)
	if p.hasContext() && p.Flags&FlagNonDefaultContext != 0 {
		w.octets([]byte(p.Context))
	}
	w.payload(p)
	w.finish(len(dst))
	return w.buf
}

// header writes the header with a payload length of 0; finish puts the true one there.
func (w *writer) header(h Header) {
	w.buf = append(w.buf, version, byte(h.Type), byte(h.Flags), 0)
	w.uint32(h.Session)
	w.uint32(h.Transaction)
	w.uint32(h.Packet)
	w.uint32(0)
}

func (w *writer) finish(from int) {
	length := uint32(len(w.buf) - from - headerSize)
	if w.little {
		binary.LittleEndian.PutUint32(w.buf[from+16:], length)
	} else {
		binary.BigEndian.PutUint32(w.buf[from+16:], length)
	}
}

func (w *writer) payload(p *PDU) {
	switch p.Type {
	case TypeOpen:
		w.buf = append(w.buf, p.Timeout, 0, 0, 0)
		w.oid(p.ID, false)
		w.octets(p.Description)
	case TypeClose:
		w.buf = append(w.buf, p.Reason, 0, 0, 0)
	case TypeRegister, TypeUnregister:
		w.registration(p)
	case TypeGet, TypeGetNext:
		w.ranges(p.Ranges)
	case TypeGetBulk:
		w.uint16(p.NonRepeaters)
		w.uint16(p.MaxRepetitions)
		w.ranges(p.Ranges)
	case TypeTestSet, TypeNotify, TypeIndexAllocate, TypeIndexDeallocate:
		w.varbinds(p)
	case TypeCommitSet, TypeUndoSet, TypeCleanupSet, TypePing:
	case TypeAddAgentCaps:
		w.oid(p.ID, false)
		w.octets(p.Description)
	case TypeRemoveAgentCaps:
		w.oid(p.ID, false)
	case TypeResponse:
		w.uint32(p.Uptime)
		w.uint16(uint16(p.Error))
		w.uint16(p.Index)
		w.varbinds(p)
	default:
		panic(fmt.Sprintf("agentx: no encoding for %s", p.Type))
	}
}

func (w *writer) registration(p *PDU) {
	timeout := p.Timeout
	if p.Type == TypeUnregister {
		timeout = 0
	}
	w.buf = append(w.buf, timeout, p.Priority, p.RangeSubID, 0)
	w.oid(p.ID, false)
	if p.RangeSubID != 0 {
		w.uint32(p.UpperBound)
	}
}

func (w *writer) ranges(ranges []SearchRange) {
	for _, r := range ranges {
		w.oid(r.Start, r.Include)
		w.oid(r.End, false)
	}
}

func (w *writer) varbinds(p *PDU) {
	if p.Encoded != nil {
		w.buf = append(w.buf, p.Encoded...)
		return
	}
	for _, vb := range p.Varbinds {
		w.varbind(vb)
	}
}

// AppendVarbind appends a varbind in network byte order. It panics on a type that SNMP does not know.
func AppendVarbind(dst []byte, vb snmp.Varbind) []byte {
	w := writer{buf: dst}
	w.varbind(vb)
	return w.buf
}

// varbind writes type, name and data (RFC 2741, section 5.4). The numbers of the types are the tags of BER.
func (w *writer) varbind(vb snmp.Varbind) {
	w.uint16(uint16(vb.Value.Type))
	w.uint16(0)
	w.oid(vb.OID, false)
	switch v := vb.Value; v.Type {
	case snmp.TypeInteger:
		w.uint32(uint32(int32(v.Int)))
	case snmp.TypeCounter32, snmp.TypeGauge32, snmp.TypeTimeTicks:
		w.uint32(uint32(v.Uint))
	case snmp.TypeCounter64:
		w.uint64(v.Uint)
	case snmp.TypeOctetString, snmp.TypeIPAddress, snmp.TypeOpaque:
		w.octets(v.Bytes)
	case snmp.TypeObjectID:
		w.oid(v.OID, false)
	case snmp.TypeNull, snmp.TypeNoSuchObject, snmp.TypeNoSuchInstance, snmp.TypeEndOfMibView:
	default:
		panic(fmt.Sprintf("agentx: no encoding for a value of %s", v.Type))
	}
}

// oid writes an identifier, the first five sub-identifiers as a prefix where they are 1.3.6.1.1 to 1.3.6.1.255 (section
// 5.1). It panics on one that is too long: no decoder lets such a one in.
func (w *writer) oid(oid snmp.OID, include bool) {
	if len(oid) > snmp.MaxSubIDs {
		panic(fmt.Sprintf("agentx: an identifier of %d sub-identifiers", len(oid)))
	}
	prefix, rest := byte(0), oid
	if len(oid) >= prefixLength && oid[0] == 1 && oid[1] == 3 && oid[2] == 6 && oid[3] == 1 && oid[4]-1 < 255 {
		prefix, rest = byte(oid[4]), oid[prefixLength:]
	}
	flag := byte(0)
	if include {
		flag = 1
	}
	w.buf = append(w.buf, byte(len(rest)), prefix, flag, 0)
	for _, sub := range rest {
		w.uint32(sub)
	}
}

// octets writes length and octets, padded (section 5.3).
func (w *writer) octets(octets []byte) {
	w.uint32(uint32(len(octets)))
	w.buf = append(w.buf, octets...)
	for pad := -len(octets) & (align - 1); pad > 0; pad-- {
		w.buf = append(w.buf, 0)
	}
}

func (w *writer) uint16(v uint16) {
	if w.little {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, v)
	} else {
		w.buf = binary.BigEndian.AppendUint16(w.buf, v)
	}
}

func (w *writer) uint32(v uint32) {
	if w.little {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, v)
	} else {
		w.buf = binary.BigEndian.AppendUint32(w.buf, v)
	}
}

func (w *writer) uint64(v uint64) {
	if w.little {
		w.buf = binary.LittleEndian.AppendUint64(w.buf, v)
	} else {
		w.buf = binary.BigEndian.AppendUint64(w.buf, v)
	}
}

// hasContext says whether a PDU of this type may carry a context (RFC 2741, section 6.1.1).
func (p *PDU) hasContext() bool {
	switch p.Type {
	case TypeOpen, TypeClose, TypeCommitSet, TypeUndoSet, TypeCleanupSet, TypeResponse:
		return false
	default:
		return true
	}
}
