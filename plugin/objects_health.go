package plugin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"hawser/cluster"
)

// finding is one thing that is not as it should be.
type finding struct {
	health cluster.Health
	text   string
}

// clusterState is the state of the whole as this node may speak of it.
func clusterState(s sight) cluster.ClusterState {
	if s.isolated || !s.Quorate {
		return cluster.ClusterNoQuorum
	}
	return cluster.ClusterStateOf(s.known)
}

// clusterHealth is the one value to alert on, with the gravest reason as a sentence; empty if it is ok. An isolated node
// cannot judge the cluster and says so.
func clusterHealth(s sight) (cluster.Health, string) {
	if s.isolated {
		return cluster.HealthUnknown, fmt.Sprintf(
			"%s hears no majority: it knows nothing of the other nodes, and nothing fails over from here", s.Local)
	}
	found := findings(s)
	if len(found) == 0 {
		return cluster.HealthOk, ""
	}
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(b.health, a.health) })
	reason := found[0].text
	if others := len(found) - 1; others > 0 {
		reason = fmt.Sprintf("%s (and %d more)", clip(reason, 140), others)
	}
	return found[0].health, reason
}

// findings lists what keeps the cluster from being ok, in the order in which an operator would look.
func findings(s sight) []finding {
	var out []finding
	add := func(health cluster.Health, format string, args ...any) {
		out = append(out, finding{health, fmt.Sprintf(format, args...)})
	}
	if !s.Quorate {
		add(cluster.HealthCritical, "no quorum: nothing fails over until a majority of the nodes hear each other")
	}
	serviceFindings(s, add)
	nodeFindings(s, add)
	if by := s.known.MaintenanceBy; by != "" {
		add(cluster.HealthWarning, "the cluster is in maintenance, set by %s: nothing is restarted, moved or fenced", by)
	}
	for _, stack := range s.known.Spec.Stacks {
		if f := failoverOf(s, stack); movable(stack) && !f.Possible && s.known.MaintenanceBy == "" && s.Quorate {
			add(cluster.HealthWarning, "stack %s would not fail over now: %s", stack.Name, f.Blocked)
		}
	}
	restFindings(s, add)
	return out
}

func serviceFindings(s sight, add func(cluster.Health, string, ...any)) {
	for _, stack := range s.known.Spec.Stacks {
		for _, service := range stack.Services {
			switch state := serviceState(s, service); state {
			case cluster.ServiceFailed, cluster.ServiceDown, cluster.ServiceQuarantined:
				add(cluster.HealthCritical, "service %s is %s%s", service.Name, state, whyNot(s.known, service.Name))
			case cluster.ServiceDegraded, cluster.ServiceUnknown:
				add(cluster.HealthWarning, "service %s is %s%s", service.Name, state, whyNot(s.known, service.Name))
			}
		}
	}
}

// whyNot is what the first troubled instance of a service says, with its node.
func whyNot(state *cluster.State, service string) string {
	for _, n := range state.Spec.Nodes {
		in := state.Instances[cluster.InstanceKey(service, n.Name)]
		word := cmp.Or(in.Error, in.Message)
		if word != "" && (in.State == cluster.InstanceFailed || in.Probe == cluster.ProbeFailed || !in.Failing.IsZero()) {
			return fmt.Sprintf(" on %s: %s", n.Name, word)
		}
	}
	return ""
}

func nodeFindings(s sight, add func(cluster.Health, string, ...any)) {
	for _, n := range s.known.Spec.Nodes {
		switch state := s.NodeState(n.Name); state {
		case cluster.NodeOnline, cluster.NodeStandby:
		case 0:
			add(cluster.HealthWarning, "node %s is unknown", n.Name)
		default:
			add(cluster.HealthWarning, "node %s is %s", n.Name, state)
		}
	}
}

