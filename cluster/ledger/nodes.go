package ledger

import (
	"strings"
	"time"

	"hawser/cluster"
)

// join takes a boot of a node in. Another boot or daemon has stopped all that the former one held (S9), which releases
// it: proof (a). The same one again is no news, an older daemon of the same boot is none either, and neither are a node
// under an open fence (S4) nor the boot that was confirmed Off (A13).
func (w *writer) join(j cluster.Join) {
	n, ok := w.s.Nodes[j.Node]
	sameBoot := n.Boot == j.Boot
	if !ok || (sameBoot && (j.Incarnation <= n.Incarnation || n.State == cluster.NodeFenced)) || w.s.Fences[j.Node].Open(w.entry.At) {
		return
	}
	w.closeIntent(j.Node)
	if n.State != j.State {
		n.Since = w.entry.At
	}
	n.State, n.Boot, n.Incarnation, n.MachineUUID = j.State, j.Boot, j.Incarnation, j.MachineUUID
	n.Version, n.EngineID, n.BootTime, n.Emulated = j.Version, j.EngineID, j.BootTime, j.Emulated
	w.s.Nodes[j.Node] = n
	for name, sv := range w.s.Services {
		if sv.Holder.Node == j.Node {
			sv.Holder = cluster.Holder{}
			w.s.Services[name] = sv
		}
	}
	w.resetInstances(j.Node, j.Boot, cluster.InstanceStopped)
}

// resetInstances sets every instance of a node to one state, as after a boot or a power-off.
func (w *writer) resetInstances(node, boot string, state cluster.InstanceState) {
	for _, st := range w.s.Spec.Stacks {
		for _, sv := range st.Services {
			key := cluster.InstanceKey(sv.Name, node)
			in := w.s.Instances[key]
			in.State, in.Probe, in.Message, in.Boot, in.Epoch = state, cluster.ProbeOff, "", boot, 0
			in.Since, in.Failing, in.Error = w.entry.At, time.Time{}, ""
			w.s.Instances[key] = in
		}
	}
}

// nodeIs sets the state of a node. What a silent node said last is not kept as if it were so now.
func (w *writer) nodeIs(d cluster.NodeIs) {
	n, ok := w.s.Nodes[d.Node]
	if !ok || n.State == d.State {
		return
	}
	n.State, n.Since = d.State, w.entry.At
	w.s.Nodes[d.Node] = n
	if d.State == cluster.NodeOffline || d.State == cluster.NodeUnknown || d.State == cluster.NodeSuspect {
		w.resetInstances(d.Node, n.Boot, cluster.InstanceUnknown)
		w.forgetLinks(d.Node)
	}
}

// forgetLinks makes the links unknown as the node sees them.
func (w *writer) forgetLinks(node string) {
	for key := range w.s.Links {
		if strings.HasPrefix(key, node+"/") {
			w.s.Links[key] = cluster.LinkUnknown
		}
	}
}

// reserve keeps a node free for a hardware job; one that carries a service, or is reserved already, is not given. The end of
// another job's reservation comes late: it is not taken.
func (w *writer) reserve(d cluster.Reserve) {
	n, ok := w.s.Nodes[d.Node]
	if !ok || (d.By == "" && d.Of != "" && n.ReservedBy != d.Of) || (d.By != "" && (n.ReservedBy != "" || w.holds(d.Node))) {
		return
	}
	n.ReservedBy = d.By
	w.s.Nodes[d.Node] = n
}

// holds says whether a once-only service may run on the node.
func (w *writer) holds(node string) bool {
	for _, sv := range w.s.Services {
		if sv.Holder.Node == node {
			return true
		}
	}
	return false
}
