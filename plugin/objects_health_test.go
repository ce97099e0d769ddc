package plugin

import (
	"strings"
	"testing"

	"hawser/cluster"
	"hawser/mib"
)

// calm is the rich cluster without its alarm: nothing is wrong.
func calm() *cluster.Snapshot {
	snap := richSnapshot()
	snap.State.Alarms = map[uint32]cluster.Alarm{}
	snap.State.Links = nil
	hw := *snap.State.Hardware["db1"]
	hw.Node = "db2"
	snap.State.Hardware["db2"] = &hw
	return snap
}

func editNode(snap *cluster.Snapshot, name string, edit func(*cluster.Node)) {
	n := snap.State.Nodes[name]
	edit(&n)
	snap.State.Nodes[name] = n
}

func editService(snap *cluster.Snapshot, name string, edit func(*cluster.Service)) {
	s := snap.State.Services[name]
	edit(&s)
	snap.State.Services[name] = s
}

func editInstance(snap *cluster.Snapshot, key string, edit func(*cluster.Instance)) {
	in := snap.State.Instances[key]
	edit(&in)
	snap.State.Instances[key] = in
}

func editStack(snap *cluster.Snapshot, edit func(*cluster.Stack)) {
	st := snap.State.Stacks["shop"]
	edit(&st)
	snap.State.Stacks["shop"] = st
}

func TestClusterHealth(t *testing.T) {
	for _, test := range []struct {
		name   string
		edit   func(*cluster.Snapshot)
		health cluster.Health
		reason string
	}{
		{"calm", func(*cluster.Snapshot) {}, cluster.HealthOk, ""},
		{"a failed service", func(s *cluster.Snapshot) {
			editInstance(s, "app/db1", func(in *cluster.Instance) { in.State, in.Error = cluster.InstanceFailed, "exit status 3" })
		}, cluster.HealthCritical, "service app is failed on db1: exit status 3"},
		{"a quarantined service", func(s *cluster.Snapshot) {
			editService(s, "app", func(sv *cluster.Service) { sv.Quarantined = noon })
		}, cluster.HealthCritical, "service app is quarantined"},
		{"an instance is lost", func(s *cluster.Snapshot) {
			editInstance(s, "web/db2", func(in *cluster.Instance) { in.State = cluster.InstanceStopped })
		}, cluster.HealthWarning, "service web is degraded"},
		{"a node is off", func(s *cluster.Snapshot) {
			editNode(s, "wit", func(n *cluster.Node) { n.State = cluster.NodeFenced })
		}, cluster.HealthWarning, "node wit is fenced"},
		{"this node hears a node no more", func(s *cluster.Snapshot) {
			s.Nodes["wit"] = cluster.NodeLive{Suspect: true}
		}, cluster.HealthWarning, "node wit is suspect"},
		{"no standby", func(s *cluster.Snapshot) {
			editNode(s, "db2", func(n *cluster.Node) { n.ReservedBy = "job 7" })
		}, cluster.HealthWarning, "stack shop would not fail over now: no standby: db2 is reserved for job 7"},
		{"maintenance", func(s *cluster.Snapshot) { s.State.MaintenanceBy = "ann" }, cluster.HealthWarning, "maintenance, set by ann"},
		{"no quorum", func(s *cluster.Snapshot) { s.Quorate = false }, cluster.HealthCritical, "no quorum"},
		{"isolated", func(s *cluster.Snapshot) { s.View, s.Quorate = cluster.ViewIsolated, false }, cluster.HealthUnknown, "db1 hears no majority"},
		{"a critical alarm", func(s *cluster.Snapshot) {
			s.State.Alarms[1] = cluster.Alarm{Index: 1, Severity: cluster.SeverityCritical, Text: "fence of db2 failed"}
		}, cluster.HealthCritical, "fence of db2 failed"},
		{"a minor alarm", func(s *cluster.Snapshot) {
			s.State.Alarms[1] = cluster.Alarm{Index: 1, Severity: cluster.SeverityMinor, Text: "link down"}
		}, cluster.HealthWarning, "alarm: link down"},
		{"bad hardware", func(s *cluster.Snapshot) {
			hw := *s.State.Hardware["db2"]
			hw.System.Health, hw.System.HealthReason = cluster.HealthCritical, "PSU 1 failed"
			s.State.Hardware["db2"] = &hw
		}, cluster.HealthWarning, "hardware of db2 is critical: PSU 1 failed"},
		{"a silent BMC", func(s *cluster.Snapshot) {
			hw := *s.State.Hardware["db2"]
			hw.BMCState = "silent"
			s.State.Hardware["db2"] = &hw
		}, cluster.HealthWarning, "hardware of db2 is unknown"},
		{"a drifted setting", func(s *cluster.Snapshot) {
			key := cluster.DesiredKey("db1", 2, "BootMode")
			d := s.State.Desired[key]
			d.State = cluster.SettingDrifted
			s.State.Desired[key] = d
		}, cluster.HealthWarning, "1 hardware settings of db1 are not as desired"},
		{"a receiver does not answer", func(s *cluster.Snapshot) {
			s.State.Sinks["nms"] = cluster.SinkStatus{State: cluster.SinkStateRetrying, LastError: "no answer"}
		}, cluster.HealthWarning, "receiver nms of notifications is retrying: no answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			snap := calm()
			test.edit(snap)
			health, reason := clusterHealth(newSight(snap, 0))
			if health != test.health || !strings.Contains(reason, test.reason) {
				t.Errorf("got %s %q, want %s with %q", health, reason, test.health, test.reason)
			}
			if (reason == "") != (health == cluster.HealthOk) {
				t.Errorf("%s with reason %q", health, reason)
			}
		})
	}
}

