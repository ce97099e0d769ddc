package journal

import (
	"testing"
	"time"
)

func TestStatsAndTally(t *testing.T) {
	j := newJournal(t)
	before := j.Stats()
	mustAppend(t, j, event(1), event(2, func(e *Event) { e.Authentic, e.Rank = false, RankHint }))
	if err := j.SaveGap(t.Context(), Gap{ClusterID: "c1", Generation: 7, What: GapEvent, First: 5, Last: 9, State: GapLost}); err != nil {
		t.Fatal(err)
	}
	if err := j.SaveGap(t.Context(), Gap{ClusterID: "c2", Generation: 7, What: GapEvent, First: 1, Last: 1, State: GapLost}); err != nil {
		t.Fatal(err)
	}
	if _, err := j.OpenIncident(t.Context(), Incident{ClusterID: "c1", Kind: IncidentSilent, Severity: "critical", Title: "x", Opened: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.Propose(t.Context(), Reconfiguration{Rule: "calm", ClusterID: "c1", EventID: 1, Target: "web", Values: []Change{{New: "1"}}}); err != nil {
		t.Fatal(err)
	}
	after := j.Stats()
	if after.Commits-before.Commits != 5 || after.Changes-before.Changes != 5 || after.Rows-before.Rows < 6 || after.Failed != 0 || after.Took <= before.Took {
		t.Errorf("five changes one after the other: %+v, before %+v", after, before)
	}
	if last := after.Within[len(after.Within)-1]; last > after.Commits || len(after.Within) != len(CommitBounds) {
		t.Errorf("classes: %v of %d commits", after.Within, after.Commits)
	}
	for i := 1; i < len(after.Within); i++ {
		if after.Within[i] < after.Within[i-1] {
			t.Errorf("classes do not add up: %v", after.Within)
		}
	}
	tally, err := j.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tally.Backlog != 1 || tally.OpenIncidents != 1 || len(tally.Missing) != 1 || tally.Missing[0] != (Missing{GapEvent, GapLost, 6}) || tally.Reconfigurations[StateProposed] != 1 {
		t.Errorf("tally: %+v", tally)
	}
}

func TestHeadsLeaveTheViewOut(t *testing.T) {
	j := newJournal(t)
	c := Cluster{ClusterID: "c1", Name: "harbour", ConfigName: "harbour", Generation: 7, LastPolled: noon, View: `{"nodes":[]}`}
	if err := j.SavePoll(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	heads, err := j.Heads(t.Context())
	if err != nil || len(heads) != 1 || heads[0].View != "" || heads[0].Name != "harbour" || !heads[0].LastPolled.Equal(noon) {
		t.Errorf("heads: %+v, %v", heads, err)
	}
	for id, want := range map[string]string{"c1": c.View, "c2": ""} {
		if got, err := j.View(t.Context(), id); err != nil || got != want {
			t.Errorf("view of %s: %q, %v, want %q", id, got, err, want)
		}
	}
}
