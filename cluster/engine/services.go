package engine

import (
	"fmt"
	"time"

	"hawser/cluster"
)

// service reacts to the failures of one service, instance by instance.
func (p *pass) service(stack cluster.StackSpec, spec cluster.ServiceSpec) {
	sv := p.State.Services[spec.Name]
	if sv.Admin != cluster.ServiceAdminEnabled || !sv.Quarantined.IsZero() {
		return
	}
	for _, n := range p.State.Spec.Nodes {
		v := p.Nodes[n.Name]
		if v.Report == nil || v.Suspect || v.Report.Boot != p.State.Nodes[n.Name].Boot || !p.State.Runs(n.Name) {
			continue
		}
		if in, ok := v.Report.Instance(spec.Name); ok && p.shouldRun(spec, n.Name) {
			p.instance(stack, spec, n.Name, in)
		}
	}
}

// shouldRun says whether the service is meant to be active on the node now.
func (p *pass) shouldRun(spec cluster.ServiceSpec, node string) bool {
	if !spec.OnceOnly() {
		return p.State.Runs(node) && p.runnable(spec.Name)
	}
	h := p.State.Services[spec.Name].Holder
	return h.Node == node && !h.Withdrawn
}

// instance compares what a node reports with what was ordered, and takes the next step of the reaction policy.
func (p *pass) instance(stack cluster.StackSpec, spec cluster.ServiceSpec, node string, in cluster.InstanceReport) {
	known := p.State.Instances[cluster.InstanceKey(spec.Name, node)]
	policy := p.State.Services[spec.Name].Policy
	if in.RestartDone < known.Restart {
		p.restarting(stack, spec, node, in, known)
		return
	}
	fault, failed := faultOf(in, known, spec, policy, p.Now)
	switch {
	case failed:
		p.react(stack, spec, node, fault, in, known)
	case !known.Failing.IsZero() && in.State == cluster.InstanceActive && good(in.Probe):
		p.recovered(stack, spec, node, in, known)
	}
}

// restarting watches a restart order that is still being carried out: one whose stop does not end escalates (S5).
func (p *pass) restarting(stack cluster.StackSpec, spec cluster.ServiceSpec, node string, in cluster.InstanceReport, known cluster.Instance) {
	late := known.State == cluster.InstanceStopping && p.since(known.Since) > stopLimit(spec)
	if !late || !spec.OnceOnly() || p.State.Services[spec.Name].Policy.Reaction < cluster.ReactFailover {
		return
	}
	if target, _ := p.standby(stack); target != "" {
		p.failover(stack, spec, node, fmt.Sprintf("does not stop for a restart: %s", in.Message), in, known)
	}
}

func good(p cluster.ProbeState) bool { return p == cluster.ProbeOk || p == cluster.ProbeOff }

// faultOf says whether an instance that should run has failed, and how.
func faultOf(in cluster.InstanceReport, known cluster.Instance, spec cluster.ServiceSpec, policy cluster.Policy, now time.Time) (string, bool) {
	switch in.State {
	case cluster.InstanceFailed:
		return in.Message, true
	case cluster.InstanceActive:
		if in.Fails < policy.FailureThreshold {
			return "", false
		}
		return fmt.Sprintf("%d probes in a row were not ok: %s", in.Fails, in.Message), true
	case cluster.InstanceStarting:
		late := spec.StartTimeout > 0 && known.State == cluster.InstanceStarting && now.Sub(known.Since) > spec.StartTimeout
		return fmt.Sprintf("did not answer within its start timeout of %s: %s", spec.StartTimeout, in.Message), late
	}
	return "", false
}

// react takes the furthest step that the policy and the count of restarts allow.
func (p *pass) react(stack cluster.StackSpec, spec cluster.ServiceSpec, node, fault string, in cluster.InstanceReport, known cluster.Instance) {
	policy := p.State.Services[spec.Name].Policy
	restarts := p.recentRestarts(known, policy)
	switch {
	case policy.Reaction == cluster.ReactIgnore:
	case policy.Reaction == cluster.ReactNotify:
		p.serviceFailed(stack, spec, node, fault, in, known, cluster.ReactedNotify)
	case restarts < policy.RestartLimit:
		p.restart(stack, spec, node, fault, in, known)
	case policy.Reaction >= cluster.ReactFailover && spec.OnceOnly():
		p.failover(stack, spec, node, fault, in, known)
	case p.sinceLastTry(known) > restartPause(restarts-policy.RestartLimit):
		p.restart(stack, spec, node, fault, in, known)
	default:
		p.serviceFailed(stack, spec, node, fault, in, known, cluster.ReactedRestart)
	}
}

