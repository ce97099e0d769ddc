package journal

import (
	"fmt"
	"testing"
	"time"
)

// aged makes a journal of events 1 to n, received an hour apart, all judged and with their conditions.
func aged(t *testing.T, n uint32) *Journal {
	t.Helper()
	j := newJournal(t)
	for seq := range n {
		mustAppend(t, j, event(seq+1, func(e *Event) { e.Received = noon.Add(time.Duration(seq) * time.Hour) }))
	}
	for _, e := range mustEvents(t, &j.Reader, EventFilter{Limit: int(n)}) {
		if err := j.SaveCondition(t.Context(), e.ID, []Component{{Index: 1, ComponentType: "node", ComponentName: "db1", State: "online"}}); err != nil {
			t.Fatal(err)
		}
		if err := j.MarkAnalysed(t.Context(), e.ID, "no rule matched"); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Settle(t.Context(), "c1", 7, n, n); err != nil {
		t.Fatal(err)
	}
	return j
}

func seqsOf(t *testing.T, j *Journal) string {
	t.Helper()
	var out []uint32
	for _, e := range mustEvents(t, &j.Reader, EventFilter{Limit: 1000}) {
		out = append(out, e.Seq)
	}
	return fmt.Sprint(out)
}

func mustTrim(t *testing.T, j *Journal, keep Keep, now time.Time, want int64) {
	t.Helper()
	got, err := j.TrimEvents(t.Context(), keep, now)
	if err != nil || got != want {
		t.Errorf("trimmed %d, %v; want %d", got, err, want)
	}
}

func TestTrimByNumberAndAge(t *testing.T) {
	j := aged(t, 250)
	now := noon.Add(250 * time.Hour)
	mustTrim(t, j, Keep{}, now, 0)
	mustTrim(t, j, Keep{Events: 300}, now, 0)
	mustTrim(t, j, Keep{Events: 20}, now, 230)
	mustTrim(t, j, Keep{Events: 20}, now, 0)
	mustTrim(t, j, Keep{Events: 20, Age: 10*time.Hour + time.Minute}, now, 10)
	if got, want := seqsOf(t, j), "[241 242 243 244 245 246 247 248 249 250]"; got != want {
		t.Errorf("left %s, want %s", got, want)
	}
	if components, err := j.Conditions(t.Context(), event(1).Identity); err != nil || len(components) != 0 {
		t.Errorf("the condition of an event that is gone: %v, %v", components, err)
	}
	missing, err := j.Missing(t.Context(), "c1", 7, 250)
	if err != nil || len(missing) != 0 {
		t.Errorf("what was trimmed is missing: %v, %v", missing, err)
	}
}

func TestTrimSparesWhatIsNotDone(t *testing.T) {
	j := aged(t, 6)
	mustAppend(t, j, event(7), event(8), event(9)) // not judged; 9 not settled either
	events := mustEvents(t, &j.Reader, EventFilter{})
	if err := j.MarkAnalysed(t.Context(), events[7].ID, "judged without its condition"); err != nil {
		t.Fatal(err)
	}
	if err := j.Settle(t.Context(), "c1", 7, 8, 9); err != nil {
		t.Fatal(err)
	}
	incident, err := j.OpenIncident(t.Context(), Incident{ClusterID: "c1", Kind: IncidentEvents, Title: "x", Opened: noon, Root: events[1].ID})
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := j.Propose(t.Context(), Reconfiguration{Manager: "m", Rule: "r", ClusterID: "c1", EventID: events[3].ID, Kind: "reaction", Target: "web", State: StateWaiting, Proposed: noon})
	if err != nil {
		t.Fatal(err)
	}
	now := noon.Add(1000 * time.Hour)
	mustTrim(t, j, Keep{Age: time.Hour}, now, 4)
	if got, want := seqsOf(t, j), "[2 4 7 8 9]"; got != want {
		t.Errorf("left %s, want %s: an incident is open, a reconfiguration waits, 7 is not judged, 8 lacks its condition, 9 is not settled", got, want)
	}
	if err := j.CloseIncident(t.Context(), incident, noon); err != nil {
		t.Fatal(err)
	}
	if err := j.SaveReconfiguration(t.Context(), Reconfiguration{ID: id, State: StateRejected, Ended: noon}, "a test", "no"); err != nil {
		t.Fatal(err)
	}
	mustTrim(t, j, Keep{Age: time.Hour}, now, 2)
	if got, want := seqsOf(t, j), "[7 8 9]"; got != want {
		t.Errorf("left %s, want %s", got, want)
	}
}
