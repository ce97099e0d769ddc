package plugin

import (
	"fmt"
	"strings"

	"hawser/cluster"
)

// failover is what would become of a stack if its primary failed now.
type failover struct {
	Standby  string // the node that is ready to take it; empty: none
	Possible bool
	Blocked  string // why not, one sentence for people
}

// failoverOf says whether the controller would move the stack now, and where to. It asks in the order in which the
// controller would be stopped: maintenance, quorum, a move under way, quarantine, no node, no proof that the primary
// stopped (S2).
func failoverOf(s sight, stack cluster.StackSpec) failover {
	standby, none := cluster.StandbyFor(s.known, stack)
	f := failover{Standby: standby}
	is := s.known.Stacks[stack.Name]
	switch {
	case !movable(stack):
		f.Blocked = "every service of this stack runs on all nodes: there is nothing to move"
	case s.known.MaintenanceBy != "":
		f.Blocked = fmt.Sprintf("the cluster is in maintenance, set by %s", s.known.MaintenanceBy)
	case !s.Quorate || s.isolated:
		f.Blocked = "no quorum: nothing moves until a majority of the nodes hear each other"
	case is.Phase != cluster.PhaseIdle:
		f.Blocked = fmt.Sprintf("a move to %s is under way (%s)", orNobody(is.Target), is.Phase)
	case is.Blocked != "":
		f.Blocked = is.Blocked
	case held(s.known, stack) != "":
		f.Blocked = held(s.known, stack)
	case standby == "":
		f.Blocked = "no standby: " + none
	default:
		f.Blocked = unproven(s, is.Primary)
	}
	f.Possible = f.Blocked == ""
	return f
}

// movable says whether any service of the stack is bound to one node.
func movable(stack cluster.StackSpec) bool {
	for _, service := range stack.Services {
		if service.OnceOnly() {
			return true
		}
	}
	return false
}

// held says why no once-only service of the stack would be started elsewhere; empty: at least one would.
func held(state *cluster.State, stack cluster.StackSpec) string {
	var why []string
	for _, service := range stack.Services {
		if !service.OnceOnly() {
			continue
		}
		is := state.Services[service.Name]
		switch {
		case !is.Quarantined.IsZero():
			why = append(why, service.Name+" is quarantined")
		case is.Admin == cluster.ServiceAdminDisabled:
			why = append(why, service.Name+" is disabled")
		case is.Admin == cluster.ServiceAdminMaintenance:
			why = append(why, service.Name+" is in maintenance")
		default:
			return ""
		}
	}
	return strings.Join(why, "; ")
}

// unproven says why the end of a silent primary could not be proven: this release takes a verified stop or a confirmed
// fence, and a silent node reports no stop (S2).
func unproven(s sight, primary string) string {
	if primary == "" || s.known.Nodes[primary].FenceReady {
		return ""
	}
	return fmt.Sprintf("%s cannot be fenced: if it fell silent, nothing could prove that it stopped (S2); see its BmcState", primary)
}

// standbyReady says whether every stack that can move has a node that would take it.
func standbyReady(s sight) bool {
	if s.isolated {
		return false
	}
	for _, stack := range s.known.Spec.Stacks {
		if movable(stack) && !failoverOf(s, stack).ready() {
			return false
		}
	}
	return true
}

// ready says whether a standby exists, also while a move is under way or forbidden.
func (f failover) ready() bool { return f.Standby != "" }

func orNobody(node string) string {
	if node == "" {
		return "no node yet"
	}
	return node
}
