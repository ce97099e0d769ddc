package ledger

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"hawser/cluster"
)

func types(events []cluster.Event) []cluster.EventType {
	var out []cluster.EventType
	for _, e := range events {
		out = append(out, e.Type)
	}
	return out
}

// TestAlarmPair: one pair per fault, under one index, however often the fault is told; the next fault has another index.
func TestAlarmPair(t *testing.T) {
	l := founded(t)
	first := l.apply(raise("node/b")).Events
	if got := types(first); !slices.Equal(got, []cluster.EventType{cluster.EventNodeFailed, cluster.EventAlarmRaised}) {
		t.Fatalf("raised by %v", got)
	}
	index := first[0].AlarmIndex
	if a := l.State().Alarms[index]; index == 0 || first[1].AlarmIndex != index || a.Key != "node/b" || a.EventSeq != first[0].Seq || a.Severity != cluster.SeverityCritical || a.Text != "b failed" {
		t.Errorf("alarm %d: %+v", index, a)
	}
	if again := l.apply(raise("node/b")).Events; len(again) != 1 || again[0].AlarmIndex != index {
		t.Errorf("the same fault again: %+v", again)
	}
	cleared := l.apply(clearing("node/b")).Events
	if got := types(cleared); !slices.Equal(got, []cluster.EventType{cluster.EventNodeRecovered, cluster.EventAlarmCleared}) {
		t.Fatalf("cleared by %v", got)
	}
	if e := cleared[1]; e.AlarmIndex != index || e.Severity != cluster.SeverityCleared || len(l.State().Alarms) != 0 {
		t.Errorf("the end: %+v", e)
	}
	if more := l.apply(clearing("node/b")).Events; len(more) != 1 || more[0].AlarmIndex != 0 {
		t.Errorf("cleared again: %+v", more)
	}
	if next := l.apply(raise("node/b")).Events; next[0].AlarmIndex != index+1 {
		t.Errorf("the next fault has index %d", next[0].AlarmIndex)
	}
}

// TestAlarmEndsWithoutAStory: an AlarmCleared alone ends a fault, once, and tells nothing where none stands.
func TestAlarmEndsWithoutAStory(t *testing.T) {
	l := founded(t)
	l.apply(raise("node/b"))
	end := clearing("node/b")
	end.Event.Type = cluster.EventAlarmCleared
	if got := l.apply(end).Events; len(got) != 1 || got[0].Severity != cluster.SeverityCleared || got[0].AlarmIndex != 1 || len(l.State().Alarms) != 0 {
		t.Errorf("the end: %+v", got)
	}
	if got := l.apply(end).Events; len(got) != 0 {
		t.Errorf("the end of nothing: %+v", got)
	}
}

// TestEventsAreNumberedOnce: sequence and origin sequence grow by one; an entry whose events are in the ledger already
// gives none again, though its decisions are applied.
func TestEventsAreNumberedOnce(t *testing.T) {
	l := founded(t)
	entry := l.entry(raise("node/b"), clearing("node/b"), cluster.Decision{Lead: &cluster.Lead{Node: "b"}})
	first, err := l.Apply(l.index, entry)
	if err != nil || len(first.Events) != 4 {
		t.Fatalf("%+v %v", first, err)
	}
	for i, e := range first.Events {
		if e.Seq != first.Events[0].Seq+cluster.Seq(i) || e.OriginSeq != entry.Origin+uint64(i) || e.Origin != "a" || !e.Time.Equal(l.now) {
			t.Errorf("event %d is numbered %d, %s/%d at %s", i, e.Seq, e.Origin, e.OriginSeq, e.Time)
		}
	}
	boots := l.State().EngineBoots
	again, err := l.Apply(l.index+1, entry)
	if err != nil || len(again.Events) != 0 || l.State().EngineBoots != boots+1 {
		t.Errorf("the same events again: %+v %v", again.Events, err)
	}
	other := entry
	other.By = "b" // another origin counts for itself
	if r, err := l.Apply(l.index+2, other); err != nil || len(r.Events) != 4 || r.Events[0].Origin != "b" {
		t.Errorf("of another origin: %+v %v", r.Events, err)
	}
}

// TestNoDecisionMakesMoreEventsThanItsShare: a proposer sets these numbers aside for each decision.
func TestNoDecisionMakesMoreEventsThanItsShare(t *testing.T) {
	for _, d := range everyKind() {
		l := founded(t)
		l.hardware()
		l.apply(assign("app", "a", "a1"), raise("node/a"))
		if d.Change != nil {
			d.Change.Serial, d.Change.Ops = nil, []cluster.Op{op("ServiceReaction", "app", 2)}
		}
		if r := l.apply(d); len(r.Events) > EventsPerDecision {
			t.Errorf("%+v made %d events", d, len(r.Events))
		}
	}
}

