package engine

import (
	"fmt"
	"time"

	"hawser/cluster"
)

// linkSettle is how long a link must be down, and the other one up, before that is told: the links of a node that dies or
// comes back do not change in the same moment.
const linkSettle = time.Second

// links records the links' states as their ends see them. A link to a node that is silent on all links is not a fault of
// the link.
func (p *pass) links() {
	for _, n := range p.State.Spec.Nodes {
		v := p.Nodes[n.Name]
		if v.Report == nil || v.Suspect || v.Report.Boot != p.State.Nodes[n.Name].Boot || !takesPart(p.State.Nodes[n.Name]) {
			continue
		}
		for _, l := range v.Report.Links {
			p.link(v.Report, l)
		}
	}
}

func (p *pass) link(r *cluster.Report, l cluster.LinkLive) {
	key := cluster.LinkKey(l.Node, l.Peer, l.Index)
	var decisions []cluster.Decision
	if l.State != 0 && l.State != p.State.Links[key] {
		decisions = append(decisions, cluster.Decision{Link: &cluster.LinkIs{Node: l.Node, Peer: l.Peer, Index: l.Index, State: l.State}})
	}
	told := p.standing(AlarmLink(key))
	switch carries := l.State == cluster.LinkUp || l.State == cluster.LinkLossy; {
	case carries && told:
		decisions = append(decisions, event(linkEvent(l, key, cluster.EventLinkUp)))
	case l.State == cluster.LinkDown && !told && settled(r, l) && !p.Nodes[l.Peer].Suspect && takesPart(p.State.Nodes[l.Peer]) && otherLinkUp(r, l):
		decisions = append(decisions, event(linkEvent(l, key, cluster.EventLinkDown)))
	}
	if len(decisions) > 0 {
		p.commit(fmt.Sprintf("link %s is %s", key, l.State), decisions...)
	}
}

// settled says whether the link has been as it is for a while, by the clock of the node that reports it.
func settled(r *cluster.Report, l cluster.LinkLive) bool {
	return r.Clock.Sub(l.LastChange) >= linkSettle
}

// otherLinkUp says whether the same pair is connected by another link.
func otherLinkUp(r *cluster.Report, l cluster.LinkLive) bool {
	for _, o := range r.Links {
		if o.Peer == l.Peer && o.Index != l.Index && o.State == cluster.LinkUp && settled(r, o) {
			return true
		}
	}
	return false
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
