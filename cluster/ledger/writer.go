package ledger

import (
	"errors"
	"fmt"
	"maps"
	"reflect"

	"hawser/cluster"
)

// writer applies the decisions of one entry to a private copy of the state.
type writer struct {
	s      *cluster.State
	h      *history
	entry  cluster.Entry
	origin uint64 // the next origin sequence number
	stale  bool   // the entry's events are in the ledger already
	result Result
	wrote  uint32 // the first row of the write log that the change under way wrote; 0: none

	numbered bool // the next event has its number already
}

func newWriter(s *cluster.State, h *history, e cluster.Entry) *writer {
	return &writer{s: s, h: h, entry: e, origin: e.Origin, stale: e.Origin != 0 && e.Origin <= s.Origins[e.By]}
}

func (w *writer) finish(index uint64) {
	w.s.Applied, w.s.AppliedAt = index, w.entry.At
	if w.entry.Origin != 0 && w.origin > w.entry.Origin {
		w.s.Origins[w.entry.By] = w.origin - 1
	}
	w.h.trim(w.s, w.entry.At)
}

// apply dispatches one known decision. The order of the cases is the order of the fields of cluster.Decision.
func (w *writer) apply(d cluster.Decision) {
	switch {
	case d.Found != nil:
		w.found(*d.Found)
	case d.Config != nil:
		w.config(d.Config.Spec)
	case d.Lead != nil:
		w.s.EngineBoots++
		w.s.EngineOwner = d.Lead.Node
	case d.Join != nil:
		w.join(*d.Join)
	case d.NodeIs != nil:
		w.nodeIs(*d.NodeIs)
	case d.Reserve != nil:
		w.reserve(*d.Reserve)
	case d.Intent != nil:
		w.intent(*d.Intent)
	case d.Fenced != nil:
		w.fenced(*d.Fenced)
	case d.Assign != nil:
		w.assign(*d.Assign)
	case d.Withdraw != nil:
		w.withdraw(*d.Withdraw)
	case d.Released != nil:
		w.released(*d.Released)
	case d.Move != nil:
		w.move(*d.Move)
	case d.Restart != nil:
		w.restart(*d.Restart)
	case d.Observe != nil:
		w.observe(*d.Observe)
	case d.Link != nil:
		w.s.Links[cluster.LinkKey(d.Link.Node, d.Link.Peer, d.Link.Index)] = d.Link.State
	case d.Service != nil:
		w.serviceIs(*d.Service)
	case d.Event != nil:
		if !w.toldByItsJob(*d.Event) {
			w.event(*d.Event)
		}
	default:
		w.applyRequest(d)
	}
}

// applyRequest dispatches what comes from outside the engine: changes, jobs, hardware, sinks.
func (w *writer) applyRequest(d cluster.Decision) {
	switch {
	case d.Change != nil:
		w.change(*d.Change)
	case d.Refuse != nil:
		w.refuse(*d.Refuse)
	case d.Undo != nil:
		w.undo(*d.Undo)
	case d.Release != nil:
		w.release(d.Release.ID)
	case d.Job != nil:
		w.job(*d.Job)
	case d.Hardware != nil:
		w.hardware(*d.Hardware)
	case d.Setting != nil:
		w.setting(*d.Setting)
	case d.Sink != nil:
		w.sink(*d.Sink)
	case d.Handed != nil:
		w.handed(*d.Handed)
	default:
		panic("ledger: a decision that is known has no case")
	}
}

// known says whether this program can apply a decision: one field is set, and it is complete. It is asked for all
// decisions of an entry before the first is applied, so that an entry is applied whole or not at all.
func known(d cluster.Decision) error {
	count := 0
	for _, field := range reflect.ValueOf(d).Fields() {
		if !field.IsNil() {
			count++
		}
	}
	switch {
	case count == 0:
		return fmt.Errorf("a decision without content: %w", ErrUnknownEntry)
	case count > 1:
		return fmt.Errorf("a decision with %d contents: %w", count, ErrUnknownEntry)
	}
	if f := d.Found; f != nil && (f.ClusterID == "" || f.Generation == 0 || len(f.EngineID) < 5) {
		return errors.New("founding needs a cluster id, a generation and an engine id")
	}
	return nil
}

// sink records how delivery stands; a word that is older than what is known is dropped, so that no cursor goes back.
func (w *writer) sink(d cluster.SinkIs) {
	if old, ok := w.s.Sinks[d.Name]; ok && d.Status.Cursor >= old.Cursor {
		w.s.Sinks[d.Name] = d.Status
	}
}

// found starts a generation; of the same one, the first entry counts.
func (w *writer) found(f cluster.Found) {
	if w.s.ClusterID != "" && f.Generation <= w.s.Generation {
		return
	}
	w.s.ClusterID, w.s.Generation, w.s.EngineID = f.ClusterID, f.Generation, f.EngineID
	w.s.Founded = w.entry.At
	w.s.Epoch = uint64(f.Generation) << 32
}

// allot gives name a number of its kind, once.
func (w *writer) allot(kind, name string) uint32 {
	t, ok := w.s.Indexes[kind]
	if ok {
		if i, ok := t.Names[name]; ok {
			return i
		}
	} else {
		t = cluster.IndexTable{Next: 1, Names: map[string]uint32{}}
	}
	names := make(map[string]uint32, len(t.Names)+1)
	maps.Copy(names, t.Names)
	names[name] = t.Next
	w.s.Indexes[kind] = cluster.IndexTable{Next: t.Next + 1, Names: names}
	return names[name]
}
