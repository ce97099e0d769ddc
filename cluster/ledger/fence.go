package ledger

import "hawser/cluster"

// intent opens a fence against a node: against the boot that the log knows, one at a time, and against fewer than half of
// the nodes at once (A19).
func (w *writer) intent(f cluster.Fence) {
	n, ok := w.s.Nodes[f.Node]
	if !ok || f.ID == 0 || f.Boot != n.Boot || f.Done || w.s.Fences[f.Node].Open(w.entry.At) {
		return
	}
	open := 0
	for _, other := range w.s.Fences {
		if other.Open(w.entry.At) {
			open++
		}
	}
	if open < max(1, (len(w.s.Spec.Nodes)-1)/2) {
		w.s.Fences[f.Node] = f
	}
}

// fenced ends an intent. Off is proof (b) for every lease of the boot that the intent named, and of no other (S4).
func (w *writer) fenced(d cluster.Fenced) {
	f := w.s.Fences[d.Node]
	if f.ID == 0 || f.ID != d.ID {
		return
	}
	if d.Powered {
		f.Powered = f.Off
		w.s.Fences[d.Node] = f
		return
	}
	if f.Done {
		return
	}
	f.Attempts++
	f.Done, f.Off, f.Error, f.Ended = true, d.Off, d.Error, w.entry.At
	w.s.Fences[d.Node] = f
	if d.Off {
		w.voidBoot(f.Node, f.Boot)
	}
}

func (w *writer) voidBoot(node, boot string) {
	n := w.s.Nodes[node]
	if n.Boot != boot {
		return
	}
	n.State, n.Since = cluster.NodeFenced, w.entry.At
	w.s.Nodes[node] = n
	for name, sv := range w.s.Services {
		if sv.Holder.Node == node && sv.Holder.Boot == boot {
			sv.Holder = cluster.Holder{}
			w.s.Services[name] = sv
		}
	}
	w.resetInstances(node, boot, cluster.InstanceStopped)
	w.forgetLinks(node)
}

// closeIntent ends an intent whose deadline has passed without a result, before its node joins or gets a lease: a result
// that comes later voids nothing that was granted after the intent (S4).
func (w *writer) closeIntent(node string) {
	f, ok := w.s.Fences[node]
	if ok && !f.Done {
		f.Done, f.Ended, f.Error = true, w.entry.At, "no result before its deadline"
		w.s.Fences[node] = f
	}
}
