package ledger

import (
	"fmt"
	"slices"
	"time"

	"hawser/cluster"
)

// Retention (MIB.md, Identity of an event).
const (
	keepEvents     = 10_000
	keepEventsFor  = 30 * 24 * time.Hour
	keepConditions = 1_000
	keepWrites     = 10_000
	keepChanges    = 24 * time.Hour
)

// history is what grows: events with conditions, the write log, and the changes that may be repeated or undone.
type history struct {
	events     []cluster.Event // by Seq, without gaps
	conditions []condition     // of the last events
	writes     []cluster.Write // by Seq, without gaps
	changes    map[string]*changeRecord
	tokens     map[string]string // token -> id of the change
}

// condition is the state of every component at one event. Unchanged lines are shared with the condition before.
type condition struct {
	seq   cluster.Seq
	lines []*cluster.Component
}

func newHistory() history {
	return history{changes: map[string]*changeRecord{}, tokens: map[string]string{}}
}

func (h *history) add(e cluster.Event, lines []cluster.Component) {
	h.events = append(h.events, e)
	h.conditions = append(h.conditions, condition{seq: e.Seq, lines: h.share(lines)})
}

// share replaces lines that are as they were in the condition before by those, so that memory holds differences only.
func (h *history) share(lines []cluster.Component) []*cluster.Component {
	var before []*cluster.Component
	if n := len(h.conditions); n > 0 {
		before = h.conditions[n-1].lines
	}
	out := make([]*cluster.Component, len(lines))
	same := len(lines) == len(before)
	for i := range lines {
		if i < len(before) && *before[i] == lines[i] {
			out[i] = before[i]
			continue
		}
		out[i], same = &lines[i], false
	}
	if same {
		return before
	}
	return out
}

// trim forgets what is past its retention and tells the state where history begins now.
func (h *history) trim(s *cluster.State, now time.Time) {
	drop := max(0, len(h.events)-keepEvents)
	for drop < len(h.events) && now.Sub(h.events[drop].Time) > keepEventsFor {
		drop++
	}
	h.events = h.events[drop:]
	h.conditions = h.conditions[max(0, len(h.conditions)-min(keepConditions, len(h.events))):] // none without its event
	h.writes = h.writes[max(0, len(h.writes)-keepWrites):]
	s.FirstEvent = s.LastEvent + 1 - cluster.Seq(len(h.events))
	s.FirstCondition = s.LastEvent + 1 - cluster.Seq(len(h.conditions))
	for id, c := range h.changes {
		if now.Sub(c.At) > keepChanges {
			delete(h.changes, id)
			delete(h.tokens, string(c.Token))
		}
	}
}

// Events gives at most limit events after a sequence, oldest first.
func (l *Ledger) Events(after cluster.Seq, limit int) []cluster.Event {
	l.mu.RLock()
	defer l.mu.RUnlock()
	events := l.history.events
	from, _ := slices.BinarySearchFunc(events, after+1, func(e cluster.Event, seq cluster.Seq) int { return int(e.Seq) - int(seq) })
	return slices.Clone(events[from:min(len(events), from+max(limit, 0))])
}

// Conditions gives the state of every component at an event.
func (l *Ledger) Conditions(seq cluster.Seq) ([]cluster.Component, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := l.history.conditions
	i, ok := slices.BinarySearchFunc(all, seq, func(c condition, s cluster.Seq) int { return int(c.seq) - int(s) })
	if !ok {
		return nil, fmt.Errorf("condition of event %d: not kept; conditions from %d to %d are", seq, l.state.FirstCondition, l.state.LastEvent)
	}
	out := make([]cluster.Component, len(all[i].lines))
	for j, line := range all[i].lines {
		out[j] = *line
	}
	return out, nil
}

// Writes gives at most limit rows of the write log after a sequence, oldest first.
func (l *Ledger) Writes(after uint32, limit int) []cluster.Write {
	l.mu.RLock()
	defer l.mu.RUnlock()
	writes := l.history.writes
	from, _ := slices.BinarySearchFunc(writes, after+1, func(w cluster.Write, seq uint32) int { return int(w.Seq) - int(seq) })
	return slices.Clone(writes[from:min(len(writes), from+max(limit, 0))])
}
