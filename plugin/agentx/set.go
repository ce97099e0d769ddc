package agentx

import (
	"context"
	"errors"
	"sync"
	"time"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

const (
	// commitWithin is how long a CommitSet waits for its end; after it the outcome is unknown (MIB.md, SET).
	commitWithin = 250 * time.Millisecond
	// voidAfter is when a SET that was neither cleaned up nor undone is void.
	voidAfter = 5 * time.Second
	// undoWithin bounds taking back what is void, when nobody waits for it any more.
	undoWithin = 5 * time.Second
)

// transactions are the SETs of a session that are under way, by transaction id.
type transactions struct {
	mu   sync.Mutex // guards open
	open map[uint32]*transaction
}

// phase is how far a SET has come.
type phase int

const (
	begun phase = iota
	refusedTest
	tested
	committed
	uncommitted // a commit that failed, or whose end is not known
	finished
)

// transaction is one SET under way (RFC 2741, section 7.2.4).
type transaction struct {
	session *session
	id      uint32
	void    chan struct{} // of size 1: the guard is to take it back now
	ended   chan struct{} // closed when nothing is left to do

	turn chan struct{} // of size 1: who has its token works on it, and on what follows
	// What a message was answered, by its type: net-snmp sends a message again of which the answer is overdue.
	answers map[Type]answered
	phase   phase
	pending view.Pending
}

type answered struct {
	packet uint32
	status Status
	index  int
}

// set carries one phase of a SET out.
func (s *session) set(p *PDU) (Status, int) {
	t := s.transaction(p)
	if t == nil {
		return unknown(p.Type)
	}
	if !t.take(s.agent.cfg.Timeout) {
		t.abandon(p.Type)
		return lateStatus(p.Type), 1
	}
	defer t.release()
	if known, ok := t.answers[p.Type]; ok {
		if known.packet == p.Packet {
			return known.status, known.index
		}
		return lateStatus(p.Type), 1 // twice in one SET
	}
	status, index := t.step(p)
	t.answers[p.Type] = answered{p.Packet, status, index}
	return status, index
}

// unknown is the answer to a phase of a SET that is not under way: an UndoSet has nothing to undo.
func unknown(t Type) (Status, int) {
	if t == TypeUndoSet {
		return 0, 0
	}
	return lateStatus(t), 1
}

// transaction finds a SET; a TestSet begins one.
func (s *session) transaction(p *PDU) *transaction {
	s.sets.mu.Lock()
	defer s.sets.mu.Unlock()
	t := s.sets.open[p.Transaction]
	if t == nil && p.Type == TypeTestSet {
		t = &transaction{
			session: s, id: p.Transaction, void: make(chan struct{}, 1), ended: make(chan struct{}), turn: make(chan struct{}, 1),
			answers: map[Type]answered{},
		}
		t.turn <- struct{}{}
		s.sets.open[p.Transaction] = t
		s.agent.tasks.Go(t.guard)
	}
	return t
}

// take waits for the transaction to be free.
func (t *transaction) take(within time.Duration) bool {
	select {
	case <-t.turn:
		return true
	default:
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-t.turn:
		return true
	case <-timer.C:
		return false
	}
}

func (t *transaction) release() { t.turn <- struct{}{} }

// abandon has the guard end a SET of which the backend is still busy with an earlier phase: whatever that comes to, snmpd
// was told that it failed.
func (t *transaction) abandon(kind Type) {
	if kind == TypeUndoSet || kind == TypeCleanupSet {
		select {
		case t.void <- struct{}{}:
		default:
		}
	}
}

// step carries a phase out. The caller has the turn.
func (t *transaction) step(p *PDU) (Status, int) {
	switch {
	case t.phase == finished: // while this message waited for its turn
		return unknown(p.Type)
	case p.Type != TypeTestSet && t.phase == begun:
		return lateStatus(p.Type), 1
	}
	switch p.Type {
	case TypeTestSet:
		return t.test(p)
	case TypeCommitSet:
		return t.commit()
	case TypeUndoSet:
		return t.undo()
	default:
		t.cleanup()
		return 0, 0
	}
}

// test is RFC 2741, section 7.2.4.1.
func (t *transaction) test(p *PDU) (Status, int) {
	a := t.session.agent
	a.counters.sets.Add(1)
	t.phase = refusedTest
	if !a.cfg.Write || p.Context != "" {
		return Status(snmp.NotWritable), 1
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.cfg.Timeout)
	defer cancel()
	pending, err := a.backend.Test(ctx, setter(), p.Varbinds)
	if err != nil {
		a.log.WithError(err).Info("set through snmpd refused")
		status, index := Status(snmp.GenErr), 1
		if refusal, ok := errors.AsType[*view.SetError](err); ok {
			status, index = testStatus(refusal.Status), refusal.Index
		}
		return status, min(max(index, 1), max(len(p.Varbinds), 1))
	}
	t.phase, t.pending = tested, pending
	return 0, 0
}

// setter is who sets through snmpd: AgentX does not say who.
func setter() view.Setter { return view.Setter{User: "snmpd", Via: view.ViaAgentX} }

// commit is RFC 2741, section 7.2.4.2: it can fail with commitFailed only.
func (t *transaction) commit() (Status, int) {
	if t.phase != tested {
		return Status(snmp.CommitFailed), 1
	}
	ctx, cancel := context.WithTimeout(context.Background(), commitWithin)
	defer cancel()
	t.phase = uncommitted // also if the backend panics
	err := t.pending.Commit(ctx)
	if err == nil {
		t.phase = committed
		return 0, 0
	}
	t.session.agent.log.WithError(err).Warn("set through snmpd not committed")
	index := 1
	if refusal, ok := errors.AsType[*view.SetError](err); ok {
		index = max(refusal.Index, 1)
	}
	return Status(snmp.CommitFailed), index
}

// undo is RFC 2741, section 7.2.4.3. net-snmp sends no CleanupSet after it. What cannot be taken back in time is tried on by
// the guard: undoFailed means that the state is not known.
func (t *transaction) undo() (Status, int) {
	ctx, cancel := context.WithTimeout(context.Background(), t.session.agent.cfg.Timeout*3/4)
	defer cancel()
	if err := t.takeBack(ctx); err != nil {
		t.session.agent.log.WithError(err).Warn("set through snmpd not taken back yet")
		t.abandon(TypeUndoSet)
		return Status(snmp.UndoFailed), 1
	}
	t.finish()
	return 0, 0
}

// takeBack undoes what was committed, or may have been.
func (t *transaction) takeBack(ctx context.Context) error {
	if t.phase != committed && t.phase != uncommitted {
		return nil
	}
	if err := t.pending.Undo(ctx); err != nil {
		return err
	}
	t.phase = tested // as if it had not been committed: there is nothing to undo any more
	t.session.agent.counters.undone.Add(1)
	return nil
}

// cleanup is RFC 2741, section 7.2.4.4: what was committed may start. What was not is forgotten.
func (t *transaction) cleanup() {
	if t.phase == uncommitted { // snmpd sends no CleanupSet then
		t.abandon(TypeCleanupSet)
		return
	}
	t.finish()
}

// finish lets the backend forget the SET. It is called once, by who has the turn.
func (t *transaction) finish() {
	if t.pending != nil {
		t.pending.Cleanup()
	}
	t.forget()
}

// forget takes the SET out of the session.
func (t *transaction) forget() {
	t.phase = finished
	t.session.sets.mu.Lock()
	defer t.session.sets.mu.Unlock()
	delete(t.session.sets.open, t.id)
	close(t.ended)
}

// guard ends a SET that snmpd does not end.
func (t *transaction) guard() {
	timer := time.NewTimer(voidAfter)
	defer timer.Stop()
	select {
	case <-t.ended:
		return
	case <-t.void:
	case <-timer.C:
	case <-t.session.over:
	}
	<-t.turn // the backend is done with the phase before
	defer t.release()
	if t.phase == finished {
		return
	}
	log := t.session.agent.log
	ctx, cancel := context.WithTimeout(context.Background(), undoWithin)
	defer cancel()
	was := t.phase
	switch err := t.takeBack(ctx); {
	case err != nil:
		log.WithError(err).Error("set through snmpd not taken back: the write log tells whether it was applied; set the values by hand")
		t.forget()
		return
	case was == committed || was == uncommitted:
		log.Warn("set through snmpd taken back: snmpd did not end it")
	}
	t.finish()
}
