package pacemaker

import (
	"maps"
	"time"

	"hawser/cluster"
)

// Changed is closed at the next change of the snapshot.
func (c *Controller) Changed() <-chan struct{} { return c.notifier.changed() }

// Snapshot is the cluster as this node knows it now: history, alarms and hardware of the ledger, states of this node's own
// newest reading. Lease, links, beats and clocks are not given by Pacemaker and stay empty.
func (c *Controller) Snapshot() *cluster.Snapshot {
	now, seen := time.Now(), c.sight()
	fresh := seen.view != nil && now.Sub(seen.at) < c.stale()
	s := &cluster.Snapshot{
		State: c.ledger.State(), Local: c.cfg.Node, Taken: now, Leader: c.leader(), Version: c.cfg.Version,
		Nodes: map[string]cluster.NodeLive{}, Probes: map[string]cluster.ProbeLive{},
	}
	if fresh {
		s.Quorate = seen.view.Quorate
		s.State = overlay(s.State, seen)
		s.Probes = probes(seen)
	}
	for _, n := range s.State.Spec.Nodes {
		s.Nodes[n.Name] = cluster.NodeLive{}
	}
	s.Nodes[c.cfg.Node] = cluster.NodeLive{LastBeat: now, Heard: true, Reported: now, Applied: s.State.Applied}
	switch {
	case !s.Quorate:
		s.View = cluster.ViewIsolated
	case s.Leader == "":
		s.View = cluster.ViewLagging
	default:
		s.View = cluster.ViewCurrent
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.View == cluster.ViewCurrent {
		c.current = now
	} else if !c.current.IsZero() {
		s.ViewAge = now.Sub(c.current)
	}
	return s
}

// overlay shows the facts of a reading in place of what the ledger says of them. That a node that is away was fenced the
// ledger alone knows; what is not in the ledger's Spec yet has no index, and is not shown yet.
func overlay(state *cluster.State, seen sight) *cluster.State {
	s := *state
	s.Nodes, s.Instances = maps.Clone(state.Nodes), maps.Clone(state.Instances)
	s.Services, s.Stacks = maps.Clone(state.Services), maps.Clone(state.Stacks)
	for name, n := range s.Nodes {
		fact, ok := seen.facts.Nodes[name]
		if !ok {
			continue
		}
		if fact.State != cluster.NodeOffline || n.State != cluster.NodeFenced {
			n.State = fact.State
		}
		n.Admin, n.FenceReady = fact.Admin, fact.FenceReady
		s.Nodes[name] = n
	}
	for key, fact := range seen.facts.Instances {
		in := s.Instances[key]
		in.State, in.Probe, in.Message = fact.State, fact.Probe, fact.Message
		s.Instances[key] = in
	}
	for name, admin := range seen.facts.Services {
		if sv, ok := s.Services[name]; ok {
			sv.Admin = admin
			s.Services[name] = sv
		}
	}
	for name, primary := range seen.facts.Primaries {
		if st, ok := s.Stacks[name]; ok && primary != "" {
			st.Primary = primary
			s.Stacks[name] = st
		}
	}
	if seen.view.Maintenance && s.MaintenanceBy == "" {
		s.MaintenanceBy = "pacemaker: maintenance-mode"
	}
	return &s
}

// probes are the figures of monitors: how long the last one took whose result Pacemaker kept. When monitors ran since, and
// how often, it does not tell.
func probes(seen sight) map[string]cluster.ProbeLive {
	out := map[string]cluster.ProbeLive{}
	for _, r := range seen.view.Resources {
		for _, o := range r.Ops {
			if o.Task != taskMonitor || o.Interval == 0 {
				continue
			}
			key := cluster.InstanceKey(r.ID, o.Node)
			out[key] = cluster.ProbeLive{Latency: o.Took, Message: seen.facts.Instances[key].Message}
		}
	}
	return out
}

// Events gives at most limit events after a sequence, oldest first.
func (c *Controller) Events(after cluster.Seq, limit int) ([]cluster.Event, error) {
	return c.ledger.Events(after, limit), nil
}

// Conditions gives the state of every component at an event.
func (c *Controller) Conditions(seq cluster.Seq) ([]cluster.Component, error) {
	return c.ledger.Conditions(seq)
}

// Writes gives at most limit rows of the write log after a sequence, oldest first.
func (c *Controller) Writes(after uint32, limit int) ([]cluster.Write, error) {
	return c.ledger.Writes(after, limit), nil
}
