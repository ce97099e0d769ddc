package snmp

import (
	"context"
	"fmt"
	"net/netip"
)

// Names of the two varbinds that open every notification (RFC 3416, section 4.2.6).
var (
	SysUpTime   = OID{1, 3, 6, 1, 2, 1, 1, 3, 0}
	SnmpTrapOID = OID{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}
)

// Notification returns the varbinds of a notification: uptime in hundredths of a second, its name, its objects.
func Notification(uptime uint32, name OID, objects ...Varbind) []Varbind {
	head := []Varbind{{SysUpTime, TimeTicks(uptime)}, {SnmpTrapOID, ObjectID(name)}}
	return append(head, objects...)
}

// SenderConfig says from where a Sender sends and as which engine.
type SenderConfig struct {
	Local  netip.AddrPort // the zero value means any address, any port
	Engine func() Engine  // the engine that is authoritative for v3 traps; INFORMs do without it
}

// Sender originates notifications over one UDP socket. It is safe for use by many goroutines. A caller that wants
// a retransmission calls again.
type Sender struct {
	*requester
	engine func() Engine
}

// NewSender opens the socket. Close ends it.
func NewSender(cfg SenderConfig) (*Sender, error) {
	r, err := newRequester(cfg.Local)
	if err != nil {
		return nil, err
	}
	return &Sender{requester: r, engine: cfg.Engine}, nil
}

// Close ends the Sender; whoever waits in Inform gets ErrClosed.
func (s *Sender) Close() error { return s.close() }

// Inform sends varbinds, which Notification makes, and waits until the receiver acknowledged them or ctx ends. It
// sends the INFORM once, after what discovery of the receiver's engine and its clock need.
func (s *Sender) Inform(ctx context.Context, target Target, user User, varbinds []Varbind) error {
	answer, err := s.do(ctx, target, user, PDU{Type: InformRequest, Varbinds: varbinds})
	if err != nil {
		return err
	}
	if answer.ErrorStatus != NoError {
		return fmt.Errorf("inform to %s: the receiver answers %s: read its log", target.Address, answer.ErrorStatus)
	}
	return nil
}

// Trap sends varbinds, which Notification makes, unconfirmed: under v3 as the authoritative engine of the Sender.
func (s *Sender) Trap(_ context.Context, target Target, user User, varbinds []Varbind) error {
	packet, err := s.trap(target, user, varbinds)
	if err == nil {
		err = s.send(target.Address, packet)
	}
	if err != nil {
		return fmt.Errorf("trap to %s: %w", target.Address, err)
	}
	return nil
}

func (s *Sender) trap(target Target, user User, varbinds []Varbind) ([]byte, error) {
	id := s.nextID()
	pdu := PDU{Type: TrapV2, RequestID: id, Varbinds: varbinds}
	switch {
	case target.Version == V2c:
		m := &Message{Version: V2c, Community: target.Community, PDU: pdu}
		return m.Encode()
	case target.Version != V3:
		return nil, fmt.Errorf("%w %s: choose v2c or v3", ErrVersion, target.Version)
	case s.engine == nil:
		return nil, fmt.Errorf("%w: give the Sender its engine", ErrUnknownEngineID)
	}
	if err := user.Validate(); err != nil {
		return nil, err
	}
	engine := s.engine()
	m := &Message{
		Version: V3, MsgID: id, Flags: user.Level(), SecurityModel: securityUSM,
		EngineID: engine.ID, Boots: engine.Boots, Time: engine.Time, User: user.Name,
		ContextEngineID: engine.ID, ContextName: target.ContextName, PDU: pdu,
	}
	return m.Seal(s.keys.keys(user, engine.ID))
}
