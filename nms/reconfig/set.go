package reconfig

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/nms/analyze"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// set reads the old values, sends the SET, and follows it to its end.
func (t *task) set(ctx context.Context) error {
	if err := t.open(); err != nil {
		return t.end(ctx, journal.StateRefused, err.Error())
	}
	for try := 1; ; try++ {
		again, err := t.setOnce(ctx)
		switch {
		case err != nil:
			return err
		case !again:
			return nil
		case try == serialTries:
			return t.end(ctx, journal.StateFailed, fmt.Sprintf("other writers came first %d times; the next event proposes it again", try))
		}
	}
}

// setOnce makes one SET from what it reads. again says that somebody else's SET came in between.
func (t *task) setOnce(ctx context.Context) (again bool, err error) {
	session, scalars, err := t.cluster.Freshest(ctx, t.record.ClusterID)
	if err != nil {
		state := journal.StateFailed
		if errors.Is(err, ask.ErrSecurity) || errors.Is(err, ask.ErrHidden) {
			state = journal.StateRefused
		}
		return false, t.end(ctx, state, err.Error())
	}
	t.record.Node = session.Address()
	serial, err := t.serial(ctx, session)
	if err != nil {
		state := journal.StateFailed
		if errors.Is(err, ask.ErrHidden) {
			state = journal.StateRefused
		}
		return false, t.end(ctx, state, err.Error())
	}
	binds, err := t.prepare(ctx, session)
	if err != nil {
		return false, t.end(ctx, journal.StateRefused, err.Error())
	}
	if unchanged(t.record.Values) {
		if t.record.Kind == analyze.KindHardware {
			return false, t.afterSet(ctx, session)
		}
		return false, t.end(ctx, journal.StateDone, "every value is already as wanted: "+describe(t.record.Values))
	}
	if scalars.ViewState == "isolated" {
		return false, t.end(ctx, journal.StateFailed, fmt.Sprintf("node %s is isolated and no other node answers", scalars.LocalNode))
	}
	switch closed, err := t.barred(ctx, session); {
	case err != nil:
		return false, t.end(ctx, journal.StateFailed, err.Error())
	case closed != nil:
		t.record.Gate = closed.gate
		return false, t.end(ctx, journal.StateHeld, closed.Error())
	}
	if binds, err = guard(&t.record, serial, binds); err != nil {
		return false, t.end(ctx, journal.StateFailed, err.Error())
	}
	t.record.Sent = time.Now()
	if err := t.save(ctx, journal.StateSending, fmt.Sprintf("SET at serial %d as %s to %s: %s", t.record.Serial, t.record.User, t.record.Node, describe(t.record.Values))); err != nil {
		return false, err
	}
	return t.send(ctx, session, binds)
}

// prepare turns the wanted values into varbinds and keeps the old ones.
func (t *task) prepare(ctx context.Context, session *ask.Session) ([]snmp.Varbind, error) {
	oids, objects := make([]snmp.OID, len(t.record.Values)), make([]mib.Object, len(t.record.Values))
	for i, v := range t.record.Values {
		instance, err := t.instance(ctx, session, v)
		if err != nil {
			return nil, err
		}
		if oids[i], objects[i], err = ask.Instance(v.Object, instance...); err != nil {
			return nil, err
		}
	}
	old, err := session.Get(ctx, oids...)
	if err != nil {
		return nil, err
	}
	var binds []snmp.Varbind
	for i, vb := range old {
		v := &t.record.Values[i]
		if vb.Value.IsException() {
			return nil, fmt.Errorf("%s.%s does not exist at %s, or user %q may not see it", v.Object, v.Instance, session.Address(), t.record.User)
		}
		v.OID, v.Old = oids[i].String(), ask.Text(objects[i], vb.Value)
		value, err := encode(objects[i], v.New)
		if err != nil {
			return nil, err
		}
		binds = append(binds, snmp.Varbind{OID: oids[i], Value: value})
	}
	return binds, nil
}

// instance finds the index of a value's row by the names in it.
func (t *task) instance(ctx context.Context, session *ask.Session, v journal.Change) ([]uint32, error) {
	if t.record.Kind == analyze.KindReaction {
		services, err := ask.ReadTable[ask.Service](ctx, session)
		if err != nil {
			return nil, err
		}
		for _, s := range services {
			if s.Name == v.Instance {
				return []uint32{uint32(s.Index)}, nil
			}
		}
		return nil, fmt.Errorf("%s has no service %q", session.Address(), v.Instance)
	}
	parts := strings.SplitN(v.Instance, "/", 3)
	nodes, err := ask.ReadTable[ask.Node](ctx, session)
	if err != nil {
		return nil, err
	}
	scope, _ := strconv.ParseUint(parts[1], 10, 32)
	for _, n := range nodes {
		if n.Name == parts[0] {
			return ask.SettingInstance(uint32(n.Index), uint32(scope), parts[2]), nil
		}
	}
	return nil, fmt.Errorf("%s has no node %q", session.Address(), parts[0])
}

