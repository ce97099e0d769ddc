package pacemaker

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"hawser/cluster"
)

// bootOf is the boot under which the ledger knows a node: Pacemaker has no boot ids, so each return of a node counts as one.
func bootOf(incarnation uint64) string { return "pacemaker/" + strconv.FormatUint(incarnation, 10) }

// record turns a happening into decisions on a state: what it did, then its event.
func record(s *cluster.State, h Happening, hello map[string]Hello) []cluster.Decision {
	var out []cluster.Decision
	event := h.Event
	switch h.What {
	case ServiceFailed:
		if _, ok := s.Services[h.Service]; ok {
			out = append(out, cluster.Decision{Service: &cluster.ServiceIs{Service: h.Service, Failed: true}},
				observe(s, h.Service, h.Node, InstanceFact{State: cluster.InstanceFailed, Probe: cluster.ProbeFailed, Message: event.Error}))
		}
	case ServiceBack:
		if _, ok := s.Services[h.Service]; ok {
			out = append(out, cluster.Decision{Restart: &cluster.Restart{Service: h.Service, Node: h.Node, Error: event.Error}},
				observe(s, h.Service, h.Node, InstanceFact{State: cluster.InstanceActive, Probe: cluster.ProbeOk}))
		}
	case NodeLost:
		out = append(out, cluster.Decision{NodeIs: &cluster.NodeIs{Node: h.Node, State: cluster.NodeSuspect}})
	case NodeLeft:
		out = append(out, cluster.Decision{NodeIs: &cluster.NodeIs{Node: h.Node, State: cluster.NodeOffline}})
	case NodeFenced:
		out = append(out, fence(s, h)...)
	case NodeBack:
		out = append(out, join(s, h.Node, cluster.NodeOnline, hello[h.Node]))
	case StackMoved:
		out = append(out, cluster.Decision{Move: &cluster.Move{Stack: h.Stack, Primary: h.Node, Complete: true, Took: h.Took}})
		if _, st, ok := spec(s, h.Stack); ok {
			for _, sv := range st.Services {
				if sv.OnceOnly() && s.Instances[cluster.InstanceKey(sv.Name, h.Node)].State != cluster.InstanceActive {
					out = append(out, observe(s, sv.Name, h.Node, InstanceFact{State: cluster.InstanceActive, Probe: cluster.ProbeOk}))
				}
			}
		}
	}
	return append(out, cluster.Decision{Event: &event})
}

func spec(s *cluster.State, stack string) (string, cluster.StackSpec, bool) {
	st, ok := s.Spec.Stack(stack)
	return stack, st, ok
}

// fence is an intent and its end in one: Pacemaker's fencer has done it.
func fence(s *cluster.State, h Happening) []cluster.Decision {
	n := s.Nodes[h.Node]
	id := s.Fences[h.Node].ID + 1
	ended := h.Event.Time
	return []cluster.Decision{
		{Intent: &cluster.Fence{
			ID: id, Node: h.Node, Boot: n.Boot, Executor: "pacemaker", Reason: h.Event.Error, Began: ended.Add(-h.Took),
			Intent: ended, Deadline: ended.Add(time.Hour),
		}},
		{Fenced: &cluster.Fenced{Node: h.Node, ID: id, Off: true}},
	}
}

func join(s *cluster.State, node string, state cluster.NodeState, hello Hello) cluster.Decision {
	next := s.Nodes[node].Incarnation + 1
	return cluster.Decision{Join: &cluster.Join{
		Node: node, Boot: bootOf(next), Incarnation: next, State: state, Version: hello.Version, EngineID: hello.EngineID,
		BootTime: hello.BootTime, MachineUUID: hello.MachineUUID,
	}}
}

func observe(s *cluster.State, service, node string, f InstanceFact) cluster.Decision {
	failing := f.State == cluster.InstanceFailed || f.State == cluster.InstanceBlocked
	fault := ""
	if failing {
		fault = f.Message
	}
	return cluster.Decision{Observe: &cluster.Observe{
		Service: service, Node: node, Boot: s.Nodes[node].Boot, State: f.State, Probe: f.Probe, Message: f.Message,
		Failing: failing, Error: fault,
	}}
}

// align are the decisions that bring the states of the ledger to the facts; none if they agree.
func align(s *cluster.State, f Facts, hello map[string]Hello) []cluster.Decision {
	var out []cluster.Decision
	for _, spec := range s.Spec.Nodes {
		out = append(out, alignNode(s, spec.Name, f.Nodes[spec.Name], hello[spec.Name])...)
	}
	if len(out) > 0 {
		return out // a node that changes takes its instances along: they are aligned to what comes of it
	}
	for _, st := range s.Spec.Stacks {
		for _, sv := range st.Services {
			for _, n := range s.Spec.Nodes {
				key := cluster.InstanceKey(sv.Name, n.Name)
				fact, known := f.Instances[key]
				in := s.Instances[key]
				if !known || s.Nodes[n.Name].State == cluster.NodeFenced || in.State == fact.State && in.Probe == fact.Probe && in.Message == fact.Message {
					continue
				}
				out = append(out, observe(s, sv.Name, n.Name, fact))
			}
		}
		if primary := f.Primaries[st.Name]; primary != "" && primary != s.Stacks[st.Name].Primary {
			out = append(out, cluster.Decision{Move: &cluster.Move{Stack: st.Name, Primary: primary}})
		}
	}
	return out
}