// TestFacts: each event carries the figures of its moment, of its own stack.
func TestFacts(t *testing.T) {
	l := founded(t)
	l.apply(cluster.Decision{Move: &cluster.Move{Stack: "shop", Primary: "a"}}, cluster.Decision{Move: &cluster.Move{Stack: "mail", Primary: "c"}})
	d := raise("x")
	d.Event.StackName = "mail"
	e := l.apply(cluster.Decision{NodeIs: &cluster.NodeIs{Node: "b", State: cluster.NodeOffline}}, d).Events[0]
	if f := e.Facts; f.NodesOnline != 2 || f.NodeCount != 3 || f.PrimaryNode != "c" || f.ClusterState != cluster.ClusterStateOf(l.State()) {
		t.Errorf("facts %+v", f)
	}
	if e := l.apply(raise("y")).Events[0]; e.Facts.PrimaryNode != "a" {
		t.Errorf("facts of no stack %+v", e.Facts)
	}
}

// TestRetention: 10,000 events, 1,000 conditions, 10,000 rows of the write log, 30 days; the state says where each begins,
// and what is gone is an error that says so.
func TestRetention(t *testing.T) {
	l := newLog(t)
	l.apply(cluster.Decision{Config: &cluster.Config{Spec: cluster.Spec{Nodes: testSpec().Nodes[:1]}}}) // conditions of two lines
	var many []cluster.Decision
	for range 100 {
		d := raise("")
		d.Event.AlarmKey, d.Event.Raise = "", 0
		many = append(many, d)
	}
	for range 105 {
		l.now = l.now.Add(time.Minute)
		l.apply(many...)
	}
	s := l.State()
	if s.LastEvent != 10_500 || s.FirstEvent != 501 || s.FirstCondition != 9_501 {
		t.Fatalf("events %d to %d, conditions from %d", s.FirstEvent, s.LastEvent, s.FirstCondition)
	}
	if got := l.Events(0, 3); len(got) != 3 || got[0].Seq != 501 {
		t.Errorf("the first events are %+v", got)
	}
	if got := l.Events(10_499, 3); len(got) != 1 || got[0].Seq != 10_500 || len(l.Events(10_500, 3)) != 0 || len(l.Events(600, -1)) != 0 {
		t.Errorf("the last events are %+v", got)
	}
	if _, err := l.Conditions(9_500); err == nil {
		t.Error("a condition that is gone is given")
	}
	if lines, err := l.Conditions(9_501); err != nil || !reflect.DeepEqual(lines, cluster.ConditionOf(s)) {
		t.Errorf("the first condition: %v", err)
	}
	again := restored(t, l.bytes())
	if got := again.Events(0, 1); again.State().FirstEvent != 501 || got[0].Seq != 501 {
		t.Errorf("after a snapshot events begin with %d", got[0].Seq)
	}
	l.now = l.now.Add(31 * 24 * time.Hour)
	l.apply(many[0])
	if s := l.State(); s.FirstEvent != 10_501 || s.FirstCondition != 10_501 || len(l.Events(0, 10)) != 1 {
		t.Errorf("after 31 days: events from %d, conditions from %d", s.FirstEvent, s.FirstCondition)
	}
}

func TestWriteLogRetention(t *testing.T) {
	l := founded(t)
	ops := make([]cluster.Op, 200)
	for i := range ops {
		ops[i] = op("ServiceReaction", "app", int64(1+i%5))
	}
	for range 51 {
		l.set(cluster.Change{Ops: ops})
	}
	if got := l.Writes(0, 1); l.State().LastWrite != 10_200 || len(got) != 1 || got[0].Seq != 201 {
		t.Errorf("rows from %+v to %d", got, l.State().LastWrite)
	}
}

// TestChanged is closed by the next entry, and by a restored snapshot.
func TestChanged(t *testing.T) {
	l := founded(t)
	snapshot := l.bytes()
	for name, act := range map[string]func(){
		"entry": func() { l.apply(raise("x")) },
		"snapshot": func() {
			if err := l.Restore(bytes.NewReader(snapshot)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		changed := l.Changed()
		select {
		case <-changed:
			t.Fatalf("%s: closed before anything changed", name)
		default:
		}
		act()
		select {
		case <-changed:
		default:
			t.Errorf("%s: not closed", name)
		}
	}
}

// TestPublishedStatesNeverChange: whoever holds a State reads it undisturbed.
func TestPublishedStatesNeverChange(t *testing.T) {
	l := founded(t)
	l.hardware()
	held := l.State()
	before := fmt.Sprintf("%+v", *held)
	hardware := *held.Hardware["a"]
	for _, d := range everyKind() {
		l.apply(d)
	}
	if after := fmt.Sprintf("%+v", *held); before != after || !reflect.DeepEqual(hardware, *held.Hardware["a"]) {
		t.Errorf("it changed\n%s\n%s", before, after)
	}
}
