package agentx

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

// pending notes what is done with it, and fails or hangs as a test says.
type pending struct {
	mu            sync.Mutex // guards did
	did           []string
	commit, undo  error
	slow          time.Duration // of Commit, whatever its context says
	commitContext time.Duration // how long Commit was given
	undoSlow      time.Duration // of Undo
}

func (p *pending) note(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.did = append(p.did, what)
}

func (p *pending) Commit(ctx context.Context) error {
	p.note("commit")
	limit, _ := ctx.Deadline()
	p.commitContext = time.Until(limit)
	time.Sleep(p.slow)
	return p.commit
}

func (p *pending) Undo(context.Context) error {
	p.note("undo")
	time.Sleep(p.undoSlow)
	return p.undo
}

func (p *pending) Cleanup() { p.note("cleanup") }

func (p *pending) history() string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.did, " ")
}

func phaseOf(t Type, transaction uint32) PDU {
	return PDU{Header: Header{Type: t, Transaction: transaction}}
}

func testSet(transaction uint32) PDU {
	p := phaseOf(TypeTestSet, transaction)
	p.Varbinds = []snmp.Varbind{{OID: row(1, 1), Value: snmp.Integer(3)}, {OID: row(1, 2), Value: snmp.String("x")}}
	return p
}

// withWrites runs a test of SETs, all of which are given p.
func withWrites(t *testing.T, p *pending, test func(t *testing.T, m *master)) {
	t.Helper()
	b := &stock{now: allTypes(), test: func(by view.Setter, binds []snmp.Varbind) (view.Pending, error) {
		if by != (view.Setter{User: "snmpd", Via: view.ViaAgentX}) || len(binds) != 2 || binds[1].Value.String() != "x" {
			t.Errorf("set by %v of %v", by, binds)
		}
		return p, nil
	}}
	inBubble(t, b, func(c *Config) { c.Write = true }, test)
}

// TestPhases are the ways that a SET can go (RFC 2741, section 7.2.4). A phase is a type, and the error that it must have.
func TestPhases(t *testing.T) {
	commitFailed, undoFailed := Status(snmp.CommitFailed), Status(snmp.UndoFailed)
	refusal := &view.SetError{Status: snmp.InconsistentValue, Index: 2, Err: errors.New("somebody was faster")}
	type step struct {
		kind Type
		want Status
	}
	for name, c := range map[string]struct {
		pending *pending
		steps   []step
		then    time.Duration
		want    string
	}{
		"done":                        {&pending{}, []step{{TypeTestSet, 0}, {TypeCommitSet, 0}, {TypeCleanupSet, 0}}, time.Minute, "commit cleanup"},
		"another one fails in test":   {&pending{}, []step{{TypeTestSet, 0}, {TypeCleanupSet, 0}}, time.Minute, "cleanup"},
		"another one fails in commit": {&pending{}, []step{{TypeTestSet, 0}, {TypeCommitSet, 0}, {TypeUndoSet, 0}}, time.Minute, "commit undo cleanup"},
		"ours fails in commit":        {&pending{commit: refusal}, []step{{TypeTestSet, 0}, {TypeCommitSet, commitFailed}, {TypeUndoSet, 0}}, time.Minute, "commit undo cleanup"},
		"undo without commit":         {&pending{}, []step{{TypeTestSet, 0}, {TypeUndoSet, 0}}, time.Minute, "cleanup"},
		"undo fails": {
			&pending{undo: errors.New("another write came between")},
			[]step{{TypeTestSet, 0}, {TypeCommitSet, 0}, {TypeUndoSet, undoFailed}},
			time.Minute,
			"commit undo undo",
		},
		"no end after the test":         {&pending{}, []step{{TypeTestSet, 0}}, time.Minute, "cleanup"},
		"no end after the commit":       {&pending{}, []step{{TypeTestSet, 0}, {TypeCommitSet, 0}}, time.Minute, "commit undo cleanup"},
		"not void yet":                  {&pending{}, []step{{TypeTestSet, 0}, {TypeCommitSet, 0}}, voidAfter - time.Second, "commit"},
		"commit without test":           {&pending{}, []step{{TypeCommitSet, commitFailed}}, time.Minute, ""},
		"undo without anything":         {&pending{}, []step{{TypeUndoSet, 0}}, time.Minute, ""},
		"cleanup without anything":      {&pending{}, []step{{TypeCleanupSet, 0}}, time.Minute, ""},
		"a second test":                 {&pending{}, []step{{TypeTestSet, 0}, {TypeTestSet, Status(snmp.GenErr)}, {TypeCleanupSet, 0}}, time.Minute, "cleanup"},
		"a second commit":               {&pending{}, []step{{TypeTestSet, 0}, {TypeCommitSet, 0}, {TypeCommitSet, commitFailed}, {TypeUndoSet, 0}}, time.Minute, "commit undo cleanup"},
		"a cleanup after a lost commit": {&pending{commit: refusal}, []step{{TypeTestSet, 0}, {TypeCommitSet, commitFailed}, {TypeCleanupSet, 0}}, time.Minute, "commit undo cleanup"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.pending
			withWrites(t, p, func(t *testing.T, m *master) {
				for _, s := range c.steps {
					message := phaseOf(s.kind, 9)
					if s.kind == TypeTestSet {
						message = testSet(9)
					}
					if s.kind == TypeCleanupSet { // is not answered
						m.send(message)
						continue
					}
					if got := m.ask(message); got.Error != s.want || (s.want != 0) != (got.Index > 0) {
						t.Errorf("%s: %s at %d, want %s", s.kind, got.Error, got.Index, s.want)
					}
				}
				time.Sleep(c.then)
				if got := p.history(); got != c.want {
					t.Errorf("the backend saw %q, want %q", got, c.want)
				}
				if c.then == time.Minute && len(m.agent.current.Load().sets.open) != 0 {
					t.Error("the session remembers the SET")
				}
				if len(m.answers) != 0 {
					t.Error("a CleanupSet was answered")
				}
			})
		})
	}
}

