package native

import (
	"syscall"
	"testing"

	"hawser/cluster"
)

func TestServiceLivesMovesAndObeys(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	first := tc.active()

	// A killed service is restarted where it was (S6), under the same epoch.
	app := tc.app(first)
	epoch := app.status().Epoch
	if err := syscall.Kill(app.resource.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	tc.wait("ServiceRestarted", func() bool { return len(tc.events(cluster.EventServiceRestarted)) > 0 })
	e := tc.events(cluster.EventServiceRestarted)[0]
	if e.NodeName != first || e.Duration <= 0 || e.Result != cluster.ResultSucceeded {
		t.Errorf("event of the restart: %+v", e)
	}
	if got := app.status().Epoch; got != epoch {
		t.Errorf("the restart changed the epoch from %d to %d", epoch, got)
	}
	tc.wait("the event is everywhere", func() bool { return tc.node("n2").ledger.State().LastEvent >= e.Seq })
	lines, err := tc.node("n2").Conditions(e.Seq)
	if err != nil || len(lines) < 8 {
		t.Errorf("condition of event %d has %d lines, %v", e.Seq, len(lines), err)
	}

	// A SET moves it: standby by admin state, with a verified stop before the start elsewhere (S2 a).
	change := cluster.Change{
		ID: "c1", By: cluster.Setter{User: "olga", Via: cluster.ViaSnmp},
		Ops: []cluster.Op{{Object: "NodeAdminState", Target: cluster.Target{Name: first}, Int: int64(cluster.NodeAdminStandby)}},
	}
	receipt, err := tc.set("n3", change)
	if err != nil {
		t.Fatal(err)
	}
	tc.wait("the stack moved", func() bool {
		s := tc.state().Stacks["shop"]
		return s.Primary != first && s.Phase == cluster.PhaseIdle
	})
	done := tc.events(cluster.EventFailoverCompleted)[0]
	if done.Reaction != cluster.ReactedMove || done.Setter != "olga" {
		t.Errorf("event of the move: %+v", done)
	}
	if st := app.status(); st.StoppedEpoch < epoch || app.resource.Running() {
		t.Errorf("the former holder gave no proof: %+v", st)
	}
	again, err := tc.node("n3").Commit(t.Context(), cluster.Plan{Change: change})
	if err != nil || !again.Repeated || again.Serial != receipt.Serial {
		t.Errorf("the same change again: %+v, %v", again, err)
	}

	// A clean stop of the leader's daemon moves everything away; nobody is fenced.
	leader := tc.leader()
	tc.node(leader).cancel()
	tc.wait("another leader", func() bool { return tc.leader(leader) != "" })
	tc.wait("it is offline", func() bool { return tc.state().Nodes[leader].State == cluster.NodeOffline })
	if f := tc.state().Fences; len(f) != 0 || tc.fences() != 0 {
		t.Errorf("a clean stop led to a fence: %+v", f)
	}
	tc.onePlace()
}
