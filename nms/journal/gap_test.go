package journal

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// mustGaps are the ranges of cluster c1 with their states.
func mustGaps(t *testing.T, j *Journal) (out []string) {
	t.Helper()
	list, err := j.Gaps(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range list {
		out = append(out, fmt.Sprintf("%d-%d %s %s", g.First, g.Last, g.State, g.Reason))
	}
	return out
}

func mustSaveGap(t *testing.T, j *Journal, state string, first, last uint32) {
	t.Helper()
	g := Gap{ClusterID: "c1", Generation: 7, What: GapEvent, First: first, Last: last, State: state, Reason: "as " + state}
	if err := j.SaveGap(t.Context(), g); err != nil {
		t.Fatal(err)
	}
}

// TestLosingAPartOfAnOpenRange: what is lost is lost alone; the rest may still be fetched, and stays missing until it is.
func TestLosingAPartOfAnOpenRange(t *testing.T) {
	for _, test := range []struct {
		name        string
		first, last uint32
		gaps        []string
		missing     []Range
	}{
		{"its begin", 5, 6, []string{"5-6 lost as lost", "7-10 open as open"}, []Range{{7, 10}}},
		{"its middle", 7, 8, []string{"5-6 open as open", "7-8 lost as lost", "9-10 open as open"}, []Range{{5, 6}, {9, 10}}},
		{"its end", 9, 10, []string{"5-8 open as open", "9-10 lost as lost"}, []Range{{5, 8}}},
		{"all of it", 5, 10, []string{"5-10 lost as lost"}, nil},
		{"more than it", 5, 12, []string{"5-12 lost as lost"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := newJournal(t)
			mustAppend(t, j, event(1), event(2), event(3), event(4))
			mustSaveGap(t, j, GapOpen, 5, 10)
			mustSaveGap(t, j, GapLost, test.first, test.last)
			mustSaveGap(t, j, GapOpen, 5, 10) // the fetch of the rest failed
			if got := mustGaps(t, j); !slices.Equal(got, test.gaps) {
				t.Errorf("gaps %q, want %q", got, test.gaps)
			}
			missing, err := j.Missing(t.Context(), "c1", 7, 10)
			if err != nil || !slices.Equal(missing, test.missing) {
				t.Errorf("missing %v, %v; want %v", missing, err, test.missing)
			}
		})
	}
}

func TestOpenRangeThatGrows(t *testing.T) {
	j := newJournal(t)
	mustSaveGap(t, j, GapOpen, 5, 8)
	mustSaveGap(t, j, GapOpen, 5, 10)
	mustSaveGap(t, j, GapOpen, 5, 6)
	if got := mustGaps(t, j); !slices.Equal(got, []string{"5-10 open as open"}) {
		t.Errorf("gaps %q", got)
	}
	if err := j.Settle(t.Context(), "c1", 7, 10, 10); err != nil {
		t.Fatal(err)
	}
	mustSaveGap(t, j, GapLost, 5, 6)
	if got := mustGaps(t, j); !slices.Equal(got, []string{"5-6 lost as lost"}) {
		t.Errorf("gaps %q", got)
	}
}

// TestTrimGoesByEachEventsOwnTime: one that was received while the clock was in the past takes no younger one with it.
func TestTrimGoesByEachEventsOwnTime(t *testing.T) {
	j := aged(t, 20)
	mustAppend(t, j, event(21, func(e *Event) { e.Received = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }))
	events := mustEvents(t, &j.Reader, EventFilter{Limit: 100})
	late := events[slices.IndexFunc(events, func(e Event) bool { return e.Seq == 21 })]
	if err := j.SaveCondition(t.Context(), late.ID, nil); err != nil {
		t.Fatal(err)
	}
	if err := j.MarkAnalysed(t.Context(), late.ID, "no rule matched"); err != nil {
		t.Fatal(err)
	}
	if err := j.Settle(t.Context(), "c1", 7, 21, 21); err != nil {
		t.Fatal(err)
	}
	mustTrim(t, j, Keep{Age: 720 * time.Hour}, noon.Add(30*time.Hour), 1)
	mustTrim(t, j, Keep{Age: 25*time.Hour + time.Minute}, noon.Add(30*time.Hour), 5)
	mustTrim(t, j, Keep{Events: 12, Age: 25*time.Hour + time.Minute}, noon.Add(30*time.Hour), 3)
	if got, want := seqsOf(t, j), "[9 10 11 12 13 14 15 16 17 18 19 20]"; got != want {
		t.Errorf("left %s, want %s", got, want)
	}
}