// TestCommitIsGivenAQuarterSecond, and its refusal keeps the varbind.
func TestCommitIsGivenAQuarterSecond(t *testing.T) {
	p := &pending{commit: &view.SetError{Status: snmp.InconsistentValue, Index: 2}}
	withWrites(t, p, func(t *testing.T, m *master) {
		m.ask(testSet(1))
		if got := m.ask(phaseOf(TypeCommitSet, 1)); got.Index != 2 || p.commitContext != commitWithin {
			t.Errorf("index %d, want 2; %s given, want %s", got.Index, p.commitContext, commitWithin)
		}
	})
}

// TestSentAgain: a message of which the answer was lost on net-snmp comes again with the same number, and gets the same
// answer. Nothing is done twice.
func TestSentAgain(t *testing.T) {
	p := &pending{}
	withWrites(t, p, func(t *testing.T, m *master) {
		for _, message := range []PDU{testSet(4), phaseOf(TypeCommitSet, 4), phaseOf(TypeUndoSet, 4)} {
			first := m.ask(message)
			message.Packet = first.Packet
			if again := m.ask(message); again.Error != first.Error || again.Error != 0 {
				t.Errorf("%s: %s, the first time %s", message.Type, again.Error, first.Error)
			}
		}
		if got := p.history(); got != "commit undo cleanup" {
			t.Errorf("the backend saw %q", got)
		}
	})
}

// TestTheSessionEndsBetween: what was committed is taken back when snmpd goes before the end of the SET.
func TestTheSessionEndsBetween(t *testing.T) {
	p := &pending{}
	withWrites(t, p, func(t *testing.T, m *master) {
		m.ask(testSet(4))
		m.ask(phaseOf(TypeCommitSet, 4))
		m.hangUp()
		if got := p.history(); got != "commit undo cleanup" || m.agent.Stats().Undone != 1 {
			t.Errorf("the backend saw %q", got)
		}
	})
}

// TestCommitThatHangs: it is answered in time, and whatever becomes of it, it is taken back.
func TestCommitThatHangs(t *testing.T) {
	for name, undo := range map[string]bool{"with an undo": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			p := &pending{slow: 3 * time.Second}
			withWrites(t, p, func(t *testing.T, m *master) {
				m.ask(testSet(4))
				began := time.Now()
				if got := m.ask(phaseOf(TypeCommitSet, 4)); got.Error != Status(snmp.CommitFailed) || time.Since(began) > DefaultTimeout+3*handOver {
					t.Errorf("%s after %s", got.Error, time.Since(began))
				}
				if undo {
					began = time.Now()
					if got := m.ask(phaseOf(TypeUndoSet, 4)); got.Error != Status(snmp.UndoFailed) || time.Since(began) > DefaultTimeout+3*handOver {
						t.Errorf("%s after %s, want undoFailed: nobody knows yet", got.Error, time.Since(began))
					}
				}
				if got := m.ask(get(testRoot.Append(1, 1, 0))); got.Error != 0 {
					t.Errorf("meanwhile others get %s", got.Error)
				}
				time.Sleep(time.Minute)
				if got := p.history(); got != "commit undo cleanup" {
					t.Errorf("the backend saw %q", got)
				}
			})
		})
	}
}

