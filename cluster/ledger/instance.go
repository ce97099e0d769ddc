package ledger

import (
	"slices"
	"time"

	"hawser/cluster"
)

// restart orders one stop, verify, start (S6).
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
	in.State, in.Probe, in.Message, in.Unfit, in.Boot, in.Epoch = d.State, d.Probe, d.Message, d.Unfit, d.Boot, d.Epoch
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
