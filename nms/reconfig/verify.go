package reconfig

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/nms/analyze"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// afterSet goes on behind an accepted SET.
func (t *task) afterSet(ctx context.Context, session *ask.Session) error {
	if err := t.save(ctx, journal.StateVerifying, "accepted; reading back"); err != nil {
		return err
	}
	if t.record.Kind == analyze.KindHardware {
		return t.verifyHardware(ctx, session)
	}
	return t.verifyPolicy(ctx, session)
}

// verifyPolicy reads the values until they are as set.
func (t *task) verifyPolicy(ctx context.Context, session *ask.Session) error {
	if shown, err := t.shown(ctx, session); err != nil || !shown {
		return err
	}
	return t.end(ctx, journal.StateDone, "read back as wanted: "+describe(t.record.Values))
}

// shown reads the objects that were set until they show the new values: the node that was asked learns of the entry a
// moment after the leader answered. When it is false the task has ended.
func (t *task) shown(ctx context.Context, session *ask.Session) (bool, error) {
	var last error
	ok, err := t.until(ctx, t.cfg.VerifyTimeout, func() bool {
		last = t.readBack(ctx, session)
		return last == nil && asWanted(t.record.Values)
	})
	switch {
	case err != nil || ok:
		return ok, err
	case last != nil:
		return false, t.fail(ctx, "accepted, but could not be read back: "+last.Error())
	}
	return false, t.fail(ctx, fmt.Sprintf("accepted, but not in effect after %s: %s", t.cfg.VerifyTimeout, readBackText(t.record.Values)))
}

func (t *task) readBack(ctx context.Context, session *ask.Session) error {
	for i := range t.record.Values {
		v := &t.record.Values[i]
		oid, err := snmp.ParseOID(v.OID)
		if err != nil {
			return err
		}
		o, _ := mib.ByName(v.Object)
		got, err := session.Get(ctx, oid)
		if err != nil {
			return err
		}
		v.ReadBack = ask.Text(o, got[0].Value)
	}
	return nil
}

func asWanted(values []journal.Change) bool {
	return !slices.ContainsFunc(values, func(v journal.Change) bool { return v.ReadBack != v.New })
}

func readBackText(values []journal.Change) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprintf("%s.%s is %s", v.Object, v.Instance, v.ReadBack)
	}
	return strings.Join(parts, ", ")
}