// TestRefusedTests: each status of SNMP as AgentX may say it, and the varbind.
func TestRefusedTests(t *testing.T) {
	allowed := []snmp.ErrorStatus{
		snmp.NoAccess, snmp.WrongType, snmp.WrongLength, snmp.WrongEncoding, snmp.WrongValue, snmp.NoCreation, snmp.InconsistentValue,
		snmp.ResourceUnavailable, snmp.NotWritable, snmp.InconsistentName,
	}
	for status := snmp.TooBig; status <= snmp.InconsistentName; status++ {
		want := Status(snmp.GenErr)
		if slices.Contains(allowed, status) {
			want = Status(status)
		}
		b := &stock{now: allTypes(), test: func(view.Setter, []snmp.Varbind) (view.Pending, error) {
			return nil, &view.SetError{Status: status, Index: int(status)}
		}}
		inBubble(t, b, func(c *Config) { c.Write = true }, func(t *testing.T, m *master) {
			got := m.ask(testSet(1))
			if got.Error != want || got.Index != uint16(min(int(status), 2)) {
				t.Errorf("%s is answered %s at %d", status, got.Error, got.Index)
			}
			if got := m.ask(phaseOf(TypeCommitSet, 1)); got.Error != Status(snmp.CommitFailed) {
				t.Errorf("and then committed: %s", got.Error)
			}
		})
	}
}

// TestWritesAreOff: unless they are configured, and in every context but the default one.
func TestWritesAreOff(t *testing.T) {
	b := &stock{now: allTypes(), contexts: map[string]*view.View{"db1": entity("x")}, test: func(view.Setter, []snmp.Varbind) (view.Pending, error) {
		t.Error("the backend was asked")
		return nil, errors.New("no")
	}}
	for _, write := range []bool{false, true} {
		inBubble(t, b, func(c *Config) { c.Write = write }, func(t *testing.T, m *master) {
			message := testSet(1)
			if write {
				message.Context = "db1"
			}
			if got := m.ask(message); got.Error != Status(snmp.NotWritable) || got.Index != 1 {
				t.Errorf("write %t: %s at %d, want notWritable at 1", write, got.Error, got.Index)
			}
		})
	}
}

// TestEndOfASetIsNeverTooMany: while as many requests hang as may be in work, CleanupSet and UndoSet are carried out. A
// CleanupSet that is dropped would have the guard take back what snmpd told its manager was done.
func TestEndOfASetIsNeverTooMany(t *testing.T) {
	for end, want := range map[Type]string{TypeCleanupSet: "commit cleanup", TypeUndoSet: "commit undo cleanup"} {
		t.Run(end.String(), func(t *testing.T) {
			p := &pending{}
			b := &stock{now: allTypes(), test: func(view.Setter, []snmp.Varbind) (view.Pending, error) { return p, nil }}
			inBubble(t, b, func(c *Config) { c.Write = true }, func(t *testing.T, m *master) {
				hang := make(chan struct{})
				defer close(hang)
				m.ask(testSet(4))
				m.ask(phaseOf(TypeCommitSet, 4))
				b.change(func(b *stock) { b.hang = hang })
				for range maxBusy {
					m.send(get(row(1, 1)))
					time.Sleep(2 * handOver)
				}
				if got := m.ask(get(row(1, 1))); got.Error != Status(snmp.GenErr) {
					t.Errorf("one too many: %s, want genErr", got.Error)
				}
				if packet := m.send(phaseOf(end, 4)); end == TypeUndoSet {
					if got := m.answer(packet); got.Error != 0 {
						t.Errorf("undo: %s", got.Error)
					}
				}
				time.Sleep(2 * voidAfter)
				if got := p.history(); got != want {
					t.Errorf("the backend saw %q, want %q", got, want)
				}
			})
		})
	}
}

// TestSlowEndsLeaveAReader: ends of SETs that hang above what may be in work do not keep the next message from being read.
func TestSlowEndsLeaveAReader(t *testing.T) {
	p := &pending{undoSlow: time.Second}
	b := &stock{now: allTypes(), test: func(view.Setter, []snmp.Varbind) (view.Pending, error) { return p, nil }}
	inBubble(t, b, func(c *Config) { c.Write = true }, func(t *testing.T, m *master) {
		hang := make(chan struct{})
		defer close(hang)
		m.ask(testSet(4))
		m.ask(phaseOf(TypeCommitSet, 4))
		b.change(func(b *stock) { b.hang = hang })
		for range maxBusy {
			m.send(get(row(1, 1)))
			time.Sleep(2 * handOver)
		}
		m.send(phaseOf(TypeUndoSet, 4))
		time.Sleep(2 * handOver)
		began := time.Now()
		if got := m.ask(get(row(1, 1))); got.Error != Status(snmp.GenErr) || time.Since(began) > handOver {
			t.Errorf("one too many: %s after %s, want genErr at once", got.Error, time.Since(began))
		}
	})
}
