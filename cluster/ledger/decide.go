package ledger

import (
	"slices"
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

// closeIntent ends an intent whose deadline has passed without a result, before its node joins or gets a lease: a result
// that comes later voids nothing that was granted after the intent (S4).
func (w *writer) closeIntent(node string) {
	f, ok := w.s.Fences[node]
	if ok && !f.Done {
		f.Done, f.Ended, f.Error = true, w.entry.At, "no result before its deadline"
		w.s.Fences[node] = f
	}
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

// reserve keeps a node free for a hardware job; one that carries a service, or is reserved already, is not given.
func (w *writer) reserve(d cluster.Reserve) {
	n, ok := w.s.Nodes[d.Node]
	if !ok || (d.By != "" && (n.ReservedBy != "" || w.holds(d.Node))) {
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

func (w *writer) move(d cluster.Move) {
	st, ok := w.s.Stacks[d.Stack]
	if !ok {
		return
	}
	if st.Phase != d.Phase || st.Target != d.Target {
		st.Since = w.entry.At
	}
	if d.Complete {
		st.Failovers++
		st.LastFailover, st.LastDuration = w.entry.At, d.Took
	}
	if begins(st, d) {
		w.gaveUp(d.Cause.ComponentName, d.Cause.NodeName)
		st.Moves = recent(append(slices.Clone(st.Moves), w.entry.At), w.entry.At, keepMoves)
	}
	st.Primary, st.Target, st.Phase, st.Cause, st.Blocked = d.Primary, d.Target, d.Phase, d.Cause, d.Blocked
	w.s.Stacks[d.Stack] = st
}

// begins says whether a move that a failing service causes begins here, whether or not it will end well: those count for
// its quarantine.
func begins(st cluster.Stack, d cluster.Move) bool {
	if d.Cause.ComponentType != cluster.ComponentService || d.Cause.Planned {
		return false
	}
	switch d.Phase {
	case cluster.PhaseReleasing:
		return st.Phase != cluster.PhaseReleasing
	case cluster.PhaseStarting:
		return st.Phase == cluster.PhaseIdle || st.Phase == cluster.PhaseStarting && st.Primary != d.Primary
	}
	return false
}

// gaveUp counts the failure that made a stack leave among the tries of the service on that node.
func (w *writer) gaveUp(service, node string) {
	key := cluster.InstanceKey(service, node)
	if in, ok := w.s.Instances[key]; ok {
		in.Recent = recent(append(slices.Clone(in.Recent), w.entry.At), w.entry.At, w.s.Services[service].Policy.FailureWindow)
		w.s.Instances[key] = in
	}
}

// keepMoves is as long as a failure window can be.
const keepMoves = 24 * time.Hour

// recent keeps the times that lie within the window before now.
func recent(times []time.Time, now time.Time, window time.Duration) []time.Time {
	return slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) > window })
}

func (w *writer) restart(d cluster.Restart) {
	if _, ok := w.s.Services[d.Service]; !ok {
		return
	}
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
	w.s.Services[d.Service] = sv
	if d.Release {
		w.unquarantine(d.Service)
	}
}

// unquarantine releases a service and forgets the moves that led there: it gets its chances anew.
func (w *writer) unquarantine(service string) {
	sv := w.s.Services[service]
	if sv.Quarantined.IsZero() {
		return
	}
	sv.Quarantined = time.Time{}
	w.s.Services[service] = sv
	if _, stack, ok := w.s.Spec.Service(service); ok {
		st := w.s.Stacks[stack.Name]
		st.Moves = nil
		w.s.Stacks[stack.Name] = st
	}
}
