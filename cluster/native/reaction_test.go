package native

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"hawser/cluster"
)

// hang stops the service's process where it stands; a restart continues it (SIGCONT) and ends it.
func hang(t *testing.T, in *instance) {
	t.Helper()
	if err := syscall.Kill(in.resource.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// TestAHangIsRestartedThenFailsOver: a service that hangs is restarted once, because RestartLimit is 1; the second hang
// moves it. A SET of the threshold at run time lets the third pass.
func TestAHangIsRestartedThenFailsOver(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{spec: func(s *cluster.Spec) {
		s.Stacks[0].Services[0].Policy.ProbeTimeout = 300 * time.Millisecond
	}})
	first := tc.active()
	app := tc.app(first)
	pid, epoch := app.resource.PID(), app.status().Epoch
	hang(t, app)
	tc.wait("the restart", func() bool {
		return len(tc.events(cluster.EventServiceRestarted)) > 0 && app.status().State == cluster.InstanceActive
	})
	if app.resource.PID() == pid || app.status().Epoch != epoch || tc.active() != first {
		t.Errorf("it was not restarted where it was, under its epoch: %+v", app.status())
	}
	hang(t, app)
	tc.wait("the fail-over", func() bool { return len(tc.events(cluster.EventFailoverCompleted)) > 0 && tc.active() != "" })
	second := tc.active()
	if second == first || app.resource.Running() {
		t.Errorf("it moved from %s to %s", first, second)
	}
	if e := tc.events(cluster.EventFailoverCompleted)[0]; e.ComponentName != "app" || e.NodeName != first || e.Duration <= 0 {
		t.Errorf("event of the fail-over: %+v", e)
	}
	tc.onePlace()

	if _, err := tc.set(tc.others(first, second)[0], cluster.Change{ID: "c1", By: cluster.Setter{User: "olga"}, Ops: []cluster.Op{
		{Object: "ServiceFailureThreshold", Target: cluster.Target{Name: "app"}, Int: 100},
	}}); err != nil {
		t.Fatal(err)
	}
	app = tc.app(second)
	tc.wait("the holder obeys the new policy", func() bool {
		order, _, _ := (&machine{instance: app}).view()
		return order.Policy.FailureThreshold == 100
	})
	pid = app.resource.PID()
	hang(t, app)
	tc.wait("more failures than the file allows", func() bool { return app.status().Fails >= 5 })
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	tc.wait("it answers again", func() bool { return app.status().Fails == 0 && app.status().State == cluster.InstanceActive })
	tc.wait("all is well", func() bool { return tc.active() != "" })
	if app.resource.PID() != pid || tc.active() != second {
		t.Error("the policy that was SET did not count: it was restarted or moved")
	}
	if tc.fences() != 0 {
		t.Errorf("%d fences", tc.fences())
	}
}

// TestATokenIsRepeatedAcrossNodes: the same SET by another node, after a change of leader too, gets the first answer.
func TestATokenIsRepeatedAcrossNodes(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	change := cluster.Change{ID: "c1", By: cluster.Setter{User: "olga"}, Token: []byte("token-one"), Ops: []cluster.Op{
		{Object: "ServiceRestartLimit", Target: cluster.Target{Name: "app"}, Int: 7},
	}}
	first, err := tc.set("n1", change)
	if err != nil || first.Repeated {
		t.Fatalf("the first SET: %+v, %v", first, err)
	}
	for i, node := range []string{"n2", "n3", "n1"} {
		if i == 1 {
			tc.lead(tc.others(tc.state().EngineOwner)[0])
		}
		tc.wait(node+" knows the leader", func() bool { l := tc.leader(); return l != "" && tc.node(node).follows() == l })
		change.ID = "again-by-" + node
		got, err := tc.set(node, change)
		if err != nil || !got.Repeated || got.Serial != first.Serial || got.WriteSeq != first.WriteSeq {
			t.Errorf("repeated by %s: %+v, %v; the first answer was %+v", node, got, err, first)
		}
	}
	change.ID, change.Ops[0].Int = "c2", 8
	refused, ok := errors.AsType[*cluster.Refusal](func() error { _, err := tc.set("n2", change); return err }())
	if !ok || refused.Op != -2 {
		t.Errorf("the token with other values: %v", refused)
	}
	if got := tc.state().Services["app"].Policy.RestartLimit; got != 7 {
		t.Errorf("the restart limit is %d", got)
	}
}

// TestClearance: one job at a time has a node, none has the node of the active service, and nobody ends the reservation of
// another.
func TestClearance(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{spec: func(s *cluster.Spec) {
		s.Stacks[0].Services = append(s.Stacks[0].Services, cluster.ServiceSpec{
			Name: "web", Layer: cluster.LayerWebServer, Kind: "process", Mode: cluster.ModeActiveActive, Policy: cluster.DefaultPolicy(),
			Options: map[string]any{"command": []string{"/bin/sleep", "1000"}}, StartTimeout: 10 * time.Second, StopBudget: time.Second,
		})
	}})
	active := tc.active()
	free := tc.others(active)
	by := func(node string) string { return tc.state().Nodes[node].ReservedBy }
	if _, err := tc.node("n1").Clearance(t.Context(), active, "job 1"); err == nil || !strings.Contains(err.Error(), "active service app") {
		t.Errorf("clearance for the node of the active service: %v", err)
	}
	if _, err := tc.node("n1").Clearance(t.Context(), "n9", "job 1"); err == nil {
		t.Error("clearance for a node that is none")
	}
	web := tc.node(free[0]).agent.instances[1]
	done, err := tc.node(active).Clearance(t.Context(), free[0], "job 1")
	if err != nil {
		t.Fatal(err)
	}
	if web.resource.Running() {
		t.Error("the node was cleared while a service ran on it")
	}
	bound, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := tc.node(free[1]).Clearance(bound, free[0], "job 2"); err == nil || !strings.Contains(err.Error(), "job 1") {
		t.Errorf("clearance of a reserved node: %v", err)
	}
	if got := by(free[0]); got != "job 1" {
		t.Errorf("job 2, refused, left the node reserved for %q", got)
	}
	if node, _ := cluster.StandbyFor(tc.state(), tc.state().Spec.Stacks[0]); node != free[1] {
		t.Errorf("the standby is %q while %s is reserved", node, free[0])
	}
	again, err := tc.node(free[1]).Clearance(t.Context(), free[0], "job 1") // by the next leader
	if err != nil {
		t.Fatalf("the same job again: %v", err)
	}
	again()
	tc.wait("the reservation ended", func() bool { return by(free[0]) == "" })
	tc.wait("the node works again", func() bool { return web.resource.Running() })
	if _, err := tc.node(active).Clearance(t.Context(), free[0], "job 2"); err != nil {
		t.Fatal(err)
	}
	done() // late, of a job that has the node no more
	if got := by(free[0]); got != "job 2" {
		t.Errorf("job 1 ended the reservation of job 2: now %q", got)
	}
}

