package engine

import (
	"maps"
	"slices"
	"strings"

	"hawser/cluster"
)

// Why the fault of an alarm is over.
const (
	gone  = "is not in the configuration any more"
	again = "takes part again"
)

// The kinds of alarm keys that the engine raises; the rest of a key names the component.
const (
	keyNode       = "node"
	keyFence      = "fence"
	keyCycle      = "cycle"
	keyStack      = "stack"
	keyService    = "service"
	keyQuarantine = "quarantine"
	keyLink       = "link"
)

// AlarmNode is the key of the fault "node failed".
func AlarmNode(node string) string { return keyNode + "/" + node }

// AlarmFence is the key of the fault "cannot be fenced".
func AlarmFence(node string) string { return keyFence + "/" + node }

// AlarmCycle is the key of the fault "fenced too often, left off".
func AlarmCycle(node string) string { return keyCycle + "/" + node }

// AlarmStack is the key of the fault "has no place to run".
func AlarmStack(stack string) string { return keyStack + "/" + stack }

// AlarmService is the key of a service's fault on a node.
func AlarmService(service, node string) string { return keyService + "/" + service + "/" + node }

// AlarmQuarantine is the key of the fault "moved too often".
func AlarmQuarantine(service string) string { return keyQuarantine + "/" + service }

// AlarmLink is the key of a link's fault as one end sees it.
func AlarmLink(key string) string { return keyLink + "/" + key }

// standing says whether the alarm of a fault is raised.
func (p *pass) standing(key string) bool { return standing(p.State, key) }

func standing(s *cluster.State, key string) bool {
	for _, a := range s.Alarms {
		if a.Key == key {
			return true
		}
	}
	return false
}

// alarms clears what has lost its fault without a story of its own: the component is gone, its node was fenced, or it is
// well again. Every other alarm is cleared by the event that ends its story.
func (p *pass) alarms() {
	for _, index := range slices.Sorted(maps.Keys(p.State.Alarms)) {
		a := p.State.Alarms[index]
		if why := p.over(a); why != "" {
			p.commit("clear alarm "+a.Key+": "+why, event(overEvent(a, why)))
		}
	}
}

func overEvent(a cluster.Alarm, why string) cluster.Event {
	e := cluster.Event{
		Type: cluster.EventAlarmCleared, Severity: cluster.SeverityCleared, ComponentType: a.ComponentType,
		ComponentName: a.ComponentName, NodeName: a.NodeName, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded,
		AlarmKey: a.Key, Clear: true, Summary: a.ComponentType.String() + " " + a.ComponentName + ": " + why,
	}
	if a.Type == cluster.EventServiceQuarantined {
		e.Type, e.Severity, e.Reaction = cluster.EventServiceReleased, cluster.SeverityInfo, cluster.ReactedRecover
	}
	return e
}

// over says why the fault of an alarm is no more; empty: it stands, or is not the engine's to clear.
func (p *pass) over(a cluster.Alarm) string {
	kind, name, _ := strings.Cut(a.Key, "/")
	switch kind {
	case keyNode:
		if _, ok := p.State.Spec.Node(name); !ok {
			return gone
		}
		if takesPart(p.State.Nodes[name]) {
			return again
		}
	case keyFence, keyCycle:
		return p.fenceOver(name)
	case keyStack:
		if _, ok := p.State.Spec.Stack(name); !ok {
			return gone
		}
		if st := p.State.Stacks[name]; st.Phase == cluster.PhaseIdle && st.Blocked == "" {
			return "is where it is to be"
		}
	case keyService:
		return p.serviceOver(name)
	case keyQuarantine:
		if sv, ok := p.State.Services[name]; !ok || sv.Quarantined.IsZero() {
			return "was released from quarantine"
		}
	case keyLink:
		node, rest, _ := strings.Cut(name, "/")
		peer, _, _ := strings.Cut(rest, "/")
		_, ok := p.State.Spec.Node(node)
		if _, too := p.State.Spec.Node(peer); !ok || !too {
			return gone
		}
	}
	return ""
}

// fenceOver says why a node need not be fenced any more: it came back after the fence failed, or it holds nothing that was
// to stop.
func (p *pass) fenceOver(node string) string {
	n, ok := p.State.Nodes[node]
	if !ok {
		return gone
	}
	if !takesPart(n) || p.State.Fences[node].Open(p.Now) {
		return ""
	}
	for _, sv := range p.State.Services {
		if sv.Holder.Node == node && sv.Holder.Withdrawn && !n.Since.After(p.State.Fences[node].Ended) {
			return ""
		}
	}
	return again
}

func (p *pass) serviceOver(name string) string {
	service, node, _ := strings.Cut(name, "/")
	_, _, known := p.State.Spec.Service(service)
	_, here := p.State.Spec.Node(node)
	in := p.State.Instances[cluster.InstanceKey(service, node)]
	switch {
	case !known || !here:
		return gone
	case in.Failing.IsZero():
		return "its failure on " + node + " is over: what ran there is gone"
	}
	return ""
}
