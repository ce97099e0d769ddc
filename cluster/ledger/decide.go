package ledger

import (
	"slices"
	"time"

	"hawser/cluster"
)

// join takes a boot of a node in. Another boot or daemon has stopped all that the former one held (S9), which releases
// it: proof (a).
func (w *writer) join(j cluster.Join) {
	n, ok := w.s.Nodes[j.Node]
	if !ok {
		return
	}
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

func (w *writer) nodeIs(d cluster.NodeIs) {
	n, ok := w.s.Nodes[d.Node]
	if !ok || n.State == d.State {
		return
	}
	n.State, n.Since = d.State, w.entry.At
	w.s.Nodes[d.Node] = n
	if d.State == cluster.NodeOffline || d.State == cluster.NodeUnknown {
		w.resetInstances(d.Node, n.Boot, cluster.InstanceUnknown)
	}
}

func (w *writer) reserve(d cluster.Reserve) {
	if n, ok := w.s.Nodes[d.Node]; ok {
		n.ReservedBy = d.By
		w.s.Nodes[d.Node] = n
	}
}

// fenced ends an intent. Off is proof (b) for every lease of the boot that the intent named, and of no other (S4).
func (w *writer) fenced(d cluster.Fenced) {
	f := w.s.Fences[d.Node]
	if f.ID != d.ID {
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
}

// assign gives a service to a node under a new epoch, unless somebody holds it (S1), the node's boot is another (S4), or a
// fence against it is open (A2).
func (w *writer) assign(d cluster.Assign) {
	sv, ok := w.s.Services[d.Service]
	n := w.s.Nodes[d.Node]
	if !ok || sv.Holder.Epoch != 0 || n.Boot != d.Boot || w.s.Fences[d.Node].Open(w.entry.At) {
		return
	}
	w.s.Epoch++
	sv.Holder = cluster.Holder{Node: d.Node, Boot: d.Boot, Epoch: w.s.Epoch}
	w.s.Services[d.Service] = sv
}

func (w *writer) withdraw(d cluster.Withdraw) {
	if sv, ok := w.s.Services[d.Service]; ok && sv.Holder.Epoch == d.Epoch {
		sv.Holder.Withdrawn = true
		w.s.Services[d.Service] = sv
	}
}

// released takes a proof, if it is of the present holder's epoch, node and boot (S4, A1).
func (w *writer) released(d cluster.Released) {
	sv, ok := w.s.Services[d.Service]
	h := sv.Holder
	if !ok || h.Epoch != d.Epoch || h.Node != d.Node || h.Boot != d.Boot {
		return
	}
	sv.Holder = cluster.Holder{}
	w.s.Services[d.Service] = sv
}

func (w *writer) move(d cluster.Move) {
	st, ok := w.s.Stacks[d.Stack]
	if !ok {
		return
	}
	if st.Phase != d.Phase || st.Target != d.Target {
		st.Since = w.entry.At
	}
	st.Primary, st.Target, st.Phase, st.Cause, st.Blocked = d.Primary, d.Target, d.Phase, d.Cause, d.Blocked
	if d.Complete {
		st.Failovers++
		st.LastFailover, st.LastDuration = w.entry.At, d.Took
		st.Moves = recent(append(slices.Clone(st.Moves), w.entry.At), w.entry.At, time.Hour)
	}
	w.s.Stacks[d.Stack] = st
}

// recent keeps the times that lie within the window before now.
func recent(times []time.Time, now time.Time, window time.Duration) []time.Time {
	return slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) > window })
}

func (w *writer) restart(d cluster.Restart) {
	key := cluster.InstanceKey(d.Service, d.Node)
	in := w.s.Instances[key]
	in.Restart++
	in.Restarts++
	in.Recent = recent(append(slices.Clone(in.Recent), w.entry.At), w.entry.At, w.s.Services[d.Service].Policy.FailureWindow)
	if in.Failing.IsZero() {
		in.Failing = w.entry.At
	}
	in.Error = d.Error
	in.State, in.Since = cluster.InstanceStopping, w.entry.At
	w.s.Instances[key] = in
	sv := w.s.Services[d.Service]
	sv.Restarts++
	w.s.Services[d.Service] = sv
}

// observe records what a node says of its instance; a word of another boot than the node's present one is old (S4).
func (w *writer) observe(d cluster.Observe) {
	if n := w.s.Nodes[d.Node]; n.Boot != d.Boot || n.State == cluster.NodeFenced {
		return
	}
	key := cluster.InstanceKey(d.Service, d.Node)
	in := w.s.Instances[key]
	if in.State != d.State {
		in.Since = w.entry.At
	}
	in.State, in.Probe, in.Message, in.Boot, in.Epoch = d.State, d.Probe, d.Message, d.Boot, d.Epoch
	switch {
	case d.Failing && in.Failing.IsZero():
		in.Failing, in.Error = w.entry.At, d.Error
	case !d.Failing:
		in.Failing, in.Error = time.Time{}, ""
	}
	w.s.Instances[key] = in
}

func (w *writer) serviceIs(d cluster.ServiceIs) {
	sv, ok := w.s.Services[d.Service]
	if !ok {
		return
	}
	if d.Failed {
		sv.Failures++
	}
	if d.Quarantine {
		sv.Quarantined = w.entry.At
	}
	if d.Release {
		sv.Quarantined = time.Time{}
	}
	w.s.Services[d.Service] = sv
}