// restFindings are alarms, hardware, settings and receivers: they need attention though the services run.
func restFindings(s sight, add func(cluster.Health, string, ...any)) {
	for _, alarm := range sortedAlarms(s.known) {
		switch alarm.Severity {
		case cluster.SeverityCritical:
			add(cluster.HealthCritical, "alarm: %s", alarm.Text)
		case cluster.SeverityMajor, cluster.SeverityMinor, cluster.SeverityWarning:
			add(cluster.HealthWarning, "alarm: %s", alarm.Text)
		}
	}
	for _, n := range s.known.Spec.Nodes {
		if hw := s.known.Hardware[n.Name]; hw != nil && hw.System.Health != cluster.HealthOk && n.HasBMC {
			add(cluster.HealthWarning, "hardware of %s is %s%s", n.Name, healthOr(hw.System.Health), colon(hw.System.HealthReason))
		}
		if c := countSettings(s.known, n.Name); c.drifted+c.failed > 0 {
			add(cluster.HealthWarning, "%d hardware settings of %s are not as desired", c.drifted+c.failed, n.Name)
		}
	}
	for _, sink := range s.known.Spec.Sinks {
		if is := s.known.Sinks[sink.Name]; is.State == cluster.SinkStateRetrying || is.State == cluster.SinkStateStopped {
			add(cluster.HealthWarning, "receiver %s of notifications is %s%s", sink.Name, is.State, colon(is.LastError))
		}
	}
}

func colon(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

func healthOr(h cluster.Health) cluster.Health {
	if h == 0 {
		return cluster.HealthUnknown
	}
	return h
}

// serviceState is the state of a service as this node may speak of it: an isolated node knows it only where it is active
// on itself.
func serviceState(s sight, service cluster.ServiceSpec) cluster.ServiceState {
	state := cluster.ServiceStateOf(s.known, service)
	if !s.isolated || state == cluster.ServiceUp || state == cluster.ServiceDisabled {
		return state
	}
	return cluster.ServiceUnknown
}

// nodesOnline counts the rows of hawserNodeTable whose state is online.
func nodesOnline(s sight) int {
	count := 0
	for _, n := range s.known.Spec.Nodes {
		if s.NodeState(n.Name) == cluster.NodeOnline {
			count++
		}
	}
	return count
}

// servicesFailed counts the services whose state, as shown, is down, failed or quarantined.
func servicesFailed(s sight) int {
	count := 0
	for _, stack := range s.known.Spec.Stacks {
		for _, service := range stack.Services {
			switch serviceState(s, service) {
			case cluster.ServiceDown, cluster.ServiceFailed, cluster.ServiceQuarantined:
				count++
			}
		}
	}
	return count
}

// countAlarms counts the alarms of each severity.
func countAlarms(state *cluster.State) map[cluster.Severity]int {
	count := map[cluster.Severity]int{}
	for _, alarm := range state.Alarms {
		count[alarm.Severity]++
	}
	return count
}

// settingCounts says how the desired settings of a node stand (hawserHwSystemSettings...).
type settingCounts struct{ inSync, drifted, staged, failed int }

func countSettings(state *cluster.State, node string) settingCounts {
	var c settingCounts
	for key, d := range state.Desired {
		if d.Value == "" || !strings.HasPrefix(key, node+"/") {
			continue
		}
		switch d.State {
		case cluster.SettingInSync:
			c.inSync++
		case cluster.SettingDrifted:
			c.drifted++
		case cluster.SettingStaged, cluster.SettingApplying:
			c.staged++
		case cluster.SettingFailed, cluster.SettingRejected, cluster.SettingReverted:
			c.failed++
		}
	}
	return c
}

func sortedAlarms(state *cluster.State) []cluster.Alarm {
	out := make([]cluster.Alarm, 0, len(state.Alarms))
	for _, alarm := range state.Alarms {
		out = append(out, alarm)
	}
	slices.SortFunc(out, func(a, b cluster.Alarm) int { return cmp.Compare(a.Index, b.Index) })
	return out
}
