package engine

import (
	"fmt"
	"slices"

	"hawser/cluster"
)

// observe carries what the nodes report of their instances over into the log, where it differs, and clears the alarms of
// instances that are not to run any more.
func (p *pass) observe() {
	var out []cluster.Decision
	for _, n := range p.State.Spec.Nodes {
		v, node := p.Nodes[n.Name], p.State.Nodes[n.Name]
		if v.Report == nil || v.Report.Boot != node.Boot || v.Report.Incarnation != node.Incarnation || node.State == cluster.NodeFenced {
			continue
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
	failing := !known.Failing.IsZero()
	if failing && in.RestartDone < known.Restart && in.State == cluster.InstanceActive {
		return nil // it has not seen the restart order yet
	}
	over := failing && !p.shouldRun(spec, node) && (in.State == cluster.InstanceStandby || in.State == cluster.InstanceStopped)
	same := known.State == in.State && known.Probe == in.Probe && known.Epoch == in.Epoch // the message may change with each probe
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

// links records the links' states as their ends see them. A link to a node that is silent on all links is not a fault of
// the link.
func (p *pass) links() {
	for _, n := range p.State.Spec.Nodes {
		v := p.Nodes[n.Name]
		if v.Report == nil || v.Suspect {
			continue
		}
		for _, l := range v.Report.Links {
			p.link(l)
		}
	}
}

func (p *pass) link(l cluster.LinkLive) {
	key := cluster.LinkKey(l.Node, l.Peer, l.Index)
	known := p.State.Links[key]
	if l.State == 0 || l.State == known {
		return
	}
	decisions := []cluster.Decision{{Link: &cluster.LinkIs{Node: l.Node, Peer: l.Peer, Index: l.Index, State: l.State}}}
	standing := slices.ContainsFunc(p.alarmKeys(), func(k string) bool { return k == AlarmLink(key) })
	switch peer := p.Nodes[l.Peer]; {
	case l.State == cluster.LinkDown && known == cluster.LinkUp && !peer.Suspect && p.otherLinkUp(l):
		decisions = append(decisions, event(linkEvent(l, key, cluster.EventLinkDown)))
	case l.State == cluster.LinkUp && standing:
		decisions = append(decisions, event(linkEvent(l, key, cluster.EventLinkUp)))
	}
	p.commit(fmt.Sprintf("link %s is %s", key, l.State), decisions...)
}

// otherLinkUp says whether the same pair is connected by another link.
func (p *pass) otherLinkUp(l cluster.LinkLive) bool {
	for _, o := range p.Nodes[l.Node].Report.Links {
		if o.Peer == l.Peer && o.Index != l.Index && o.State == cluster.LinkUp {
			return true
		}
	}
	return false
}

func (p *pass) alarmKeys() []string {
	keys := make([]string, 0, len(p.State.Alarms))
	for _, a := range p.State.Alarms {
		keys = append(keys, a.Key)
	}
	return keys
}

func linkEvent(l cluster.LinkLive, key string, kind cluster.EventType) cluster.Event {
	e := cluster.Event{
		Type: kind, Severity: cluster.SeverityMinor, ComponentType: cluster.ComponentLink, ComponentName: key, NodeName: l.Node,
		Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, AlarmKey: AlarmLink(key), Raise: cluster.SeverityMinor,
		Error: fmt.Sprintf("%s hears nothing from %s on link %d", l.Node, l.Peer, l.Index), Summary: "link " + key + " is down; another link carries the beats",
	}
	if kind == cluster.EventLinkUp {
		e.Severity, e.Raise, e.Clear, e.Summary = cluster.SeverityInfo, 0, true, "link "+key+" is up again"
		e.Error = ""
	}
	return e
}
