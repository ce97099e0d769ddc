package plugin

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// tested returns a SET that passed its test.
func tested(t *testing.T, backend *Backend, by view.Setter, binds ...snmp.Varbind) view.Pending {
	t.Helper()
	pending, err := backend.Test(t.Context(), by, binds)
	if err != nil {
		t.Fatal(err)
	}
	return pending
}

func TestCommitOutcomes(t *testing.T) {
	refusal := &cluster.Refusal{Op: 0, Code: cluster.RefusedInconsistent, Reason: "no standby"}
	for _, test := range []struct {
		name    string
		outcome []error
		hang    bool
		status  snmp.ErrorStatus
		index   int
		tries   int // 0: any number
	}{
		{"applied", nil, false, snmp.NoError, 0, 1},
		{"no leader", []error{cluster.ErrNoLeader}, false, snmp.ResourceUnavailable, 1, 1},
		{"refused by the leader", []error{refusal}, false, snmp.InconsistentValue, 1, 1},
		{"lost, then applied", []error{cluster.ErrUnknownOutcome}, false, snmp.NoError, 0, 2},
		{"lost, no leader, then applied", []error{cluster.ErrUnknownOutcome, cluster.ErrNoLeader}, false, snmp.NoError, 0, 3},
		{"lost, then refused for ever", many(cluster.ErrUnknownOutcome, refusal), false, snmp.UndoFailed, 0, 0},
		{"lost, then no leader for ever", many(cluster.ErrUnknownOutcome, cluster.ErrNoLeader), false, snmp.UndoFailed, 0, 0},
		{"something else", many(errors.New("disk full"), errors.New("disk full")), false, snmp.UndoFailed, 0, 0},
		{"no answer", nil, true, snmp.UndoFailed, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			changer := &fakeChanger{outcome: test.outcome, hang: test.hang}
			inBubble(t, changer, func(t *testing.T, backend *Backend) {
				begun := time.Now()
				err := tested(t, backend, bySNMP, bind("hawserNodeAdminState", snmp.Integer(2), 1)).Commit(t.Context())
				if status, index := statusOfError(t, err); status != test.status || index != test.index {
					t.Errorf("got %s at %d (%v), want %s at %d", status, index, err, test.status, test.index)
				}
				if took := time.Since(begun); took > commitWithin {
					t.Errorf("took %s, want at most %s", took, commitWithin)
				}
				if test.tries != 0 && len(changer.commits) != test.tries {
					t.Errorf("%d tries, want %d", len(changer.commits), test.tries)
				}
				for _, plan := range changer.commits {
					if plan.Change.ID != changer.commits[0].Change.ID {
						t.Error("a try used another id: the change could be applied twice")
					}
				}
			})
		})
	}
}

// many is first, then the same for as long as anybody tries.
func many(first, then error) []error {
	out := []error{first}
	for range 100 {
		out = append(out, then)
	}
	return out
}

func TestUndoFailedSaysWhereToLook(t *testing.T) {
	changer := &fakeChanger{hang: true}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		err := tested(t, backend, bySNMP, bind("hawserMaintenance", snmp.Integer(1), 0)).Commit(t.Context())
		if err == nil || !strings.Contains(err.Error(), "write log") {
			t.Errorf("%v does not name the write log", err)
		}
	})
}

func TestEachSetHasItsOwnID(t *testing.T) {
	changer := &fakeChanger{}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		for range 2 {
			tested(t, backend, bySNMP, bind("hawserMaintenance", snmp.Integer(1), 0))
		}
		if changer.prepared[0].ID == changer.prepared[1].ID {
			t.Error("two SETs have the same id: the second would not be applied")
		}
	})
}

func TestHeldJobsStartAtCleanup(t *testing.T) {
	changer := &fakeChanger{}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		pending := tested(t, backend, byAgentX, job(3)...)
		pending.Cleanup() // before a commit there is nothing to release
		if err := pending.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(changer.released) != 0 {
			t.Fatal("released before Cleanup")
		}
		pending.Cleanup()
		synctest.Wait()
		if len(changer.released) != 1 || changer.released[0].ID != changer.commits[0].Change.ID {
			t.Errorf("released %+v, want the committed change", changer.released)
		}
	})
}

