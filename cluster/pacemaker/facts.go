package pacemaker

import (
	"cmp"
	"fmt"

	"hawser/cluster"
)

// Facts are the states of all components as the tables show them.
type Facts struct {
	Nodes     map[string]NodeFact
	Services  map[string]cluster.ServiceAdmin
	Instances map[string]InstanceFact // by cluster.InstanceKey
	Primaries map[string]string       // by stack: where it is, or the last place of its first service
}

// NodeFact is what is shown of a node. Away nodes are offline; whether they were fenced the ledger knows.
type NodeFact struct {
	State      cluster.NodeState
	Admin      cluster.NodeAdmin
	FenceReady bool
}

// InstanceFact is what is shown of a service on a node.
type InstanceFact struct {
	State    cluster.InstanceState
	Probe    cluster.ProbeState
	Message  string
	Failures int // Pacemaker's fail count
}

// FactsOf tells the states of all components of the spec.
func FactsOf(v *View, spec cluster.Spec) Facts {
	f := Facts{
		Nodes: map[string]NodeFact{}, Services: map[string]cluster.ServiceAdmin{}, Instances: map[string]InstanceFact{},
		Primaries: map[string]string{},
	}
	for _, n := range spec.Nodes {
		f.Nodes[n.Name] = nodeFact(v, n.Name)
	}
	for _, st := range spec.Stacks {
		for _, sv := range st.Services {
			r, ok := v.Resource(sv.Name)
			if !ok {
				continue
			}
			f.Services[sv.Name] = adminOf(v, r)
			for _, n := range spec.Nodes {
				f.Instances[cluster.InstanceKey(sv.Name, n.Name)] = instanceFact(v, r, n.Name)
			}
		}
		f.Primaries[st.Name] = primaryOf(v, st)
	}
	return f
}

func nodeFact(v *View, name string) NodeFact {
	n, ok := v.Node(name)
	fact := NodeFact{State: cluster.NodeUnknown, Admin: cluster.NodeAdminOnline}
	if !ok {
		return fact // configured here, unknown to Pacemaker
	}
	switch {
	case n.Maintenance:
		fact.Admin = cluster.NodeAdminMaintenance
	case n.Standby:
		fact.Admin = cluster.NodeAdminStandby
	}
	switch {
	case n.Unclean:
		fact.State = cluster.NodeSuspect
	case n.Pending:
		fact.State = cluster.NodeUnknown
	case !n.Online:
		fact.State = cluster.NodeOffline
	case n.Maintenance:
		fact.State = cluster.NodeMaintenance
	case n.Standby:
		fact.State = cluster.NodeStandby
	default:
		fact.State = cluster.NodeOnline
	}
	fact.FenceReady = fenceReady(v, name)
	return fact
}

// fenceReady says whether a started fence device is there for the node, and fencing is on.
func fenceReady(v *View, node string) bool {
	for _, r := range v.Resources {
		if r.Service() || r.ActiveOn() == "" {
			continue
		}
		covers := len(r.Hosts) == 0
		for _, h := range r.Hosts {
			covers = covers || h == node
		}
		if covers {
			return v.Stonith
		}
	}
	return false
}

// adminOf is what the operator wants of a service.
func adminOf(v *View, r Resource) cluster.ServiceAdmin {
	if r.TargetRole == roleStopped {
		return cluster.ServiceAdminDisabled
	}
	if v.Maintenance {
		return cluster.ServiceAdminMaintenance
	}
	for _, p := range r.Places {
		n, known := v.Node(p.Node)
		if !p.Managed && !p.Blocked && (!known || !n.Maintenance) {
			return cluster.ServiceAdminMaintenance
		}
	}
	return cluster.ServiceAdminEnabled
}

