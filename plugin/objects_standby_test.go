package plugin

import (
	"strings"
	"testing"

	"hawser/cluster"
)

func TestFailover(t *testing.T) {
	for _, test := range []struct {
		name    string
		edit    func(*cluster.Snapshot)
		standby string
		blocked string // empty: possible
	}{
		{"ready", func(*cluster.Snapshot) {}, "db2", ""},
		{"maintenance", func(s *cluster.Snapshot) { s.State.MaintenanceBy = "ann" }, "db2", "in maintenance, set by ann"},
		{"no quorum", func(s *cluster.Snapshot) { s.Quorate = false }, "db2", "no quorum"},
		{"isolated", func(s *cluster.Snapshot) { s.View = cluster.ViewIsolated }, "", "no quorum"},
		{"moving", func(s *cluster.Snapshot) {
			editStack(s, func(st *cluster.Stack) { st.Phase, st.Target = cluster.PhaseStarting, "db2" })
		}, "db2", "a move to db2 is under way (starting)"},
		{"the controller says why", func(s *cluster.Snapshot) {
			editStack(s, func(st *cluster.Stack) { st.Blocked = "fence of db1 failed" })
		}, "db2", "fence of db1 failed"},
		{"standby node is set to standby", func(s *cluster.Snapshot) {
			editNode(s, "db2", func(n *cluster.Node) { n.State, n.Admin = cluster.NodeStandby, cluster.NodeAdminStandby })
		}, "", "no standby: db2 is standby"},
		{"standby node is reserved", func(s *cluster.Snapshot) {
			editNode(s, "db2", func(n *cluster.Node) { n.ReservedBy = "hardware job 4" })
		}, "", "reserved for hardware job 4"},
		{"standby node failed the service", func(s *cluster.Snapshot) {
			editInstance(s, "app/db2", func(in *cluster.Instance) { in.State = cluster.InstanceFailed })
		}, "", "failed to run app"},
		{"quarantine", func(s *cluster.Snapshot) {
			editService(s, "app", func(sv *cluster.Service) { sv.Quarantined = noon })
		}, "db2", "app is quarantined"},
		{"disabled", func(s *cluster.Snapshot) {
			editService(s, "app", func(sv *cluster.Service) { sv.Admin = cluster.ServiceAdminDisabled })
		}, "db2", "app is disabled"},
		{"the primary cannot be fenced", func(s *cluster.Snapshot) {
			editNode(s, "db1", func(n *cluster.Node) { n.FenceReady = false })
		}, "db2", "db1 cannot be fenced"},
		{"nothing is bound to a node", func(s *cluster.Snapshot) {
			s.State.Spec.Stacks[0].Services = s.State.Spec.Stacks[0].Services[1:]
		}, "db2", "nothing to move"},
	} {
		t.Run(test.name, func(t *testing.T) {
			snap := calm()
			test.edit(snap)
			got := failoverOf(newSight(snap, 0), snap.State.Spec.Stacks[0])
			if got.Standby != test.standby || got.Possible != (test.blocked == "") || !strings.Contains(got.Blocked, test.blocked) {
				t.Errorf("got %+v, want standby %q, blocked %q", got, test.standby, test.blocked)
			}
			if got.Possible && got.Blocked != "" {
				t.Errorf("possible, and yet blocked: %q", got.Blocked)
			}
		})
	}
}

func TestStandbyReadyAsksEveryStackThatMoves(t *testing.T) {
	snap := calm()
	if !standbyReady(newSight(snap, 0)) {
		t.Error("calm cluster: no standby ready")
	}
	snap.State.MaintenanceBy = "ann"
	if !standbyReady(newSight(snap, 0)) {
		t.Error("maintenance does not take the standby away")
	}
	editNode(snap, "db2", func(n *cluster.Node) { n.State = cluster.NodeOffline })
	if standbyReady(newSight(snap, 0)) {
		t.Error("db2 is off, and yet a standby is ready")
	}
}
