package pacemaker

import (
	"fmt"
	"time"

	"hawser/cluster"
)

// stacks tells of moves, and of stacks that have no place.
func (t *Tracker) stacks() {
	for _, st := range t.spec.Stacks {
		if !t.wanted(st) {
			delete(t.places, st.Name)
			continue
		}
		node, whole := complete(t.v, st)
		s := t.places[st.Name]
		if s == nil {
			s = &seat{node: node}
			if !whole {
				s.since = t.now
			}
			t.places[st.Name] = s
		}
		switch {
		case whole && node != s.node && s.node != "":
			t.moved(st, s, node)
		case whole && s.told:
			t.placed(st, s, node)
		case whole:
			s.node, s.since = node, time.Time{}
		case s.since.IsZero():
			s.since = t.now
		case !s.told && t.quiet() && primaryOf(t.v, st) == "" && !t.v.Maintenance:
			t.homeless(st, s)
		}
	}
}

// wanted says whether some once-only service of the stack is to run.
func (t *Tracker) wanted(st cluster.StackSpec) bool {
	for _, sv := range st.Services {
		if r, ok := t.v.Resource(sv.Name); ok && sv.OnceOnly() && r.TargetRole != roleStopped {
			return true
		}
	}
	return false
}

// moved tells that a stack is complete on another node, and why it left.
func (t *Tracker) moved(st cluster.StackSpec, s *seat, node string) {
	e := t.cause(st, s.node)
	since := s.since
	if since.IsZero() {
		since = t.now
	}
	for _, sv := range st.Services {
		if f := t.faults[cluster.InstanceKey(sv.Name, s.node)]; f != nil {
			if f.since.Before(since) {
				since = f.since
			}
			delete(t.faults, cluster.InstanceKey(sv.Name, s.node))
		}
	}
	if l := t.losses[s.node]; l != nil && l.since.Before(since) {
		since = l.since
	}
	took := t.now.Sub(since)
	if took <= 0 {
		for _, sv := range st.Services {
			r, _ := t.v.Resource(sv.Name)
			took += r.lastOp(s.node, taskStop).Took + r.lastOp(node, taskStart, taskPromote).Took
		}
	}
	e.Type, e.StackName, e.Result, e.Duration = cluster.EventFailoverCompleted, st.Name, cluster.ResultSucceeded, took
	e.Summary = fmt.Sprintf("stack %s is on %s after %s, it left %s: %s", st.Name, node, round(took), s.node, e.Error)
	*s = seat{node: node}
	t.tell(Happening{What: StackMoved, Node: node, Stack: st.Name, Took: took, Event: e})
}

// cause is why a stack left a node, as the head of an event.
func (t *Tracker) cause(st cluster.StackSpec, from string) cluster.Event {
	e := cluster.Event{
		Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentNode, ComponentName: from, NodeName: from,
		Reaction: cluster.ReactedFailover,
	}
	n, known := t.v.Node(from)
	if l := t.losses[from]; l != nil {
		e.Error = l.reason
		return e
	}
	for _, sv := range st.Services {
		if f := t.faults[cluster.InstanceKey(sv.Name, from)]; f != nil {
			e.ComponentType, e.ComponentName, e.Error = cluster.ComponentService, sv.Name, faultText(f.op)
			e.AlarmKey, e.Clear = keyService+cluster.InstanceKey(sv.Name, from), true
			return e
		}
	}
	e.Severity, e.Reaction, e.Setter = cluster.SeverityInfo, cluster.ReactedMove, t.v.Changer
	switch {
	case known && n.Standby:
		e.Error = "it was set to standby"
	case known && n.Shutdown:
		e.Error = "it is being shut down"
	default:
		e.ComponentType, e.ComponentName, e.Error = cluster.ComponentStack, st.Name, "Pacemaker placed it anew"
	}
	return e
}

// homeless tells that a stack is active nowhere, and nothing is done about it.
func (t *Tracker) homeless(st cluster.StackSpec, s *seat) {
	s.told = true
	from := s.node
	e := t.cause(st, from)
	e.Type, e.Severity, e.ComponentType, e.ComponentName = cluster.EventFailoverFailed, cluster.SeverityCritical, cluster.ComponentStack, st.Name
	e.StackName, e.Reaction, e.Result, e.Duration = st.Name, cluster.ReactedNone, cluster.ResultNotDone, t.now.Sub(s.since)
	e.AlarmKey, e.Raise, e.Clear = keyStack+st.Name, cluster.SeverityCritical, false
	e.Summary = fmt.Sprintf("stack %s runs nowhere: Pacemaker has no place for it (%s)", st.Name, e.Error)
	t.tell(Happening{Stack: st.Name, Node: from, Event: e})
}

// placed tells that a stack that had no place has one.
func (t *Tracker) placed(st cluster.StackSpec, s *seat, node string) {
	took := t.now.Sub(s.since)
	*s = seat{node: node}
	t.tell(Happening{Stack: st.Name, Node: node, Event: cluster.Event{
		Type: cluster.EventServiceRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentStack, ComponentName: st.Name,
		NodeName: node, StackName: st.Name, Reaction: cluster.ReactedRecover, Result: cluster.ResultSucceeded, Duration: took,
		AlarmKey: keyStack + st.Name, Clear: true, Summary: fmt.Sprintf("stack %s is complete on %s after %s", st.Name, node, round(took)),
	}})
}