func TestTheGravestReasonComesFirst(t *testing.T) {
	snap := calm()
	editNode(snap, "wit", func(n *cluster.Node) { n.State = cluster.NodeOffline })
	editService(snap, "web", func(sv *cluster.Service) { sv.Quarantined = noon })
	snap.State.Alarms[1] = cluster.Alarm{Index: 1, Severity: cluster.SeverityMinor, Text: "link down"}
	health, reason := clusterHealth(newSight(snap, 0))
	if want := "service web is quarantined (and 2 more)"; health != cluster.HealthCritical || reason != want {
		t.Errorf("got %s %q, want critical %q", health, reason, want)
	}
}

func TestClusterStateSeesQuorumFirst(t *testing.T) {
	snap := calm()
	if got := clusterState(newSight(snap, 0)); got != cluster.ClusterOk {
		t.Errorf("got %s, want ok", got)
	}
	snap.Quorate = false
	if got := clusterState(newSight(snap, 0)); got != cluster.ClusterNoQuorum {
		t.Errorf("without a quorum: got %s, want noQuorum", got)
	}
}

func TestCountSettingsCountsWishesAlone(t *testing.T) {
	state := richState()
	for i, is := range []cluster.SettingState{
		cluster.SettingDrifted, cluster.SettingApplying, cluster.SettingFailed, cluster.SettingRejected, cluster.SettingReverted,
	} {
		name := string(rune('A' + i))
		state.Desired[cluster.DesiredKey("db1", 2, name)] = cluster.Desired{Node: "db1", Scope: 2, Name: name, Value: "x", State: is}
	}
	state.Desired[cluster.DesiredKey("db1", 2, "Z")] = cluster.Desired{Node: "db1", Scope: 2, Name: "Z", State: cluster.SettingDrifted}
	state.Desired[cluster.DesiredKey("db11", 2, "A")] = cluster.Desired{Node: "db11", Scope: 2, Name: "A", Value: "x", State: cluster.SettingInSync}
	want := settingCounts{inSync: 1, drifted: 1, staged: 2, failed: 3}
	if got := countSettings(state, "db1"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestStackState(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*cluster.Snapshot)
		want int
	}{
		{"up", func(*cluster.Snapshot) {}, mib.StackStateUp},
		{"no standby", func(s *cluster.Snapshot) {
			editNode(s, "db2", func(n *cluster.Node) { n.ReservedBy = "job" })
		}, mib.StackStateDegraded},
		{"moving", func(s *cluster.Snapshot) {
			editStack(s, func(st *cluster.Stack) { st.Phase = cluster.PhaseReleasing })
		}, mib.StackStateFailingOver},
		{"maintenance", func(s *cluster.Snapshot) { s.State.MaintenanceBy = "ann" }, mib.StackStateMaintenance},
		{"all disabled", func(s *cluster.Snapshot) {
			for _, name := range []string{"app", "web"} {
				editService(s, name, func(sv *cluster.Service) { sv.Admin = cluster.ServiceAdminDisabled })
			}
		}, mib.StackStateDown},
		{"isolated, active elsewhere", func(s *cluster.Snapshot) {
			s.View, s.Local = cluster.ViewIsolated, "db2"
		}, mib.StackStateUnknown},
		{"isolated, active here", func(s *cluster.Snapshot) { s.View = cluster.ViewIsolated }, mib.StackStateDegraded},
	} {
		t.Run(test.name, func(t *testing.T) {
			snap := calm()
			test.edit(snap)
			if got := stackState(newSight(snap, 0), snap.State.Spec.Stacks[0]); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
