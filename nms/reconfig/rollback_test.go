package reconfig

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/nms/ask"
	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

// incidents are the titles of what a person is to look at.
func (b *bench) incidents(t *testing.T) (titles []string) {
	t.Helper()
	found, err := b.journal.Incidents(t.Context(), journal.IncidentFilter{Kind: journal.IncidentReconfiguration, OpenOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range found {
		titles = append(titles, i.Title)
	}
	return titles
}

func TestRejectedSettingIsSetBack(t *testing.T) {
	b := newBench(t, nil)
	b.run(t)
	setting := ask.SettingInstance(1, 2, "PowerProfile")
	b.agent.Put("hawserHwSettingDesired", setting, "Performance")
	r := b.carry(t, b.hardware("bad value"))
	expect(t, r, journal.StateRolledBack, "the old values stand again")
	if got := b.agent.Text("hawserHwSettingDesired", setting...); !strings.Contains(got, "Performance") {
		t.Errorf("desired is %s, want it as it was", got)
	}
	if r.Values[0].Old != "Performance" || r.Values[0].ReadBack != "Performance" || r.IncidentID == 0 {
		t.Errorf("the record says %+v", r)
	}
	if titles := b.incidents(t); len(titles) != 1 || !strings.Contains(titles[0], "the BMC does not take it") {
		t.Errorf("a person is told %q", titles)
	}
}

func TestWithoutEffectNothingIsSetBack(t *testing.T) {
	b := newBench(t, func(c *Config) { c.VerifyTimeout = 50 * time.Millisecond })
	b.agent.Turn(func(k *asktest.Knobs) { k.IgnoreSets = true })
	b.run(t)
	expect(t, b.carry(t, b.reaction()), journal.StateFailed, "nothing was set back")
	if titles := b.incidents(t); len(titles) != 1 {
		t.Errorf("a person is told %q", titles)
	}
}

// leave stores a reconfiguration of two values as a manager leaves it that is killed in a state, after steps with these
// texts, and closes the journal.
func (b *bench) leave(t *testing.T, state string, steps ...string) {
	t.Helper()
	r := journal.Reconfiguration{Manager: "nms1", Rule: "calm", ClusterID: asktest.ID, EventID: 1, Kind: "reaction", Target: "web", Approval: "none", State: journal.StateProposed, Proposed: time.Now()}
	for object, values := range map[string][2]string{"hawserServiceReaction": {"restart", "failover"}, "hawserServiceRestartLimit": {"5", "2"}} {
		oid, _, err := ask.Instance(object, 4)
		if err != nil {
			t.Fatal(err)
		}
		r.Values = append(r.Values, journal.Change{Object: object, Instance: "web", OID: oid.String(), Old: values[0], New: values[1]})
	}
	slices.SortFunc(r.Values, func(a, b journal.Change) int { return strings.Compare(a.Object, b.Object) })
	var err error
	if r.ID, _, err = b.journal.Propose(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.State, r.Reason, r.Serial, r.Token, r.Sent = state, "it had no effect", 100, "00112233445566778899aabbccddeeff", time.Now()
	for _, text := range append([]string{"as a killed manager left it"}, steps...) {
		if err := b.journal.SaveReconfiguration(t.Context(), r, "a test", text); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.journal.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRollBackGoesOnAfterARestart: of two values one is somebody else's by now, and stays.
func TestRollBackGoesOnAfterARestart(t *testing.T) {
	b := newBench(t, nil)
	b.agent.Turn(func(k *asktest.Knobs) { k.SwallowSets = 1 }) // the first answer is lost as well
	b.agent.Put("hawserServiceReaction", []uint32{4}, "failover")
	b.agent.Put("hawserServiceRestartLimit", []uint32{4}, 9) // somebody set it since
	b.leave(t, journal.StateRollingBack)
	b.open(t, nil)
	b.run(t)
	expect(t, b.ended(t, 1), journal.StateRolledBack, "it had no effect; the old values stand again")
	if got := b.agent.Text("hawserServiceReaction", 4); got != "restart" {
		t.Errorf("reaction is %s, want it set back", got)
	}
	if got := b.agent.Text("hawserServiceRestartLimit", 4); !strings.Contains(got, "9") {
		t.Errorf("the restart limit is %s, want it as somebody else set it", got)
	}
}

// TestRollBackThatWasDoneBeforeARestart: the old values stand because the former run set them back.
func TestRollBackThatWasDoneBeforeARestart(t *testing.T) {
	b := newBench(t, nil)
	b.leave(t, journal.StateRollingBack, textSetBack+" 100 as policyUser to a node: all of it")
	b.open(t, nil)
	b.run(t)
	r := b.ended(t, 1)
	expect(t, r, journal.StateRolledBack, "the old values stand again")
	if b.agent.Sets() != 0 || r.IncidentID == 0 || len(b.incidents(t)) != 1 {
		t.Errorf("%d SETs, incident %d, told %q; want none and one", b.agent.Sets(), r.IncidentID, b.incidents(t))
	}
}
