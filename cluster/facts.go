package cluster

import (
	"fmt"
	"slices"
	"strings"
)

// ServiceStateOf sums a service up over all nodes.
func ServiceStateOf(s *State, spec ServiceSpec) ServiceState {
	sv, ok := s.Services[spec.Name]
	switch {
	case !ok:
		return ServiceUnknown
	case sv.Admin == ServiceAdminDisabled:
		return ServiceDisabled
	case !sv.Quarantined.IsZero():
		return ServiceQuarantined
	}
	active, good, failed, unknown := 0, 0, 0, 0
	for _, n := range s.Spec.Nodes {
		in := s.Instances[InstanceKey(spec.Name, n.Name)]
		switch in.State {
		case InstanceActive:
			active++
			if in.Probe == ProbeOk || in.Probe == ProbeOff {
				good++
			}
		case InstanceFailed:
			failed++
		case InstanceUnknown, 0:
			unknown++
		}
	}
	want := 1
	if !spec.OnceOnly() {
		want = len(s.runners())
	}
	switch {
	case good >= want && good > 0:
		return ServiceUp
	case active > 0:
		return ServiceDegraded
	case failed > 0:
		return ServiceFailed
	case unknown == len(s.Spec.Nodes):
		return ServiceUnknown
	}
	return ServiceDown
}

// runners are the nodes on which an activeActive service should run now.
func (s *State) runners() []string {
	var out []string
	for _, n := range s.Spec.Nodes {
		if s.Runs(n.Name) {
			out = append(out, n.Name)
		}
	}
	return out
}

// Runs says whether services may run on the node: it is online and no hardware job has reserved it.
func (s *State) Runs(node string) bool {
	spec, ok := s.Spec.Node(node)
	n := s.Nodes[node]
	return ok && spec.Role == RoleResource && n.State == NodeOnline && n.Admin == NodeAdminOnline && n.ReservedBy == ""
}

// ActiveNode is the node on which a once-only service is active, or that holds it; empty if there is none.
func (s *State) ActiveNode(service string) string {
	for _, n := range s.Spec.Nodes {
		if s.Instances[InstanceKey(service, n.Name)].State == InstanceActive {
			return n.Name
		}
	}
	return s.Services[service].Holder.Node
}

// StackStateOf sums a stack up over its services.
func StackStateOf(s *State, spec StackSpec) StackState {
	worst, up := StackUp, 0
	for _, sv := range spec.Services {
		switch ServiceStateOf(s, sv) {
		case ServiceUp:
			up++
		case ServiceFailed, ServiceQuarantined:
			worst = StackFailed
		case ServiceDisabled:
		case ServiceDegraded:
			worst = max(worst, StackDegraded)
		case ServiceDown, ServiceUnknown:
			worst = max(worst, StackDown)
		}
	}
	if worst != StackUp && up > 0 && worst != StackFailed {
		return StackDegraded
	}
	return worst
}

// StandbyFor names the node that would take the stack if its primary failed now, or says why there is none.
func StandbyFor(s *State, stack StackSpec) (node, reason string) {
	var why []string
	primary := s.Stacks[stack.Name].Primary
	for _, n := range s.candidates(stack) {
		if n == primary {
			continue
		}
		if r := s.unfit(stack, n); r != "" {
			why = append(why, n+" "+r)
			continue
		}
		return n, ""
	}
	if len(why) == 0 {
		return "", "no other node is configured"
	}
	return "", strings.Join(why, "; ")
}

// candidates are the resource nodes, the preferred one first, the others in the order of the file.
func (s *State) candidates(stack StackSpec) []string {
	var out []string
	for _, n := range s.Spec.Nodes {
		if n.Role == RoleResource {
			out = append(out, n.Name)
		}
	}
	if i := slices.Index(out, s.Preferred(stack)); i > 0 {
		p := out[i]
		out = slices.Insert(slices.Delete(out, i, i+1), 0, p)
	}
	return out
}

