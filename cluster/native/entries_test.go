package native

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

func note(size int) cluster.Decision {
	return cluster.Decision{Event: &cluster.Event{Type: cluster.EventConfigChanged, Summary: strings.Repeat("x", size)}}
}

func TestSplitKeepsEntriesBelowTheLimit(t *testing.T) {
	small, medium, large, huge := note(1000), note(6000), note(8000), note(20_000)
	for _, test := range []struct {
		name   string
		groups [][]cluster.Decision
		want   []int // decisions by entry
	}{
		{"nothing", nil, nil},
		{"an empty group", [][]cluster.Decision{{}}, nil},
		{"all in one", [][]cluster.Decision{{small, small}, {small}}, []int{3}},
		{"a group stays together", [][]cluster.Decision{{large}, {large, small}}, []int{1, 2}},
		{"a group that is too large is cut", [][]cluster.Decision{{small}, {medium, medium, medium}, {small}}, []int{3, 2}},
		{"a decision that is too large goes alone", [][]cluster.Decision{{small}, {huge}, {small}}, []int{1, 1, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []int
			var flat []cluster.Decision
			for _, e := range split(test.groups) {
				got = append(got, len(e))
				flat = append(flat, e...)
				data, err := ledger.Encode(cluster.Entry{Decisions: e})
				if err != nil || (len(data) > maxEntry && len(e) > 1) {
					t.Errorf("an entry of %d decisions has %d bytes, %v", len(e), len(data), err)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("decisions by entry %v, want %v", got, test.want)
			}
			if want := slices.Concat(test.groups...); len(flat) != len(want) || slices.ContainsFunc(flat, func(d cluster.Decision) bool { return d.Event == nil }) {
				t.Errorf("%d decisions of %d", len(flat), len(want))
			}
		})
	}
}

func TestOnlyWholeDecisionsEnterTheLog(t *testing.T) {
	for name, d := range map[string]cluster.Decision{
		"without content":   {},
		"with two contents": {Event: &cluster.Event{}, Release: &cluster.ReleaseHold{ID: "c1"}},
	} {
		if err := whole(d); !errors.Is(err, errNotWhole) {
			t.Errorf("a decision %s: %v", name, err)
		}
	}
	if err := whole(note(1)); err != nil {
		t.Error(err)
	}
}

func TestTheEnginesDecisionsDoNotComeFromOutside(t *testing.T) {
	for name, test := range map[string]struct {
		decision cluster.Decision
		want     bool
	}{
		"change":   {cluster.Decision{Change: &cluster.Change{}}, true},
		"event":    {note(1), true},
		"fenced":   {cluster.Decision{Fenced: &cluster.Fenced{}}, true},
		"assign":   {cluster.Decision{Assign: &cluster.Assign{}}, false},
		"released": {cluster.Decision{Released: &cluster.Released{}}, false},
		"join":     {cluster.Decision{Join: &cluster.Join{}}, false},
		"intent":   {cluster.Decision{Intent: &cluster.Fence{}}, false},
		"job":      {cluster.Decision{Job: &cluster.JobIs{}}, false},
		"setting":  {cluster.Decision{Setting: &cluster.SettingIs{}}, false},
		"found":    {cluster.Decision{Found: &cluster.Found{}}, false},
	} {
		if got := fromOutside(test.decision); got != test.want {
			t.Errorf("%s from outside: %t", name, got)
		}
	}
}
