package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"hawser/mib/snmp"
)

// request is a message that was let in.
type request struct {
	*snmp.Message
	access
	from  peer
	limit int                                // the most octets that an answer may have
	seal  func(pdu snmp.PDU) ([]byte, error) // makes the answer
	keys  *snmp.Keys                         // v3
}

// scratch is what a reader uses again for each request.
type scratch struct{ varbinds []byte }

// handle returns the answer to a datagram, nil if there is none, or none yet.
func (a *Agent) handle(ctx context.Context, packet []byte, from peer, s *scratch) []byte {
	m, err := snmp.Parse(packet)
	if err != nil {
		a.countUnreadable(err)
		return nil
	}
	if m.Version == snmp.V3 {
		return a.handleV3(ctx, m, from, s)
	}
	return a.handleCommunity(m, from, s)
}

func (a *Agent) countUnreadable(err error) {
	switch {
	case errors.Is(err, snmp.ErrVersion):
		a.counters.badVersions.Add(1)
	case errors.Is(err, snmp.ErrSecurityModel):
		a.counters.unknownSecurityModels.Add(1)
	default:
		a.counters.parseErrors.Add(1)
	}
}

func (a *Agent) handleV3(ctx context.Context, m *snmp.Message, from peer, s *scratch) []byte {
	keys, report, err := a.security.Open(m)
	if err != nil {
		a.refused(m, from, err)
		return a.fitting(report, min(a.cfg.MaxSize, m.MaxSize))
	}
	r := &request{
		Message: m, from: from, keys: keys, limit: min(a.cfg.MaxSize, m.MaxSize),
		seal: func(pdu snmp.PDU) ([]byte, error) { return a.security.Reply(m, keys, pdu) },
	}
	if counter, ok := a.misdirected(m); ok {
		report, err := a.security.ReportFor(m, keys, counter)
		if err != nil {
			a.log.WithError(err).Error("snmp report not made: this is a mistake of the program")
		}
		return report
	}
	if r.access = a.access.user(m.User); m.Flags.Level() != keys.Level() { // no level but the user's own (RFC 3415)
		r.access = access{}
	}
	if m.ContextName != "" {
		r.access.write = nil // other contexts are read only
	}
	return a.dispatch(ctx, r, s)
}

// refused counts a message that USM did not let in; the usmStats counters are kept by its security.
func (a *Agent) refused(m *snmp.Message, from peer, err error) {
	stat, ok := snmp.StatOf(err)
	if !ok {
		a.counters.parseErrors.Add(1)
		return
	}
	if stat != snmp.StatUnknownEngineIDs && stat != snmp.StatNotInTimeWindows { // these two are the way to begin
		a.authFailure(m.User, from, err)
	}
}

func (a *Agent) authFailure(user string, from peer, err error) {
	a.log.WithError(err).WithField("from", from.from).Debug("snmp message refused")
	if a.cfg.AuthFailure != nil {
		a.cfg.AuthFailure(user, from.from, err)
	}
}

// misdirected names the counter to report for a message whose context or PDU is not ours (RFC 3412, section 7.2;
// RFC 3413, section 3.2).
func (a *Agent) misdirected(m *snmp.Message) (counter snmp.Varbind, ok bool) {
	switch {
	case !bytes.Equal(m.ContextEngineID, m.EngineID) || !answerable(m.PDU.Type):
		return snmp.Varbind{
			OID: oidMPDStats.Append(3, 0), Value: snmp.Counter32(uint32(a.counters.unknownHandlers.Add(1))),
		}, true
	case !a.knowsContext(m.ContextName):
		return snmp.Varbind{
			OID: oidTargets.Append(5, 0), Value: snmp.Counter32(uint32(a.counters.unknownContexts.Add(1))),
		}, true
	}
	return snmp.Varbind{}, false
}

func answerable(t snmp.PDUType) bool { return t.Confirmed() && t != snmp.InformRequest }

