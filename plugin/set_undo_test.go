package plugin

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// TestEverySetThroughSnmpdIsHeld: not only jobs start something.
func TestEverySetThroughSnmpdIsHeld(t *testing.T) {
	for by, want := range map[view.Setter]bool{byAgentX: true, bySNMP: false} {
		changer := &fakeChanger{}
		inBubble(t, changer, func(t *testing.T, backend *Backend) {
			pending := tested(t, backend, by, bind("hawserNodeAdminState", snmp.Integer(2), 1))
			if err := pending.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			pending.Cleanup()
			synctest.Wait()
			if hold, released := changer.commits[0].Change.Hold, len(changer.released); hold != want || (released == 1) != want {
				t.Errorf("%s: held %t, %d releases; want %t", by, hold, released, want)
			}
		})
	}
}

// TestUndoAfterAnUnknownEnd: a commit of which no answer came may be applied yet; its undo makes sure that it is not.
func TestUndoAfterAnUnknownEnd(t *testing.T) {
	changer := &fakeChanger{hang: true}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		pending := tested(t, backend, byAgentX, bind("hawserNodeAdminState", snmp.Integer(2), 1))
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		if status, _ := statusOfError(t, pending.Commit(ctx)); status != snmp.UndoFailed {
			t.Fatalf("the commit says %s, want undoFailed: its end is not known", status)
		}
		if err := pending.Undo(t.Context()); err != nil {
			t.Fatal(err)
		}
		pending.Cleanup()
		synctest.Wait()
		want := cluster.Receipt{ID: changer.commits[0].Change.ID, Unknown: true}
		if len(changer.undone) != 1 || changer.undone[0] != want || len(changer.released) != 0 {
			t.Errorf("undone %+v, %d released; want %+v and none", changer.undone, len(changer.released), want)
		}
	})
}

// stubborn is a changer whose undo or release fails a few times.
type stubborn struct {
	*fakeChanger
	mu       sync.Mutex // guards what follows
	failures []error
	asked    []cluster.Receipt
}

func (s *stubborn) next(receipt cluster.Receipt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, receipt)
	if len(s.failures) == 0 {
		return nil
	}
	err := s.failures[0]
	s.failures = s.failures[1:]
	return err
}

func (s *stubborn) Undo(_ context.Context, receipt cluster.Receipt) error { return s.next(receipt) }

func (s *stubborn) Release(_ context.Context, receipt cluster.Receipt) error { return s.next(receipt) }

// TestUndoAndReleaseInsist: without a leader, or without an answer, they ask again; an undo that may have happened is not
// refused for that.
func TestUndoAndReleaseInsist(t *testing.T) {
	for name, undo := range map[string]bool{"undo": true, "release": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				changer := &stubborn{fakeChanger: &fakeChanger{}, failures: []error{cluster.ErrNoLeader, cluster.ErrUnknownOutcome, cluster.ErrNoLeader}}
				source := richSource()
				backend := NewBackend(BackendConfig{Source: source, Changer: changer, Views: newTestPublisher(source), Log: quietLog()})
				startTask(t, backend.Run)
				pending := tested(t, backend, byAgentX, bind("hawserMaintenance", snmp.Integer(1), 0))
				if err := pending.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				if undo {
					if err := pending.Undo(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				pending.Cleanup()
				time.Sleep(time.Second)
				synctest.Wait()
				if len(changer.asked) != 4 || changer.asked[0].Unknown || (undo && !changer.asked[3].Unknown) {
					t.Errorf("asked %+v, want four times, the last as of an unknown change: %t", changer.asked, undo)
				}
			})
		})
	}
}

// TestUndoThatIsRefused ends: nothing is asked for again, nothing is released.
func TestUndoThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := &cluster.Refusal{Op: -1, Code: cluster.RefusedInconsistent, Reason: "another change came between"}
		changer := &stubborn{fakeChanger: &fakeChanger{}, failures: []error{refusal}}
		source := richSource()
		backend := NewBackend(BackendConfig{Source: source, Changer: changer, Views: newTestPublisher(source), Log: quietLog()})
		startTask(t, backend.Run)
		pending := tested(t, backend, byAgentX, bind("hawserMaintenance", snmp.Integer(1), 0))
		if err := pending.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := pending.Undo(t.Context())
		if status, _ := statusOfError(t, err); status != snmp.UndoFailed || !errors.Is(err, refusal) {
			t.Errorf("got %v, want undoFailed for the reason", err)
		}
		pending.Cleanup()
		synctest.Wait()
		if len(changer.asked) != 1 {
			t.Errorf("asked %+v, want once", changer.asked)
		}
	})
}
