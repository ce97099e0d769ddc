package engine

import (
	"fmt"
	"time"

	"hawser/cluster"
)

// stack leads one stack to where it is to be: idle on a primary that can run it, else releasing, then starting.
func (p *pass) stack(spec cluster.StackSpec) {
	if !hasOnceOnly(spec) {
		return
	}
	st := p.State.Stacks[spec.Name]
	if p.moved[spec.Name] {
		return // a failing service moves it already
	}
	if cause, reason := p.unproven(spec); reason != "" {
		p.blocked(spec, st, cause, reason)
		if st.Phase == cluster.PhaseIdle {
			return
		}
	}
	switch st.Phase {
	case cluster.PhaseReleasing:
		p.releasing(spec, st)
	case cluster.PhaseStarting:
		p.starting(spec, st)
	default:
		p.idle(spec, st)
	}
}

func hasOnceOnly(spec cluster.StackSpec) bool {
	for _, sv := range spec.Services {
		if sv.OnceOnly() {
			return true
		}
	}
	return false
}

// idle checks that the primary may keep the stack.
func (p *pass) idle(spec cluster.StackSpec, st cluster.Stack) {
	if st.Primary == "" {
		if !p.awaitPreferred(spec) {
			p.beginMove(spec, st, cluster.Cause{Reaction: cluster.ReactedNone, Error: "the stack was nowhere yet", Began: p.Now, Planned: true})
		}
		return
	}
	if cause, must := p.mustLeave(spec, st); must {
		p.beginMove(spec, st, cause)
		return
	}
	if cause, may := p.mayGoBack(spec, st); may {
		p.beginMove(spec, st, cause)
		return
	}
	if p.assignNext(spec, st.Primary) && st.Blocked != "" {
		p.unblocked(spec, st)
	}
}

// awaitPreferred says whether the first placement waits for the preferred node, which may still be starting.
func (p *pass) awaitPreferred(spec cluster.StackSpec) bool {
	n, ok := p.State.Nodes[p.State.Preferred(spec)]
	return ok && n.Boot == "" && p.since(n.Since) < p.Config.StartGrace
}

// mustLeave says whether the primary cannot keep the stack, and why.
func (p *pass) mustLeave(spec cluster.StackSpec, st cluster.Stack) (cluster.Cause, bool) {
	n, f := p.State.Nodes[st.Primary], p.State.Fences[st.Primary]
	node := cluster.Cause{ComponentType: cluster.ComponentNode, ComponentName: st.Primary, NodeName: st.Primary, Began: p.Now}
	silent := n.State == cluster.NodeOffline || (n.State == cluster.NodeSuspect && p.Nodes[st.Primary].Suspect)
	switch {
	case n.State == cluster.NodeFenced && f.Off:
		node.Error, node.Reaction, node.Began = f.Reason, cluster.ReactedFailover, f.Began
		return node, true
	case p.heldBy(spec, st.Primary) && (silent || n.Boot == ""):
		return cluster.Cause{}, false // S2: no proof; it is blocked where it was
	case silent:
		node.Error, node.Reaction = "its node is "+n.State.String(), cluster.ReactedFailover
		return node, true
	case n.Boot == "":
		node.Error, node.Reaction = "its node is not in the configuration any more", cluster.ReactedFailover
		return node, true
	case p.leaving(st.Primary):
		node.Error, node.Reaction, node.Planned = "its daemon is being stopped", cluster.ReactedMove, true
		return node, true
	case n.Admin == cluster.NodeAdminStandby:
		node.Error, node.Reaction, node.Planned = "its node was set to standby", cluster.ReactedMove, true
		if o, ok := p.State.Overrides[cluster.OverrideKey("NodeAdminState", cluster.Target{Name: st.Primary})]; ok {
			node.Setter = o.By.User
		}
		return node, true
	}
	return cluster.Cause{}, false
}

// heldBy says whether a service of the stack is held by the node.
func (p *pass) heldBy(spec cluster.StackSpec, node string) bool {
	for _, sv := range spec.Services {
		if p.State.Services[sv.Name].Holder.Node == node {
			return true
		}
	}
	return false
}

