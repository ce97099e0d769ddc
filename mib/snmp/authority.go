package snmp

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
)

// USMStats is the usmStats group, one counter per reason to refuse a message.
type USMStats struct {
	counters [StatDecryptionErrors + 1]atomic.Uint32
}

// Count returns the value of one counter.
func (s *USMStats) Count(stat Stat) uint32 { return s.counters[stat].Load() }

func (s *USMStats) raise(stat Stat) uint32 { return s.counters[stat].Add(1) }

// Authority is the security of an authoritative engine: of an agent, and of a receiver of INFORMs. It is safe for
// use by many goroutines.
type Authority struct {
	engine func() Engine
	users  *Keyring
	stats  USMStats
}

// NewAuthority returns the security of the engine, which is asked for its clock with each message.
func NewAuthority(engine func() Engine, users *Keyring) *Authority {
	return &Authority{engine: engine, users: users}
}

// Stats returns the usmStats counters, which go on counting.
func (a *Authority) Stats() *USMStats { return &a.stats }

// Engine returns the engine as it is now.
func (a *Authority) Engine() Engine { return a.engine() }

// Open checks a parsed v3 message as RFC 3414, section 3.2, orders: engine, user, level, digest, time, and only
// then decrypts and decodes it. On a refusal that the sender may be told of, report is the Report to send back.
// The keys are those of the user, for the answer by Reply.
func (a *Authority) Open(m *Message) (keys *Keys, report []byte, err error) {
	engine := a.engine()
	keys, err = a.check(m, engine)
	if err == nil {
		err = m.Decrypt(keys)
	}
	if err == nil {
		return keys, nil, nil
	}
	if stat, ok := StatOf(err); ok {
		count := a.stats.raise(stat)
		report = a.report(m, keys, engine, stat, count)
	}
	return nil, report, err
}

func (a *Authority) check(m *Message, engine Engine) (*Keys, error) {
	if !bytes.Equal(m.EngineID, engine.ID) {
		return nil, fmt.Errorf("message for engine %x: %w", m.EngineID, ErrUnknownEngineID)
	}
	keys, ok := a.users.Keys(m.User, engine.ID)
	if !ok {
		return nil, fmt.Errorf("message of user %q: %w", m.User, ErrUnknownUser)
	}
	if err := m.Authenticate(keys); err != nil {
		return nil, err
	}
	if m.Flags&FlagAuth != 0 && !engine.InWindow(m.Boots, m.Time) {
		return keys, fmt.Errorf("message of user %q, boots %d time %d, here %d and %d: %w",
			m.User, m.Boots, m.Time, engine.Boots, engine.Time, ErrNotInTimeWindow)
	}
	return keys, nil
}

// report builds a Report, nil if the sender of m does not want one. Only notInTimeWindows is authenticated: a
// manager may set its clock by nothing else (RFC 3414, section 3.2, step 7).
func (a *Authority) report(m *Message, keys *Keys, engine Engine, stat Stat, count uint32) []byte {
	if m.Flags&FlagReportable == 0 {
		return nil
	}
	pdu := PDU{Type: Report, RequestID: requestID(m), Varbinds: []Varbind{{stat.OID(), Counter32(count)}}}
	answer := a.answer(m, engine, pdu)
	if stat != StatNotInTimeWindows {
		answer.Flags, keys = 0, nil
	} else {
		answer.Flags = FlagAuth
	}
	packet, err := answer.Seal(keys)
	if err != nil {
		panic("snmp: a report cannot be sealed: " + err.Error())
	}
	return packet
}

// requestID finds the request-id of a message that was refused; 0 if it cannot be read (RFC 3412, section 7.1).
func requestID(m *Message) int32 {
	if m.Flags&FlagPriv != 0 {
		return 0
	}
	peek := Message{}
	if err := peek.parseScoped(m.wire.data, false); err != nil {
		return 0
	}
	return peek.PDU.RequestID
}

// ReportFor builds the Report of a counter outside usmStats, at the level of the message that it answers; nil if
// its sender wants none.
func (a *Authority) ReportFor(m *Message, keys *Keys, counter Varbind) ([]byte, error) {
	if m.Flags&FlagReportable == 0 {
		return nil, nil
	}
	return a.Reply(m, keys, PDU{Type: Report, RequestID: m.PDU.RequestID, Varbinds: []Varbind{counter}})
}

// Reply builds the answer to an opened message, at the same level of security and in the same context.
func (a *Authority) Reply(m *Message, keys *Keys, pdu PDU) ([]byte, error) {
	answer := a.answer(m, a.engine(), pdu)
	answer.Flags = m.Flags.Level()
	answer.ContextEngineID, answer.ContextName = m.ContextEngineID, m.ContextName
	return answer.Seal(keys)
}

func (a *Authority) answer(m *Message, engine Engine, pdu PDU) *Message {
	return &Message{
		Version: V3, MsgID: m.MsgID, MaxSize: engine.MaxSize, SecurityModel: securityUSM, EngineID: engine.ID, Boots: engine.Boots,
		Time: engine.Time, User: m.User, ContextEngineID: engine.ID, PDU: pdu,
	}
}

// reportError is the error that a Report stands for.
func reportError(pdu PDU) error {
	if len(pdu.Varbinds) == 0 {
		return malformed("report without a counter")
	}
	counter := pdu.Varbinds[0]
	if stat, ok := statOfOID(counter.OID); ok {
		return fmt.Errorf("the other engine reports: %w (its counter: %s)", stat.Err(), counter.Value)
	}
	return fmt.Errorf("%w: %s = %s", ErrReport, counter.OID, counter.Value)
}

// ErrReport is wrapped by the error for a Report outside usmStats: its text names the counter.
var ErrReport = errors.New("the other engine reports a refusal")
