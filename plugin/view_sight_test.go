package plugin

import (
	"testing"
	"time"

	"hawser/cluster"
)

// isolatedSnapshot is the rich cluster as db1 sees it one minute after it lost its majority.
func isolatedSnapshot() *cluster.Snapshot {
	snap := richSnapshot()
	snap.View, snap.ViewAge, snap.Quorate, snap.Leader = cluster.ViewIsolated, time.Minute, false, ""
	return snap
}

func TestIsolatedNodeSpeaksOfItselfAlone(t *testing.T) {
	snap := isolatedSnapshot()
	s := newSight(snap, 0)
	if got := s.NodeState("db2"); got != cluster.NodeUnknown {
		t.Errorf("state of db2 is %s, want unknown", got)
	}
	if got := s.known.Instances["app/db1"].State; got != cluster.InstanceActive {
		t.Errorf("own instance is %s, want active", got)
	}
	other := s.known.Instances["web/db2"]
	if other.State != cluster.InstanceUnknown || other.Probe != cluster.ProbeUnknown {
		t.Errorf("instance of another node is %s, probe %s; want both unknown", other.State, other.Probe)
	}
	if snap.State.Instances["web/db2"].State != cluster.InstanceActive {
		t.Error("the snapshot itself was changed")
	}
}

func TestSilentBMCMakesItsHardwareUnknown(t *testing.T) {
	for _, state := range []string{"silent", "refused", ""} {
		t.Run("bmc "+state, func(t *testing.T) {
			snap := richSnapshot()
			hw := *snap.State.Hardware["db1"]
			hw.BMCState = state
			snap.State.Hardware["db1"] = &hw
			got := newSight(snap, 0).known.Hardware["db1"]
			if got.System.Health != cluster.HealthUnknown || got.System.Power != cluster.PowerUnknown {
				t.Errorf("system is %s, power %s; want both unknown", got.System.Health, got.System.Power)
			}
			if got.Components[1].Health != cluster.HealthUnknown || got.Sensors[0].Value != nil {
				t.Errorf("component is %s, reading %v; want unknown and none", got.Components[1].Health, got.Sensors[0].Value)
			}
			if got.BMCState != state || got.System.Serial != "SN1" || len(got.Settings) != len(hw.Settings) {
				t.Errorf("what the machine is was lost: %+v", got)
			}
			if hw.Components[1].Health != cluster.HealthOk {
				t.Error("the snapshot itself was changed")
			}
		})
	}
}

func TestAgesGoOnWhileNothingChanges(t *testing.T) {
	snap := isolatedSnapshot()
	s := newSight(snap, 90*time.Second)
	if got := s.now.Sub(noon); got != 90*time.Second {
		t.Errorf("now is %s after the snapshot, want 90s", got)
	}
	if got := s.viewAge(); got != 150*time.Second {
		t.Errorf("an isolated view is %s old, want 150s", got)
	}
	snap.View, snap.ViewAge = cluster.ViewCurrent, 0
	if got := newSight(snap, 90*time.Second).viewAge(); got != 0 {
		t.Errorf("a current view is %s old, want 0", got)
	}
}
