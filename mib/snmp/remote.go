package snmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// Target is where a request or notification goes, and how. User stands apart in the calls that take it: v3 only.
type Target struct {
	Address     netip.AddrPort
	Version     Version // V2c or V3
	Community   string  // V2c
	ContextName string  // V3
}

// attempts bounds the exchanges of one request: discovery, time, the request, and one more round of both after
// the other engine restarted in between.
const attempts = 6

// requester carries out confirmed operations: it discovers the engine of the other side, keeps its clock, and sets
// it again when an authenticated report says that it is wrong.
type requester struct {
	*transport
	keys keyCache

	mu      sync.Mutex // guards engines and lastID
	engines map[netip.AddrPort]*remote
	lastID  int32
}

// remote is an engine that answers at an address.
type remote struct {
	mu       sync.Mutex // guards the fields below
	engineID []byte
	timeline Timeline
}

func newRequester(local netip.AddrPort) (*requester, error) {
	t, err := newTransport(local)
	if err != nil {
		return nil, err
	}
	return &requester{transport: t, engines: make(map[netip.AddrPort]*remote), lastID: rand.Int32()}, nil
}

// nextID returns an id for msgID and request-id, 1..2147483647.
func (r *requester) nextID() int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastID = max((r.lastID+1)&0x7fffffff, 1)
	return r.lastID
}

func (r *requester) remote(address netip.AddrPort) *remote {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.engines[address]
	if !ok {
		known = &remote{}
		r.engines[address] = known
	}
	return known
}

// do sends pdu once and returns the answer. What discovery and clock need is sent before it or again after it;
// the other side carries the operation out at most once.
func (r *requester) do(ctx context.Context, target Target, user User, pdu PDU) (PDU, error) {
	target.Address = netip.AddrPortFrom(target.Address.Addr().Unmap(), target.Address.Port())
	var answer PDU
	var err error
	switch target.Version {
	case V3:
		answer, err = r.doV3(ctx, target, user, pdu)
	case V2c:
		answer, err = r.doCommunity(ctx, target, pdu)
	default:
		err = fmt.Errorf("%w %s: choose v2c or v3", ErrVersion, target.Version)
	}
	if err != nil {
		return PDU{}, fmt.Errorf("%s to %s: %w", pdu.Type, target.Address, err)
	}
	return answer, nil
}

func (r *requester) doCommunity(ctx context.Context, target Target, pdu PDU) (PDU, error) {
	pdu.RequestID = r.nextID()
	m := &Message{Version: target.Version, Community: target.Community, PDU: pdu}
	packet, err := m.Encode()
	if err != nil {
		return PDU{}, err
	}
	answer, err := r.exchange(ctx, target.Address, pdu.RequestID, packet, func(from netip.AddrPort, m *Message) bool {
		return from == target.Address && m.Version == target.Version && m.Community == target.Community &&
			m.PDU.Type == Response
	})
	if err != nil {
		return PDU{}, err
	}
	return answer.PDU, nil
}

func (r *requester) doV3(ctx context.Context, target Target, user User, pdu PDU) (PDU, error) {
	if err := user.Validate(); err != nil {
		return PDU{}, err
	}
	engine := r.remote(target.Address)
	var err error
	for range attempts {
		var engineID []byte
		if engineID, err = r.discover(ctx, target, engine); err != nil {
			return PDU{}, err
		}
		var answer *Message
		if answer, err = r.once(ctx, target, user, engine, engineID, pdu); err != nil {
			return PDU{}, err
		}
		if answer.PDU.Type == Response {
			return answer.PDU, nil
		}
		err = reportError(answer.PDU)
		switch {
		case errors.Is(err, ErrUnknownEngineID):
			engine.forget(engineID)
		case errors.Is(err, ErrNotInTimeWindow) && answer.Flags&FlagAuth != 0:
		default:
			return PDU{}, err
		}
	}
	return PDU{}, err
}