// TestClearanceIsKeptForTheNextLeader: a caller that ends while its running hardware job waits for the node leaves the
// reservation to the next leader, who carries the job on; for a job that does not run it ends the reservation.
func TestClearanceIsKeptForTheNextLeader(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{spec: func(s *cluster.Spec) {
		s.Stacks[0].Services = append(s.Stacks[0].Services, cluster.ServiceSpec{
			Name: "web", Layer: cluster.LayerWebServer, Kind: "process", Mode: cluster.ModeActiveActive, Policy: cluster.DefaultPolicy(),
			Options:      map[string]any{"command": []string{"/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"}}, // takes its StopBudget
			StartTimeout: 10 * time.Second, StopBudget: 3 * time.Second,
		})
	}})
	node := tc.others(tc.active())[0]
	by := func() string { return tc.state().Nodes[node].ReservedBy }
	if _, err := tc.set(tc.leader(), cluster.Change{ID: "c1", By: cluster.Setter{User: "olga"}, Ops: []cluster.Op{{
		Object: "HwJob", Target: cluster.Target{Name: node, Index: 7}, Int: int64(cluster.HwJobApply),
	}}}); err != nil {
		t.Fatal(err)
	}
	const job = "hardware job 7"
	brokenOff := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := tc.node(tc.leader()).Clearance(ctx, node, job)
			ended <- err
		}()
		tc.wait("the reservation", func() bool { return by() == job })
		cancel()
		if err := <-ended; err == nil {
			t.Fatal("cleared before its services stopped: this test shows nothing")
		}
	}
	brokenOff()
	tc.wait("the reservation of a job that does not run ends", func() bool { return by() == "" })
	tc.wait("web runs again", func() bool { return tc.node(node).agent.instances[1].resource.Running() })
	if err := tc.node(tc.leader()).Progress(t.Context(), cluster.JobIs{Hw: true, Index: 7, State: cluster.JobRunning}); err != nil {
		t.Fatal(err)
	}
	brokenOff()
	if got := by(); got != job {
		t.Errorf("the next leader finds the node reserved for %q", got)
	}
}
