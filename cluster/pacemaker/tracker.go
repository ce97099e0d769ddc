package pacemaker

import (
	"time"

	"hawser/cluster"
)

// still is how long the CIB must have been unchanged before what did not happen counts as not done. Pacemaker's own pauses
// between two actions are far below it.
const still = 3 * time.Second

// Tracker compares Views and tells what happened. It is pure: it is given the time, and decides nothing. The zero value is
// ready; the first View is its beginning, of which it tells only what is wrong.
type Tracker struct {
	prev    *View
	prevAt  time.Time
	changed time.Time // when the CIB's version was last seen to change
	ops     map[string]bool
	fences  map[string]bool
	faults  map[string]*fault // by cluster.InstanceKey
	losses  map[string]*loss  // by node
	places  map[string]*seat  // by stack
	out     []Happening
	now     time.Time
	v       *View
	spec    cluster.Spec
}

// fault is a failed operation whose end is not known yet.
type fault struct {
	op    Op
	since time.Time
	told  bool // that nothing comes of it
}

// loss is a node that is away.
type loss struct {
	since  time.Time
	reason string
	fenced bool
}

// seat is where a stack was complete.
type seat struct {
	node  string
	since time.Time // when it was seen to be complete no more; zero: it is complete
	told  bool      // that it has no place
}

// Step takes the next View and tells what happened since the last one, in the order in which it is to be recorded.
func (t *Tracker) Step(now time.Time, v *View, spec cluster.Spec) []Happening {
	first := t.prev == nil
	if first {
		t.begin(v)
	}
	t.out, t.now, t.v, t.spec = nil, now, v, spec
	if first || v.Version != t.prev.Version {
		t.changed = now
	}
	if !first {
		t.quorum()
		t.settings()
	}
	t.failures()
	t.nodes()
	t.resolve()
	t.stacks()
	for i := range t.out {
		t.out[i].Seen, t.out[i].OnlyNew = now, first
	}
	t.prev, t.prevAt = v, now
	return t.out
}

// busyFor bounds how long the end of something is watched closely.
const busyFor = time.Minute

// Open lists the alarm keys of the stories that are not at their end: their alarms are cleared by it, and by nobody else.
func (t *Tracker) Open() map[string]bool {
	out := map[string]bool{}
	for key := range t.faults {
		out[keyService+key] = true
	}
	for node := range t.losses {
		out[keyNode+node] = true
	}
	for stack, s := range t.places {
		out[keyStack+stack] = s.told
	}
	return out
}

// Busy says whether something is under way whose end is to be watched closely.
func (t *Tracker) Busy() bool {
	for _, f := range t.faults {
		if !f.told && t.now.Sub(f.since) < busyFor {
			return true
		}
	}
	for _, s := range t.places {
		if !s.since.IsZero() && !s.told && t.now.Sub(s.since) < busyFor {
			return true
		}
	}
	return false
}

// begin takes what is there as known, but what is wrong right now.
func (t *Tracker) begin(v *View) {
	t.ops, t.fences = map[string]bool{}, map[string]bool{}
	t.faults, t.losses, t.places = map[string]*fault{}, map[string]*loss{}, map[string]*seat{}
	for _, o := range v.Failed {
		if r, ok := v.Resource(o.Resource); ok {
			p := r.On(o.Node)
			t.ops[o.id()] = !p.Failed && !p.Blocked
		}
	}
	for _, f := range v.Fences {
		t.fences[f.id()] = true
	}
}

func (t *Tracker) tell(h Happening) {
	if h.Event.Time.IsZero() {
		h.Event.Time = t.now
	}
	t.out = append(t.out, h)
}

// quiet says whether the CIB has been still long enough to say that nothing more comes.
func (t *Tracker) quiet() bool { return t.now.Sub(t.changed) >= still }

func (t *Tracker) quorum() {
	if t.v.Quorate == t.prev.Quorate {
		return
	}
	e := cluster.Event{
		Type: cluster.EventQuorumLost, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentCluster,
		ComponentName: t.spec.Name, Error: "corosync's partition has no quorum", Reaction: cluster.ReactedNone,
		Result: cluster.ResultSucceeded, AlarmKey: keyQuorum, Raise: cluster.SeverityCritical,
		Summary: "quorum lost: Pacemaker acts by its no-quorum-policy",
	}
	if t.v.Quorate {
		e.Type, e.Severity, e.Error, e.Raise, e.Clear = cluster.EventQuorumRestored, cluster.SeverityInfo, "", 0, true
		e.Reaction, e.Summary = cluster.ReactedRecover, "quorum is back"
	}
	t.tell(Happening{Event: e})
}

// settings tells of standby, maintenance and the fencing switch, which operators set by Pacemaker's own tools.
func (t *Tracker) settings() {
	for _, n := range t.v.Nodes {
		was, ok := t.prev.Node(n.Name)
		if !ok {
			continue
		}
		if was.Standby != n.Standby {
			t.set(cluster.ComponentNode, n.Name, n.Name, map[bool]string{true: "is set to standby", false: "is back from standby"}[n.Standby])
		}
		if was.Maintenance != n.Maintenance {
			t.set(cluster.ComponentNode, n.Name, n.Name, map[bool]string{true: "is set to maintenance", false: "is back from maintenance"}[n.Maintenance])
		}
	}
	for _, r := range t.v.Resources {
		was, ok := t.prev.Resource(r.ID)
		if off := r.TargetRole == roleStopped; ok && off != (was.TargetRole == roleStopped) {
			t.set(cluster.ComponentService, r.ID, "", map[bool]string{true: "is disabled: Pacemaker keeps it stopped", false: "is enabled again"}[off])
		}
	}
	if t.prev.Maintenance != t.v.Maintenance {
		t.set(cluster.ComponentCluster, t.spec.Name, "", map[bool]string{true: "is set to maintenance: Pacemaker only watches", false: "is back from maintenance"}[t.v.Maintenance])
	}
}

func (t *Tracker) set(kind cluster.ComponentType, name, node, what string) {
	t.tell(Happening{Event: cluster.Event{
		Type: cluster.EventConfigChanged, Severity: cluster.SeverityInfo, ComponentType: kind, ComponentName: name, NodeName: node,
		Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, Setter: t.v.Changer,
		Summary: kind.String() + " " + name + " " + what + " (" + t.v.Changer + ")",
	}})
}

// The kinds of alarm keys; the rest of a key names the component.
const (
	keyNode    = "node/"
	keyFence   = "fence/"
	keyService = "service/"
	keyStack   = "stack/"
	keyQuorum  = "quorum"
	keyStonith = "stonith-enabled"
)
