package plugin

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// longSource is a cluster with many events, of which the first ones have aged out.
func longSource(first, last cluster.Seq, skip ...cluster.Seq) *fakeSource {
	source := richSource()
	source.events, source.writes = nil, nil
	for seq := first; seq <= last; seq++ {
		if !slices.Contains(skip, seq) {
			source.events = append(source.events, cluster.Event{Seq: seq, Origin: "db1", Summary: fmt.Sprint("event ", seq), Time: noon})
		}
		source.writes = append(source.writes, cluster.Write{Seq: uint32(seq), Object: "hawserMaintenance", Time: noon, Result: "applied"})
	}
	state := *source.snap.State
	state.FirstEvent, state.LastEvent, state.LastWrite = first, last, uint32(last)
	source.snap.State = &state
	return source
}

func segmentsOf(source *fakeSource) (events, writes, conditions view.Segment) {
	var h histories
	segments := h.segments(PublisherConfig{Source: source, Log: quietLog()}, newSight(source.snap, 0))
	return segments[0], segments[1], segments[2]
}

// walk follows Next from the beginning, testing that names rise and that Get agrees.
func walk(t *testing.T, s view.Segment) []string {
	t.Helper()
	var out []string
	at := s.Prefix()
	for {
		vb, ok := s.Next(at)
		if !ok {
			return out
		}
		if vb.OID.Compare(at) <= 0 {
			t.Fatalf("%s comes after %s", vb.OID, at)
		}
		if value, ok := s.Get(vb.OID); !ok || !value.Equal(vb.Value) {
			t.Fatalf("%s: Next gives %s, Get %s (%t)", vb.OID, vb.Value, value, ok)
		}
		object, index, _ := objectAt(vb.OID)
		out = append(out, object.Name+"."+snmp.OID(index).String())
		at = vb.OID
	}
}

func TestEventTableWalksColumnByColumn(t *testing.T) {
	source := longSource(60, 200, 63, 64, 65, 130)
	events, writes, _ := segmentsOf(source)
	got := walk(t, events)
	rows := len(source.events)
	shape := newShape("hawserEventTable")
	// The columns that a zero value of an enumeration leaves out have no rows here: type, severity, component, reaction;
	// hawserEventResult knows the word unknown.
	columns := len(shape.columns) - 4
	if len(got) != rows*columns {
		t.Fatalf("%d variables, want %d rows of %d columns", len(got), rows, columns)
	}
	if got[0] != "hawserEventOrigin.60" || got[3] != "hawserEventOrigin.66" || got[rows] != "hawserEventOriginSeq.60" {
		t.Errorf("walk begins %v, second column %s", got[:4], got[rows])
	}
	if got := walk(t, writes); got[0] != "hawserWriteTime.60" {
		t.Errorf("write log begins with %s", got[0])
	}
	if reads := source.readCount(); reads > 40 {
		t.Errorf("%d reads of the log: pages are not kept", reads)
	}
}

func TestEventTableAnswersOutsideItsRange(t *testing.T) {
	source := longSource(60, 200)
	events, _, _ := segmentsOf(source)
	column := snmp.OID(mib.HawserEventSummary)
	for _, index := range [][]uint32{{59}, {201}, {0}, {math.MaxUint32}, {60, 1}, {}} {
		if value, ok := events.Get(column.Append(index...)); ok {
			t.Errorf("row %v is %s, want none", index, value)
		}
	}
	vb, ok := events.Next(column.Append(math.MaxUint32))
	if ok {
		t.Errorf("after the last cell of the last column: %s", vb.OID)
	}
	vb, ok = events.Next(column.Append(60, 7))
	if want := column.Append(61); !ok || !vb.OID.Equal(want) {
		t.Errorf("after row 60.7 comes %s, want %s", vb.OID, want)
	}
	vb, ok = events.Next(nil)
	if want := snmp.OID(mib.HawserEventOrigin).Append(60); !ok || !vb.OID.Equal(want) {
		t.Errorf("the first cell is %s, want %s", vb.OID, want)
	}
}

func TestNewEventsShowInAPageThatWasRead(t *testing.T) {
	source := longSource(1, 10)
	publisher := newTestPublisher(source)
	if got := publisher.View().Get(snmp.OID(mib.HawserEventSummary).Append(11)); got.Type != snmp.TypeNoSuchInstance {
		t.Fatalf("event 11 is %s before it happened", got)
	}
	publisher.View().Get(snmp.OID(mib.HawserEventSummary).Append(10)) // the page is kept now
	snap := *source.snap
	state := *snap.State
	state.LastEvent, snap.State = 11, &state
	source.events = append(source.events, cluster.Event{Seq: 11, Summary: "event 11", Time: noon})
	source.set(&snap)
	publisher.refresh(true)
	if got := publisher.View().Get(snmp.OID(mib.HawserEventSummary).Append(11)).String(); got != "event 11" {
		t.Errorf("event 11 is %q", got)
	}
}

func TestConditionTableWalks(t *testing.T) {
	source := richSource()
	source.conditions[2] = nil // aged out since
	_, _, conditions := segmentsOf(source)
	got := walk(t, conditions)
	want := []string{
		"hawserConditionComponentType.3.1", "hawserConditionComponentType.3.2", "hawserConditionComponentName.3.1",
		"hawserConditionComponentName.3.2", "hawserConditionNodeName.3.1", "hawserConditionNodeName.3.2",
		"hawserConditionState.3.1", "hawserConditionState.3.2", "hawserConditionDetail.3.1", "hawserConditionDetail.3.2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	column := snmp.OID(mib.HawserConditionState)
	if vb, ok := conditions.Next(column.Append(3, math.MaxUint32)); !ok || vb.OID.HasPrefix(column) {
		t.Errorf("after the last component that can be comes %s, want the next column", vb.OID)
	}
	if _, ok := conditions.Get(column.Append(1, 1)); ok {
		t.Error("event 1 has no condition any more, and yet one is shown")
	}
}

func TestAnEmptyHistoryHasNoRows(t *testing.T) {
	source := longSource(1, 0)
	source.snap.State.FirstCondition = 1
	events, writes, conditions := segmentsOf(source)
	for _, s := range []view.Segment{events, writes, conditions} {
		if got := walk(t, s); len(got) != 0 {
			t.Errorf("got %v, want nothing", got)
		}
	}
}

func TestAFailingLogShowsNothingWrong(t *testing.T) {
	source := longSource(1, 10)
	source.err = errors.New("disk gone")
	events, writes, conditions := segmentsOf(source)
	for _, s := range []view.Segment{events, writes, conditions} {
		if got := walk(t, s); len(got) != 0 {
			t.Errorf("got %v from a log that cannot be read", got)
		}
	}
}

func TestPagesDropTheOneUsedLongestAgo(t *testing.T) {
	loads := map[uint32]int{}
	p := newPages(2, func(key uint32) ([]record, error) {
		loads[key]++
		return []record{{index: key}}, nil
	})
	for _, key := range []uint32{1, 2, 1, 3, 1, 2} {
		if rows, err := p.get(key, key, key); err != nil || rows[0].index != key {
			t.Fatalf("page %d: %v, %v", key, rows, err)
		}
	}
	if loads[1] != 1 || loads[2] != 2 || loads[3] != 1 {
		t.Errorf("loads %v, want page 2 twice and the others once", loads)
	}
}
