package engine

import (
	"fmt"
	"time"

	"hawser/cluster"
)

// joins takes nodes in that report from a boot or daemon that the log does not know yet, or that came back. Only the
// report of the daemon that is heard now counts: an older one may still lie here (A1).
func (p *pass) joins() {
	for _, spec := range p.State.Spec.Nodes {
		v, n := p.Nodes[spec.Name], p.State.Nodes[spec.Name]
		fresh := v.Report != nil && v.Report.Boot == v.Boot && v.Report.Incarnation == v.Incarnation
		switch {
		case v.Suspect || v.Boot == "" || v.Leaving || (fresh && v.Report.Leaving):
		case n.State == cluster.NodeFenced && v.Boot == n.Boot:
			p.fenceLied(spec.Name)
		case p.State.Fences[spec.Name].Open(p.Now): // S4: while a fence may still strike it does not join
		case v.Boot != n.Boot || v.Incarnation != n.Incarnation:
			p.newcomer(spec, n, fresh)
		case !fresh:
		case n.State == cluster.NodeOffline || n.State == cluster.NodeUnknown || n.State == cluster.NodeSuspect:
			p.heardAgain(spec.Name, n)
		case n.State != admitted(n):
			p.commit(spec.Name+" follows its admin state", nodeIs(spec.Name, admitted(n)))
		}
	}
}

// newcomer takes another boot or daemon in, once it is clean (S9). Until then the node takes no part: what the log says
// of its former daemon is not true any more.
func (p *pass) newcomer(spec cluster.NodeSpec, n cluster.Node, fresh bool) {
	v := p.Nodes[spec.Name]
	switch {
	case fresh && v.Report.Clean && (v.Boot != n.Boot || v.Incarnation > n.Incarnation):
		p.join(spec, v.Report)
	case takesPart(n) && p.renewed(spec.Name):
		p.commit(spec.Name+" has a new daemon that is not ready yet", nodeIs(spec.Name, cluster.NodeSuspect))
	}
}

// takesPart says whether the log counts the node in.
func takesPart(n cluster.Node) bool {
	return n.State == cluster.NodeOnline || n.State == cluster.NodeStandby || n.State == cluster.NodeMaintenance
}

func (p *pass) heardAgain(node string, n cluster.Node) {
	away := p.since(n.Since)
	p.commit(node+" is heard again", nodeIs(node, admitted(n)), event(cluster.Event{
		Type: cluster.EventNodeRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentNode,
		ComponentName: node, NodeName: node, Reaction: cluster.ReactedRecover, Result: cluster.ResultSucceeded,
		Duration: away, AlarmKey: AlarmNode(node), Clear: true,
		Summary: fmt.Sprintf("node %s is heard again after %s", node, round(away)),
	}))
}

func nodeIs(node string, state cluster.NodeState) cluster.Decision {
	return cluster.Decision{NodeIs: &cluster.NodeIs{Node: node, State: state}}
}

// admitted is the state of a node that takes part, by what the operator asks of it.
func admitted(n cluster.Node) cluster.NodeState {
	switch n.Admin {
	case cluster.NodeAdminStandby:
		return cluster.NodeStandby
	case cluster.NodeAdminMaintenance:
		return cluster.NodeMaintenance
	}
	return cluster.NodeOnline
}

func (p *pass) join(spec cluster.NodeSpec, r *cluster.Report) {
	n := p.State.Nodes[spec.Name]
	var away time.Duration
	if n.Boot != "" {
		away = p.since(n.Since)
	}
	p.joined[spec.Name] = true
	why := restarted(n, r)
	decisions := []cluster.Decision{{Join: &cluster.Join{
		Node: spec.Name, Boot: r.Boot, Incarnation: r.Incarnation, MachineUUID: r.MachineUUID, Version: r.Version,
		EngineID: r.EngineID, BootTime: r.BootTime, Emulated: r.Emulated, State: admitted(n),
	}}, event(cluster.Event{
		Type: cluster.EventNodeRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentNode,
		ComponentName: spec.Name, NodeName: spec.Name, Reaction: cluster.ReactedRecover, Result: cluster.ResultSucceeded,
		Duration: away, AlarmKey: AlarmNode(spec.Name), Clear: true, Error: why,
		Summary: "node " + spec.Name + " joined the cluster",
	})}
	for _, st := range p.State.Spec.Stacks {
		decisions = append(decisions, p.startsAnew(st, spec.Name, why)...)
	}
	p.commit(spec.Name+" joins", decisions...)
}

