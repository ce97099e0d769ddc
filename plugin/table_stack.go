package plugin

import (
	"hawser/cluster"
	"hawser/mib"
)

func renderStacks(s sight, r *rows) {
	for _, st := range stacks(s.known) {
		spec, _ := s.known.Spec.Stack(st.name)
		is, fail := s.known.Stacks[st.name], failoverOf(s, spec)
		r.row(st.index)
		r.text(mib.HawserStackName, st.name)
		r.label(mib.HawserStackState, stackState(s, spec))
		if !s.others(is.Primary) || is.Primary == "" {
			r.text(mib.HawserStackPrimaryNode, is.Primary)
			r.text(mib.HawserStackTargetNode, is.Target)
		}
		if !s.isolated {
			r.text(mib.HawserStackStandbyNode, fail.Standby)
		}
		r.text(mib.HawserStackPreferredNode, s.known.Preferred(spec))
		r.truth(mib.HawserStackFailoverPossible, fail.Possible)
		r.text(mib.HawserStackBlockedReason, fail.Blocked)
		r.label(mib.HawserStackFailback, int(s.known.FailbackOf(spec)))
		r.number(mib.HawserStackFailovers, int64(is.Failovers))
		r.age(mib.HawserStackLastFailoverAge, s.now, is.LastFailover)
		r.millis(mib.HawserStackLastFailoverDuration, is.LastDuration)
		r.number(mib.HawserStackLastFailoverCause, int64(is.LastCause))
	}
}

// stackState is the state of a stack with what the module tells apart beyond cluster.StackState: a move under way,
// maintenance, everything stopped by order, and a stack that works but has no standby.
func stackState(s sight, spec cluster.StackSpec) int {
	state := cluster.StackStateOf(s.known, spec)
	switch {
	case s.isolated:
		if state == cluster.StackUp {
			return mib.StackStateDegraded // it works here; a standby is out of sight
		}
		return mib.StackStateUnknown
	case s.known.MaintenanceBy != "":
		return mib.StackStateMaintenance
	case s.known.Stacks[spec.Name].Phase != cluster.PhaseIdle:
		return mib.StackStateFailingOver
	case allDisabled(s.known, spec):
		return mib.StackStateDown
	case state == cluster.StackUp && movable(spec) && failoverOf(s, spec).Standby == "":
		return mib.StackStateDegraded
	}
	return int(state)
}

func allDisabled(state *cluster.State, spec cluster.StackSpec) bool {
	for _, service := range spec.Services {
		if state.Services[service.Name].Admin != cluster.ServiceAdminDisabled {
			return false
		}
	}
	return len(spec.Services) > 0
}
