package native

import (
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/heartbeat"
)

// grantState is a cluster in which a holds the once-only service app under epoch 9, and web runs everywhere.
func grantState(now time.Time) *cluster.State {
	policy := cluster.DefaultPolicy()
	return &cluster.State{
		Spec: cluster.Spec{
			Nodes: []cluster.NodeSpec{{Name: "a", Role: cluster.RoleResource}, {Name: "b", Role: cluster.RoleResource}},
			Stacks: []cluster.StackSpec{{Name: "shop", Services: []cluster.ServiceSpec{
				{Name: "app", Mode: cluster.ModeActiveStandby, StopBudget: 2 * time.Second},
				{Name: "web", Mode: cluster.ModeActiveActive},
			}}},
		},
		Nodes: map[string]cluster.Node{
			"a": {State: cluster.NodeOnline, Admin: cluster.NodeAdminOnline, Boot: "a1", Incarnation: 5},
			"b": {State: cluster.NodeOnline, Admin: cluster.NodeAdminOnline, Boot: "b1", Incarnation: 5},
		},
		Services: map[string]cluster.Service{
			"app": {Admin: cluster.ServiceAdminEnabled, Policy: policy, Holder: cluster.Holder{Node: "a", Boot: "a1", Epoch: 9}},
			"web": {Admin: cluster.ServiceAdminEnabled, Policy: policy},
		},
		Instances: map[string]cluster.Instance{cluster.InstanceKey("app", "a"): {Restart: 3}},
		Fences: map[string]cluster.Fence{
			"b": {ID: 1, Node: "b", Boot: "b1", Deadline: now.Add(-time.Second)}, // it cannot strike any more
		},
	}
}

func TestOrders(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	type want struct {
		orders   int
		app, web bool   // they are to run
		epoch    uint64 // of the order for app
	}
	for _, test := range []struct {
		name   string
		report cluster.Report
		change func(*cluster.State)
		want   want
	}{
		{"the holder", cluster.Report{Node: "a", Boot: "a1", Incarnation: 5}, nil, want{2, true, true, 9}},
		{"another node", cluster.Report{Node: "b", Boot: "b1", Incarnation: 5}, nil, want{2, false, true, 0}},
		{"an unknown node", cluster.Report{Node: "c"}, nil, want{}},
		{"a boot that has not joined (S4)", cluster.Report{Node: "a", Boot: "a2", Incarnation: 6}, nil, want{}},
		{"a daemon that has not joined (S4)", cluster.Report{Node: "a", Boot: "a1", Incarnation: 6}, nil, want{}},
		{"a former daemon (A3)", cluster.Report{Node: "a", Boot: "a1", Incarnation: 4}, nil, want{}},
		{"a fence may still strike (A2)", cluster.Report{Node: "a", Boot: "a1", Incarnation: 5}, func(s *cluster.State) {
			s.Fences["a"] = cluster.Fence{ID: 2, Node: "a", Boot: "a1", Deadline: now.Add(time.Second)}
		}, want{}},
		{"a fence that ended", cluster.Report{Node: "a", Boot: "a1", Incarnation: 5}, func(s *cluster.State) {
			s.Fences["a"] = cluster.Fence{ID: 2, Node: "a", Boot: "a1", Deadline: now.Add(time.Second), Done: true}
		}, want{2, true, true, 9}},
		{"a boot that was fenced", cluster.Report{Node: "a", Boot: "a1", Incarnation: 5}, func(s *cluster.State) {
			n := s.Nodes["a"]
			n.State = cluster.NodeFenced
			s.Nodes["a"] = n
		}, want{}},
		{"withdrawn", cluster.Report{Node: "a", Boot: "a1", Incarnation: 5}, func(s *cluster.State) {
			sv := s.Services["app"]
			sv.Holder.Withdrawn = true
			s.Services["app"] = sv
		}, want{2, false, true, 9}},
		{"held by a former boot (S4)", cluster.Report{Node: "a", Boot: "a1", Incarnation: 5}, func(s *cluster.State) {
			sv := s.Services["app"]
			sv.Holder.Boot = "a0"
			s.Services["app"] = sv
		}, want{2, false, true, 9}},
		{"maintenance leaves what runs", cluster.Report{Node: "a", Boot: "a1", Incarnation: 5}, func(s *cluster.State) {
			n := s.Nodes["a"]
			n.Admin = cluster.NodeAdminMaintenance
			s.Nodes["a"] = n
		}, want{1, true, false, 9}},
		{"standby stops what runs everywhere", cluster.Report{Node: "a", Boot: "a1", Incarnation: 5}, func(s *cluster.State) {
			n := s.Nodes["a"]
			n.Admin = cluster.NodeAdminStandby
			s.Nodes["a"] = n
		}, want{2, true, false, 9}},
		{"reserved in maintenance", cluster.Report{Node: "b", Boot: "b1", Incarnation: 5}, func(s *cluster.State) {
			n := s.Nodes["b"]
			n.Admin, n.ReservedBy = cluster.NodeAdminMaintenance, "job 1"
			s.Nodes["b"] = n
		}, want{2, false, false, 0}},
		{"disabled", cluster.Report{Node: "b", Boot: "b1", Incarnation: 5}, func(s *cluster.State) {
			sv := s.Services["web"]
			sv.Admin = cluster.ServiceAdminDisabled
			s.Services["web"] = sv
		}, want{2, false, false, 0}},
		{"quarantined", cluster.Report{Node: "b", Boot: "b1", Incarnation: 5}, func(s *cluster.State) {
			sv := s.Services["web"]
			sv.Quarantined = now
			s.Services["web"] = sv
		}, want{2, false, false, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := grantState(now)
			if test.change != nil {
				test.change(s)
			}
			got := orders(s, &test.report, now)
			if len(got) != test.want.orders {
				t.Fatalf("%d orders, want %d: %+v", len(got), test.want.orders, got)
			}
			for _, o := range got {
				switch o.Service {
				case "web":
					if o.Run != test.want.web || o.Lease != 0 || o.Epoch != 0 {
						t.Errorf("order %+v, want run %t without a lease", o, test.want.web)
					}
				case "app":
					lease := map[bool]time.Duration{true: 5 * time.Second}[test.want.app]
					if o.Run != test.want.app || o.Epoch != test.want.epoch || o.Lease != lease {
						t.Errorf("order %+v, want run %t, epoch %d, lease %s", o, test.want.app, test.want.epoch, lease)
					}
					if test.report.Node == "a" && o.Restart != 3 {
						t.Errorf("restart %d, want 3", o.Restart)
					}
				}
			}
		})
	}
}