func (p *pass) recentRestarts(known cluster.Instance, policy cluster.Policy) int {
	count := 0
	for _, t := range known.Recent {
		if p.since(t) <= policy.FailureWindow {
			count++
		}
	}
	return count
}

func lastOf(times []time.Time) time.Time {
	if len(times) == 0 {
		return time.Time{}
	}
	return times[len(times)-1]
}

// sinceLastTry is the time since the last restart of this failure, or since it began; 0 if it was not recorded yet.
func (p *pass) sinceLastTry(known cluster.Instance) time.Duration {
	last := lastOf(known.Recent)
	if known.Failing.After(last) {
		last = known.Failing
	}
	return p.since(last)
}

// restartPause grows with each restart beyond the limit: 1 s, 2 s, 4 s ... 64 s.
func restartPause(beyond int) time.Duration { return time.Second << min(max(beyond, 0), 6) }

// failureEvent is the story of a failure; once per failure, with the alarm.
func failureEvent(stack cluster.StackSpec, spec cluster.ServiceSpec, node, fault string, in cluster.InstanceReport, did cluster.EventReaction) cluster.Event {
	return cluster.Event{
		Type: cluster.EventServiceFailed, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentService,
		ComponentName: spec.Name, NodeName: node, StackName: stack.Name, Epoch: in.Epoch, Error: fault, Reaction: did,
		Result: cluster.ResultPending, AlarmKey: AlarmService(spec.Name, node), Raise: cluster.SeverityMajor,
		Summary: fmt.Sprintf("service %s failed on %s: %s", spec.Name, node, fault),
	}
}

// observed carries the report over into the log, with the failure that is being reacted to.
func (p *pass) observed(spec cluster.ServiceSpec, node string, in cluster.InstanceReport, failing bool, fault string) cluster.Decision {
	p.said[cluster.InstanceKey(spec.Name, node)] = true
	return cluster.Decision{Observe: &cluster.Observe{
		Service: spec.Name, Node: node, Boot: p.State.Nodes[node].Boot, Epoch: in.Epoch, State: in.State, Probe: in.Probe,
		Message: in.Message, Unfit: in.Unfit, Failing: failing, Error: fault,
	}}
}

// serviceFailed records a failure to which nothing more is done than what did says.
func (p *pass) serviceFailed(stack cluster.StackSpec, spec cluster.ServiceSpec, node, fault string, in cluster.InstanceReport, known cluster.Instance, did cluster.EventReaction) {
	if !known.Failing.IsZero() {
		return // said already
	}
	e := failureEvent(stack, spec, node, fault, in, did)
	if did == cluster.ReactedNotify {
		e.Result = cluster.ResultNotDone
	}
	p.commit(spec.Name+" failed on "+node, p.observed(spec, node, in, true, fault), event(e),
		cluster.Decision{Service: &cluster.ServiceIs{Service: spec.Name, Failed: true}})
}

// restart orders stop, verify, start (S6).
func (p *pass) restart(stack cluster.StackSpec, spec cluster.ServiceSpec, node, fault string, in cluster.InstanceReport, known cluster.Instance) {
	decisions := []cluster.Decision{}
	if known.Failing.IsZero() {
		decisions = append(decisions, p.observed(spec, node, in, true, fault),
			event(failureEvent(stack, spec, node, fault, in, cluster.ReactedRestart)))
	}
	p.said[cluster.InstanceKey(spec.Name, node)] = true
	decisions = append(decisions, cluster.Decision{Service: &cluster.ServiceIs{Service: spec.Name, Failed: true}},
		cluster.Decision{Restart: &cluster.Restart{Service: spec.Name, Node: node, Error: fault}})
	p.commit(fmt.Sprintf("restart %s on %s: %s", spec.Name, node, fault), decisions...)
}

