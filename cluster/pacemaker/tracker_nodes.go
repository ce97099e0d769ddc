package pacemaker

import (
	"cmp"
	"fmt"
	"time"

	"hawser/cluster"
)

// nodes tells who went, who was fenced, who is back.
func (t *Tracker) nodes() {
	for _, n := range t.v.Nodes {
		fences := t.newFences(n.Name)
		away := !n.Online || n.Unclean
		if t.losses[n.Name] == nil && (away || len(fences) > 0 && fences[len(fences)-1].Status == "success") {
			t.lost(n, len(fences) > 0)
		}
		for _, f := range fences {
			t.fenced(n, f)
		}
		if !away && !n.Pending {
			t.back(n)
		}
	}
}

// newFences are the ended fencings of a node that were not seen before.
func (t *Tracker) newFences(node string) (out []Fencing) {
	for _, f := range t.v.Fences {
		if f.Target != node || f.Status == "pending" || f.Action == "on" || t.fences[f.id()] {
			continue
		}
		t.fences[f.id()] = true
		out = append(out, f)
	}
	return out
}

// lost opens the story of a node that is away: it left as it was told to, or it failed.
func (t *Tracker) lost(n Node, fenced bool) {
	l := &loss{since: t.now, reason: t.why(n)}
	if fenced && t.prev != nil {
		l.since = t.prevAt // it went and was fenced since then: durations are what they are at most
	}
	t.losses[n.Name] = l
	e := cluster.Event{
		Type: cluster.EventNodeFailed, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentNode, ComponentName: n.Name,
		NodeName: n.Name, Error: l.reason, Reaction: cluster.ReactedFence, Result: cluster.ResultPending, AlarmKey: keyNode + n.Name,
		Raise: cluster.SeverityCritical, Summary: fmt.Sprintf("node %s failed: %s", n.Name, l.reason),
	}
	switch {
	case !n.Online && !n.Unclean && !n.ExpectedUp && !fenced:
		l.reason = "it was shut down"
		e.Severity, e.Raise, e.Reaction, e.Result, e.Error = cluster.SeverityWarning, cluster.SeverityWarning, cluster.ReactedNone, cluster.ResultSucceeded, l.reason
		e.Summary = "node " + n.Name + " left the cluster: it was shut down"
		t.tell(Happening{What: NodeLeft, Node: n.Name, Event: e})
		return
	case !t.v.Stonith:
		e.Reaction, e.Result = cluster.ReactedNone, cluster.ResultNotDone
		e.Summary += "; it is not fenced, because stonith-enabled is false: what runs there is not known"
	}
	t.tell(Happening{What: NodeLost, Node: n.Name, Event: e})
}

// why says what is known of the reason: a stop that failed there, or silence.
func (t *Tracker) why(n Node) string {
	for _, f := range t.faults {
		if f.op.Node == n.Name && f.op.Task == taskStop {
			return fmt.Sprintf("%s could not be stopped: %s", f.op.Resource, faultText(f.op))
		}
	}
	for _, f := range t.faults {
		if r, ok := t.v.Resource(f.op.Resource); ok && f.op.Node == n.Name && r.OnFail == "fence" {
			return fmt.Sprintf("%s failed: %s", f.op.Resource, faultText(f.op))
		}
	}
	if n.Online {
		return "Pacemaker wants it fenced"
	}
	return "it left the cluster without being told to"
}

func (t *Tracker) fenced(n Node, f Fencing) {
	l := t.losses[n.Name]
	if l == nil {
		l = &loss{since: t.now, reason: "fencing was asked for"}
	}
	took := t.now.Sub(l.since)
	if f.Status != "success" {
		t.tell(Happening{Node: n.Name, Exact: !f.Completed.IsZero(), Event: cluster.Event{
			Type: cluster.EventFenceFailed, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentNode, ComponentName: n.Name,
			NodeName: n.Name, Time: f.Completed, Error: cmp.Or(f.Reason, "the fence device failed"), Reaction: cluster.ReactedFence,
			Result: cluster.ResultFailed, Duration: took, AlarmKey: keyFence + n.Name, Raise: cluster.SeverityCritical,
			Summary: fmt.Sprintf("fencing of %s failed: %s; nothing moves until it is off", n.Name, cmp.Or(f.Reason, "the fence device failed")),
		}})
		return
	}
	l.fenced = true
	by := ""
	if f.By != "" {
		by = " by " + f.By
	}
	t.tell(Happening{What: NodeFenced, Node: n.Name, Took: took, Exact: true, Event: cluster.Event{
		Type: cluster.EventNodeFenced, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentNode, ComponentName: n.Name,
		NodeName: n.Name, Time: f.Completed, Error: l.reason, Reaction: cluster.ReactedFence, Result: cluster.ResultSucceeded, Duration: took,
		AlarmKey: keyNode + n.Name, Raise: cluster.SeverityMajor,
		Summary: fmt.Sprintf("node %s was fenced (%s%s) after %s: %s", n.Name, f.Action, by, round(took), l.reason),
	}})
}

func (t *Tracker) back(n Node) {
	l := t.losses[n.Name]
	if l == nil {
		return
	}
	delete(t.losses, n.Name)
	took := t.now.Sub(l.since)
	t.tell(Happening{What: NodeBack, Node: n.Name, Event: cluster.Event{
		Type: cluster.EventNodeRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentNode, ComponentName: n.Name,
		NodeName: n.Name, Error: l.reason, Reaction: cluster.ReactedRecover, Result: cluster.ResultSucceeded, Duration: took,
		AlarmKey: keyNode + n.Name, Clear: true, Summary: fmt.Sprintf("node %s is back after %s", n.Name, round(took)),
	}})
}

func round(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}