func TestNewerReport(t *testing.T) {
	for _, test := range []struct {
		name     string
		old, new cluster.Report
		want     bool
	}{
		{"a later renewal", cluster.Report{Incarnation: 1, Nonce: 4}, cluster.Report{Incarnation: 1, Nonce: 5}, true},
		{"a delayed renewal", cluster.Report{Incarnation: 1, Nonce: 5}, cluster.Report{Incarnation: 1, Nonce: 4}, false},
		{"the same", cluster.Report{Incarnation: 1, Nonce: 5}, cluster.Report{Incarnation: 1, Nonce: 5}, false},
		{"a later daemon", cluster.Report{Incarnation: 1, Nonce: 5}, cluster.Report{Incarnation: 2, Nonce: 1}, true},
		{"a former daemon", cluster.Report{Incarnation: 2, Nonce: 1}, cluster.Report{Incarnation: 1, Nonce: 9}, false},
	} {
		if got := newer(&test.old, &test.new); got != test.want {
			t.Errorf("%s: newer is %t", test.name, got)
		}
	}
}

func TestHeardByPeers(t *testing.T) {
	const silence = 400 * time.Millisecond
	peer := func(change func(*heartbeat.PeerReport)) *heartbeat.Report {
		p := heartbeat.PeerReport{Name: "b", Heard: true, Hears: map[string]time.Duration{"c": 100 * time.Millisecond}}
		change(&p)
		return &heartbeat.Report{Silence: silence, Peers: []heartbeat.PeerReport{p, {Name: "c", Suspect: true}}}
	}
	for _, test := range []struct {
		name   string
		change func(*heartbeat.PeerReport)
		want   bool
	}{
		{"a peer hears it", func(*heartbeat.PeerReport) {}, true},
		{"a peer has not heard it for too long", func(p *heartbeat.PeerReport) { p.Hears["c"] = silence }, false},
		{"a peer does not watch it", func(p *heartbeat.PeerReport) { delete(p.Hears, "c") }, false},
		{"the peer is silent itself", func(p *heartbeat.PeerReport) { p.Suspect = true }, false},
		{"the peer was never heard", func(p *heartbeat.PeerReport) { p.Heard = false }, false},
		{"its own word does not count", func(p *heartbeat.PeerReport) { p.Name = "c" }, false},
	} {
		if got := heardByPeers(peer(test.change), "c"); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

func TestUnanswered(t *testing.T) {
	office := time.Unix(1000, 0)
	now := office.Add(10 * time.Second)
	for _, c := range []struct {
		name string
		last time.Time
		want time.Duration
	}{
		{"never in this office", time.Time{}, 10 * time.Second},
		{"only before this office", office.Add(-time.Minute), 10 * time.Second},
		{"a moment ago", now.Add(-time.Second), time.Second},
	} {
		if got := unanswered(now, office, c.last); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