// TestARepetitionOwnsNothing: what was applied before is not released or taken back by its repetition, unless an earlier
// try of the same SET applied it.
func TestARepetitionOwnsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		outcome  []error
		released int
		counter  string
	}{
		"by token":         {nil, 0, "SelfTokensRepeated"},
		"after a lost try": {[]error{cluster.ErrUnknownOutcome}, 1, "SelfSetsApplied"},
	} {
		t.Run(name, func(t *testing.T) {
			changer := &fakeChanger{repeat: true, outcome: test.outcome}
			inBubble(t, changer, func(t *testing.T, backend *Backend) {
				pending := tested(t, backend, byAgentX, job(3, bind("hawserWriteToken", snmp.String("token-0001"), 0))...)
				if err := pending.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				pending.Cleanup()
				synctest.Wait()
				if got := len(changer.released); got != test.released {
					t.Errorf("%d released, want %d", got, test.released)
				}
				counters := backend.Counters()
				if counters[test.counter] != 1 || counters["SelfTokensRepeated"]+counters["SelfSetsApplied"] != 1 {
					t.Errorf("counters are %v, want one %s", counters, test.counter)
				}
			})
		})
	}
}

func TestUndoTakesTheChangeBack(t *testing.T) {
	changer := &fakeChanger{}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		pending := tested(t, backend, byAgentX, job(3)...)
		if err := pending.Undo(t.Context()); err != nil || len(changer.undone) != 0 {
			t.Errorf("undo before commit: %v, %d calls", err, len(changer.undone))
		}
		if err := pending.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := pending.Undo(t.Context()); err != nil {
			t.Fatal(err)
		}
		pending.Cleanup()
		synctest.Wait()
		if len(changer.undone) != 1 || len(changer.released) != 0 {
			t.Errorf("%d undone, %d released; want 1 and 0", len(changer.undone), len(changer.released))
		}
	})
}

func TestRefusalsNameWhatIsAllowed(t *testing.T) {
	changer := &fakeChanger{}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		_, err := backend.Test(t.Context(), bySNMP, []snmp.Varbind{bind("hawserMaintenance", snmp.Integer(1), 0), wish("BootMode", "Bios")})
		if err == nil || !strings.Contains(err.Error(), "allowed: Uefi, LegacyBios") {
			t.Errorf("%v does not name the allowed values", err)
		}
		synctest.Wait()
		got := changer.refusals()[0]
		want := cluster.Op{Object: "HwSettingDesired", Target: cluster.Target{Name: "db1", Scope: 2, Key: "BootMode"}, Text: "Bios"}
		if len(got.change.Ops) != 1 || got.change.Ops[0] != want || got.why.Op != 0 || !strings.Contains(got.why.Reason, "Uefi, LegacyBios") {
			t.Errorf("recorded %+v", got)
		}
		if got.change.By.User != "policy" {
			t.Errorf("recorded for %+v, want policy", got.change.By)
		}
	})
}

func TestAPasswordIsNeverRecorded(t *testing.T) {
	changer := &fakeChanger{}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		if _, err := backend.Test(t.Context(), bySNMP, []snmp.Varbind{wish("AdminPassword", "streng-geheim")}); err == nil {
			t.Fatal("a password was taken into the log")
		}
		synctest.Wait()
		for _, r := range changer.refusals() {
			if strings.Contains(r.change.Ops[0].Text+r.why.Reason, "geheim") {
				t.Errorf("recorded %+v", r)
			}
		}
	})
}

func TestRefusalsAreRateLimited(t *testing.T) {
	changer := &fakeChanger{}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		bad := []snmp.Varbind{bind("hawserMaintenance", snmp.Integer(9), 0)}
		for range 500 {
			if _, err := backend.Test(t.Context(), bySNMP, bad); err == nil {
				t.Fatal("a bad value was accepted")
			}
			synctest.Wait()
		}
		if got := len(changer.refusals()); got != refusalsAtOnce {
			t.Errorf("500 refusals at once: %d recorded, want %d", got, refusalsAtOnce)
		}
		time.Sleep(time.Second)
		for range 50 {
			_, _ = backend.Test(t.Context(), bySNMP, bad)
			synctest.Wait()
		}
		if got := len(changer.refusals()); got != refusalsAtOnce+refusalsPerSecond {
			t.Errorf("a second later: %d recorded, want %d", got, refusalsAtOnce+refusalsPerSecond)
		}
	})
}

func TestTheBackendShowsThePublishersView(t *testing.T) {
	inBubble(t, &fakeChanger{}, func(t *testing.T, backend *Backend) {
		name := backend.View().Get(snmp.OID(mib.HawserClusterName).Append(0)).String()
		if name != "shop" {
			t.Errorf("cluster name is %q", name)
		}
	})
}
