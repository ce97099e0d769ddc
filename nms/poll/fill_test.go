package poll

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hawser/nms/ask"
	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

// TestRowMissingAtOneNodeComesFromAnother: a node that has just started shows the range of the log before all of its rows.
func TestRowMissingAtOneNodeComesFromAnother(t *testing.T) {
	young, old := asktest.NewCluster(t), asktest.NewCluster(t)
	for seq := range uint32(5) {
		young.PutEvent(seq+1, "serviceFailed")
		old.PutEvent(seq+1, "serviceFailed")
	}
	young.Drop("hawserEventTable", 3)
	young.Drop("hawserConditionTable", 4)
	b := start(t, nil, young, old)
	b.pass(t)
	waitFor(t, "all of it", func() bool {
		return slices.Equal(b.seqs(t, asktest.Generation), []string{"1 poll whole", "2 poll whole", "3 poll whole", "4 poll whole", "5 poll whole"})
	})
	waitFor(t, "the gap is filled", func() bool { return slices.Equal(b.gaps(t), []string{"event 3-3 filled: " + reasonNotShown}) })
}

// TestLogThatGoesBackLosesNothing: a node that restarts knows less than it did for a while.
func TestLogThatGoesBackLosesNothing(t *testing.T) {
	agent := asktest.NewCluster(t)
	for seq := range uint32(9) {
		agent.PutEvent(seq+1, "serviceFailed")
	}
	b := start(t, func(c *Config) { c.AbsentGrace = time.Nanosecond }, agent)
	s, err := ask.Dial(agent.Address(), asktest.Users()["auditor"].User, ask.Options{Timeout: time.Second, Retries: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	waitFor(t, "a first pass", func() bool { return b.State(asktest.ID) != nil && !b.busy() })
	for seq := uint32(7); seq <= 9; seq++ {
		agent.Drop("hawserEventTable", seq)
	}
	scalars := b.State(asktest.ID).Scalars
	scalars.LastEventSeq = 12 // as it was before the restart
	agent.Put("hawserLastEventSeq", nil, 6)
	t1 := &target{cfg: Cluster{Name: "x"}, ask: ask.NewCluster("x", []string{agent.Address()}, asktest.Users()["auditor"].User, ask.Options{})}
	behind, err := b.fillEvents(t.Context(), &source{target: t1, session: s, scalars: scalars, extent: scalars.Extent()})
	if err != nil || !behind {
		t.Errorf("got behind %t, %v; want it to be behind", behind, err)
	}
	same(t, "gaps", b.gaps(t), "event 10-12 open: "+reasonNotShown)
	cursors, err := b.journal.Cursors(t.Context(), asktest.ID)
	if err != nil || cursors[0].Settled != 9 || cursors[0].Highest != 12 {
		t.Errorf("cursor: got %+v, %v; want settled 9 of 12", cursors, err)
	}
}

// TestNotificationIsCompletedByItsRow: the notification has no room for the whole text and does not name the setter.
func TestNotificationIsCompletedByItsRow(t *testing.T) {
	agent := asktest.NewCluster(t)
	agent.PutEvent(1, "configChanged")
	agent.Put("hawserEventSetter", []uint32{1}, "policyUser")
	b := start(t, nil, agent)
	if _, err := b.journal.Append(t.Context(), journal.Batch{Events: []journal.Event{trapped(1)}}); err != nil {
		t.Fatal(err)
	}
	b.pass(t)
	e, found, err := b.journal.Event(t.Context(), trapped(1).Identity)
	if err != nil || !found || e.Via != journal.ViaInform || e.Summary != "web failed on alpha and was restarted" || e.Setter != "policyUser" || e.Type != "configChanged" {
		t.Errorf("got %+v, %v", e, err)
	}
}

// TestAlarmsAreFilledToo: what the state channel missed is in the event table.
func TestAlarmsAreFilledToo(t *testing.T) {
	agent := asktest.NewCluster(t)
	for seq, kind := range map[uint32]string{1: "alarmRaised", 2: "alarmRaised", 3: "alarmCleared"} {
		agent.PutEvent(seq, kind)
		agent.Put("hawserEventAlarmIndex", []uint32{seq}, int(seq-1+seq%2)) // 1, 2, 3
	}
	agent.Put("hawserEventAlarmIndex", []uint32{3}, 2)
	agent.Put("hawserLastEventSeq", nil, 3)
	agent.Put("hawserFirstEventSeq", nil, 1)
	b := start(t, nil, agent)
	b.pass(t)
	alarms, err := b.journal.Alarms(t.Context(), asktest.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range alarms {
		got = append(got, fmt.Sprint(a.AlarmIndex, " ", a.Cleared.IsZero()))
	}
	same(t, "alarms", got, "1 true", "2 false")
}

// TestEarlierGenerationIsSettled: events of a log that is no more are lost for good where the journal lacks them.
func TestEarlierGenerationIsSettled(t *testing.T) {
	agent := asktest.NewCluster(t)
	agent.PutEvent(1, "linkDown")
	b := start(t, nil, agent)
	waitFor(t, "a first pass", func() bool { return b.State(asktest.ID) != nil && !b.busy() })
	var former []journal.Event
	for _, seq := range []uint32{2, 5} {
		e := trapped(seq)
		e.Generation -= 10
		former = append(former, e)
	}
	if _, err := b.journal.Append(t.Context(), journal.Batch{Events: former}); err != nil {
		t.Fatal(err)
	}
	b.targets[0].mu.Lock()
	b.targets[0].generation = 0 // as after a restart
	b.targets[0].mu.Unlock()
	b.pass(t)
	same(t, "gaps", b.gaps(t), "condition 2-5 lost: "+reasonEarlier, "event 1-1 lost: "+reasonEarlier, "event 3-4 lost: "+reasonEarlier)
	if open, err := b.journal.Unsettled(t.Context(), asktest.ID, asktest.Generation); err != nil || len(open) > 0 {
		t.Errorf("still open: %+v, %v", open, err)
	}
}

// TestRestOfAnOpenRangeIsFetched: of a range that was open some has aged out since, and the fetch of the rest fails once.
func TestRestOfAnOpenRangeIsFetched(t *testing.T) {
	agent, silent := asktest.NewCluster(t), asktest.NewCluster(t)
	silent.Turn(func(k *asktest.Knobs) { k.Silent = true })
	b := start(t, nil, agent)
	waitFor(t, "a first pass", func() bool { return b.State(asktest.ID) != nil && !b.busy() })
	var known []journal.Event
	for seq := range uint32(4) {
		known = append(known, trapped(seq+1))
	}
	if _, err := b.journal.Append(t.Context(), journal.Batch{Events: known}); err != nil {
		t.Fatal(err)
	}
	for seq := uint32(7); seq <= 10; seq++ {
		agent.PutEvent(seq, "serviceFailed")
	}
	scalars := b.State(asktest.ID).Scalars
	scalars.LastEventSeq = 10
	fetch := func(from *asktest.Agent, first int64, options ask.Options) error {
		s, err := ask.Dial(from.Address(), asktest.Users()["auditor"].User, options)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		scalars.FirstEventSeq = first
		_, err = b.fillEvents(t.Context(), &source{target: b.targets[0], session: s, scalars: scalars, extent: scalars.Extent()})
		return err
	}
	short := ask.Options{Timeout: 20 * time.Millisecond}
	if err := fetch(silent, 1, short); err == nil {
		t.Error("a silent node answered")
	}
	same(t, "gaps", b.gaps(t), "event 5-10 open: "+reasonUnanswerd)
	if err := fetch(silent, 7, short); err == nil {
		t.Error("a silent node answered")
	}
	same(t, "gaps", b.gaps(t), "event 5-6 lost: "+reasonAged, "event 7-10 open: "+reasonUnanswerd)
	if err := fetch(agent, 7, ask.Options{Timeout: time.Second, Retries: 2}); err != nil {
		t.Error(err)
	}
	same(t, "gaps", b.gaps(t), "event 5-6 lost: "+reasonAged, "event 7-10 filled: "+reasonUnanswerd)
	if got := len(b.seqs(t, asktest.Generation)); got != 8 {
		t.Errorf("%d events, want 1 to 4 and 7 to 10", got)
	}
}

// TestNotificationIsKeptWhenItsRowAgesOutHalfRead: half a row is no better account of an event than its notification.
func TestNotificationIsKeptWhenItsRowAgesOutHalfRead(t *testing.T) {
	for _, known := range []bool{true, false} {
		agent := asktest.NewCluster(t)
		b := start(t, nil, agent)
		waitFor(t, "a first pass", func() bool { return b.State(asktest.ID) != nil && !b.busy() })
		if known {
			if _, err := b.journal.Append(t.Context(), journal.Batch{Events: []journal.Event{trapped(1), trapped(2)}}); err != nil {
				t.Fatal(err)
			}
		}
		agent.PutEvent(1, "serviceFailed")
		agent.PutEvent(2, "serviceFailed")
		agent.Turn(func(k *asktest.Knobs) {
			k.MaxVarbinds = 5 + 3
			k.Meddle = &asktest.Meddling{After: "hawserEventOrigin", Object: "hawserFirstEventSeq", Value: 2, Drop: "hawserEventTable", Instance: []uint32{1}}
		})
		b.pass(t)
		e, found, err := b.journal.Event(t.Context(), trapped(1).Identity)
		switch {
		case err != nil || found != known:
			t.Errorf("found %t, %v; want %t", found, err, known)
		case known && (e.Summary != "cut" || e.Type != "serviceFailed"):
			t.Errorf("the notification was replaced by half a row: %+v", e)
		case !known && !slices.Contains(b.gaps(t), "event 1-1 lost: "+reasonAged):
			t.Errorf("gaps %q, want that 1 aged out", b.gaps(t))
		}
	}
}
