package journal

import (
	"slices"
	"testing"
	"time"
)

// ids are the journal's numbers of events.
func ids(events []Event) []int64 {
	var out []int64
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

func mustPage(t *testing.T, j *Journal, f PageFilter) []int64 {
	t.Helper()
	events, err := j.Page(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return ids(events)
}

func TestPages(t *testing.T) {
	j := newJournal(t)
	at := event(1).Time
	when := func(d time.Duration) func(*Event) { return func(e *Event) { e.Time = at.Add(d) } }
	mustAppend(t, j, event(1, when(0)), event(3, when(3*time.Second)), event(2, when(2*time.Second), func(e *Event) {
		e.Severity, e.NodeName, e.Type = "critical", "bravo", "nodeFailed" // fetched late: number 3 in the journal
	}), event(1, when(time.Second), func(e *Event) { e.ClusterID = "other" }))
	id := event(1).ClusterID
	for _, c := range []struct {
		name string
		f    PageFilter
		want []int64
	}{
		{"fleet by arrival", PageFilter{}, []int64{4, 3, 2, 1}},
		{"fleet, next page", PageFilter{Before: 3}, []int64{2, 1}},
		{"cluster by time", PageFilter{ClusterID: id}, []int64{2, 3, 1}},
		{"cluster, first page", PageFilter{ClusterID: id, Limit: 1}, []int64{2}},
		{"cluster, next page", PageFilter{ClusterID: id, Before: 2}, []int64{3, 1}},
		{"severity", PageFilter{Severities: []string{"critical", "minor"}}, []int64{3}},
		{"node", PageFilter{Node: "bravo"}, []int64{3}},
		{"type", PageFilter{Type: "nodeFailed"}, []int64{3}},
		{"except", PageFilter{Except: []string{"nodeFailed", "nothing"}}, []int64{4, 2, 1}},
		{"from", PageFilter{ClusterID: id, Since: at.Add(2 * time.Second)}, []int64{2, 3}},
		{"to", PageFilter{ClusterID: id, Until: at.Add(2 * time.Second)}, []int64{3, 1}},
		{"nothing", PageFilter{Node: "' OR 1=1 --"}, nil},
	} {
		if got := mustPage(t, j, c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	e, found, err := j.EventByID(t.Context(), 3)
	if err != nil || !found || e.NodeName != "bravo" {
		t.Fatalf("event 3: %+v, %t, %v", e, found, err)
	}
	older, newer, err := j.Neighbours(t.Context(), e)
	if older != 1 || newer != 2 || err != nil {
		t.Errorf("neighbours of event 3: %d, %d, %v, want 1 and 2", older, newer, err)
	}
	if _, found, err := j.EventByID(t.Context(), 99); found || err != nil {
		t.Errorf("event 99: %t, %v, want none", found, err)
	}
}

func TestEventByItsNumber(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, event(1))
	want := []Component{{Index: 1, ComponentType: "node", ComponentName: "alpha", NodeName: "alpha", State: "offline", Detail: "no beat"}}
	if err := j.SaveCondition(t.Context(), 1, want); err != nil {
		t.Fatal(err)
	}
	if got, err := j.ConditionOf(t.Context(), 1); err != nil || !slices.Equal(got, want) {
		t.Errorf("condition: %v, %v, want %v", got, err, want)
	}
	number, err := j.OpenIncident(t.Context(), Incident{ClusterID: event(1).ClusterID, Kind: IncidentEvents, Severity: "major", Title: "x", Opened: time.Now(), Root: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := j.IncidentOf(t.Context(), 1); err != nil || got != number {
		t.Errorf("incident of event 1: %d, %v, want %d", got, err, number)
	}
	found, err := j.Incidents(t.Context(), IncidentFilter{ID: number})
	if err != nil || len(found) != 1 || found[0].ID != number {
		t.Errorf("incident %d: %v, %v", number, found, err)
	}
	if found, err := j.Incidents(t.Context(), IncidentFilter{ID: number + 1}); err != nil || len(found) != 0 {
		t.Errorf("incident %d: %v, %v, want none", number+1, found, err)
	}
}
