package reconfig

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// createAndGo is the RowStatus that makes a row and starts it (RFC 2579).
const createAndGo = 4

// verifyHardware creates the job that applies the desired settings, if the rule wants that, and follows the settings.
func (t *task) verifyHardware(ctx context.Context, session *ask.Session) error {
	if shown, err := t.shown(ctx, session); err != nil || !shown {
		return err
	}
	if !t.record.Apply {
		return t.end(ctx, journal.StateDone, "desired; not applied by this rule: "+describe(t.record.Values))
	}
	if inSync, _, err := t.settings(ctx, session); err == nil && inSync {
		return t.end(ctx, journal.StateDone, "in effect already: "+describe(t.record.Values))
	}
	if t.record.Job == 0 {
		if err := t.createJob(ctx, session); err != nil {
			return t.fail(ctx, "desired, but the job that applies it was not created: "+err.Error())
		}
		if err := t.save(ctx, journal.StateVerifying, fmt.Sprintf("job %d applies the settings", t.record.Job)); err != nil {
			return err
		}
	}
	return t.followJob(ctx)
}

// createJob makes a row of hawserHwJobTable. Another setter may take the free index first: then the next one is tried.
func (t *task) createJob(ctx context.Context, session *ask.Session) error {
	for range serialTries {
		var next struct {
			Index int64 `mib:"hawserNextHwJobIndex"`
		}
		if _, err := ask.ReadScalars(ctx, session, &next); err != nil {
			return err
		}
		if next.Index == 0 {
			return fmt.Errorf("%s shows no free index of hawserHwJobTable to user %q", session.Address(), t.record.User)
		}
		binds, err := jobBinds(uint32(next.Index), strings.SplitN(t.record.Target, "/", 2)[0])
		if err != nil {
			return err
		}
		if err := t.mayBeSent(ctx, session); err != nil {
			return err
		}
		err = session.Set(ctx, binds...)
		var refusal *ask.Refusal
		switch {
		case err == nil:
			t.record.Job = uint32(next.Index)
			return nil
		case errors.As(err, &refusal) && (refusal.Status == "inconsistentValue" || refusal.Status == "inconsistentName"):
			continue
		case errors.As(err, &refusal) && !refusal.Uncertain():
			return err
		}
		// No answer: the row itself tells whether it was made.
		if job, found, readErr := ask.ReadRow[ask.Job](ctx, session, []uint32{uint32(next.Index)}); readErr == nil && found && job.Kind == "apply" {
			t.record.Job = uint32(next.Index)
			return nil
		}
	}
	return fmt.Errorf("%s took none of %d attempts; see hawserWriteTable for the reason", session.Address(), serialTries)
}

func jobBinds(index uint32, node string) ([]snmp.Varbind, error) {
	kind, known := mib.ByName("hawserHwJobKind")
	apply, labelled := kind.Number("apply")
	if !known || !labelled {
		return nil, errors.New("HAWSER-MIB has no job of kind apply")
	}
	token := make([]byte, tokenSize)
	_, _ = rand.Read(token) // never fails: crypto/rand ends the program instead
	values := []struct {
		object string
		value  snmp.Value
	}{
		{"hawserWriteToken", snmp.Octets(token)},
		{"hawserHwJobRowStatus", snmp.Integer(createAndGo)},
		{"hawserHwJobKind", snmp.Integer(int32(apply))},
		{"hawserHwJobTarget", snmp.String(node)},
	}
	var binds []snmp.Varbind
	for _, v := range values {
		oid, _, err := ask.Instance(v.object, index)
		if err != nil {
			return nil, err
		}
		binds = append(binds, snmp.Varbind{OID: oid, Value: v.value})
	}
	return binds, nil
}

// settings reads the rows of all settings of the task: whether all are in effect, and what the worst one says.
func (t *task) settings(ctx context.Context, session *ask.Session) (inSync bool, worst string, err error) {
	inSync = true
	column, _ := mib.ByName("hawserHwSettingDesired")
	for i := range t.record.Values {
		v := &t.record.Values[i]
		oid, err := snmp.ParseOID(v.OID)
		if err != nil {
			return false, "", err
		}
		row, found, err := ask.ReadRow[ask.Setting](ctx, session, oid[len(column.OID):])
		if err != nil {
			return false, "", err
		}
		if !found {
			return false, "", fmt.Errorf("setting %s is gone", v.Instance)
		}
		v.ReadBack = row.Current
		if row.State != "inSync" || row.Current != v.New {
			inSync = false
		}
		switch row.State {
		case "failed", "rejected", "reverted":
			worst = fmt.Sprintf("%s is %s: %s (current %s, allowed %s)", v.Instance, row.State, row.Message, row.Current, row.Allowed)
		}
	}
	return inSync, worst, nil
}

// followJob waits until the settings are in effect, or one of them or the job failed.
func (t *task) followJob(ctx context.Context) error {
	var verdict string
	var last error
	inSync := false
	_, err := t.until(ctx, t.cfg.ApplyTimeout, func() bool {
		session, _, err := t.cluster.Freshest(ctx, t.record.ClusterID)
		if err != nil {
			last = err
			return false
		}
		inSync, verdict, last = t.settings(ctx, session)
		if last != nil || inSync {
			return inSync
		}
		job, found, err := ask.ReadRow[ask.Job](ctx, session, []uint32{t.record.Job})
		if err != nil || !found {
			last = err
			return false
		}
		switch job.State {
		case "done":
			return verdict != ""
		case "failed", "cancelled":
			verdict = strings.TrimSuffix(fmt.Sprintf("job %d %s: %s; %s", t.record.Job, job.State, job.Detail, verdict), "; ")
			return true
		}
		verdict = ""
		return false
	})
	switch {
	case err != nil:
		return err
	case inSync:
		return t.end(ctx, journal.StateDone, "applied and read back: "+readBackText(t.record.Values))
	case verdict != "":
		return t.fail(ctx, verdict)
	case last != nil:
		return t.escalate(ctx, journal.StateFailed, fmt.Sprintf("not in effect after %s: %s", t.cfg.ApplyTimeout, last))
	}
	return t.escalate(ctx, journal.StateFailed, fmt.Sprintf("not in effect after %s: %s; job %d goes on, see hawserHwJobTable", t.cfg.ApplyTimeout, readBackText(t.record.Values), t.record.Job))
}
