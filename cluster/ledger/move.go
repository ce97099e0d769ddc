package ledger

import (
	"slices"
	"time"

	"hawser/cluster"
)

// move sets where a stack stands.
func (w *writer) move(d cluster.Move) {
	st, ok := w.s.Stacks[d.Stack]
	if !ok {
		return
	}
	if st.Phase != d.Phase || st.Target != d.Target {
		st.Since = w.entry.At
	}
	if d.Complete {
		st.Failovers++
		st.LastFailover, st.LastDuration = w.entry.At, d.Took
	}
	if begins(st, d) {
		w.gaveUp(d.Cause.ComponentName, d.Cause.NodeName)
		st.Moves = recent(append(slices.Clone(st.Moves), w.entry.At), w.entry.At, keepMoves)
	}
	st.Primary, st.Target, st.Phase, st.Cause, st.Blocked = d.Primary, d.Target, d.Phase, d.Cause, d.Blocked
	w.s.Stacks[d.Stack] = st
}

// begins says whether a move that a failing service causes begins here, whether or not it will end well: those count for
// its quarantine.
func begins(st cluster.Stack, d cluster.Move) bool {
	if d.Cause.ComponentType != cluster.ComponentService || d.Cause.Planned {
		return false
	}
	switch d.Phase {
	case cluster.PhaseReleasing:
		return st.Phase != cluster.PhaseReleasing
	case cluster.PhaseStarting:
		return st.Phase == cluster.PhaseIdle || st.Phase == cluster.PhaseStarting && st.Primary != d.Primary
	}
	return false
}

// gaveUp counts the failure that made a stack leave among the tries of the service on that node.
func (w *writer) gaveUp(service, node string) {
	key := cluster.InstanceKey(service, node)
	if in, ok := w.s.Instances[key]; ok {
		in.Recent = recent(append(slices.Clone(in.Recent), w.entry.At), w.entry.At, w.s.Services[service].Policy.FailureWindow)
		w.s.Instances[key] = in
	}
}

// keepMoves is as long as a failure window can be.
const keepMoves = 24 * time.Hour

// recent keeps the times that lie within the window before now.
func recent(times []time.Time, now time.Time, window time.Duration) []time.Time {
	return slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) > window })
}
