package engine

import (
	"fmt"

	"hawser/cluster"
)

// observe carries what the nodes report of their instances over into the log, where it differs, and clears the alarms of
// instances that are not to run any more.
func (p *pass) observe() {
	var out []cluster.Decision
	for _, n := range p.State.Spec.Nodes {
		v, node := p.Nodes[n.Name], p.State.Nodes[n.Name]
		if v.Report == nil || v.Suspect || v.Report.Boot != node.Boot || v.Report.Incarnation != node.Incarnation || !takesPart(node) {
			continue // what a silent node said last is not shown as good
		}
		for _, in := range v.Report.Instances {
			if spec, stack, ok := p.State.Spec.Service(in.Service); ok {
				out = append(out, p.observeInstance(stack, spec, n.Name, in)...)
			}
		}
	}
	if len(out) > 0 {
		p.commit("record what the nodes report", out...)
	}
}

func (p *pass) observeInstance(stack cluster.StackSpec, spec cluster.ServiceSpec, node string, in cluster.InstanceReport) []cluster.Decision {
	known := p.State.Instances[cluster.InstanceKey(spec.Name, node)]
	if p.said[cluster.InstanceKey(spec.Name, node)] {
		return nil
	}
	if p.ordered(spec.Name, node, in, known) && in.State != cluster.InstanceStopping && in.State != cluster.InstanceStandby && in.State != cluster.InstanceStopped {
		return nil // it has not seen its order yet
	}
	failing := !known.Failing.IsZero()
	over := failing && !p.shouldRun(spec, node) && (in.State == cluster.InstanceStandby || in.State == cluster.InstanceStopped)
	same := known.State == in.State && known.Probe == in.Probe && known.Epoch == in.Epoch && known.Unfit == in.Unfit // the message may change with each probe
	if same && !over {
		return nil
	}
	out := []cluster.Decision{p.observed(spec, node, in, failing && !over, known.Error)}
	if over {
		out = append(out, event(cluster.Event{
			Type: cluster.EventServiceRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentService,
			ComponentName: spec.Name, NodeName: node, StackName: stack.Name, Error: known.Error, Reaction: cluster.ReactedNone,
			Result: cluster.ResultSucceeded, Duration: p.since(known.Failing), AlarmKey: AlarmService(spec.Name, node), Clear: true,
			Summary: fmt.Sprintf("service %s is stopped on %s: its failure there is over", spec.Name, node),
		}))
	}
	return out
}

// ordered says whether the log has ordered the instance to stop, for a restart or for good, and the node did not yet say
// that it has.
func (p *pass) ordered(service, node string, in cluster.InstanceReport, known cluster.Instance) bool {
	h := p.State.Services[service].Holder
	withdrawn := h.Node == node && h.Withdrawn
	return known.State == cluster.InstanceStopping && (withdrawn || in.RestartDone < known.Restart)
}
