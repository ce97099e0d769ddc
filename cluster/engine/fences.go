package engine

import (
	"fmt"
	"time"

	"hawser/cluster"
)

// intent makes an intent against the boot that the log knows, if policy allows one now: fewer than half of the nodes under
// fence at once (A19), one at a time against a node, and a pause after a fence that failed.
func (p *pass) intent(node, reason string, began time.Time) (cluster.Fence, bool) {
	last := p.State.Fences[node]
	if last.Open(p.Now) || p.intents[node] || p.joined[node] {
		return cluster.Fence{}, false
	}
	if p.underFence()+len(p.intents) >= max(1, (len(p.State.Spec.Nodes)-1)/2) {
		return cluster.Fence{}, false
	}
	attempts := 0
	if last.ID != 0 && p.since(last.Ended) < p.Config.CycleWindow {
		attempts = last.Attempts
	}
	if last.Done && !last.Off && last.Boot == p.State.Nodes[node].Boot && p.since(last.Ended) < pause(attempts) {
		return cluster.Fence{}, false
	}
	p.intents[node] = true
	return cluster.Fence{
		ID:   (p.State.Applied+1)<<4 | uint64(len(p.intents)), // two intents of one step are two
		Node: node, Boot: p.State.Nodes[node].Boot, Executor: p.Self, Reason: reason,
		Began: began, Intent: p.Now, Deadline: p.Now.Add(p.Config.FenceDeadline), Attempts: attempts,
	}, true
}

// underFence counts open intents; at least one is always allowed.
func (p *pass) underFence() int {
	count := 0
	for _, f := range p.State.Fences {
		if f.Open(p.Now) {
			count++
		}
	}
	return count
}

// pause is the wait before the next attempt: 1 s, 2 s, 4 s ... 60 s.
func pause(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts-1, 0), 6), time.Minute)
}

// fences carries out the intents of this leader and switches machines on again.
func (p *pass) fences() {
	for _, spec := range p.State.Spec.Nodes {
		f, ok := p.State.Fences[spec.Name]
		if !ok {
			continue
		}
		switch {
		case f.Open(p.Now):
			if f.Executor == p.Self && !p.Fencing[f.ID] {
				p.actions = append(p.actions, Action{Why: "fence " + f.Node + ": " + f.Reason, Fence: &f})
			}
		case f.Done && f.Off && !f.Powered && p.State.Nodes[f.Node].State == cluster.NodeFenced:
			p.cycle(f)
		}
	}
}

// cycle switches a fenced machine on again, unless that was done too often lately: then a person must look.
func (p *pass) cycle(f cluster.Fence) {
	switch {
	case p.Config.AfterFence != AfterFenceCycle || p.PoweringOn[f.Node]:
	case f.Attempts <= p.Config.CycleLimit:
		p.actions = append(p.actions, Action{Why: "switch " + f.Node + " on again", PowerOn: f.Node})
	case !p.standing(AlarmCycle(f.Node)):
		p.commit(f.Node+" stays off", event(cluster.Event{
			Type: cluster.EventNodeFailed, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentNode,
			ComponentName: f.Node, NodeName: f.Node, Reaction: cluster.ReactedNone, Result: cluster.ResultNotDone,
			Error:    fmt.Sprintf("%d fences in a row, each within %s of the one before", f.Attempts, p.Config.CycleWindow),
			AlarmKey: AlarmCycle(f.Node), Raise: cluster.SeverityCritical,
			Summary: "node " + f.Node + " stays off: it was fenced too often; find the cause, then switch it on",
		}))
	}
}

// FenceEnded is what to commit when the intent was carried out: err is nil only if Off was confirmed by a second, uncached
// read (S2 b).
func FenceEnded(s *cluster.State, f cluster.Fence, now time.Time, err error) []cluster.Decision {
	if known := s.Fences[f.Node]; known.ID != f.ID || known.Done {
		return nil // too late: its deadline had passed, and the node was taken back
	}
	took := now.Sub(f.Intent)
	if err == nil {
		out := []cluster.Decision{
			{Fenced: &cluster.Fenced{Node: f.Node, ID: f.ID, Off: true}},
			event(cluster.Event{
				Type: cluster.EventNodeFenced, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentNode,
				ComponentName: f.Node, NodeName: f.Node, Error: f.Reason, Reaction: cluster.ReactedFence,
				Result: cluster.ResultSucceeded, Duration: took, AlarmKey: AlarmNode(f.Node), Raise: cluster.SeverityMajor,
				Summary: fmt.Sprintf("node %s is off, confirmed by its BMC in %s", f.Node, took.Round(time.Millisecond)),
			}),
		}
		for _, a := range s.Alarms {
			if a.Key == AlarmFence(f.Node) {
				out = append(out, event(overEvent(a, "is off at last, confirmed by its BMC")))
			}
		}
		return out
	}
	e := cluster.Event{
		Type: cluster.EventFenceFailed, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentNode,
		ComponentName: f.Node, NodeName: f.Node, Error: err.Error(), Reaction: cluster.ReactedFence,
		Result: cluster.ResultFailed, Duration: took, AlarmKey: AlarmFence(f.Node), Raise: cluster.SeverityCritical,
		Summary: "fence of " + f.Node + " failed: its services stay blocked until it is proven off",
	}
	out := []cluster.Decision{{Fenced: &cluster.Fenced{Node: f.Node, ID: f.ID, Error: err.Error()}}}
	if standing(s, e.AlarmKey) {
		return out // said already
	}
	return append(out, event(e))
}
