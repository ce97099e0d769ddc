package agentx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"hawser/mib/snmp"
)

// ErrMalformed is wrapped by every error that means "these octets are no AgentX message".
var ErrMalformed = errors.New("malformed agentx message")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// frameLength reads the length of a whole message from its header. An error means that nothing behind it can be read.
func frameLength(header []byte) (int, error) {
	if len(header) < headerSize {
		return 0, malformed("header of %d octets", len(header))
	}
	if header[0] != version {
		return 0, malformed("version %d", header[0])
	}
	length := binary.BigEndian.Uint32(header[16:])
	if Flags(header[2]).little() {
		length = binary.LittleEndian.Uint32(header[16:])
	}
	if length%align != 0 || length > maxPayload {
		return 0, malformed("payload of %d octets", length)
	}
	return headerSize + int(length), nil
}

// Decode reads one whole message. Of a message whose payload is malformed the header is there nevertheless, so that it can
// be answered. Slices of p are used again; those of Get, GetNext and GetBulk are valid until the next Decode only.
func (p *PDU) Decode(frame []byte) error {
	length, err := frameLength(frame)
	if err != nil {
		return err
	}
	if length != len(frame) {
		return malformed("%d octets where the header says %d", len(frame), length)
	}
	ranges, arena := p.Ranges[:0], p.arena[:0]
	*p = PDU{Ranges: ranges, arena: arena}
	r := reader{rest: frame[headerSize:], little: Flags(frame[2]).little()}
	head := reader{rest: frame[4:16], little: r.little}
	p.Header = Header{
		Type: Type(frame[1]), Flags: Flags(frame[2]), Session: head.uint32(), Transaction: head.uint32(), Packet: head.uint32(),
	}
	if p.hasContext() && p.Flags&FlagNonDefaultContext != 0 {
		p.Context = string(r.octets())
	}
	r.payload(p)
	if r.err == nil && len(r.rest) > 0 {
		r.fail("%d octets after the end", len(r.rest))
	}
	if r.err != nil {
		return fmt.Errorf("%s: %w", p.Type, r.err)
	}
	return nil
}

// reader takes the elements of RFC 2741, section 5, from the front of what is left. The first error stays.
type reader struct {
	rest   []byte
	little bool
	err    error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = malformed(format, args...)
	}
	r.rest = nil
}

// take takes n octets; after an error, or where fewer are left, it returns nil.
func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.fail("%d octets needed, %d left", n, len(r.rest))
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) uint16() uint16 {
	switch b := r.take(2); {
	case b == nil:
		return 0
	case r.little:
		return binary.LittleEndian.Uint16(b)
	default:
		return binary.BigEndian.Uint16(b)
	}
}

func (r *reader) uint32() uint32 {
	switch b := r.take(4); {
	case b == nil:
		return 0
	case r.little:
		return binary.LittleEndian.Uint32(b)
	default:
		return binary.BigEndian.Uint32(b)
	}
}

func (r *reader) uint64() uint64 {
	switch b := r.take(8); {
	case b == nil:
		return 0
	case r.little:
		return binary.LittleEndian.Uint64(b)
	default:
		return binary.BigEndian.Uint64(b)
	}
}

// octets takes an octet string with its padding; the result is a part of the frame.
func (r *reader) octets() []byte {
	length := r.uint32()
	if uint64(length) > uint64(len(r.rest)) {
		r.fail("string of %d octets, %d left", length, len(r.rest))
		return nil
	}
	octets := r.take(int(length))
	r.take(-int(length) & (align - 1))
	return octets
}

// oid appends the sub-identifiers to arena and returns them and the arena; include is the flag that a search range has.
func (r *reader) oid(arena []uint32) (oid snmp.OID, include bool, grown []uint32) {
	head := r.take(4)
	if head == nil {
		return nil, false, arena
	}
	count, prefix := int(head[0]), head[1]
	total := count
	if prefix != 0 {
		total += prefixLength
	}
	if total > snmp.MaxSubIDs || count*4 > len(r.rest) {
		r.fail("identifier of %d sub-identifiers, %d octets left", total, len(r.rest))
		return nil, false, arena
	}
	from := len(arena)
	if prefix != 0 {
		arena = append(arena, 1, 3, 6, 1, uint32(prefix))
	}
	for range count {
		arena = append(arena, r.uint32())
	}
	return arena[from:len(arena):len(arena)], head[2] != 0, arena
}

