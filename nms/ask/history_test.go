package ask_test

import (
	"errors"
	"slices"
	"testing"

	"hawser/nms/ask"
	"hawser/nms/ask/asktest"
)

func TestConditionsThatAgedOutAreLeftOut(t *testing.T) {
	agent := asktest.NewCluster(t)
	for seq := range uint32(4) {
		agent.PutEvent(seq+1, "serviceFailed")
	}
	agent.Put("hawserFirstConditionSeq", nil, 2) // rows of 1 are still there, as while they are being removed
	s := dial(t, agent, "auditor")
	whole, extent, err := ask.ReadConditions(t.Context(), s, 1, 3)
	if err != nil || len(whole) != 2 || len(whole[2]) != 2 || len(whole[3]) != 2 || whole[3][1].State != "failed" {
		t.Errorf("got %+v, %v; want those of 2 and 3", whole, err)
	}
	want := ask.Extent{ClusterID: asktest.ID, Generation: asktest.Generation, FirstEvent: 1, LastEvent: 4, FirstCondition: 2}
	if extent != want {
		t.Errorf("extent %+v, want %+v", extent, want)
	}
	if extent.HoldsCondition(1) || !extent.HoldsCondition(4) || extent.HoldsCondition(5) || !extent.Holds(1) || extent.Holds(5) {
		t.Error("the extent holds what it should not, or does not hold what it should")
	}
	none := ask.Extent{LastEvent: 9}
	if none.Holds(9) || none.FirstKept() != 10 || none.FirstWhole() != 10 {
		t.Errorf("a log of which nothing is kept: %d, %d", none.FirstKept(), none.FirstWhole())
	}
}

func TestEventsWithTheirExtent(t *testing.T) {
	agent := asktest.NewCluster(t)
	for seq := range uint32(100) {
		agent.PutEvent(seq+1, "linkDown")
	}
	agent.Drop("hawserEventTable", 50)
	rows, extent, err := ask.ReadEvents(t.Context(), dial(t, agent, "auditor"), 40, 60)
	if err != nil || len(rows) != 20 || rows[0].Seq != 40 || rows[19].Seq != 60 || extent.LastEvent != 100 {
		t.Errorf("%d rows, %+v, %v", len(rows), extent, err)
	}
	if slices.ContainsFunc(rows, func(e ask.Event) bool { return e.Seq == 50 || e.Type != "linkDown" }) {
		t.Errorf("got %+v", rows)
	}
}

// TestEventThatAgesOutHalfRead: one of which only some columns came is not taken for the whole event. One that came whole is
// kept.
func TestEventThatAgesOutHalfRead(t *testing.T) {
	agent := asktest.NewCluster(t)
	for seq := range uint32(4) {
		agent.PutEvent(seq+1, "serviceFailed")
	}
	agent.Turn(func(k *asktest.Knobs) {
		k.MaxVarbinds = 5 + 16 + 6 // the bounds, the first row, and six columns of the second
		k.Meddle = &asktest.Meddling{After: "hawserEventOrigin", Object: "hawserFirstEventSeq", Value: 3, Drop: "hawserEventTable", Instance: []uint32{2}}
	})
	rows, extent, err := ask.ReadEvents(t.Context(), dial(t, agent, "auditor"), 1, 4)
	if err != nil || extent.FirstKept() != 3 {
		t.Fatalf("%+v, %v", extent, err)
	}
	var got []int64
	for _, r := range rows {
		got = append(got, r.Seq)
		if r.Summary == "" || r.Type != "serviceFailed" || r.Result == "" {
			t.Errorf("half an event: %+v", r)
		}
	}
	if !slices.Equal(got, []int64{1, 3, 4}) {
		t.Errorf("events %v, want 1, 3 and 4", got)
	}
}

func TestHistoryThatIsHidden(t *testing.T) {
	agent := asktest.New(t) // shows next to nothing
	_, _, err := ask.ReadEvents(t.Context(), dial(t, agent, "auditor"), 1, 2)
	if !errors.Is(err, ask.ErrHidden) {
		t.Errorf("got %v, want that it is hidden", err)
	}
}