func alignNode(s *cluster.State, node string, fact NodeFact, hello Hello) []cluster.Decision {
	n := s.Nodes[node]
	switch {
	case n.Boot == "":
		return []cluster.Decision{join(s, node, fact.State, hello)}
	case fact.State == n.State, fact.State == cluster.NodeOffline && n.State == cluster.NodeFenced:
	case n.State == cluster.NodeFenced && fact.State == cluster.NodeSuspect: // the fence is done, the CIB does not say so yet
	case n.State == cluster.NodeFenced, n.State == cluster.NodeOffline && fact.State != cluster.NodeSuspect:
		return []cluster.Decision{join(s, node, fact.State, hello)}
	default:
		return []cluster.Decision{{NodeIs: &cluster.NodeIs{Node: node, State: fact.State}}}
	}
	if hello.Version != "" && (n.Version != hello.Version || string(n.EngineID) != string(hello.EngineID)) && n.State != cluster.NodeFenced {
		return []cluster.Decision{join(s, node, fact.State, hello)}
	}
	return nil
}

// over lists the events that clear alarms whose fault is gone though nobody saw it end. Of open ones the Tracker tells the end.
func over(s *cluster.State, v *View, f Facts, open map[string]bool) []cluster.Decision {
	var out []cluster.Decision
	for _, index := range slices.Sorted(maps.Keys(s.Alarms)) {
		a := s.Alarms[index]
		why := gone(a.Key, v, f, s.Spec)
		if why == "" || open[a.Key] {
			continue
		}
		out = append(out, cluster.Decision{Event: &cluster.Event{
			Type: cluster.EventAlarmCleared, Severity: cluster.SeverityCleared, ComponentType: a.ComponentType, ComponentName: a.ComponentName,
			NodeName: a.NodeName, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, AlarmKey: a.Key, Clear: true,
			Summary: fmt.Sprintf("%s %s: %s", a.ComponentType, a.ComponentName, why),
		}})
	}
	return out
}

// gone says why the fault of an alarm is over; empty: it is not, or it is not ours.
func gone(key string, v *View, f Facts, spec cluster.Spec) string {
	if rest, ok := strings.CutPrefix(key, keyNode); ok && f.Nodes[rest].State == cluster.NodeOnline {
		return "takes part again"
	}
	if rest, ok := strings.CutPrefix(key, keyFence); ok && f.Nodes[rest].State == cluster.NodeOnline {
		return "takes part again"
	}
	if rest, ok := strings.CutPrefix(key, keyService); ok {
		service, node, _ := strings.Cut(rest, "/")
		r, known := v.Resource(service)
		switch in := f.Instances[rest]; {
		case !known:
			return "is not in the configuration any more"
		case !r.Service():
			if r.ActiveOn() != "" {
				return "works again"
			}
		case in.State == cluster.InstanceActive || in.State == cluster.InstanceStandby:
			return "works again on " + node
		case r.Clone == "" && r.ActiveOn() != "" && r.ActiveOn() != node:
			return "works on " + r.ActiveOn()
		case r.Clone != "" && in.State == cluster.InstanceStopped:
			return "is stopped on " + node + ": its failure there is over"
		}
	}
	if rest, ok := strings.CutPrefix(key, keyStack); ok {
		st, known := spec.Stack(rest)
		if !known {
			return "is not in the configuration any more"
		}
		if node, whole := complete(v, st); whole {
			return "is complete on " + node
		}
	}
	if key == keyQuorum && v.Quorate {
		return "quorum is back"
	}
	if key == keyStonith && v.Stonith {
		return "stonith-enabled is true again"
	}
	return ""
}

// standing is the alarm that stands as long as Pacemaker may not fence; none if it stands already.
func standing(s *cluster.State, v *View) []cluster.Decision {
	if v.Stonith || alarmed(s, keyStonith) {
		return nil
	}
	return []cluster.Decision{{Event: &cluster.Event{
		Type: cluster.EventConfigChanged, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentCluster, ComponentName: s.Spec.Name,
		Error: "stonith-enabled is false", Reaction: cluster.ReactedNone, Result: cluster.ResultNotDone, Setter: v.Changer,
		AlarmKey: keyStonith, Raise: cluster.SeverityMajor,
		Summary: "Pacemaker does not fence: after a partition a service may be active on two nodes; configure stonith and set stonith-enabled to true",
	}}}
}

func alarmed(s *cluster.State, key string) bool {
	for _, a := range s.Alarms {
		if a.Key == key {
			return true
		}
	}
	return false
}
