package reconfig

import (
	"testing"

	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

// TestChangeBetweenReadingAndSetting: what somebody sets while a reconfiguration is being prepared is the value that it
// replaces, and is on record as that.
func TestChangeBetweenReadingAndSetting(t *testing.T) {
	b := newBench(t, nil)
	b.agent.Turn(func(k *asktest.Knobs) {
		k.Meddle = &asktest.Meddling{After: "hawserServiceReaction", Object: "hawserServiceReaction", Instance: []uint32{4}, Value: "fence"}
	})
	b.run(t)
	r := b.carry(t, b.reaction())
	expect(t, r, journal.StateDone, "read back as wanted")
	if r.Values[0].Old != "fence" || r.Serial != 101 || b.policy() != "failover 2" {
		t.Errorf("policy %q, record %+v; want the old value fence, at serial 101", b.policy(), r)
	}
}

// TestChangeBetweenReadingAndSettingBack: what somebody sets while a value is being set back is theirs.
func TestChangeBetweenReadingAndSettingBack(t *testing.T) {
	b := newBench(t, nil)
	b.agent.Put("hawserServiceReaction", []uint32{4}, "failover")
	b.agent.Put("hawserServiceRestartLimit", []uint32{4}, 2)
	b.agent.Turn(func(k *asktest.Knobs) {
		k.Meddle = &asktest.Meddling{After: "hawserServiceRestartLimit", Object: "hawserServiceReaction", Instance: []uint32{4}, Value: "fence"}
	})
	b.leave(t, journal.StateRollingBack)
	b.open(t, nil)
	b.run(t)
	r := b.ended(t, 1)
	expect(t, r, journal.StateRolledBack, "the old values stand again")
	if b.policy() != "fence 5" {
		t.Errorf("policy %q, want what somebody set, and our other value set back", b.policy())
	}
}

// TestChangeOfAllBeforeSettingBack: nothing of ours is left to be set back, and nothing is said to have been.
func TestChangeOfAllBeforeSettingBack(t *testing.T) {
	b := newBench(t, nil)
	b.agent.Put("hawserServiceReaction", []uint32{4}, "failover")
	b.agent.Turn(func(k *asktest.Knobs) {
		k.Meddle = &asktest.Meddling{After: "hawserServiceRestartLimit", Object: "hawserServiceReaction", Instance: []uint32{4}, Value: "fence"}
	})
	b.leave(t, journal.StateRollingBack)
	b.open(t, nil)
	b.run(t)
	expect(t, b.ended(t, 1), journal.StateFailed, "nothing was set back")
	if b.policy() != "fence 5" || b.agent.Sets() != 0 {
		t.Errorf("policy %q, %d SETs; want what somebody set, and none", b.policy(), b.agent.Sets())
	}
}