// mayGoBack says whether an automatic failback is due.
func (p *pass) mayGoBack(spec cluster.StackSpec, st cluster.Stack) (cluster.Cause, bool) {
	want := p.State.Preferred(spec)
	if p.State.FailbackOf(spec) != cluster.FailbackAutomatic || want == "" || want == st.Primary {
		return cluster.Cause{}, false
	}
	if target, _ := p.standby(spec); target != want || p.since(p.State.Nodes[want].Since) < p.Config.FailbackDelay {
		return cluster.Cause{}, false
	}
	if !st.LastFailover.IsZero() && p.since(st.LastFailover) < p.Config.FailbackDelay {
		return cluster.Cause{}, false // it has just come from there
	}
	return cluster.Cause{
		ComponentType: cluster.ComponentStack, ComponentName: spec.Name, NodeName: want, Error: "its preferred node is back",
		Reaction: cluster.ReactedMove, Began: p.Now, Planned: true,
	}, true
}

// beginMove takes the leases back and names the target. Without a target the stack stays, and says why; but a daemon that
// is being stopped gives its services up in any case.
func (p *pass) beginMove(spec cluster.StackSpec, st cluster.Stack, cause cluster.Cause) {
	p.moved[spec.Name] = true
	if !st.Cause.Began.IsZero() && !st.Cause.Planned && !cause.Planned {
		cause.Began = st.Cause.Began // one outage, however many attempts it takes
	}
	target, reason := p.standby(spec)
	switch {
	case target == "" && p.leaving(st.Primary) && p.anyHeld(spec):
		p.giveUp(spec, st, cause, reason)
	case target == "":
		p.blocked(spec, st, cause, reason)
	case !p.anyHeld(spec):
		p.beginStart(spec, target, cause)
	default:
		p.commit(fmt.Sprintf("move %s from %q to %s: %s", spec.Name, st.Primary, target, cause.Error),
			append([]cluster.Decision{{Move: &cluster.Move{
				Stack: spec.Name, Primary: st.Primary, Target: target, Phase: cluster.PhaseReleasing, Cause: cause,
			}}}, p.withdrawals(spec)...)...)
	}
}

// giveUp stops a stack that nobody can take, because its daemon ends anyway: with a verified stop it can start wherever a
// node comes next, and nobody is fenced.
func (p *pass) giveUp(spec cluster.StackSpec, st cluster.Stack, cause cluster.Cause, reason string) {
	decisions := append([]cluster.Decision{{Move: &cluster.Move{
		Stack: spec.Name, Primary: st.Primary, Phase: cluster.PhaseReleasing, Cause: cause, Blocked: reason,
	}}}, p.withdrawals(spec)...)
	if !p.standing(AlarmStack(spec.Name)) {
		decisions = append(decisions, failoverFailed(spec, st, cause, reason))
	}
	p.commit(spec.Name+" stops with its node: "+reason, decisions...)
}

func (p *pass) withdrawals(spec cluster.StackSpec) []cluster.Decision {
	var out []cluster.Decision
	for _, sv := range spec.Services {
		if h := p.State.Services[sv.Name].Holder; h.Epoch != 0 && !h.Withdrawn {
			out = append(out, cluster.Decision{Withdraw: &cluster.Withdraw{Service: sv.Name, Epoch: h.Epoch}})
		}
	}
	return out
}

// releasing waits for the proof that every service of the stack has stopped (S2), then names the new primary.
func (p *pass) releasing(spec cluster.StackSpec, st cluster.Stack) {
	if w := p.withdrawals(spec); len(w) > 0 {
		p.commit("take back the leases of "+spec.Name, w...)
		return
	}
	held := false
	for _, sv := range spec.Services {
		h := p.State.Services[sv.Name].Holder
		if h.Epoch == 0 {
			continue
		}
		held = true
		p.awaitStop(spec, sv, h)
	}
	if held {
		return
	}
	target := st.Target
	if p.cannotTake(target) != "" {
		var reason string
		if target, reason = p.standby(spec); target == "" && p.cannotTake(st.Primary) == "" {
			target = st.Primary // the way back is kept until the target answers (A20)
		}
		if target == "" {
			p.blocked(spec, st, st.Cause, reason)
			return
		}
	}
	p.beginStart(spec, target, st.Cause)
}

// beginStart names the new primary and assigns the first service to it.
func (p *pass) beginStart(spec cluster.StackSpec, target string, cause cluster.Cause) {
	p.commit(fmt.Sprintf("%s starts on %s: %s", spec.Name, target, cause.Error), append([]cluster.Decision{{Move: &cluster.Move{
		Stack: spec.Name, Primary: target, Target: target, Phase: cluster.PhaseStarting, Cause: cause,
	}}}, p.firstAssign(spec, target)...)...)
}