// encode is the value that stands for a text: a label's number, a number, or the text itself.
func encode(o mib.Object, text string) (snmp.Value, error) {
	if o.Base == mib.OctetString {
		return snmp.String(text), nil
	}
	n, known := o.Number(text)
	if !known {
		var err error
		if n, err = strconv.ParseInt(text, 10, 64); err != nil {
			return snmp.Value{}, fmt.Errorf("%q is no value of %s", text, o.Name)
		}
	}
	if err := o.Check(o.Base, n, 0); err != nil {
		return snmp.Value{}, err
	}
	switch o.Base {
	case mib.Unsigned32, mib.Gauge32:
		return snmp.Gauge(uint32(n)), nil
	case mib.TimeTicks:
		return snmp.TimeTicks(uint32(n)), nil
	}
	return snmp.Integer(int32(n)), nil
}

func unchanged(values []journal.Change) bool {
	return !slices.ContainsFunc(values, func(v journal.Change) bool { return v.Old != v.New })
}

// serial reads the present serial. It is read before the values that a SET replaces: a SET at that serial fails if somebody
// has changed anything since.
func (t *task) serial(ctx context.Context, session *ask.Session) (int64, error) {
	var policy ask.Policy
	missing, err := ask.ReadScalars(ctx, session, &policy)
	if err != nil {
		return 0, err
	}
	if slices.Contains(missing, "hawserConfigSerial") {
		return 0, fmt.Errorf("%w: user %q does not see hawserConfigSerial at %s: %s", ask.ErrHidden, t.record.User, session.Address(), t.remedy())
	}
	return policy.ConfigSerial, nil
}

// guard puts a fresh token and the serial before the varbinds, in the same SET, and both on record.
func guard(r *journal.Reconfiguration, serial int64, binds []snmp.Varbind) ([]snmp.Varbind, error) {
	token := make([]byte, tokenSize)
	_, _ = rand.Read(token) // never fails: crypto/rand ends the program instead
	r.Serial, r.Token = serial, hex.EncodeToString(token)
	return guarded(*r, binds)
}

// guarded is the whole SET: serial, token, values. It is the same each time for the same record.
func guarded(r journal.Reconfiguration, binds []snmp.Varbind) ([]snmp.Varbind, error) {
	token, err := hex.DecodeString(r.Token)
	if err != nil {
		return nil, err
	}
	serial, _, err := ask.Instance("hawserConfigSerial")
	if err != nil {
		return nil, err
	}
	write, _, err := ask.Instance("hawserWriteToken")
	if err != nil {
		return nil, err
	}
	return append([]snmp.Varbind{{OID: serial, Value: snmp.Integer(int32(r.Serial))}, {OID: write, Value: snmp.Octets(token)}}, binds...), nil
}

// send sends the SET and judges the answer.
func (t *task) send(ctx context.Context, session *ask.Session, binds []snmp.Varbind) (again bool, err error) {
	setErr := session.Set(ctx, binds...)
	t.record.Answered = time.Now()
	var refusal *ask.Refusal
	switch {
	case setErr == nil:
		return false, t.afterSet(ctx, session)
	case errors.As(setErr, &refusal) && !refusal.Uncertain():
		return t.refused(ctx, session, refusal)
	case errors.Is(setErr, ask.ErrSecurity):
		return false, t.end(ctx, journal.StateRefused, setErr.Error())
	}
	t.record.Answered = time.Time{}
	if err := t.save(ctx, journal.StateUnknown, setErr.Error()+"; the write log is asked by token"); err != nil {
		return false, err
	}
	return false, t.findOut(ctx, session, binds)
}

// refused tells a lost race, which is tried again, from a true refusal, whose reason stands in the write log.
func (t *task) refused(ctx context.Context, session *ask.Session, refusal *ask.Refusal) (again bool, err error) {
	if refusal.Status == "inconsistentValue" && strings.HasPrefix(refusal.Object, "hawserConfigSerial") {
		// The node that was asked may also be behind its leader: at once it would show the same serial again.
		if err := t.save(ctx, journal.StateProposed, fmt.Sprintf("somebody else's SET came first (serial %d is stale); reading again", t.record.Serial)); err != nil {
			return false, err
		}
		return true, t.pause(ctx)
	}
	if refusal.Status == "resourceUnavailable" {
		if err := t.save(ctx, journal.StateProposed, refusal.Error()+": the cluster has no leader or quorum at this moment; trying again"); err != nil {
			return false, err
		}
		return true, t.pause(ctx)
	}
	reason := refusal.Error()
	if refusal.Denied() {
		reason += ": " + t.remedy()
	}
	if write, found, err := t.findWrite(ctx, session); err == nil && found && write.Reason != "" {
		reason += ": " + write.Reason
	}
	return false, t.end(ctx, journal.StateRefused, reason)
}

// remedy says what the user of this task lacks.
func (t *task) remedy() string {
	role := "policy"
	if t.record.Kind == analyze.KindHardware {
		role = "hardware"
	}
	return fmt.Sprintf("user %q may only read there; give it the role %s on the cluster, or name a user that has it as %sUser of this cluster in the manager's configuration", t.record.User, role, role)
}
