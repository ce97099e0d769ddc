package pacemaker

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hawser/cluster"
)

// failures opens a fault for each failed operation that was not seen before.
func (t *Tracker) failures() {
	for _, o := range t.v.Failed {
		if t.ops[o.id()] {
			continue
		}
		t.ops[o.id()] = true
		r, ok := t.v.Resource(o.Resource)
		if !ok {
			continue
		}
		key := cluster.InstanceKey(o.Resource, o.Node)
		since := t.now
		if old := t.faults[key]; old != nil && !old.told {
			since = old.since
		}
		t.faults[key] = &fault{op: o, since: since, told: t.prev == nil} // what is found at the beginning is told once
		t.tell(Happening{What: ServiceFailed, Node: o.Node, Service: o.Resource, Exact: true, Event: cluster.Event{
			Type: cluster.EventServiceFailed, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentService,
			ComponentName: o.Resource, NodeName: o.Node, StackName: t.stackOf(o.Resource), Time: o.Changed, Error: faultText(o),
			Reaction: t.expected(r, o), Result: cluster.ResultPending, AlarmKey: keyService + key, Raise: cluster.SeverityMajor,
			Summary: fmt.Sprintf("service %s failed on %s: %s", o.Resource, o.Node, faultText(o)),
		}})
	}
	// What Pacemaker has forgotten (cleanup) may come again.
	known := map[string]bool{}
	for _, o := range t.v.Failed {
		known[o.id()] = true
	}
	maps.DeleteFunc(t.ops, func(id string, _ bool) bool { return !known[id] })
}

// expected is what Pacemaker does about a failed operation, by its configuration; what it did the next event tells.
func (t *Tracker) expected(r Resource, o Op) cluster.EventReaction {
	onFail := r.OnFail
	if o.Task == taskStop {
		onFail = r.OnStopFail
		if onFail == "" && t.v.Stonith {
			onFail = "fence"
		}
	}
	switch {
	case onFail == "fence":
		return cluster.ReactedFence
	case onFail == "ignore":
		return cluster.ReactedIgnore
	case onFail == "block" || o.Task == taskStop:
		return cluster.ReactedNone
	case r.banned(o.Node) && r.Clone == "":
		return cluster.ReactedFailover
	case r.banned(o.Node):
		return cluster.ReactedNone
	}
	return cluster.ReactedRestart
}

// resolve tells how faults ended.
func (t *Tracker) resolve() {
	for _, key := range slices.Sorted(maps.Keys(t.faults)) {
		f := t.faults[key]
		r, ok := t.v.Resource(f.op.Resource)
		switch {
		case !ok:
			delete(t.faults, key) // it was removed from the configuration
		case t.losses[f.op.Node] != nil:
			if r.Clone != "" || r.ActiveOn() != "" && r.ActiveOn() != f.op.Node && t.stackOf(r.ID) == "" {
				delete(t.faults, key) // the node's own story goes on; a stack tells of its move
			}
		case t.works(r, f.op.Node):
			t.ended(key, f, r)
		case r.Clone == "" && r.ActiveOn() != "" && r.ActiveOn() != f.op.Node:
			// It moved: told by its stack when that is complete, unless it is there already, or there is none.
			if f.told || t.quiet() || !r.Service() {
				t.recovered(key, f, r.ActiveOn())
			}
		case r.On(f.op.Node).Blocked && !f.told:
			t.stuck(f, cluster.ResultFailed, "blocked: it may run still, and Pacemaker does nothing about it until it is cleaned up")
		case t.quiet() && !f.told && !t.v.Maintenance:
			t.stuck(f, cluster.ResultNotDone, t.noPlace(r, f.op.Node))
		}
	}
}

func (t *Tracker) noPlace(r Resource, node string) string {
	if r.banned(node) {
		return fmt.Sprintf("Pacemaker does not start it on %s again (fail count %s), and has no other place for it", node, countText(r.FailCounts[node]))
	}
	return "Pacemaker does nothing about it"
}

// works says whether an instance serves, and is at rest.
func (t *Tracker) works(r Resource, node string) bool {
	p := r.On(node)
	if p.Failed || p.Blocked || p.moving() {
		return false
	}
	switch stateOf(r, p) {
	case cluster.InstanceActive, cluster.InstanceStandby:
		return true
	}
	return false
}

// ended tells that a service works again where it failed: restarted if it was started since, else by itself.
func (t *Tracker) ended(key string, f *fault, r Resource) {
	start := r.lastOp(f.op.Node, taskStart, taskPromote)
	if start.Call <= f.op.Call || start.RC != rcOK {
		if last := r.lastOp(f.op.Node, taskMonitor); last.Call <= f.op.Call && last.RC != rcOK && last.RC != rcPromoted {
			return // the failed monitor is the last word
		}
		t.recovered(key, f, f.op.Node)
		return
	}
	delete(t.faults, key)
	took := t.took(f.since, r, f.op.Node)
	t.tell(Happening{What: ServiceBack, Node: f.op.Node, Service: r.ID, Event: cluster.Event{
		Type: cluster.EventServiceRestarted, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentService, ComponentName: r.ID,
		NodeName: f.op.Node, StackName: t.stackOf(r.ID), Error: faultText(f.op), Reaction: cluster.ReactedRestart,
		Result: cluster.ResultSucceeded, Duration: took, AlarmKey: keyService + key, Clear: true,
		Summary: fmt.Sprintf("service %s was restarted on %s and works after %s", r.ID, f.op.Node, round(took)),
	}})
}

// took is the time since a fault was seen, or, if its end was seen at the same time, what stop and start took.
func (t *Tracker) took(since time.Time, r Resource, node string) time.Duration {
	if d := t.now.Sub(since); d > 0 {
		return d
	}
	return r.lastOp(node, taskStop).Took + r.lastOp(node, taskStart).Took
}

func (t *Tracker) recovered(key string, f *fault, node string) {
	delete(t.faults, key)
	t.tell(Happening{Node: node, Service: f.op.Resource, Event: cluster.Event{
		Type: cluster.EventServiceRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentService,
		ComponentName: f.op.Resource, NodeName: node, StackName: t.stackOf(f.op.Resource), Error: faultText(f.op),
		Reaction: cluster.ReactedRecover, Result: cluster.ResultSucceeded, Duration: t.now.Sub(f.since), AlarmKey: keyService + key, Clear: true,
		Summary: fmt.Sprintf("service %s works again, on %s", f.op.Resource, node),
	}})
}

// stuck tells that nothing, or nothing more, is done about a fault.
func (t *Tracker) stuck(f *fault, result cluster.EventResult, why string) {
	f.told = true
	t.tell(Happening{Node: f.op.Node, Service: f.op.Resource, Event: cluster.Event{
		Type: cluster.EventFailoverFailed, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentService,
		ComponentName: f.op.Resource, NodeName: f.op.Node, StackName: t.stackOf(f.op.Resource), Error: faultText(f.op),
		Reaction: cluster.ReactedNone, Result: result, Duration: t.now.Sub(f.since),
		AlarmKey: keyService + cluster.InstanceKey(f.op.Resource, f.op.Node), Raise: cluster.SeverityMajor,
		Summary: fmt.Sprintf("service %s on %s: %s", f.op.Resource, f.op.Node, why),
	}})
}

func (t *Tracker) stackOf(service string) string {
	_, st, _ := t.spec.Service(service)
	return st.Name
}