// startsAnew lets a stack start again where its primary's former daemon held it: the outage has a beginning, and its end is
// told.
func (p *pass) startsAnew(spec cluster.StackSpec, node, why string) []cluster.Decision {
	st, n, f := p.State.Stacks[spec.Name], p.State.Nodes[node], p.State.Fences[node]
	if st.Primary != node || st.Phase != cluster.PhaseIdle || !p.heldBy(spec, node) {
		return nil
	}
	p.moved[spec.Name] = true
	cause := cluster.Cause{
		ComponentType: cluster.ComponentNode, ComponentName: node, NodeName: node, Error: why, Reaction: cluster.ReactedRecover, Began: p.Now,
	}
	switch {
	case !st.Cause.Began.IsZero():
		cause.Began = st.Cause.Began
	case !takesPart(n) && f.Boot == n.Boot && !f.Off && f.Began.Before(n.Since):
		cause.Began = f.Began
	case !takesPart(n):
		cause.Began = n.Since
	}
	return []cluster.Decision{{Move: &cluster.Move{
		Stack: spec.Name, Primary: node, Target: node, Phase: cluster.PhaseStarting, Cause: cause,
	}}}
}

// restarted says what happened to the node that the log knew; empty: it was not there before.
func restarted(n cluster.Node, r *cluster.Report) string {
	switch {
	case n.Boot == "" || n.State == cluster.NodeFenced:
		return ""
	case n.Boot == r.Boot:
		return "its daemon was restarted; what ran under the former one was stopped"
	}
	return "its machine was restarted"
}

// fenceLied reports a machine that was confirmed Off and speaks (A13). It stays out until it comes with a new boot id. A
// beat that was under way when Off was confirmed proves nothing.
func (p *pass) fenceLied(node string) {
	const underWay = time.Second
	last := p.Now.Add(-p.Nodes[node].Silent)
	if !last.After(p.State.Fences[node].Ended.Add(underWay)) || p.standing(AlarmFence(node)) {
		return
	}
	p.commit(node+" speaks after its BMC said Off", event(cluster.Event{
		Type: cluster.EventFenceFailed, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentNode,
		ComponentName: node, NodeName: node, Error: "beats of the boot that was confirmed Off are heard: the BMC lies or is another machine's",
		Reaction: cluster.ReactedFence, Result: cluster.ResultFailed, AlarmKey: AlarmFence(node), Raise: cluster.SeverityCritical,
		Summary: "fence of " + node + " is void: it still speaks; check which machine its BMC address belongs to",
	}))
}

// leavers lets a node go whose daemon was stopped by an operator, when nothing is held there any more.
func (p *pass) leavers() {
	for _, spec := range p.State.Spec.Nodes {
		v, n := p.Nodes[spec.Name], p.State.Nodes[spec.Name]
		if !p.leaving(spec.Name) || p.holds(spec.Name) || n.State == cluster.NodeOffline || n.State == cluster.NodeFenced {
			continue
		}
		if !v.Suspect {
			continue // it is still saying goodbye
		}
		p.commit(spec.Name+" left", nodeIs(spec.Name, cluster.NodeOffline), event(cluster.Event{
			Type: cluster.EventNodeFailed, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentNode,
			ComponentName: spec.Name, NodeName: spec.Name, Error: "its daemon was stopped", Reaction: cluster.ReactedNone,
			Result: cluster.ResultSucceeded, AlarmKey: AlarmNode(spec.Name), Raise: cluster.SeverityWarning,
			Summary: "node " + spec.Name + " left: its daemon was stopped after its services had",
		}))
	}
}

// leaving says whether the present boot of a node says goodbye.
func (p *pass) leaving(node string) bool {
	v, n := p.Nodes[node], p.State.Nodes[node]
	return v.Leaving && v.Boot == n.Boot && v.Incarnation == n.Incarnation
}

// holds says whether a once-only service may still run on the node.
func (p *pass) holds(node string) bool {
	for _, sv := range p.State.Services {
		if sv.Holder.Node == node {
			return true
		}
	}
	return false
}

// failures finds the nodes that fell silent.
func (p *pass) failures() {
	for _, spec := range p.State.Spec.Nodes {
		if p.failed(spec.Name) && !p.State.Fences[spec.Name].Open(p.Now) {
			p.nodeFailed(spec)
		}
	}
}