// anyHeld says whether somebody still holds a service of the stack.
func (p *pass) anyHeld(spec cluster.StackSpec) bool {
	for _, sv := range spec.Services {
		if p.State.Services[sv.Name].Holder.Epoch != 0 {
			return true
		}
	}
	return false
}

// starting starts the services in order and completes the move when all answer.
func (p *pass) starting(spec cluster.StackSpec, st cluster.Stack) {
	if cause, must := p.mustLeave(spec, st); must {
		p.beginMove(spec, st, cause)
		return
	}
	if !p.assignNext(spec, st.Primary) {
		return
	}
	took := p.since(st.Cause.Began)
	inPlace := st.Cause.Reaction == cluster.ReactedRecover              // it starts where it was
	moved := st.Cause.ComponentType != 0 && !inPlace && p.anyHeld(spec) // else it is the first placement, or nothing is to run
	done := []cluster.Decision{{Move: &cluster.Move{Stack: spec.Name, Primary: st.Primary, Complete: moved, Took: took}}}
	switch {
	case moved:
		done = append(done, p.completed(spec, st, took))
	case inPlace || p.standing(AlarmStack(spec.Name)):
		done = append(done, p.answersAgain(spec, st))
	}
	p.commit(fmt.Sprintf("%s is up on %s after %s", spec.Name, st.Primary, round(took)), done...)
}

func (p *pass) completed(spec cluster.StackSpec, st cluster.Stack, took time.Duration) cluster.Decision {
	severity := cluster.SeverityMajor
	if st.Cause.Planned {
		severity = cluster.SeverityInfo
	}
	return event(cluster.Event{
		Type: cluster.EventFailoverCompleted, Severity: severity, ComponentType: st.Cause.ComponentType,
		ComponentName: st.Cause.ComponentName, NodeName: st.Cause.NodeName, StackName: spec.Name, Error: st.Cause.Error,
		Reaction: st.Cause.Reaction, Result: cluster.ResultSucceeded, Duration: took, Setter: st.Cause.Setter,
		AlarmKey: AlarmStack(spec.Name), Clear: true,
		Summary: fmt.Sprintf("stack %s answers on %s after %s: %s", spec.Name, st.Primary, round(took), st.Cause.Error),
	})
}

// runnable says whether the operator and the controller let the service run.
func (p *pass) runnable(service string) bool {
	sv := p.State.Services[service]
	return sv.Admin != cluster.ServiceAdminDisabled && sv.Quarantined.IsZero()
}

// firstAssign assigns the first service of the stack that may run.
func (p *pass) firstAssign(spec cluster.StackSpec, node string) []cluster.Decision {
	for _, sv := range spec.Services {
		if sv.OnceOnly() && p.runnable(sv.Name) {
			return []cluster.Decision{p.assign(sv.Name, node)}
		}
	}
	return nil
}

func (p *pass) assign(service, node string) cluster.Decision {
	return cluster.Decision{Assign: &cluster.Assign{Service: service, Node: node, Boot: p.State.Nodes[node].Boot}}
}

// assignNext keeps the services of the stack on its primary, in order: the next one is assigned when those before it
// answer. It says whether all that may run do.
func (p *pass) assignNext(spec cluster.StackSpec, node string) bool {
	if p.cannotTake(node) != "" && node != p.Self {
		return false
	}
	for _, sv := range spec.Services {
		if !sv.OnceOnly() {
			continue
		}
		h := p.State.Services[sv.Name].Holder
		switch {
		case !p.runnable(sv.Name):
			p.retire(spec, sv, h)
		case h.Epoch == 0:
			if p.State.Runs(node) {
				p.commit("assign "+sv.Name+" to "+node, p.assign(sv.Name, node))
			}
			return false
		case h.Withdrawn:
			p.awaitStop(spec, sv, h)
			return false
		case !p.answers(sv.Name, node, h.Epoch):
			return false
		}
	}
	return true
}

// answers says whether the node reports the service active under this epoch, with a good probe.
func (p *pass) answers(service, node string, epoch uint64) bool {
	in, ok := p.Nodes[node].Report.Instance(service)
	return ok && in.State == cluster.InstanceActive && in.Epoch == epoch && (in.Probe == cluster.ProbeOk || in.Probe == cluster.ProbeOff)
}
