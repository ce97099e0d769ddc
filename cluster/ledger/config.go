package ledger

import (
	"maps"
	"slices"
	"strings"
	"time"

	"hawser/cluster"
)

// config takes a new Spec: new names get numbers and rows, rows of what is gone are dropped, their numbers stay taken.
func (w *writer) config(spec cluster.Spec) {
	w.s.Spec = spec
	w.s.Revision++
	for _, n := range spec.Nodes {
		w.allot("node", n.Name)
		if _, ok := w.s.Nodes[n.Name]; !ok {
			row := cluster.Node{State: cluster.NodeUnknown, Admin: cluster.NodeAdminOnline, Since: w.entry.At}
			if o, ok := w.s.Overrides[cluster.OverrideKey("NodeAdminState", cluster.Target{Name: n.Name})]; ok {
				row.Admin = cluster.NodeAdmin(o.Int) // a SET wins over the file, also for a name that comes back
			}
			w.s.Nodes[n.Name] = row
		}
	}
	for _, st := range spec.Stacks {
		w.allot("stack", st.Name)
		if _, ok := w.s.Stacks[st.Name]; !ok {
			w.s.Stacks[st.Name] = cluster.Stack{}
		}
		for _, sv := range st.Services {
			w.configService(sv)
		}
	}
	for _, sink := range spec.Sinks {
		w.allot("sink", sink.Name)
		if _, ok := w.s.Sinks[sink.Name]; !ok {
			w.s.Sinks[sink.Name] = cluster.SinkStatus{State: cluster.SinkStateOk, Cursor: w.s.LastEvent}
		}
	}
	w.dropGone(spec)
}

func (w *writer) configService(sv cluster.ServiceSpec) {
	w.allot("service", sv.Name)
	row, ok := w.s.Services[sv.Name]
	if !ok {
		row = cluster.Service{Admin: cluster.ServiceAdminEnabled}
		if o, ok := w.s.Overrides[cluster.OverrideKey("ServiceAdminState", cluster.Target{Name: sv.Name})]; ok {
			row.Admin = cluster.ServiceAdmin(o.Int)
		}
	}
	row.Policy = sv.Policy
	for _, o := range w.s.Overrides {
		if o.Target.Name == sv.Name {
			setPolicy(&row.Policy, o.Object, o.Int)
		}
	}
	w.s.Services[sv.Name] = row
}

// dropGone removes the rows of what the new Spec does not name. A service that somebody still holds stays until it is
// released, and so does its holder's node: a lease must not be forgotten (S1). Wishes and values that were SET stay.
func (w *writer) dropGone(spec cluster.Spec) {
	maps.DeleteFunc(w.s.Services, func(name string, sv cluster.Service) bool {
		_, _, ok := spec.Service(name)
		return !ok && sv.Holder.Epoch == 0
	})
	kept := func(node string) bool {
		_, ok := spec.Node(node)
		return ok || w.holds(node) || w.s.Fences[node].Open(w.entry.At)
	}
	maps.DeleteFunc(w.s.Nodes, func(name string, _ cluster.Node) bool { return !kept(name) })
	maps.DeleteFunc(w.s.Fences, func(name string, _ cluster.Fence) bool { return !kept(name) })
	maps.DeleteFunc(w.s.Hardware, func(name string, _ *cluster.Hardware) bool { return !kept(name) })
	maps.DeleteFunc(w.s.Links, func(key string, _ cluster.LinkState) bool {
		node, rest, _ := strings.Cut(key, "/")
		peer, _, _ := strings.Cut(rest, "/")
		return !kept(node) || !kept(peer)
	})
	maps.DeleteFunc(w.s.Instances, func(key string, _ cluster.Instance) bool {
		service, node, _ := strings.Cut(key, "/")
		_, ok := w.s.Services[service]
		return !ok || !kept(node)
	})
	maps.DeleteFunc(w.s.Stacks, func(name string, _ cluster.Stack) bool {
		_, ok := spec.Stack(name)
		return !ok
	})
	maps.DeleteFunc(w.s.Sinks, func(name string, _ cluster.SinkStatus) bool {
		return !slices.ContainsFunc(spec.Sinks, func(s cluster.Sink) bool { return s.Name == name })
	})
}

// setPolicy sets one field of a policy by its object name; it says whether there is such a field. Times come in ms.
func setPolicy(p *cluster.Policy, object string, v int64) bool {
	const far = 1 << 40 // out of every range, and no time of so many ms wraps round
	v = min(max(v, -far), far)
	switch object {
	case "ServiceProbeInterval":
		p.ProbeInterval = time.Duration(v) * time.Millisecond
	case "ServiceProbeTimeout":
		p.ProbeTimeout = time.Duration(v) * time.Millisecond
	case "ServiceFailureThreshold":
		p.FailureThreshold = int(v)
	case "ServiceRestartLimit":
		p.RestartLimit = int(v)
	case "ServiceFailureWindow":
		p.FailureWindow = time.Duration(v) * time.Millisecond
	case "ServiceReaction":
		p.Reaction = cluster.Reaction(v)
	default:
		return false
	}
	return true
}

// getPolicy reads one field of a policy by its object name.
func getPolicy(p cluster.Policy, object string) int64 {
	switch object {
	case "ServiceProbeInterval":
		return p.ProbeInterval.Milliseconds()
	case "ServiceProbeTimeout":
		return p.ProbeTimeout.Milliseconds()
	case "ServiceFailureThreshold":
		return int64(p.FailureThreshold)
	case "ServiceRestartLimit":
		return int64(p.RestartLimit)
	case "ServiceFailureWindow":
		return p.FailureWindow.Milliseconds()
	}
	return int64(p.Reaction)
}