// failover moves the stack away from a node that cannot keep one of its services; where the policy says fence, the node
// is fenced first. A stack that moved too often for this service leaves it in quarantine, alone.
func (p *pass) failover(stack cluster.StackSpec, spec cluster.ServiceSpec, node, fault string, in cluster.InstanceReport, known cluster.Instance) {
	st := p.State.Stacks[stack.Name]
	policy := p.State.Services[spec.Name].Policy
	if p.recentMoves(st, policy.FailureWindow) >= moveLimit {
		p.quarantine(stack, spec, node, fault)
		return
	}
	if st.Phase == cluster.PhaseReleasing || p.moved[stack.Name] {
		return
	}
	if target, _ := p.standby(stack); target == "" {
		p.noStandby(stack, spec, node, fault, in, known, st)
		return
	}
	cause := cluster.Cause{
		ComponentType: cluster.ComponentService, ComponentName: spec.Name, NodeName: node, Error: fault,
		Reaction: cluster.ReactedFailover, Began: p.began(in, known),
	}
	decisions := []cluster.Decision{}
	if known.Failing.IsZero() {
		decisions = append(decisions, p.observed(spec, node, in, true, fault),
			event(failureEvent(stack, spec, node, fault, in, cluster.ReactedFailover)))
	}
	if policy.Reaction == cluster.ReactFence && p.Nodes[node].FencePath && node != p.Self {
		if f, ok := p.intent(node, fmt.Sprintf("service %s: %s", spec.Name, fault), cause.Began); ok {
			cause.Reaction = cluster.ReactedFence
			decisions = append(decisions, cluster.Decision{Intent: &f})
		}
	}
	decisions = append(decisions, cluster.Decision{Service: &cluster.ServiceIs{Service: spec.Name, Failed: true}})
	p.commit(spec.Name+" failed too often on "+node, decisions...)
	p.beginMove(stack, st, cause)
}

// began is when a failure began: what the log says, else what the node says if its clock is near ours, else now.
func (p *pass) began(in cluster.InstanceReport, known cluster.Instance) time.Time {
	if !known.Failing.IsZero() {
		return known.Failing
	}
	if ago := p.since(in.FailedAt); ago > 0 && ago < time.Minute {
		return in.FailedAt
	}
	return p.Now
}

// moveLimit is how many fail-overs within the failure window put a failing service into quarantine.
const moveLimit = 4

func (p *pass) recentMoves(st cluster.Stack, window time.Duration) int {
	count := 0
	for _, t := range st.Moves {
		if p.since(t) <= window {
			count++
		}
	}
	return count
}

func (p *pass) quarantine(stack cluster.StackSpec, spec cluster.ServiceSpec, node, fault string) {
	p.commit(spec.Name+" moved too often: quarantine", cluster.Decision{Service: &cluster.ServiceIs{Service: spec.Name, Quarantine: true, Failed: true}},
		event(cluster.Event{
			Type: cluster.EventServiceQuarantined, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentService,
			ComponentName: spec.Name, NodeName: node, StackName: stack.Name, Error: fault, Reaction: cluster.ReactedQuarantine,
			Result: cluster.ResultSucceeded, AlarmKey: AlarmQuarantine(spec.Name), Raise: cluster.SeverityCritical,
			Summary: fmt.Sprintf("service %s is quarantined: it made its stack move %d times; clear it when its cause is cured", spec.Name, moveLimit),
		}))
}

// noStandby keeps restarting where the service is, ever more slowly, and says once that nobody could take it.
func (p *pass) noStandby(stack cluster.StackSpec, spec cluster.ServiceSpec, node, fault string, in cluster.InstanceReport, known cluster.Instance, st cluster.Stack) {
	fresh := known.Failing.IsZero()
	if fresh {
		p.serviceFailed(stack, spec, node, fault, in, known, cluster.ReactedRestart)
	}
	_, reason := p.standby(stack)
	p.blocked(stack, st, cluster.Cause{
		ComponentType: cluster.ComponentService, ComponentName: spec.Name, NodeName: node, Reaction: cluster.ReactedRestart,
		Error: fmt.Sprintf("service %s failed on %s: %s", spec.Name, node, fault), Began: p.began(in, known),
	}, reason)
	policy := p.State.Services[spec.Name].Policy
	if !fresh && p.sinceLastTry(known) > restartPause(p.recentRestarts(known, policy)-policy.RestartLimit) {
		p.restart(stack, spec, node, fault, in, known)
	}
}

// recovered ends a failure: the service answers again.
func (p *pass) recovered(stack cluster.StackSpec, spec cluster.ServiceSpec, node string, in cluster.InstanceReport, known cluster.Instance) {
	e := cluster.Event{
		Type: cluster.EventServiceRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentService,
		ComponentName: spec.Name, NodeName: node, StackName: stack.Name, Epoch: in.Epoch, Error: known.Error,
		Reaction: cluster.ReactedRecover, Result: cluster.ResultSucceeded, Duration: p.since(known.Failing),
		AlarmKey: AlarmService(spec.Name, node), Clear: true,
		Summary: fmt.Sprintf("service %s answers again on %s", spec.Name, node),
	}
	if !lastOf(known.Recent).Before(known.Failing) && len(known.Recent) > 0 {
		e.Type, e.Reaction = cluster.EventServiceRestarted, cluster.ReactedRestart
		e.Summary = fmt.Sprintf("service %s was restarted on %s and answers after %s", spec.Name, node, round(e.Duration))
	}
	p.commit(spec.Name+" answers again on "+node, p.observed(spec, node, in, false, ""), event(e))
}
