package engine

import (
	"fmt"
	"time"

	"hawser/cluster"
)

// stopLimit is how long a stop may take before it escalates: the lease has ended by then, and the kill after it.
func stopLimit(sv cluster.ServiceSpec) time.Duration { return sv.Lease() + sv.StopBudget }

// retire takes back the lease of a service that was disabled or quarantined, and waits for the proof.
func (p *pass) retire(spec cluster.StackSpec, sv cluster.ServiceSpec, h cluster.Holder) {
	switch {
	case h.Epoch == 0:
	case !h.Withdrawn:
		p.commit(sv.Name+" is not to run", cluster.Decision{Withdraw: &cluster.Withdraw{Service: sv.Name, Epoch: h.Epoch}})
	default:
		p.awaitStop(spec, sv, h)
	}
}

// awaitStop takes the holder's report as proof (a) if it names this epoch and boot (S4); a stop that takes too long
// escalates to a fence (S5), which a leader leaves to the next one if it is about itself.
func (p *pass) awaitStop(spec cluster.StackSpec, sv cluster.ServiceSpec, h cluster.Holder) {
	v := p.Nodes[h.Node]
	if r := v.Report; r != nil && r.Boot == h.Boot {
		if in, ok := r.Instance(sv.Name); ok && in.StoppedEpoch >= h.Epoch {
			p.commit(sv.Name+" is verified stopped on "+h.Node, cluster.Decision{Released: &cluster.Released{
				Service: sv.Name, Node: h.Node, Boot: h.Boot, Epoch: h.Epoch, Proof: cluster.ProofStop,
			}})
			return
		}
	}
	ordered := p.State.Instances[cluster.InstanceKey(sv.Name, h.Node)].Since // the withdrawal, or the last word since
	if p.since(ordered) < stopLimit(sv) || !v.FencePath {
		return
	}
	if h.Node == p.Self {
		p.actions = append(p.actions, Action{Why: sv.Name + " does not stop here, and a leader cannot fence itself", Yield: true})
		return
	}
	began := p.State.Stacks[spec.Name].Cause.Began
	if began.IsZero() {
		began = p.Now // the stack works but for this service, until its node is fenced
	}
	if f, ok := p.intent(h.Node, fmt.Sprintf("service %s did not stop within %s", sv.Name, round(p.since(ordered))), began); ok {
		p.commit(sv.Name+" does not stop on "+h.Node+": fence it", cluster.Decision{Intent: &f})
	}
}
