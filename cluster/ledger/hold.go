package ledger

import (
	"fmt"
	"slices"
	"time"

	"hawser/cluster"
)

// A change that is held is tested, numbered and durable, and nothing of it starts: its jobs stand as held, its other ops
// wait in State.Held. Release carries them out, Undo drops them. Later changes are tested with it and without it: nothing that was promised becomes impossible meanwhile, and nothing counts on what may still be taken back.

// holdFor is when a held change is void that nobody released: its front end takes it back earlier (5 s), unless it died.
const holdFor = 10 * time.Second

// waits says whether an op of a held change waits in State.Held; a job has a state of its own for it.
func waits(op cluster.Op) bool { return op.Object != "HwJob" }

// hold keeps a tested change. The caller has made its record.
func (w *writer) hold(c cluster.Change, rec *changeRecord) {
	for _, op := range c.Ops {
		o := objects[op.Object]
		old := o.read(w.s, op)
		if !waits(op) {
			rec.Back = append(rec.Back, o.apply(w, c, op))
			rec.Held = append(rec.Held, op.Target.Index)
		}
		w.logWrite(c, op, old, "held")
	}
	if w.s.Held == nil {
		w.s.Held = map[string]cluster.HeldChange{}
	}
	w.s.Held[c.ID] = cluster.HeldChange{Change: c, At: w.entry.At, WriteSeq: rec.Receipt.WriteSeq}
}

// withHeld carries out in w, a scratch copy, all that is held.
func (w *writer) withHeld() {
	for _, h := range inOrder(w.s.Held) {
		for _, op := range h.Change.Ops {
			if o := objects[op.Object]; waits(op) && o.check(w.s, op) == nil {
				o.apply(w, h.Change, op)
			}
		}
	}
}

func inOrder(held map[string]cluster.HeldChange) []cluster.HeldChange {
	out := make([]cluster.HeldChange, 0, len(held))
	for _, h := range held {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b cluster.HeldChange) int { return int(int64(a.WriteSeq) - int64(b.WriteSeq)) })
	return out
}

// release carries a held change out. A second time changes nothing; what was taken back is refused.
func (w *writer) release(id string) {
	rec, ok := w.h.changes[id]
	if !ok || rec.Undone {
		w.result.Refusal = &cluster.Refusal{Op: -1, Code: cluster.RefusedInconsistent, Reason: "cannot be released: the change was taken back"}
		return
	}
	receipt := rec.Receipt
	w.result.Receipt = &receipt
	held, ok := w.s.Held[id]
	if !ok {
		return
	}
	if refusal := w.stillGood(held.Change); refusal != nil {
		w.drop(id, string(refusal.Code)+": "+refusal.Reason)
		w.result.Receipt, w.result.Refusal = nil, refusal
		return
	}
	delete(w.s.Held, id)
	released := *rec // a snapshot that is being written keeps the former one
	released.Back, released.Held = slices.Clone(rec.Back), nil
	for _, op := range held.Change.Ops {
		if waits(op) {
			released.Back = append(released.Back, objects[op.Object].apply(w, held.Change, op))
		}
	}
	for _, index := range rec.Held {
		if j, ok := w.s.HwJobs[index]; ok && j.State == cluster.JobHeld {
			j.State = cluster.JobQueued
			w.s.HwJobs[index] = j
		}
	}
	w.h.changes[id] = &released
	w.mark(held, "applied")
	if len(held.Change.Ops) > 0 {
		w.changeEvent(held.Change)
	}
}

// stillGood tests the ops that waited against the state as it is now: what is not a SET may have changed it.
func (w *writer) stillGood(c cluster.Change) *cluster.Refusal {
	h := newHistory()
	scratch := newWriter(w.s.Clone(), &h, cluster.Entry{At: w.s.AppliedAt})
	for i, op := range c.Ops {
		if !waits(op) {
			continue
		}
		if r := objects[op.Object].check(scratch.s, op); r != nil {
			r.Op = i
			return r
		}
		objects[op.Object].apply(scratch, c, op)
	}
	return nil
}

// drop forgets a held change for good: its jobs go, nothing else of it was ever there.
func (w *writer) drop(id, result string) {
	held, rec := w.s.Held[id], w.h.changes[id]
	delete(w.s.Held, id)
	for _, st := range slices.Backward(rec.Back) {
		if o := objects[st.Object]; o.mayBack == nil || o.mayBack(w.s, st) {
			o.back(w, st)
		}
	}
	w.mark(held, result)
	w.forget(rec)
}

// forget marks a change as undone: it is never applied again, and its token is free.
func (w *writer) forget(rec *changeRecord) {
	delete(w.h.tokens, string(rec.Token))
	w.h.changes[rec.ID] = &changeRecord{ID: rec.ID, At: rec.At, Undone: true}
}

// mark sets the result of a held change's rows in the write log.
func (w *writer) mark(held cluster.HeldChange, result string) {
	w.h.writes = slices.Clone(w.h.writes) // a snapshot that is being written keeps the former rows
	for i := range w.h.writes {
		if row := &w.h.writes[i]; row.Change == held.WriteSeq && row.Result == "held" {
			row.Result = result
		}
	}
}

// undoHeld drops a held change. Where another write came between it is dropped, too, and the answer is that of an undo
// that failed (MIB.md, SET): who set it is to look.
func (w *writer) undoHeld(u cluster.Undo, rec *changeRecord) {
	between := w.s.Serial != rec.Receipt.Serial
	w.drop(u.ID, "undone")
	w.bumpSerial()
	if between && !u.Unknown {
		w.result.Refusal = &cluster.Refusal{
			Op: -1, Code: cluster.RefusedInconsistent,
			Reason: "another change came between; the change was never carried out, and is not any more: look at the write log",
		}
		return
	}
	w.result.Receipt = &cluster.Receipt{ID: u.ID, Serial: w.s.Serial}
}

// undoUnknown makes sure that a change of which nobody knows whether it was applied is not, now and later. True: there is
// nothing more to do.
func (w *writer) undoUnknown(id string) bool {
	rec, ok := w.h.changes[id]
	if ok && !rec.Undone {
		return false
	}
	if !ok {
		w.h.changes[id] = &changeRecord{ID: id, At: w.entry.At, Undone: true}
	}
	w.result.Receipt = &cluster.Receipt{ID: id, Serial: w.s.Serial}
	return true
}

// expire drops what has been held for too long. It comes after the decisions of the entry: the clock of a leader that is new
// may be ahead, and the release that it brings was promised. A clock that is behind by as much makes void, too: else what
// nobody releases would be held until it has caught up.
func (w *writer) expire() {
	for _, h := range inOrder(w.s.Held) {
		if w.entry.At.Sub(h.At).Abs() > holdFor {
			w.drop(h.Change.ID, "undone")
			w.bumpSerial()
		}
	}
}

// underWay is the answer to a repetition by token of a change that is held: its end is not known yet.
func underWay(rec *changeRecord) *cluster.Refusal {
	return &cluster.Refusal{
		Op: -2, Code: cluster.RefusedInconsistent, Reason: fmt.Sprintf("the SET with this token (row %d of the write log) has not ended yet: ask again", rec.Receipt.WriteSeq),
	}
}
