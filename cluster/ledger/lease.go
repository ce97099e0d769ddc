package ledger

import "hawser/cluster"

// assign gives a service to a node under a new epoch, unless somebody holds it (S1), the node's boot is another (S4), a
// fence against it may still strike (A2), or nothing is to run there.
func (w *writer) assign(d cluster.Assign) {
	sv, ok := w.s.Services[d.Service]
	if !ok || sv.Holder.Epoch != 0 || w.s.Nodes[d.Node].Boot != d.Boot || d.Boot == "" {
		return
	}
	if !w.s.Runs(d.Node) || w.s.Fences[d.Node].Open(w.entry.At) {
		return
	}
	w.closeIntent(d.Node)
	w.s.Epoch++
	sv.Holder = cluster.Holder{Node: d.Node, Boot: d.Boot, Epoch: w.s.Epoch}
	w.s.Services[d.Service] = sv
}

// withdraw ends the renewal of a lease. The instance counts as stopping from here on: the stop that takes too long is
// measured from this moment (S5).
func (w *writer) withdraw(d cluster.Withdraw) {
	sv, ok := w.s.Services[d.Service]
	if !ok || d.Epoch == 0 || sv.Holder.Epoch != d.Epoch || sv.Holder.Withdrawn {
		return
	}
	sv.Holder.Withdrawn = true
	w.s.Services[d.Service] = sv
	key := cluster.InstanceKey(d.Service, sv.Holder.Node)
	in := w.s.Instances[key]
	in.Since = w.entry.At
	if in.State != cluster.InstanceUnknown {
		in.State = cluster.InstanceStopping
	}
	w.s.Instances[key] = in
}

// released takes a proof, if it is one (S2) and of the present holder's epoch, node and boot (S4, A1).
func (w *writer) released(d cluster.Released) {
	sv, ok := w.s.Services[d.Service]
	h := sv.Holder
	if !ok || h.Epoch == 0 || h.Epoch != d.Epoch || h.Node != d.Node || h.Boot != d.Boot {
		return
	}
	if d.Proof != cluster.ProofStop || !h.Withdrawn {
		return // proof (b) comes with the fence's own result, (c) does not exist here
	}
	sv.Holder = cluster.Holder{}
	w.s.Services[d.Service] = sv
}