// Preferred is the node on which the stack is to be if there is a choice: the value that was SET, else the file's.
func (s *State) Preferred(stack StackSpec) string {
	if o, ok := s.Overrides[OverrideKey("StackPreferredNode", Target{Name: stack.Name})]; ok {
		return o.Text
	}
	return stack.PreferredNode
}

// FailbackOf is the failback policy of a stack: the value that was SET, else the file's.
func (s *State) FailbackOf(stack StackSpec) Failback {
	if o, ok := s.Overrides[OverrideKey("StackFailback", Target{Name: stack.Name})]; ok {
		return Failback(o.Int)
	}
	return stack.Failback
}

// unfit says why a node cannot take the stack now; empty: it can.
func (s *State) unfit(stack StackSpec, node string) string {
	n := s.Nodes[node]
	switch {
	case n.State != NodeOnline && n.State != 0:
		return "is " + n.State.String()
	case n.State == 0:
		return "never joined"
	case n.Admin != NodeAdminOnline && n.Admin != 0:
		return "is set to " + n.Admin.String()
	case n.ReservedBy != "":
		return "is reserved for " + n.ReservedBy
	}
	for _, sv := range stack.Services {
		switch in := s.Instances[InstanceKey(sv.Name, node)]; {
		case !sv.OnceOnly():
		case in.State == InstanceFailed:
			return fmt.Sprintf("failed to run %s", sv.Name)
		case in.Unfit != "":
			return fmt.Sprintf("could not run %s: %s", sv.Name, in.Unfit)
		}
	}
	return ""
}

// NodesOnline counts the nodes that are online or in standby.
func NodesOnline(s *State) int {
	count := 0
	for _, n := range s.Spec.Nodes {
		if st := s.Nodes[n.Name].State; st == NodeOnline || st == NodeStandby {
			count++
		}
	}
	return count
}

// ServicesFailed counts the services that are failed, down or quarantined.
func ServicesFailed(s *State) int {
	count := 0
	for _, st := range s.Spec.Stacks {
		for _, sv := range st.Services {
			switch ServiceStateOf(s, sv) {
			case ServiceFailed, ServiceDown, ServiceQuarantined:
				count++
			}
		}
	}
	return count
}

// WorstHealth is the worst health of all systems and components; unknown if nothing was read.
func WorstHealth(s *State) Health {
	worst := Health(0)
	for _, hw := range s.Hardware {
		worst = worse(worst, hw.System.Health)
		for _, c := range hw.Components {
			worst = worse(worst, c.Health)
		}
	}
	if worst == 0 {
		return HealthUnknown
	}
	return worst
}

// worse orders health: unknown is better than warning, because it is no finding, and worse than ok.
func worse(a, b Health) Health {
	rank := map[Health]int{0: 0, HealthOk: 1, HealthUnknown: 2, HealthWarning: 3, HealthCritical: 4}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// ClusterStateOf sums the cluster up.
func ClusterStateOf(s *State) ClusterState {
	if s.MaintenanceBy != "" {
		return ClusterMaintenance
	}
	if len(s.Spec.Nodes) == 0 {
		return ClusterUnknown
	}
	state := ClusterOk
	if NodesOnline(s) < len(s.Spec.Nodes) {
		state = ClusterDegraded
	}
	for _, st := range s.Spec.Stacks {
		switch StackStateOf(s, st) {
		case StackFailed, StackDown:
			return ClusterFailed
		case StackDegraded, StackUnknown:
			state = ClusterDegraded
		}
	}
	return state
}

// FactsOf are the figures that each notification carries; stack names the stack of the event's component, empty: the first.
func FactsOf(s *State, stack string) Facts {
	if stack == "" && len(s.Spec.Stacks) > 0 {
		stack = s.Spec.Stacks[0].Name
	}
	return Facts{
		ClusterState: ClusterStateOf(s), NodesOnline: NodesOnline(s), NodeCount: len(s.Spec.Nodes),
		ServicesFailed: ServicesFailed(s), WorstHwHealth: WorstHealth(s), PrimaryNode: s.Stacks[stack].Primary,
	}
}