// failed says whether a node that took part is silent for everyone, and that is not expected.
func (p *pass) failed(node string) bool {
	v, n := p.Nodes[node], p.State.Nodes[node]
	if node == p.Self || n.ReservedBy != "" || n.Admin == cluster.NodeAdminMaintenance {
		return false
	}
	if n.Boot == "" || n.State == cluster.NodeFenced || (n.State == cluster.NodeOffline && !p.holds(node)) {
		return false
	}
	if !v.Suspect {
		return p.neverReady(node) || p.mute(node)
	}
	if p.leaving(node) && !p.holds(node) {
		return false
	}
	if !v.Heard && v.Silent < p.Config.StartGrace {
		return false // a new daemon has not listened for long enough
	}
	return !v.HeardByPeers || v.Silent > p.patience(node)
}

// neverReady says whether a restarted daemon cannot take over or stop what the former one left (S5, S9): the node counts
// as failed, because nobody knows what runs there.
func (p *pass) neverReady(node string) bool {
	n := p.State.Nodes[node]
	return p.renewed(node) && n.State == cluster.NodeSuspect && p.holds(node) && p.since(n.Since) > p.Config.StartGrace
}

// mute says whether a node that beats has not renewed for longer than its leases last: its services have stopped (S3), and
// only a fence proves it (S2 b).
func (p *pass) mute(node string) bool {
	v, n := p.Nodes[node], p.State.Nodes[node]
	if v.Boot != n.Boot || v.Incarnation != n.Incarnation || !p.holds(node) {
		return false
	}
	lease := p.patience(node)
	return v.Unanswered > lease+lease/100+time.Second
}

// patience is how long a node may be silent towards the leader alone: its leases end meanwhile (S3).
func (p *pass) patience(node string) time.Duration {
	longest := 2 * time.Second
	for _, st := range p.State.Spec.Stacks {
		for _, sv := range st.Services {
			if p.State.Services[sv.Name].Holder.Node == node {
				longest = max(longest, sv.Lease())
			}
		}
	}
	return longest
}

func (p *pass) nodeFailed(spec cluster.NodeSpec) {
	v := p.Nodes[spec.Name]
	gone := v.Silent
	reason := fmt.Sprintf("no beat on any link for %s", round(gone))
	switch {
	case !v.Suspect && p.mute(spec.Name):
		gone = v.Unanswered
		reason = fmt.Sprintf("beats are heard, but no renewal for %s: its leases have run out", round(gone))
	case !v.Suspect:
		gone = p.since(p.State.Nodes[spec.Name].Since)
		reason = fmt.Sprintf("its restarted daemon was not ready within %s", round(gone))
	}
	failed := cluster.Event{
		Type: cluster.EventNodeFailed, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentNode,
		ComponentName: spec.Name, NodeName: spec.Name, Error: reason, Reaction: cluster.ReactedFence, Duration: gone,
		Result: cluster.ResultPending, AlarmKey: AlarmNode(spec.Name), Raise: cluster.SeverityCritical,
		Summary: fmt.Sprintf("node %s failed: %s", spec.Name, reason),
	}
	if !v.FencePath {
		p.unfenceable(spec.Name, failed)
		return
	}
	f, ok := p.intent(spec.Name, reason, p.Now.Add(-gone))
	if !ok {
		return
	}
	var decisions []cluster.Decision
	if p.State.Nodes[spec.Name].State != cluster.NodeSuspect {
		decisions = append(decisions, nodeIs(spec.Name, cluster.NodeSuspect))
	}
	if !p.standing(AlarmNode(spec.Name)) { // told once, however many attempts the fence takes
		decisions = append(decisions, event(failed))
	}
	// The intent comes last: should only a part of this be committed, the rest is decided again.
	p.commit(spec.Name+" failed: fence it", append(decisions, cluster.Decision{Intent: &f})...)
}

// unfenceable marks a silent node offline; what it holds stays blocked until it speaks, or a person confirms it Off (S2).
func (p *pass) unfenceable(node string, failed cluster.Event) {
	if p.State.Nodes[node].State == cluster.NodeOffline {
		return
	}
	failed.Reaction, failed.Result = cluster.ReactedNone, cluster.ResultNotDone
	failed.Error += "; there is no way to fence it"
	decisions := []cluster.Decision{nodeIs(node, cluster.NodeOffline)}
	if !p.standing(AlarmNode(node)) {
		decisions = append(decisions, event(failed))
	}
	p.commit(node+" fell silent and cannot be fenced", decisions...)
}

// round makes a duration readable.
func round(d time.Duration) time.Duration {
	if d > 10*time.Second {
		return d.Round(time.Second)
	}
	return d.Round(10 * time.Millisecond)
}
