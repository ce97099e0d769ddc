package plugin

import (
	"errors"

	"hawser/cluster"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// setRequest is a SET as one change, with the way back from its ops to the varbinds.
type setRequest struct {
	change cluster.Change
	binds  []int // the varbind of each op, from 1
	serial int   // the varbind that gave the serial, 0: none
	token  int   // the varbind that gave the token, 0: none
	faulty *item // where the SET is refused
}

// readSet understands a whole SET. The error is a *view.SetError; the request then holds what was understood.
func readSet(state *cluster.State, by view.Setter, binds []snmp.Varbind) (*setRequest, error) {
	s := &setRequest{change: cluster.Change{By: cluster.Setter{User: by.User, Address: by.Address, Via: cluster.Via(by.Via)}}}
	items := make([]item, 0, len(binds))
	for i, bind := range binds {
		it, f := readItem(state, i+1, bind)
		if f != nil {
			return s, s.reject(it, f)
		}
		items = append(items, it)
	}
	if it, f := twice(items, binds); f != nil {
		return s, s.reject(it, f)
	}
	jobs := newJobRows()
	for _, it := range items {
		if f := s.add(it, jobs, binds[it.n-1].Value); f != nil {
			return s, s.reject(it, f)
		}
	}
	if it, f := jobs.finish(state, s); f != nil {
		return s, s.reject(it, f)
	}
	s.change.Hold = by.Via == view.ViaAgentX // snmpd may take it back: nothing of it starts before its end
	return s, nil
}

func (s *setRequest) reject(it item, f *fault) error {
	s.faulty = &it
	return &view.SetError{Status: f.status, Index: it.n, Err: f.err}
}

// twice finds an instance that one SET names two times with different values: RFC 3416 leaves open which one counts.
func twice(items []item, binds []snmp.Varbind) (item, *fault) {
	seen := map[string]int{}
	for _, it := range items {
		name := binds[it.n-1].OID.String()
		first, ok := seen[name]
		if ok && !binds[first].Value.Equal(binds[it.n-1].Value) {
			return it, faultf(snmp.InconsistentValue, "%s is set twice in this SET, to different values", it.object.Name)
		}
		seen[name] = it.n - 1
	}
	return item{}, nil
}

// add puts one varbind into the change.
func (s *setRequest) add(it item, jobs *jobRows, value snmp.Value) *fault {
	switch {
	case it.op.Object == "ConfigSerial":
		return s.wantSerial(it, int32(it.op.Int))
	case it.op.Object == "WriteToken":
		s.token, s.change.Token = it.n, value.Bytes
		if len(value.Bytes) == 0 {
			s.token = 0 // as read: no token
		}
	case jobs.takes(it):
		return nil
	default:
		s.op(it.op, it.n)
	}
	return nil
}

func (s *setRequest) op(op cluster.Op, n int) {
	s.change.Ops = append(s.change.Ops, op)
	s.binds = append(s.binds, n)
}

// wantSerial makes the change depend on a serial; two that differ cannot both be right.
func (s *setRequest) wantSerial(it item, serial int32) *fault {
	if s.change.Serial != nil && *s.change.Serial != serial {
		return faultf(snmp.InconsistentValue, "this SET expects the serials %d and %d", *s.change.Serial, serial)
	}
	if s.change.Serial == nil {
		s.serial, s.change.Serial = it.n, &serial
	}
	return nil
}

// empty says whether the SET changes nothing: no op, and no serial to count on.
func (s *setRequest) empty() bool { return len(s.change.Ops) == 0 && s.change.Serial == nil }

// mayBeRepetition says whether only the leader can refuse: the SET has a token, and the reason lies in the state, which a
// first SET with this token may have made.
func (s *setRequest) mayBeRepetition(r *cluster.Refusal) bool {
	return s.token != 0 && (r.Code == cluster.RefusedInconsistent || r.Code == cluster.RefusedNoCreation)
}

// answer turns what the changer says into the answer to the SET.
func (s *setRequest) answer(err error) error {
	var refusal *cluster.Refusal
	switch {
	case errors.As(err, &refusal):
		return &view.SetError{Status: statusOf(refusal.Code), Index: s.varbind(refusal.Op), Err: errors.New(refusal.Reason)}
	case errors.Is(err, cluster.ErrNoLeader):
		return &view.SetError{Status: snmp.ResourceUnavailable, Index: 1, Err: err}
	default: // nothing was proposed yet
		return &view.SetError{Status: snmp.GenErr, Err: err}
	}
}

// varbind is the varbind that an op came from.
func (s *setRequest) varbind(op int) int {
	switch {
	case op == -1:
		return max(s.serial, 1)
	case op == -2:
		return max(s.token, 1)
	case op >= 0 && op < len(s.binds):
		return s.binds[op]
	}
	return 1
}

// statusOf is the error-status of a refusal.
func statusOf(code cluster.Refused) snmp.ErrorStatus {
	switch code {
	case cluster.RefusedValue:
		return snmp.WrongValue
	case cluster.RefusedName:
		return snmp.InconsistentName
	case cluster.RefusedNoCreation:
		return snmp.NoCreation
	case cluster.RefusedUnavailable:
		return snmp.ResourceUnavailable
	case cluster.RefusedNotWritable:
		return snmp.NotWritable
	default:
		return snmp.InconsistentValue
	}
}
