package ledger

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hawser/cluster"
)

// letter is an event that a node kept.
func letter(origin string, life, seq uint64, change func(*cluster.Handed)) cluster.Decision {
	h := &cluster.Handed{Life: life, Event: cluster.Event{
		Origin: origin, OriginSeq: seq, Time: start.Add(-time.Hour), Type: cluster.EventAuthFailure, Severity: cluster.SeverityWarning,
		ComponentType: cluster.ComponentNode, ComponentName: origin, NodeName: origin, Summary: "kept",
	}}
	if change != nil {
		change(h)
	}
	return cluster.Decision{Handed: h}
}

// TestHandedOverOnce: an event is applied once, under the number and the time that its origin gave it, whoever hands it
// over and in whatever order its copies come.
func TestHandedOverOnce(t *testing.T) {
	l := founded(t)
	first := l.apply(letter("b", 5, 7, nil)).Events
	if len(first) != 1 || first[0].Origin != "b" || first[0].OriginSeq != 7 || !first[0].Time.Equal(start.Add(-time.Hour)) || first[0].Facts.NodeCount == 0 {
		t.Fatalf("applied as %+v", first)
	}
	if lines, err := l.Conditions(first[0].Seq); err != nil || len(lines) == 0 {
		t.Errorf("its condition: %d lines, %v", len(lines), err)
	}
	for _, again := range []cluster.Decision{letter("b", 5, 7, nil), letter("b", 5, 6, nil), letter("b", 4, 99, nil), letter("", 9, 9, nil), letter("b", 9, 0, nil)} {
		if got := l.apply(again).Events; len(got) != 0 {
			t.Errorf("%+v was applied: %+v", again.Handed, got)
		}
	}
	for _, next := range []cluster.Decision{letter("b", 5, 8, nil), letter("b", 6, 1, nil), letter("c", 1, 1, nil)} {
		if got := l.apply(next).Events; len(got) != 1 || got[0].OriginSeq != next.Handed.Event.OriginSeq {
			t.Errorf("%+v was not applied: %+v", next.Handed, got)
		}
	}
	if again := restored(t, l.bytes()); again.State().Handed["b"] != (cluster.HandedMark{Life: 6, Seq: 1}) {
		t.Errorf("a snapshot holds %+v", again.State().Handed)
	}
}

// TestHandedAlarm: the story keeps its number, the alarm's event gets one of the proposer; an event of a former office
// leaves alarms alone.
func TestHandedAlarm(t *testing.T) {
	l := founded(t)
	alarm := func(h *cluster.Handed) {
		h.Event.AlarmKey, h.Event.Raise = "sink/nms", cluster.SeverityMinor
		h.Boots = l.State().EngineBoots
	}
	origin := l.origin
	got := l.apply(letter("b", 5, 7, alarm)).Events
	if len(got) != 2 || got[0].Origin != "b" || got[0].OriginSeq != 7 || got[1].Origin != "a" || got[1].OriginSeq != origin+1 || len(l.State().Alarms) != 1 {
		t.Fatalf("raised: %+v", got)
	}
	end := func(h *cluster.Handed) { alarm(h); h.Event.Raise, h.Event.Clear = 0, true }
	ended := letter("b", 5, 8, end)
	l.apply(cluster.Decision{Lead: &cluster.Lead{Node: "c"}})
	if got := l.apply(ended).Events; len(got) != 1 || got[0].AlarmIndex != 0 || len(l.State().Alarms) != 1 {
		t.Errorf("an event of a former office: %+v, %d alarms", got, len(l.State().Alarms))
	}
	own := letter("b", 5, 9, func(h *cluster.Handed) { end(h); h.Boots = 0 })
	if got := l.apply(own).Events; len(got) != 2 || got[0].AlarmIndex == 0 || len(l.State().Alarms) != 0 {
		t.Errorf("a node's own event: %+v, %d alarms", got, len(l.State().Alarms))
	}
	nothing := letter("b", 5, 10, func(h *cluster.Handed) { end(h); h.Boots = 0; h.Event.Type = cluster.EventAlarmCleared })
	if got := l.apply(nothing, raise("node/b")).Events; len(got) != 2 || got[0].Origin != "a" || got[1].Origin != "a" {
		t.Errorf("after the end of nothing: %+v", got)
	}
}

// TestHandedInAnyOrder: origins that hand over in order, with copies of what they handed over before strewn in, and with
// snapshots in between, give each event once and in order.
func TestHandedInAnyOrder(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 5))
		l := founded(t)
		next := map[string]cluster.HandedMark{"a": {Life: 1}, "b": {Life: 1}, "c": {Life: 1}}
		sent, want, got := map[string][]cluster.Decision{}, map[string][]uint64{}, map[string][]uint64{}
		for range 300 {
			origin := pick(r, "a", "b", "c")
			mark := next[origin]
			if r.IntN(30) == 0 {
				mark.Life += 1 + uint64(r.IntN(3)) // it was started again, perhaps with an empty store
				mark.Seq = uint64(r.IntN(50))
			}
			mark.Seq += 1 + uint64(r.IntN(2)) // a number may be given and lost
			next[origin] = mark
			d := letter(origin, mark.Life, mark.Seq, nil)
			sent[origin] = append(sent[origin], d)
			want[origin] = append(want[origin], mark.Life<<32|mark.Seq)
			batch := []cluster.Decision{d}
			for range r.IntN(3) {
				batch = append(batch, pick(r, sent[origin]...))
			}
			for _, e := range l.apply(batch...).Events {
				got[e.Origin] = append(got[e.Origin], mark.Life<<32|e.OriginSeq)
			}
			if r.IntN(50) == 0 {
				l.Ledger = restored(t, l.bytes())
			}
		}
		for origin := range want {
			if !slices.Equal(got[origin], want[origin]) {
				t.Fatalf("seed %d, origin %s: applied %v, want %v", seed, origin, got[origin], want[origin])
			}
		}
	}
}
