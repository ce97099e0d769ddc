package snmp

import (
	"fmt"
	"math"
	"net/netip"
)

// PDUType is the BER tag of a PDU.
type PDUType byte

// The PDUs of RFC 1157 and RFC 3416.
const (
	GetRequest     PDUType = 0xa0
	GetNextRequest PDUType = 0xa1
	Response       PDUType = 0xa2
	SetRequest     PDUType = 0xa3
	TrapV1         PDUType = 0xa4
	GetBulkRequest PDUType = 0xa5
	InformRequest  PDUType = 0xa6
	TrapV2         PDUType = 0xa7
	Report         PDUType = 0xa8
)

var pduNames = map[PDUType]string{
	GetRequest: "get", GetNextRequest: "getNext", Response: "response", SetRequest: "set", TrapV1: "trapV1",
	GetBulkRequest: "getBulk", InformRequest: "inform", TrapV2: "trapV2", Report: "report",
}

// String returns a short name for logs.
func (t PDUType) String() string {
	if name, ok := pduNames[t]; ok {
		return name
	}
	return fmt.Sprintf("pdu 0x%02x", byte(t))
}

// Confirmed says whether a PDU of this type wants an answer (RFC 3411, section 2.8).
func (t PDUType) Confirmed() bool {
	switch t {
	case GetRequest, GetNextRequest, SetRequest, GetBulkRequest, InformRequest:
		return true
	default:
		return false
	}
}

// PDU is one operation. ErrorIndex counts from 1. NonRepeaters and MaxRepetitions belong to GetBulkRequest, where
// they stand in the place of ErrorStatus and ErrorIndex. A TrapV1 has V1 and Varbinds only.
type PDU struct {
	Type           PDUType
	RequestID      int32
	ErrorStatus    ErrorStatus
	ErrorIndex     int
	NonRepeaters   int
	MaxRepetitions int
	Varbinds       []Varbind
	V1             *V1Trap

	// Encoded, if not nil, is sent instead of Varbinds: varbinds one after another in BER form, as AppendVarbind
	// makes them. Decoding never fills it.
	Encoded []byte
}

// V1Trap holds what only an SNMPv1 trap has.
type V1Trap struct {
	Enterprise   OID
	AgentAddress netip.Addr
	Generic      int
	Specific     int
	Uptime       uint32 // hundredths of a second
}

const enterpriseSpecific = 6 // generic-trap of RFC 1157

// NotificationOID returns the snmpTrapOID that stands for the trap (RFC 3584, section 3.1).
func (t V1Trap) NotificationOID() OID {
	if t.Generic == enterpriseSpecific {
		return t.Enterprise.Append(0, uint32(t.Specific))
	}
	return OID{1, 3, 6, 1, 6, 3, 1, 1, 5, uint32(t.Generic) + 1}
}

// encode appends the PDU.
func (w *writer) pdu(p PDU) {
	mark := w.begin(byte(p.Type))
	switch p.Type {
	case TrapV1:
		w.v1Trap(p.V1)
	case GetBulkRequest:
		w.integer(int64(p.RequestID))
		w.integer(int64(p.NonRepeaters))
		w.integer(int64(p.MaxRepetitions))
	default:
		w.integer(int64(p.RequestID))
		w.integer(int64(p.ErrorStatus))
		w.integer(int64(p.ErrorIndex))
	}
	list := w.begin(tagSequence)
	if p.Encoded != nil {
		w.buf = append(w.buf, p.Encoded...)
	} else {
		for _, vb := range p.Varbinds {
			w.buf = AppendVarbind(w.buf, vb)
		}
	}
	w.end(list)
	w.end(mark)
}

func (w *writer) v1Trap(t *V1Trap) {
	if t == nil {
		t = &V1Trap{}
	}
	w.oid(t.Enterprise)
	w.value(IPAddress(t.AgentAddress))
	w.integer(int64(t.Generic))
	w.integer(int64(t.Specific))
	w.value(TimeTicks(t.Uptime))
}

func (r *reader) pdu() (PDU, error) {
	tag, content, err := r.next()
	if err != nil {
		return PDU{}, fmt.Errorf("pdu: %w", err)
	}
	p, body := PDU{Type: PDUType(tag)}, reader{content}
	switch p.Type {
	case TrapV1:
		p.V1, err = body.v1Trap()
	case GetRequest, GetNextRequest, Response, SetRequest, GetBulkRequest, InformRequest, TrapV2, Report:
		err = body.pduHead(&p)
	default:
		return PDU{}, malformed("unknown %s", p.Type)
	}
	if err != nil {
		return PDU{}, fmt.Errorf("%s: %w", p.Type, err)
	}
	if p.Varbinds, err = body.varbinds(); err != nil {
		return PDU{}, fmt.Errorf("%s: %w", p.Type, err)
	}
	return p, body.end("pdu")
}

// pduHead reads request-id and the two fields behind it. A negative GETBULK count means 0 (RFC 3416, 4.2.3).
func (r *reader) pduHead(p *PDU) error {
	id, err := r.integer(math.MinInt32, math.MaxInt32, "request-id")
	if err != nil {
		return err
	}
	first, err := r.integer(math.MinInt32, math.MaxInt32, "error-status")
	if err != nil {
		return err
	}
	second, err := r.integer(math.MinInt32, math.MaxInt32, "error-index")
	if err != nil {
		return err
	}
	p.RequestID = int32(id)
	if p.Type == GetBulkRequest {
		p.NonRepeaters, p.MaxRepetitions = int(max(first, 0)), int(max(second, 0))
	} else {
		p.ErrorStatus, p.ErrorIndex = ErrorStatus(first), int(second)
	}
	return nil
}

func (r *reader) v1Trap() (*V1Trap, error) {
	name, err := r.take(byte(TypeObjectID), "enterprise")
	if err != nil {
		return nil, err
	}
	t := &V1Trap{}
	if t.Enterprise, err = parseOID(name); err != nil {
		return nil, err
	}
	address, err := r.take(byte(TypeIPAddress), "agent-addr")
	if err != nil {
		return nil, err
	}
	var ok bool
	if t.AgentAddress, ok = netip.AddrFromSlice(address); !ok || !t.AgentAddress.Is4() {
		return nil, malformed("agent-addr of %d octets", len(address))
	}
	generic, err := r.integer(0, enterpriseSpecific, "generic-trap")
	if err != nil {
		return nil, err
	}
	specific, err := r.integer(math.MinInt32, math.MaxInt32, "specific-trap")
	if err != nil {
		return nil, err
	}
	t.Generic, t.Specific = int(generic), int(specific)
	ticks, err := r.take(byte(TypeTimeTicks), "time-stamp")
	if err != nil {
		return nil, err
	}
	uptime, err := parseUint(ticks, 32)
	t.Uptime = uint32(uptime)
	return t, err
}