// handleCommunity answers v1 and v2c, where a community lets it.
func (a *Agent) handleCommunity(m *snmp.Message, from peer, s *scratch) []byte {
	role, ok := a.community(m.Community, from)
	if !ok {
		a.counters.badCommunityNames.Add(1)
		a.authFailure("", from, errBadCommunity)
		return nil
	}
	if !answerable(m.PDU.Type) || (m.Version == snmp.V1 && m.PDU.Type == snmp.GetBulkRequest) {
		a.counters.unknownHandlers.Add(1)
		return nil
	}
	r := &request{
		Message: m, access: access{read: a.access.roles[role].read}, from: from, limit: a.cfg.MaxSize,
		seal: func(pdu snmp.PDU) ([]byte, error) {
			return (&snmp.Message{Version: m.Version, Community: m.Community, PDU: pdu}).Encode()
		},
	}
	if m.PDU.Type == snmp.SetRequest {
		a.counters.badCommunityUses.Add(1)
		return a.fail(r, snmp.AuthorizationError, 0)
	}
	return a.read(r, s)
}

var errBadCommunity = errors.New("unknown community, or not from this address")

func (a *Agent) community(name string, from peer) (role string, ok bool) {
	for _, community := range a.cfg.Communities {
		if community.Name == name && community.takenFrom(from) {
			return community.Role, true
		}
	}
	return "", false
}

func (c Community) takenFrom(from peer) bool {
	for _, network := range c.From {
		if network.Contains(from.from.Addr().WithZone("")) {
			return true
		}
	}
	return len(c.From) == 0
}

func (a *Agent) dispatch(ctx context.Context, r *request, s *scratch) []byte {
	if r.PDU.Type == snmp.SetRequest {
		return a.set(ctx, r)
	}
	if len(r.access.read) == 0 {
		return a.fail(r, snmp.AuthorizationError, 0)
	}
	return a.read(r, s)
}

// read answers GET, GETNEXT and GETBULK. A segment that panics costs its request, not the node.
func (a *Agent) read(r *request, s *scratch) (packet []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			a.panicked(r, cause)
			packet = a.fail(r, snmp.GenErr, 0)
		}
	}()
	reading := &reading{request: r, view: a.contextView(r.ContextName), room: r.limit - overhead(r.Message), out: s.varbinds[:0]}
	if reading.out == nil {
		reading.out = make([]byte, 0, r.limit/16)
	}
	switch r.PDU.Type {
	case snmp.GetRequest:
		a.counters.gets.Add(1)
		reading.get()
	case snmp.GetNextRequest:
		a.counters.getNexts.Add(1)
		reading.getNext()
	case snmp.GetBulkRequest:
		a.counters.getBulks.Add(1)
		reading.getBulk()
	}
	s.varbinds = reading.out
	a.counters.varbinds.Add(uint64(reading.count))
	if reading.status != snmp.NoError {
		return a.fail(r, reading.status, reading.index)
	}
	return a.answer(r, snmp.PDU{Type: snmp.Response, RequestID: r.PDU.RequestID, Encoded: reading.out})
}

func (a *Agent) panicked(r *request, cause any) {
	a.counters.panics.Add(1)
	a.log.WithField("pdu", r.PDU.Type).WithField("user", r.User).WithField("stack", string(debug.Stack())).
		WithError(fmt.Errorf("panic: %v", cause)).Error("snmp request ended in a panic: report this")
}

// fail answers with an error and the varbinds of the request; tooBig has none (RFC 3416, section 4.2.1).
func (a *Agent) fail(r *request, status snmp.ErrorStatus, index int) []byte {
	pdu := snmp.PDU{Type: snmp.Response, RequestID: r.PDU.RequestID, ErrorStatus: status, ErrorIndex: index}
	if r.Version == snmp.V1 {
		pdu.ErrorStatus = status.V1()
	}
	if status != snmp.TooBig || r.Version == snmp.V1 {
		pdu.Varbinds = r.PDU.Varbinds
	}
	return a.answer(r, pdu)
}

// answer seals a response. One that is too large becomes tooBig; if that is too large as well, nothing is sent.
func (a *Agent) answer(r *request, pdu snmp.PDU) []byte {
	packet, err := r.seal(pdu)
	if err != nil {
		a.log.WithError(err).Error("snmp answer not made: this is a mistake of the program")
		return nil
	}
	if len(packet) <= r.limit {
		a.counters.countAnswer(pdu)
		return packet
	}
	if pdu.ErrorStatus == snmp.TooBig {
		return a.fitting(packet, r.limit)
	}
	return a.fail(r, snmp.TooBig, 0)
}

// fitting returns a packet that the other side takes, else nil.
func (a *Agent) fitting(packet []byte, limit int) []byte {
	if len(packet) <= limit {
		return packet
	}
	a.counters.silentDrops.Add(1)
	return nil
}
