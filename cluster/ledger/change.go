package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"hawser/cluster"
)

// changeRecord is what is remembered of an applied change: the answer to a repetition, and the way back.
type changeRecord struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Token   []byte          `json:"token,omitempty"`
	Digest  [32]byte        `json:"digest"` // of the ops: the same token with others is refused
	Receipt cluster.Receipt `json:"receipt"`
	Back    []step          `json:"back"`
	Held    []uint32        `json:"held,omitempty"`   // hardware jobs that wait for Release
	Undone  bool            `json:"undone,omitempty"` // it was taken back: it is never applied again, whoever still asks for it
}

// step is one way back: the row as it was, or its absence.
type step struct {
	Object   string            `json:"object"`
	Target   cluster.Target    `json:"target"`
	Int      int64             `json:"int,omitempty"`
	Override *cluster.Override `json:"override,omitempty"`
	Desired  *cluster.Desired  `json:"desired,omitempty"`
	Alarm    *cluster.Alarm    `json:"alarm,omitempty"`
	Job      *cluster.Job      `json:"job,omitempty"`
	// Quarantined is what setting ServiceAdminState to enabled ended.
	Quarantined time.Time `json:"quarantined,omitzero"`
}

// digest is over all varbinds of a change: its ops, and the serial.
func digest(c cluster.Change) [32]byte {
	data, err := json.Marshal(struct {
		Ops    []cluster.Op
		Serial *int32
	}{c.Ops, c.Serial})
	if err != nil {
		panic("ledger: ops of a change do not encode: " + err.Error())
	}
	return sha256.Sum256(data)
}

// Check tests a change against a state without applying it: nil, or the first op that is refused. A repetition by token is
// found by Apply alone.
func Check(s *cluster.State, c cluster.Change) *cluster.Refusal {
	if c.Serial != nil && *c.Serial != s.Serial {
		return &cluster.Refusal{
			Op: -1, Code: cluster.RefusedInconsistent,
			Reason: fmt.Sprintf("hawserConfigSerial is %d, not %d: somebody changed the configuration; read it again and repeat", s.Serial, *c.Serial),
		}
	}
	if n := len(c.Token); n != 0 && (n < 8 || n > 16) {
		return &cluster.Refusal{Op: -2, Code: cluster.RefusedValue, Reason: fmt.Sprintf("hawserWriteToken has %d octets; 8 to 16 are taken", n)}
	}
	return checkOps(s, c)
}

// checkOps tests the ops against the state as it is, and as it will be once all that is held was carried out: what is held
// may be released or taken back, and a change must be good either way.
func checkOps(s *cluster.State, c cluster.Change) *cluster.Refusal {
	refusal := checkOpsOn(s, c, false)
	if refusal == nil && len(s.Held) > 0 {
		refusal = checkOpsOn(s, c, true)
	}
	return refusal
}

// checkOpsOn tests each op against the state as the ops before it leave it, because all are applied or none: two rows of one
// job, or the last standby set to standby with the primary, are seen here.
func checkOpsOn(s *cluster.State, c cluster.Change, withHeld bool) *cluster.Refusal {
	after := s
	var scratch *writer
	if len(c.Ops) > 1 || withHeld {
		h := newHistory()
		scratch = newWriter(s.Clone(), &h, cluster.Entry{At: s.AppliedAt})
		if withHeld {
			scratch.withHeld()
		}
		after = scratch.s
	}
	for i, op := range c.Ops {
		o, ok := objects[op.Object]
		if !ok {
			return &cluster.Refusal{Op: i, Code: cluster.RefusedNotWritable, Reason: "hawser" + op.Object + " cannot be set in this release"}
		}
		if r := o.check(after, op); r != nil {
			r.Op = i
			return r
		}
		if scratch != nil {
			o.apply(scratch, c, op)
		}
	}
	for i, op := range c.Ops {
		if op.Object != "NodeAdminState" || len(c.Ops) == 1 {
			continue
		}
		if r := checkNodeAdmin(after, op); r != nil {
			r.Op = i
			return r
		}
	}
	return nil
}

// change applies all ops of a change, or none; a repetition gets the first answer.
func (w *writer) change(c cluster.Change) {
	w.wrote = 0
	if r := w.repeated(c); r != nil {
		w.result.Receipt, w.result.Refusal = r.receipt, r.refusal
		return
	}
	if refusal := Check(w.s, c); refusal != nil {
		w.result.Refusal = refusal
		w.logRefusal(c, *refusal)
		return
	}
	rec := &changeRecord{ID: c.ID, At: w.entry.At, Token: c.Token, Digest: digest(c)}
	held := c.Hold && c.ID != "" // nobody could release what has no id
	rec.Receipt = cluster.Receipt{ID: c.ID, WriteSeq: w.s.LastWrite + 1}
	if held {
		w.hold(c, rec)
	} else {
		w.applyOps(c, rec)
	}
	if len(c.Ops) > 0 || c.Serial != nil {
		w.bumpSerial()
	}
	rec.Receipt.Serial = w.s.Serial
	if c.ID != "" {
		w.h.changes[c.ID] = rec
		if len(c.Token) > 0 {
			w.h.tokens[string(c.Token)] = c.ID
		}
	}
	receipt := rec.Receipt
	w.result.Receipt = &receipt
	if len(c.Ops) > 0 && !held {
		w.changeEvent(c)
	}
}

