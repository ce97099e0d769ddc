package plugin

import (
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

// statusSnapshot is a cluster of three with one stack on a.
func statusSnapshot(change func(*cluster.Snapshot)) *cluster.Snapshot {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	app := cluster.ServiceSpec{Name: "app", Layer: cluster.LayerApplicationServer, Mode: cluster.ModeActiveStandby}
	state := &cluster.State{
		ClusterID: "c1", LastEvent: 9, Stacks: map[string]cluster.Stack{"shop": {Primary: "a"}},
		Spec: cluster.Spec{Name: "harbour", Stacks: []cluster.StackSpec{{Name: "shop", PreferredNode: "a", Services: []cluster.ServiceSpec{app}}}},
		Services: map[string]cluster.Service{
			"app": {Admin: cluster.ServiceAdminEnabled, Policy: cluster.DefaultPolicy(), Holder: cluster.Holder{Node: "a", Boot: "b-a", Epoch: 1}},
		},
		Nodes: map[string]cluster.Node{}, Instances: map[string]cluster.Instance{
			cluster.InstanceKey("app", "a"): {State: cluster.InstanceActive, Probe: cluster.ProbeOk},
		},
	}
	snap := &cluster.Snapshot{State: state, Local: "b", Leader: "a", View: cluster.ViewCurrent, Quorate: true, Taken: now, Nodes: map[string]cluster.NodeLive{}}
	for _, name := range []string{"a", "b", "c"} {
		state.Spec.Nodes = append(state.Spec.Nodes, cluster.NodeSpec{Name: name, Role: cluster.RoleResource, HasBMC: true})
		state.Nodes[name] = cluster.Node{State: cluster.NodeOnline, Admin: cluster.NodeAdminOnline, Boot: "b-" + name, FenceReady: true}
		snap.Nodes[name] = cluster.NodeLive{LastBeat: now.Add(-80 * time.Millisecond), Heard: true}
	}
	if change != nil {
		change(snap)
	}
	return snap
}

func TestStatusAnswersTheOperatorsQuestions(t *testing.T) {
	for _, tt := range []struct {
		name             string
		change           func(*cluster.Snapshot)
		why, next, block string // each must occur; block empty: it would fail over
	}{
		{
			name: "at rest", why: "preferred node", next: "if a falls silent it is fenced, then b takes over",
		},
		{
			name: "after a fail-over",
			change: func(s *cluster.Snapshot) {
				s.State.Stacks["shop"] = cluster.Stack{
					Primary: "b", LastFailover: s.Taken.Add(-time.Minute), LastDuration: 700 * time.Millisecond, LastCause: 8, Cause: cluster.Cause{Error: "no beat on any link"},
				}
			},
			why: "failed over in 700ms (event 8): no beat on any link", next: "if b falls silent it is fenced, then a takes over",
		},
		{
			name: "primary cannot be fenced",
			change: func(s *cluster.Snapshot) {
				n := s.State.Nodes["a"]
				n.FenceReady = false
				s.State.Nodes["a"] = n
			},
			why: "preferred node", next: "nothing would move", block: "a cannot be fenced",
		},
		{
			name:   "no quorum",
			change: func(s *cluster.Snapshot) { s.Quorate = false },
			why:    "preferred node", next: "nothing would move", block: "no quorum",
		},
		{
			name: "move under way",
			change: func(s *cluster.Snapshot) {
				s.State.Stacks["shop"] = cluster.Stack{Primary: "a", Target: "c", Phase: cluster.PhaseReleasing, Cause: cluster.Cause{Error: "no beat"}}
			},
			why: "a must be proven to have stopped first: no beat", next: "ends on c", block: "a move to c is under way",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := StatusOf(statusSnapshot(tt.change))
			st := s.Stacks[0]
			if !strings.Contains(st.Why, tt.why) || !strings.Contains(st.Next, tt.next) || !strings.Contains(st.BlockedReason, tt.block) {
				t.Errorf("why %q, next %q, blocked %q", st.Why, st.Next, st.BlockedReason)
			}
			if st.FailoverPossible != (tt.block == "") {
				t.Errorf("fail-over possible: %v, blocked %q", st.FailoverPossible, st.BlockedReason)
			}
		})
	}
}

func TestStatusShowsNodesAndServices(t *testing.T) {
	s := StatusOf(statusSnapshot(func(s *cluster.Snapshot) { s.Nodes["c"] = cluster.NodeLive{} }))
	if a := s.Nodes[0]; a.LastBeat != 80 || a.State != "online" || !a.FenceReady || a.LeaseLeft != -1 || a.Hardware != "unknown" {
		t.Errorf("node a: %+v", a)
	}
	if c := s.Nodes[2]; c.LastBeat != -1 {
		t.Errorf("node c was never heard: %+v", c)
	}
	if app := s.Services[0]; app.Stack != "shop" || len(app.ActiveOn) != 1 || app.ActiveOn[0] != "a" || app.Reaction != "failover" {
		t.Errorf("service: %+v", app)
	}
	if s.Cluster != "harbour" || s.Asked != "b" || s.Leader != "a" || s.LastEvent != 9 {
		t.Errorf("status: %+v", s)
	}
}
