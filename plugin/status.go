package plugin

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"hawser/cluster"
)

// Status is a cluster on one screen: who is active, why, since when, what would happen next, why it would not.
type Status struct {
	Cluster     string          `json:"cluster"`
	ClusterID   string          `json:"clusterId"`
	State       string          `json:"state"`
	Health      string          `json:"health"`
	Reason      string          `json:"reason,omitempty"`
	Leader      string          `json:"leader"`
	Asked       string          `json:"asked"` // the node whose view this is
	View        string          `json:"view"`
	Quorate     bool            `json:"quorate"`
	Maintenance string          `json:"maintenance,omitempty"` // who set it
	LastEvent   cluster.Seq     `json:"lastEvent"`
	Serial      int32           `json:"serial"`
	Stacks      []StackStatus   `json:"stacks"`
	Nodes       []NodeStatus    `json:"nodes"`
	Services    []ServiceStatus `json:"services"`
	Alarms      []cluster.Alarm `json:"alarms"`
	// Instances are the services on each node, with what their probes say.
	Instances []InstanceStatus `json:"instances"`
}

// StackStatus is one stack: Why and Next are sentences.
type StackStatus struct {
	Name             string    `json:"name"`
	State            string    `json:"state"`
	ActiveNode       string    `json:"activeNode"`
	Since            time.Time `json:"since,omitzero"`
	Why              string    `json:"why"`
	Next             string    `json:"next"`
	StandbyNode      string    `json:"standbyNode"`
	FailoverPossible bool      `json:"failoverPossible"`
	BlockedReason    string    `json:"blockedReason,omitempty"`
}

// NodeStatus is one node; ages in milliseconds, -1 where there is none.
type NodeStatus struct {
	Name       string `json:"name"`
	Role       string `json:"role"`
	State      string `json:"state"`
	Admin      string `json:"admin"`
	LastBeat   int64  `json:"lastBeatMs"`
	LeaseLeft  int64  `json:"leaseLeftMs"`
	Boot       string `json:"boot,omitempty"`
	Version    string `json:"version,omitempty"`
	Hardware   string `json:"hardware"`
	FenceReady bool   `json:"fenceReady"`
	Emulated   bool   `json:"emulated,omitempty"`
	ReservedBy string `json:"reservedBy,omitempty"`
}

// ServiceStatus is one service, with the nodes on which it is active.
type ServiceStatus struct {
	Name     string   `json:"name"`
	Stack    string   `json:"stack"`
	Layer    string   `json:"layer"`
	Mode     string   `json:"mode"`
	State    string   `json:"state"`
	ActiveOn []string `json:"activeOn"`
	Reaction string   `json:"reaction"`
	Trouble  string   `json:"trouble,omitempty"`
}

// StatusOf sums a snapshot up, in the same words as the MIB.
func StatusOf(snap *cluster.Snapshot) Status {
	s := newSight(snap, 0)
	health, reason := clusterHealth(s)
	out := Status{
		Cluster: s.known.Spec.Name, ClusterID: s.known.ClusterID, State: clusterState(s).String(), Health: health.String(),
		Reason: reason, Leader: s.Leader, Asked: s.Local, View: s.View.String(), Quorate: s.Quorate,
		Maintenance: s.known.MaintenanceBy, LastEvent: s.known.LastEvent, Serial: s.known.Serial, Alarms: sortedAlarms(s.known),
	}
	for _, stack := range s.known.Spec.Stacks {
		out.Stacks = append(out.Stacks, stackStatus(s, stack))
		for _, service := range stack.Services {
			out.Services = append(out.Services, serviceStatus(s, stack.Name, service))
			out.Instances = append(out.Instances, instancesStatus(s, service)...)
		}
	}
	for _, n := range s.known.Spec.Nodes {
		out.Nodes = append(out.Nodes, nodeStatus(s, n))
	}
	return out
}

