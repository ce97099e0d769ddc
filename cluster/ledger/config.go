package ledger

import (
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
			w.s.Nodes[n.Name] = cluster.Node{State: cluster.NodeUnknown, Admin: cluster.NodeAdminOnline, Since: w.entry.At}
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
// released: its lease must not be forgotten (S1).
func (w *writer) dropGone(spec cluster.Spec) {
	for name := range w.s.Nodes {
		if _, ok := spec.Node(name); !ok {
			delete(w.s.Nodes, name)
		}
	}
	for name := range w.s.Stacks {
		if _, ok := spec.Stack(name); !ok {
			delete(w.s.Stacks, name)
		}
	}
	for name, sv := range w.s.Services {
		if _, _, ok := spec.Service(name); !ok && sv.Holder.Epoch == 0 {
			delete(w.s.Services, name)
		}
	}
	named := map[string]bool{}
	for _, sink := range spec.Sinks {
		named[sink.Name] = true
	}
	for name := range w.s.Sinks {
		if !named[name] {
			delete(w.s.Sinks, name)
		}
	}
}

// setPolicy sets one field of a policy by its object name; it says whether there is such a field. Times come in ms.
func setPolicy(p *cluster.Policy, object string, v int64) bool {
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
