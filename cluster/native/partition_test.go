package native

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/fence"
)

// leaseEnd is the end of the lease that a node holds for app.
func leaseEnd(in *instance) time.Duration {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.lease
}

// TestAHolderThatIsCutOffStopsBeforeItsLeaseEnds: the fence device claims Off while the node lives, so the service starts
// elsewhere at once; S3 alone ends the holder's run, and it does so before its lease ends (recorded by the service itself).
func TestAHolderThatIsCutOffStopsBeforeItsLeaseEnds(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{wired: true})
	holder := tc.active()
	tc.setPower(func(node string) error {
		if node != holder {
			return errors.New("only the holder was cut off")
		}
		return nil
	})
	tc.isolate(holder, true)
	tc.wait("the service runs elsewhere", func() bool {
		return slices.ContainsFunc(tc.others(holder), func(n string) bool { return tc.app(n).status().State == cluster.InstanceActive })
	})
	tc.wait("the holder stopped", func() bool { return tc.app(holder).status().State == cluster.InstanceStopped })
	end := leaseEnd(tc.app(holder)) // nothing renews it any more
	lives := tc.lives()
	if len(lives) != 2 || lives[0].node != holder || lives[0].last >= end {
		t.Errorf("S3: the lease ended at %s, the runs were %+v", end, lives)
	}
	if st := tc.app(holder).status(); st.StoppedEpoch != 0 {
		t.Errorf("it claims a proof that nobody asked for: %+v", st)
	}
	// The node speaks again, of the boot that was confirmed Off: it stays out, and an alarm says so (A13).
	tc.isolate(holder, false)
	tc.wait("the alarm of the fence that lied", func() bool {
		return slices.ContainsFunc(tc.events(cluster.EventFenceFailed), func(e cluster.Event) bool { return e.NodeName == holder })
	})
	if st := tc.state().Nodes[holder].State; st != cluster.NodeFenced || tc.app(holder).resource.Running() {
		t.Errorf("%s is %s", holder, st)
	}
}

// TestAFenceThatFailsStartsNothingElsewhere: without proof nothing starts (S2), and the holder has it back when it returns.
func TestAFenceThatFailsStartsNothingElsewhere(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{wired: true})
	holder := tc.active()
	epoch := tc.app(holder).status().Epoch
	tc.setPower(func(string) error { return fence.ErrNotConfirmed })
	tc.isolate(holder, true)
	tc.wait("the fence failed", func() bool { return len(tc.events(cluster.EventFenceFailed)) > 0 })
	tc.wait("the holder stopped", func() bool { return tc.app(holder).status().State == cluster.InstanceStopped })
	if end := leaseEnd(tc.app(holder)); boottime() < end { // until the lease has surely ended
		time.Sleep(end - boottime())
	}
	tc.during("nothing runs anywhere", 2*time.Second, func() bool {
		return !slices.ContainsFunc(tc.names, func(n string) bool { return tc.app(n).resource.Running() })
	})
	tc.wait("another attempt", func() bool { return tc.fences() >= 2 })
	if lives := tc.lives(); len(lives) != 1 {
		t.Errorf("S2: it started elsewhere: %+v", lives)
	}
	if len(tc.events(cluster.EventFailoverFailed)) == 0 {
		t.Errorf("nobody was told that the stack cannot fail over:\n%s", tc.story())
	}
	tc.isolate(holder, false)
	tc.wait("the holder runs it again", func() bool { return tc.app(holder).status().State == cluster.InstanceActive && tc.active() == holder })
	if got := tc.app(holder).status().Epoch; got != epoch {
		t.Errorf("under epoch %d, it was %d", got, epoch)
	}
	tc.onePlace()
}

// TestALeaderWhoseDiskHangs: it cuts its raft off and asks another node to lead (S8). Its service goes on under leases of the
// new leader, because calls and beats go on.
func TestALeaderWhoseDiskHangs(t *testing.T) {
	t.Parallel()
	hung := map[string]*atomic.Bool{"n1": {}, "n2": {}, "n3": {}}
	tc := startCluster(t, testOptions{prepare: func(n *Node) {
		n.disk.patience = 100 * time.Millisecond
		n.disk.pending = func() time.Duration {
			if hung[n.cfg.Node].Load() {
				return time.Second
			}
			return 0
		}
	}})
	holder := tc.active()
	old := holder
	tc.lead(holder)
	app, node := tc.app(holder), tc.node(old)
	pid := app.resource.PID()
	began := time.Now()
	hung[old].Store(true)
	tc.wait("another leader", func() bool { return tc.leader(old) != "" })
	t.Logf("another leader after %s", time.Since(began))
	tc.wait("the former one knows", func() bool { return !node.lead.inOffice() })
	passed := boottime() + app.spec.Lease()
	tc.wait("the new leader renews its lease, again and again", func() bool { return boottime() > passed && leaseEnd(app) > boottime() })
	if _, err := tc.set(old, cluster.Change{ID: "c1", Ops: []cluster.Op{
		{Object: "ServiceRestartLimit", Target: cluster.Target{Name: "app"}, Int: 9},
	}}); err != nil {
		t.Errorf("a SET by way of the node with the hung disk: %v", err)
	}
	if view := node.Snapshot().View; view == cluster.ViewCurrent {
		t.Errorf("its view is %s although its log stands still", view)
	}
	hung[old].Store(false)
	tc.wait("it follows again", func() bool { return node.ledger.State().Applied == tc.state().Applied && node.leader() == tc.leader() })
	if tc.fences() != 0 || app.resource.PID() != pid {
		t.Errorf("%d fences, process %d, it was %d\n%s", tc.fences(), app.resource.PID(), pid, tc.story())
	}
}

// TestALeaderThatIsCutOff: the others elect at once, by their beats; the former leader gives no leases and fences nobody.
func TestALeaderThatIsCutOff(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{wired: true})
	old := tc.leader()
	tc.setPower(func(string) error { return fence.ErrNotConfirmed })
	tc.isolate(old, true)
	began := time.Now()
	tc.wait("another leader", func() bool { return tc.leader(old) != "" })
	t.Logf("another leader after %s", time.Since(began))
	tc.wait("the former one knows", func() bool { return !tc.node(old).lead.inOffice() })
	if _, err := tc.node(old).lead.renew(t.Context(), tc.node(old).agent.report(1)); !errors.Is(err, cluster.ErrNoLeader) {
		t.Errorf("it still grants: %v", err)
	}
	tc.wait("the others fence it, not it the others", func() bool { return tc.fences() > 0 })
	for node, f := range tc.state().Fences {
		if node != old || f.Executor == old {
			t.Errorf("fence of %s by %s", node, f.Executor)
		}
	}
	tc.isolate(old, false)
	tc.wait("all are well", func() bool { return tc.active() != "" })
	tc.onePlace()
}