func (w *writer) applyOps(c cluster.Change, rec *changeRecord) {
	for _, op := range c.Ops {
		o := objects[op.Object]
		old := o.read(w.s, op)
		rec.Back = append(rec.Back, o.apply(w, c, op))
		w.logWrite(c, op, old, "applied")
	}
}

type answer struct {
	receipt *cluster.Receipt
	refusal *cluster.Refusal
}

// repeated finds the answer that a change with this id or token has had already.
func (w *writer) repeated(c cluster.Change) *answer {
	id := c.ID
	if len(c.Token) > 0 {
		if by, ok := w.h.tokens[string(c.Token)]; ok {
			id = by
		}
	}
	rec, ok := w.h.changes[id]
	if !ok || id == "" {
		return nil
	}
	if rec.Undone { // it was proposed before it was taken back, and comes late
		return &answer{refusal: &cluster.Refusal{Op: -1, Code: cluster.RefusedInconsistent, Reason: "this change was taken back"}}
	}
	if _, held := w.s.Held[id]; held && id != c.ID {
		return &answer{refusal: underWay(rec)}
	}
	if rec.Digest != digest(c) {
		refusal := cluster.Refusal{
			Op: -2, Code: cluster.RefusedInconsistent,
			Reason: "hawserWriteToken was used with other varbinds within 24 h: choose a new token",
		}
		if len(c.Token) == 0 {
			refusal.Reason = "the request id was used with other values within 24 h: choose a new one"
		}
		w.logRefusal(c, refusal)
		return &answer{refusal: &refusal}
	}
	receipt := rec.Receipt
	receipt.Repeated = true
	return &answer{receipt: &receipt}
}

// bumpSerial raises hawserConfigSerial as TestAndIncr does (RFC 2579): after 2147483647 comes 0.
func (w *writer) bumpSerial() {
	if w.s.Serial == 1<<31-1 {
		w.s.Serial = 0
		return
	}
	w.s.Serial++
}

func (w *writer) changeEvent(c cluster.Change) {
	var summary strings.Builder
	summary.WriteString("changed by " + c.By.User + ":")
	for _, op := range c.Ops {
		summary.WriteString(" " + rowName(op) + "=" + valueText(op))
	}
	w.event(cluster.Event{
		Type: cluster.EventConfigChanged, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentCluster,
		ComponentName: w.s.Spec.Name, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded,
		Setter: c.By.User, Summary: summary.String(),
	})
}

// undo takes a change back if no other came between: the serial is still its own.
func (w *writer) undo(u cluster.Undo) {
	if u.Unknown && w.undoUnknown(u.ID) {
		return
	}
	rec, ok := w.h.changes[u.ID]
	if u.Unknown {
		u.Serial = rec.Receipt.Serial
	}
	if _, held := w.s.Held[u.ID]; held {
		w.undoHeld(u, rec)
		return
	}
	if reason := w.cannotUndo(rec, ok, u); reason != "" {
		w.result.Refusal = &cluster.Refusal{Op: -1, Code: cluster.RefusedInconsistent, Reason: "cannot be undone: " + reason}
		return
	}
	for _, st := range slices.Backward(rec.Back) {
		objects[st.Object].back(w, st)
	}
	rows := w.markUndone(rec)
	w.forget(rec)
	w.bumpSerial()
	receipt := cluster.Receipt{ID: u.ID, Serial: w.s.Serial}
	w.result.Receipt = &receipt
	if len(rows) > 0 {
		w.undoEvent(rows)
	}
}

func (w *writer) cannotUndo(rec *changeRecord, found bool, u cluster.Undo) string {
	switch {
	case !found || rec.Undone:
		return "no such change was applied within 24 h, or it was undone already"
	case w.s.Serial != u.Serial || w.s.Serial != rec.Receipt.Serial:
		return "another change came between"
	}
	for _, st := range rec.Back {
		if may := objects[st.Object].mayBack; may != nil && !may(w.s, st) {
			return fmt.Sprintf("job %d has begun", st.Target.Index)
		}
	}
	return ""
}

// markUndone marks the rows of a change in the write log and lists them.
func (w *writer) markUndone(rec *changeRecord) []cluster.Write {
	first, _ := slices.BinarySearchFunc(w.h.writes, rec.Receipt.WriteSeq, func(x cluster.Write, seq uint32) int { return cmp.Compare(x.Seq, seq) })
	last := min(first+len(rec.Back), len(w.h.writes))
	w.h.writes = slices.Clone(w.h.writes) // a snapshot that is being written keeps the former rows
	for i := first; i < last; i++ {
		w.h.writes[i].Result = "undone"
	}
	return w.h.writes[first:last]
}

// undoEvent tells receivers that what ConfigChanged told them is not so any more.
func (w *writer) undoEvent(rows []cluster.Write) {
	var summary strings.Builder
	summary.WriteString("taken back:")
	for _, row := range rows {
		summary.WriteString(" " + row.Object + "=" + row.Old)
	}
	w.event(cluster.Event{
		Type: cluster.EventConfigChanged, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentCluster,
		ComponentName: w.s.Spec.Name, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded,
		Setter: rows[0].By.User, Summary: summary.String(),
	})
}