func instanceFact(v *View, r Resource, node string) InstanceFact {
	p, fails := r.On(node), r.FailCounts[node]
	fact := InstanceFact{State: stateOf(r, p), Probe: cluster.ProbeOff, Failures: fails}
	failure := r.failure(node)
	n, known := v.Node(node)
	switch {
	case !known, !n.Online && n.Unclean:
		return InstanceFact{State: cluster.InstanceUnknown, Probe: cluster.ProbeUnknown, Failures: fails}
	case p.Blocked:
		fact.State, fact.Probe, fact.Message = cluster.InstanceBlocked, cluster.ProbeFailed, faultText(failure)
	case p.Failed:
		fact.State, fact.Probe, fact.Message = cluster.InstanceFailed, cluster.ProbeFailed, faultText(failure)
	case fact.State == cluster.InstanceStopped && r.banned(node):
		fact.State = cluster.InstanceFailed
		fact.Message = fmt.Sprintf("Pacemaker gave up on this node (fail count %s): %s", countText(fails), faultText(failure))
	case fact.State == cluster.InstanceActive || fact.State == cluster.InstanceStandby:
		fact.Probe = probeOf(r, node)
		if !p.Managed {
			fact.Message = "unmanaged: Pacemaker only watches it"
		}
	}
	return fact
}

// stateOf turns a role into the state of an instance.
func stateOf(r Resource, p Place) cluster.InstanceState {
	switch p.Role {
	case roleStarted:
		if r.Promotable {
			return cluster.InstanceStandby
		}
		return cluster.InstanceActive
	case rolePromoted:
		return cluster.InstanceActive
	case roleUnpromoted:
		return cluster.InstanceStandby
	case roleStarting, rolePromoting:
		return cluster.InstanceStarting
	case roleStopping, roleDemoting, roleMigrating:
		return cluster.InstanceStopping
	case roleStopped, "":
		return cluster.InstanceStopped
	}
	return cluster.InstanceUnknown
}

// probeOf is what the last monitor said; without one nothing is watched.
func probeOf(r Resource, node string) cluster.ProbeState {
	last := Op{Call: -1}
	for _, o := range r.Ops {
		if o.Node == node && o.Task == taskMonitor && o.Interval > 0 && !o.Failure && o.Call > last.Call {
			last = o
		}
	}
	switch {
	case last.Call < 0:
		return cluster.ProbeOff
	case last.RC == rcOK || last.RC == rcPromoted:
		return cluster.ProbeOk
	case last.RC == rcNone || last.Status != 0:
		return cluster.ProbeUnknown
	}
	return cluster.ProbeFailed
}

// failure is the last failure that Pacemaker keeps of a node.
func (r Resource) failure(node string) Op {
	for _, o := range r.Ops {
		if o.Failure && o.Node == node {
			return o
		}
	}
	return Op{}
}

// banned says whether the fail count keeps the resource off the node.
func (r Resource) banned(node string) bool {
	fails := r.FailCounts[node]
	return fails >= infinity || r.Threshold > 0 && fails >= r.Threshold
}

func countText(n int) string {
	if n >= infinity {
		return "INFINITY"
	}
	return fmt.Sprint(n)
}

// faultText says in words what went wrong.
func faultText(o Op) string {
	if o.Task == "" {
		return "no failure is on record"
	}
	text := o.Reason
	if text == "" {
		text = rcText(o)
	}
	return o.Task + ": " + text
}

// rcTexts are the results of OCF agents.
var rcTexts = map[int]string{
	1: "error", 2: "invalid parameters", 3: "unimplemented", 4: "insufficient privileges", 5: "not installed", 6: "not configured",
	7: "not running", 8: "promoted", 9: "promoted and failed",
}

func rcText(o Op) string {
	if o.Status == 2 {
		return fmt.Sprintf("no answer within %s", o.Took)
	}
	return cmp.Or(rcTexts[o.RC], fmt.Sprintf("result %d", o.RC))
}

// primaryOf is the node on which a stack is active: that of its first service that is on exactly one.
func primaryOf(v *View, st cluster.StackSpec) string {
	for _, sv := range st.Services {
		if r, ok := v.Resource(sv.Name); ok && sv.OnceOnly() {
			if node := r.ActiveOn(); node != "" {
				return node
			}
		}
	}
	return ""
}

// complete says whether every wanted service of a stack is active on one node and at rest, and which node that is.
func complete(v *View, st cluster.StackSpec) (string, bool) {
	node := ""
	for _, sv := range st.Services {
		r, ok := v.Resource(sv.Name)
		if !ok || !sv.OnceOnly() || r.TargetRole == roleStopped {
			continue
		}
		on := r.ActiveOn()
		if on == "" || node != "" && on != node || r.On(on).Failed {
			return "", false
		}
		node = on
	}
	return node, node != ""
}