// own takes an identifier that shares nothing.
func (r *reader) own() snmp.OID {
	oid, _, _ := r.oid(nil)
	return oid
}

func (r *reader) payload(p *PDU) {
	switch p.Type {
	case TypeOpen:
		p.Timeout = r.first(0)
		p.ID = r.own()
		p.Description = bytes.Clone(r.octets())
	case TypeClose:
		p.Reason = r.first(0)
	case TypeRegister, TypeUnregister:
		r.registration(p)
	case TypeGet, TypeGetNext:
		r.ranges(p)
	case TypeGetBulk:
		p.NonRepeaters, p.MaxRepetitions = r.uint16(), r.uint16()
		r.ranges(p)
	case TypeTestSet, TypeNotify, TypeIndexAllocate, TypeIndexDeallocate:
		r.varbinds(p)
	case TypeCommitSet, TypeUndoSet, TypeCleanupSet, TypePing:
	case TypeAddAgentCaps:
		p.ID = r.own()
		p.Description = bytes.Clone(r.octets())
	case TypeRemoveAgentCaps:
		p.ID = r.own()
	case TypeResponse:
		p.Uptime, p.Error, p.Index = r.uint32(), Status(r.uint16()), r.uint16()
		r.varbinds(p)
	default:
		r.fail("unknown type %d", p.Type)
	}
}

// first takes four octets of which one counts.
func (r *reader) first(at int) byte {
	if b := r.take(4); b != nil {
		return b[at]
	}
	return 0
}

func (r *reader) registration(p *PDU) {
	b := r.take(4)
	if b == nil {
		return
	}
	if p.Type == TypeRegister {
		p.Timeout = b[0]
	}
	p.Priority, p.RangeSubID = b[1], b[2]
	p.ID = r.own()
	if p.RangeSubID != 0 {
		p.UpperBound = r.uint32()
	}
	if int(p.RangeSubID) > len(p.ID) {
		r.fail("range in sub-identifier %d of %d", p.RangeSubID, len(p.ID))
	}
}

func (r *reader) ranges(p *PDU) {
	for r.err == nil && len(r.rest) > 0 {
		var s SearchRange
		s.Start, s.Include, p.arena = r.oid(p.arena)
		s.End, _, p.arena = r.oid(p.arena)
		p.Ranges = append(p.Ranges, s)
	}
}

func (r *reader) varbinds(p *PDU) {
	for r.err == nil && len(r.rest) > 0 {
		p.Varbinds = append(p.Varbinds, r.varbind())
	}
}

// varbind takes type, name and data (RFC 2741, section 5.4).
func (r *reader) varbind() snmp.Varbind {
	kind := r.uint16()
	r.take(2)
	vb := snmp.Varbind{OID: r.own()}
	v := &vb.Value
	if v.Type = snmp.Type(kind); kind > 0xff {
		r.fail("unknown value type %d", kind)
		return vb
	}
	switch v.Type {
	case snmp.TypeInteger:
		v.Int = int64(int32(r.uint32()))
	case snmp.TypeCounter32, snmp.TypeGauge32, snmp.TypeTimeTicks:
		v.Uint = uint64(r.uint32())
	case snmp.TypeCounter64:
		v.Uint = r.uint64()
	case snmp.TypeOctetString, snmp.TypeOpaque:
		v.Bytes = bytes.Clone(r.octets())
	case snmp.TypeIPAddress:
		if v.Bytes = bytes.Clone(r.octets()); len(v.Bytes) != 4 {
			r.fail("IpAddress of %d octets", len(v.Bytes))
		}
	case snmp.TypeObjectID:
		v.OID = r.own()
	case snmp.TypeNull, snmp.TypeNoSuchObject, snmp.TypeNoSuchInstance, snmp.TypeEndOfMibView:
	default:
		r.fail("unknown value type %d", kind)
	}
	return vb
}