func stackStatus(s sight, spec cluster.StackSpec) StackStatus {
	is, f := s.known.Stacks[spec.Name], failoverOf(s, spec)
	return StackStatus{
		Name: spec.Name, State: cluster.StackStateOf(s.known, spec).String(), ActiveNode: is.Primary, Since: is.LastFailover,
		Why: whyActive(s.known, spec, is), Next: whatNext(spec, is, f), StandbyNode: f.Standby,
		FailoverPossible: f.Possible, BlockedReason: f.Blocked,
	}
}

// whyActive says what brought the stack to where it is.
func whyActive(state *cluster.State, spec cluster.StackSpec, is cluster.Stack) string {
	switch {
	case !movable(spec):
		return "runs on all nodes"
	case is.Phase == cluster.PhaseReleasing:
		return fmt.Sprintf("moving: %s must be proven to have stopped first%s", orNobody(is.Primary), colon(is.Cause.Error))
	case is.Phase == cluster.PhaseStarting:
		return fmt.Sprintf("starting on %s%s", orNobody(is.Target), colon(is.Cause.Error))
	case is.Primary == "":
		return cmp.Or(is.Blocked, "nobody holds it")
	case is.LastFailover.IsZero() && is.Primary == state.Preferred(spec):
		return "preferred node, from the beginning"
	case is.LastFailover.IsZero():
		return "first node that was ready"
	}
	why := fmt.Sprintf("failed over in %s (event %d)", is.LastDuration.Round(time.Millisecond), is.LastCause)
	if is.Cause.Error != "" {
		why += ": " + is.Cause.Error
	}
	return why
}

// whatNext says what the controller would do if the primary fell silent now.
func whatNext(spec cluster.StackSpec, is cluster.Stack, f failover) string {
	switch {
	case !movable(spec):
		return "a failed instance is restarted where it is"
	case is.Phase != cluster.PhaseIdle:
		return "the move ends on " + orNobody(is.Target)
	case f.Possible:
		return fmt.Sprintf("if %s falls silent it is fenced, then %s takes over", orNobody(is.Primary), f.Standby)
	}
	return "nothing would move"
}

func nodeStatus(s sight, spec cluster.NodeSpec) NodeStatus {
	is, live := s.known.Nodes[spec.Name], s.Nodes[spec.Name]
	out := NodeStatus{
		Name: spec.Name, Role: spec.Role.String(), State: s.NodeState(spec.Name).String(), Admin: nodeAdmin(is).String(),
		LastBeat: -1, LeaseLeft: -1, Boot: is.Boot, Version: is.Version, Hardware: healthOr(systemHealth(s.known, spec.Name)).String(),
		FenceReady: is.FenceReady, Emulated: is.Emulated, ReservedBy: is.ReservedBy,
	}
	if s.NodeState(spec.Name) == 0 {
		out.State = cluster.NodeUnknown.String()
	}
	if at := lastBeat(s, spec.Name); !at.IsZero() {
		out.LastBeat = s.now.Sub(at).Milliseconds()
	}
	if !live.LeaseUntil.IsZero() {
		out.LeaseLeft = max(live.LeaseUntil.Sub(s.now), 0).Milliseconds()
	}
	return out
}

func serviceStatus(s sight, stack string, spec cluster.ServiceSpec) ServiceStatus {
	out := ServiceStatus{
		Name: spec.Name, Stack: stack, Layer: spec.Layer.String(), Mode: spec.Mode.String(), State: serviceState(s, spec).String(),
		Reaction: s.known.Services[spec.Name].Policy.Reaction.String(),
		Trouble:  strings.TrimPrefix(whyNot(s.known, spec.Name), " "),
	}
	for _, n := range s.known.Spec.Nodes {
		if s.known.Instances[cluster.InstanceKey(spec.Name, n.Name)].State == cluster.InstanceActive {
			out.ActiveOn = append(out.ActiveOn, n.Name)
		}
	}
	return out
}
