package reconfig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// fail ends a task whose values were accepted and did not take effect: what of them still stands is set back to the old
// values, and a person is told. Whatever somebody else has set since is theirs.
func (t *task) fail(ctx context.Context, why string) error {
	t.record.Reason = why
	if err := t.save(ctx, journal.StateRollingBack, why+"; setting back what still stands of it"); err != nil {
		return err
	}
	return t.rollBack(ctx)
}

// rollBack sets back, verifies, and ends the task. Saying it twice is the same as once: it goes by what it reads.
func (t *task) rollBack(ctx context.Context) error {
	why := t.record.Reason
	var ours []journal.Change
	var last error
	touched, err := t.wasSetBack(ctx)
	if err != nil {
		return err
	}
	ok, err := t.until(ctx, t.cfg.AnswerTimeout+t.cfg.VerifyTimeout, func() bool {
		var session *ask.Session
		var serial int64
		if session, serial, ours, last = t.standing(ctx); last != nil || len(ours) == 0 {
			return last == nil
		}
		if last = t.mayBeSent(ctx, session); last != nil {
			_, closed := errors.AsType[*held](last)
			return closed
		}
		last = t.setBack(ctx, session, serial, ours)
		var refusal *ask.Refusal
		refused := errors.As(last, &refusal)
		touched = touched || !refused || refusal.Uncertain()
		return refused && refusal.Denied() // it will not be allowed later either
	})
	switch {
	case err != nil:
		return err
	case ok && len(ours) == 0 && !touched:
		return t.escalate(ctx, journal.StateFailed, why+"; nothing of it stands, so nothing was set back")
	case ok && len(ours) == 0:
		return t.escalate(ctx, journal.StateRolledBack, why+"; the old values stand again")
	}
	return t.escalate(ctx, journal.StateFailed, fmt.Sprintf("%s; it could not be set back: %v; set by hand: %s", why, last, oldText(ours)))
}

// wasSetBack says whether a former run of the manager sent old values already.
func (t *task) wasSetBack(ctx context.Context) (bool, error) {
	steps, err := t.journal.Steps(ctx, t.record.ID)
	return slices.ContainsFunc(steps, func(s journal.Step) bool {
		return s.State == journal.StateRollingBack && strings.HasPrefix(s.Text, textSetBack)
	}), err
}

// standing reads which of the values that were set still stand, where they differ from the old ones. The serial was read
// before them, at the same node.
func (t *task) standing(ctx context.Context) (*ask.Session, int64, []journal.Change, error) {
	session, _, err := t.cluster.Freshest(ctx, t.record.ClusterID)
	if err != nil {
		return nil, 0, nil, err
	}
	serial, err := t.serial(ctx, session)
	if err != nil {
		return nil, 0, nil, err
	}
	if err := t.readBack(ctx, session); err != nil {
		return nil, 0, nil, err
	}
	ours := slices.DeleteFunc(slices.Clone(t.record.Values), func(v journal.Change) bool { return v.ReadBack != v.New || v.Old == v.New })
	return session, serial, ours, nil
}

// setBack sends one SET of old values at the serial of their reading: if somebody came first, what stands is read again.
func (t *task) setBack(ctx context.Context, session *ask.Session, serial int64, values []journal.Change) error {
	var binds []snmp.Varbind
	for _, v := range values {
		oid, err := snmp.ParseOID(v.OID)
		if err != nil {
			return err
		}
		o, _ := mib.ByName(v.Object)
		value, err := encode(o, v.Old)
		if err != nil {
			return err
		}
		binds = append(binds, snmp.Varbind{OID: oid, Value: value})
	}
	own := t.record // the record keeps the token of its own SET
	binds, err := guard(&own, serial, binds)
	if err != nil {
		return err
	}
	if err := t.save(ctx, journal.StateRollingBack, fmt.Sprintf("%s %d as %s to %s: %s", textSetBack, serial, t.record.User, session.Address(), oldText(values))); err != nil {
		return err
	}
	if err := session.Set(ctx, binds...); err != nil {
		return err
	}
	return errVerify
}

// textSetBack begins the step that is stored before old values are sent.
const textSetBack = "SET back at serial"

// errVerify says that the old values were accepted and are to be read back.
var errVerify = errors.New("accepted, but not read back yet")

func oldText(values []journal.Change) string {
	old := slices.Clone(values)
	for i := range old {
		old[i].New = fmt.Sprintf("%q", old[i].Old)
	}
	return describe(old)
}

// escalate ends the task and opens an incident, so that a person looks.
func (t *task) escalate(ctx context.Context, state, reason string) error {
	t.log.WithField("why", reason).Error("reconfiguration failed; a person should look")
	i := journal.Incident{
		ClusterID: t.record.ClusterID, Kind: journal.IncidentReconfiguration, Severity: "major", Opened: time.Now(),
		Title: fmt.Sprintf("reconfiguration %d by rule %s of %s: %s", t.record.ID, t.record.Rule, t.record.Target, reason),
	}
	t.record.State, t.record.Ended, t.record.Reason = state, time.Now(), reason
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var err error
	t.record.IncidentID, err = t.journal.Escalate(bound, t.record, i, "rule "+t.record.Rule, reason)
	return err
}
