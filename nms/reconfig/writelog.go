package reconfig

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"hawser/mib/snmp"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// tokens is the one column of hawserWriteTable that finds a row by its token.
type tokens struct {
	Seq      int64  `mib:"#0"`
	SetToken []byte `mib:"hawserWriteSetToken"`
}

// findWrite looks for our SET in the write log, which has one row per object: the first that did not succeed, else the
// last.
func (t *task) findWrite(ctx context.Context, session *ask.Session) (ask.Write, bool, error) {
	rows, err := ask.ReadTable[tokens](ctx, session)
	if err != nil {
		return ask.Write{}, false, err
	}
	var last ask.Write
	known := false
	for _, r := range rows {
		if hex.EncodeToString(r.SetToken) != t.record.Token {
			continue
		}
		write, found, err := ask.ReadRow[ask.Write](ctx, session, []uint32{uint32(r.Seq)})
		if err != nil {
			return ask.Write{}, false, err
		}
		if !found {
			continue
		}
		write.Seq = r.Seq
		last, known, t.record.WriteSeq = write, true, uint32(r.Seq)
		if write.Result != "succeeded" {
			return write, true, nil
		}
	}
	return last, known, nil
}

// findOut learns the end of a SET that got no answer. The token makes it safe to say the same SET again when the log
// does not know it.
func (t *task) findOut(ctx context.Context, _ *ask.Session, binds []snmp.Varbind) error {
	var write ask.Write
	var session *ask.Session
	var barred *held
	settled := false
	ok, err := t.until(ctx, t.cfg.AnswerTimeout, func() bool {
		s, _, err := t.cluster.Freshest(ctx, t.record.ClusterID)
		if err != nil {
			return false
		}
		session, t.record.Node = s, s.Address()
		found := false
		if write, found, err = t.findWrite(ctx, s); err != nil {
			return false
		}
		if found {
			settled = write.Result != "pending" && write.Result != "unknown"
			return settled
		}
		if barred == nil { // once forbidden it stays unsaid; the log may still come to know it
			if barred, err = t.barred(ctx, s); err == nil && barred == nil {
				settled = t.sayAgain(ctx, s, binds, &write)
			}
		}
		return settled
	})
	switch {
	case err != nil:
		return err
	case (!ok || !settled) && barred != nil:
		return t.escalate(ctx, journal.StateFailed, fmt.Sprintf("no answer and no trace in the write log within %s, and it was not said again: %v; whether it took effect is not known; read the values, the old ones to be set by hand are: %s",
			t.cfg.AnswerTimeout, barred, oldText(t.record.Values)))
	case !ok || !settled:
		return t.end(ctx, journal.StateFailed, fmt.Sprintf("no answer and no trace in the write log within %s: whether it took effect is not known; read the values", t.cfg.AnswerTimeout))
	case write.Result != "succeeded":
		return t.end(ctx, journal.StateRefused, fmt.Sprintf("the write log says %s: %s", write.Result, write.Reason))
	}
	t.record.Answered = time.Now()
	return t.afterSet(ctx, session)
}

// sayAgain sends the very same SET; true when its end is known, which then stands in write.
func (t *task) sayAgain(ctx context.Context, session *ask.Session, binds []snmp.Varbind, write *ask.Write) bool {
	err := session.Set(ctx, binds...)
	var refusal *ask.Refusal
	switch {
	case err == nil:
		*write = ask.Write{Result: "succeeded"}
		return true
	case errors.As(err, &refusal) && !refusal.Uncertain() && refusal.Status != "resourceUnavailable":
		*write = ask.Write{Result: "refused", Reason: refusal.Error()}
		return true
	}
	return false
}

// takeUp follows a reconfiguration that a former run of the manager left after it was sent.
func (t *task) takeUp(ctx context.Context) error {
	if err := t.open(); err != nil {
		return t.end(ctx, journal.StateFailed, "after a restart: "+err.Error())
	}
	if t.record.State == journal.StateRollingBack {
		return t.rollBack(ctx)
	}
	session, _, err := t.cluster.Freshest(ctx, t.record.ClusterID)
	if err != nil {
		return t.end(ctx, journal.StateFailed, "after a restart: "+err.Error()+"; whether it took effect is not known; read the values")
	}
	if t.record.State == journal.StateVerifying {
		return t.afterSet(ctx, session)
	}
	binds, err := t.again()
	if err != nil {
		return t.end(ctx, journal.StateFailed, "after a restart: "+err.Error())
	}
	return t.findOut(ctx, session, binds)
}

// again builds the SET of a record from what the journal keeps.
func (t *task) again() ([]snmp.Varbind, error) {
	var binds []snmp.Varbind
	for _, v := range t.record.Values {
		oid, err := snmp.ParseOID(v.OID)
		if err != nil {
			return nil, fmt.Errorf("its values were not kept: %w", err)
		}
		_, o, err := ask.Instance(v.Object)
		if err != nil {
			return nil, err
		}
		value, err := encode(o, v.New)
		if err != nil {
			return nil, err
		}
		binds = append(binds, snmp.Varbind{OID: oid, Value: value})
	}
	return guarded(t.record, binds)
}
