package engine

import (
	"fmt"

	"hawser/cluster"
)

// unproven says why a stack that should leave its holder cannot: the holder is silent and nothing proves that it has
// stopped (S2, S5).
func (p *pass) unproven(spec cluster.StackSpec) (cluster.Cause, string) {
	for _, sv := range spec.Services {
		node := p.State.Services[sv.Name].Holder.Node
		n, f := p.State.Nodes[node], p.State.Fences[node]
		if node == "" || !p.Nodes[node].Suspect {
			continue
		}
		cause := cluster.Cause{
			ComponentType: cluster.ComponentNode, ComponentName: node, NodeName: node, Reaction: cluster.ReactedFailover,
			Error: "its node is silent", Began: p.Now.Add(-p.Nodes[node].Silent),
		}
		switch {
		case n.State == cluster.NodeOffline:
			return cause, fmt.Sprintf("node %s is silent and nothing can prove that it stopped: it has no fence", node)
		case n.State == cluster.NodeSuspect && f.Done && !f.Off && f.Boot == n.Boot:
			return cause, fmt.Sprintf("node %s is silent and its fence failed: it may still run %s", node, sv.Name)
		}
	}
	return cluster.Cause{}, ""
}

// blocked records once why a stack that must move cannot: what was not done is an event too.
func (p *pass) blocked(spec cluster.StackSpec, st cluster.Stack, cause cluster.Cause, reason string) {
	if st.Blocked == reason || (st.Primary == "" && p.State.Nodes[p.Self].State != cluster.NodeOnline) {
		return
	}
	kept := st.Cause
	if kept.Began.IsZero() {
		kept = cause
	}
	decisions := []cluster.Decision{{Move: &cluster.Move{
		Stack: spec.Name, Primary: st.Primary, Target: st.Target, Phase: st.Phase, Cause: kept, Blocked: reason,
	}}}
	if !cause.Planned && !p.standing(AlarmStack(spec.Name)) {
		decisions = append(decisions, failoverFailed(spec, st, cause, reason))
	}
	p.commit(spec.Name+" cannot move: "+reason, decisions...)
}

func failoverFailed(spec cluster.StackSpec, st cluster.Stack, cause cluster.Cause, reason string) cluster.Decision {
	return event(cluster.Event{
		Type: cluster.EventFailoverFailed, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentStack,
		ComponentName: spec.Name, NodeName: st.Primary, StackName: spec.Name, Error: cause.Error + "; " + reason,
		Reaction: cluster.ReactedFailover, Result: cluster.ResultNotDone, AlarmKey: AlarmStack(spec.Name),
		Raise: cluster.SeverityCritical, Summary: "stack " + spec.Name + " cannot fail over: " + reason,
	})
}

// unblocked ends a fault of the stack that was cured where the stack is.
func (p *pass) unblocked(spec cluster.StackSpec, st cluster.Stack) {
	decisions := []cluster.Decision{{Move: &cluster.Move{Stack: spec.Name, Primary: st.Primary}}}
	if p.standing(AlarmStack(spec.Name)) {
		decisions = append(decisions, p.answersAgain(spec, st))
	}
	p.commit(spec.Name+" answers again on "+st.Primary, decisions...)
}

func (p *pass) answersAgain(spec cluster.StackSpec, st cluster.Stack) cluster.Decision {
	took := p.since(st.Cause.Began)
	return event(cluster.Event{
		Type: cluster.EventServiceRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentStack,
		ComponentName: spec.Name, NodeName: st.Primary, StackName: spec.Name, Error: st.Cause.Error,
		Reaction: cluster.ReactedRecover, Result: cluster.ResultSucceeded, Duration: took, AlarmKey: AlarmStack(spec.Name), Clear: true,
		Summary: fmt.Sprintf("stack %s answers again on %s after %s", spec.Name, st.Primary, round(took)),
	})
}