// discover returns the engine id of the other side, which it asks for if it is not known (RFC 3414, section 4).
func (r *requester) discover(ctx context.Context, target Target, engine *remote) ([]byte, error) {
	if id := engine.id(); id != nil {
		return id, nil
	}
	id := r.nextID()
	probe := &Message{
		Version: V3, MsgID: id, Flags: FlagReportable, SecurityModel: securityUSM,
		PDU: PDU{Type: GetRequest, RequestID: id},
	}
	packet, err := probe.Encode()
	if err != nil {
		return nil, err
	}
	answer, err := r.exchange(ctx, target.Address, id, packet, func(_ netip.AddrPort, m *Message) bool {
		return m.Version == V3 && m.Flags.Level() == 0 && m.Open(nil) == nil && m.PDU.Type == Report
	})
	if err != nil {
		return nil, fmt.Errorf("discover the engine: %w", err)
	}
	if len(answer.EngineID) < MinEngineID {
		return nil, malformed("engine id of %d octets", len(answer.EngineID))
	}
	engine.learn(answer.EngineID)
	return answer.EngineID, nil
}

// once sends the request as its user and waits for a response of the same level, or a report.
func (r *requester) once(ctx context.Context, target Target, user User, engine *remote, engineID []byte, pdu PDU) (*Message, error) {
	id := r.nextID()
	pdu.RequestID = id
	keys := r.keys.keys(user, engineID)
	boots, seconds := engine.clock()
	m := &Message{
		Version: V3, MsgID: id, Flags: user.Level() | FlagReportable, SecurityModel: securityUSM,
		EngineID: engineID, Boots: boots, Time: seconds, User: user.Name,
		ContextEngineID: engineID, ContextName: target.ContextName, PDU: pdu,
	}
	packet, err := m.Seal(keys)
	if err != nil {
		return nil, err
	}
	return r.exchange(ctx, target.Address, id, packet, func(_ netip.AddrPort, m *Message) bool {
		return m.Version == V3 && engine.accept(m, user, keys, engineID)
	})
}

// exchange sends a packet and waits for what accept takes.
func (r *requester) exchange(ctx context.Context, to netip.AddrPort, id int32, packet []byte,
	accept func(netip.AddrPort, *Message) bool,
) (*Message, error) {
	answers := r.expect(id, accept)
	defer r.forget(id)
	if err := r.send(to, packet); err != nil {
		return nil, err
	}
	select {
	case m := <-answers:
		return m, nil
	case <-r.done:
		return nil, fmt.Errorf("%w: the socket was closed", ErrClosed)
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer: %w", context.Cause(ctx))
	}
}

// ErrClosed says that the Sender or Client was closed.
var ErrClosed = errors.New("closed")

func (e *remote) id() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.engineID
}

func (e *remote) learn(engineID []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !bytes.Equal(e.engineID, engineID) {
		e.engineID, e.timeline = engineID, Timeline{}
	}
}

func (e *remote) forget(engineID []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if bytes.Equal(e.engineID, engineID) {
		e.engineID, e.timeline = nil, Timeline{}
	}
}

// clock returns boots and time for a message, both 0 while nothing authenticated was heard (RFC 3414, section 4).
func (e *remote) clock() (boots, seconds uint32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	boots, seconds, _ = e.timeline.Engine(time.Now())
	return boots, seconds
}

// accept opens an answer. An authenticated one sets the clock. A Response must come from the engine that was asked,
// at the level that was asked for; a Report that is not authenticated is a hint only, and never sets the clock.
func (e *remote) accept(m *Message, user User, keys *Keys, engineID []byte) bool {
	if m.Flags.Level() == 0 && m.Open(nil) == nil && m.PDU.Type == Report {
		return true
	}
	if !bytes.Equal(m.EngineID, engineID) || m.User != user.Name || m.Authenticate(keys) != nil {
		return false
	}
	if m.Flags&FlagAuth != 0 && !e.inWindow(m) {
		return false
	}
	if m.Decrypt(keys) != nil {
		return false
	}
	return m.PDU.Type == Report || (m.PDU.Type == Response && m.Flags.Level() == user.Level())
}

func (e *remote) inWindow(m *Message) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.timeline.Accept(m.Boots, m.Time, time.Now())
}
