package native

import (
	"maps"
	"time"

	"hawser/cluster"
	"hawser/cluster/heartbeat"
)

// Changed is closed at the next change of the snapshot.
func (n *Node) Changed() <-chan struct{} { return n.notifier.changed() }

// Snapshot is the cluster as this node knows it now.
func (n *Node) Snapshot() *cluster.Snapshot {
	now := time.Now()
	renewed, peers := n.agent.last()
	s := &cluster.Snapshot{
		State: n.ledger.State(), Local: n.cfg.Node, Taken: now, Leader: n.shownLeader(), Version: n.cfg.Version,
		Nodes: map[string]cluster.NodeLive{}, Probes: map[string]cluster.ProbeLive{},
	}
	s.View, s.Quorate = n.viewAt(now)
	if s.View != cluster.ViewCurrent {
		s.ViewAge = now.Sub(renewed)
	}
	reports := maps.Clone(peers)
	if reports == nil {
		reports = map[string]*cluster.Report{}
	}
	reports[n.cfg.Node] = n.agent.report(0)
	n.fillNodes(s, reports, renewed)
	for _, r := range reports {
		s.Links = append(s.Links, r.Links...)
		for _, in := range r.Instances {
			s.Probes[cluster.InstanceKey(in.Service, r.Node)] = cluster.ProbeLive{
				Latency: time.Duration(in.Latency) * time.Microsecond, Last: in.LastProbe, Count: in.Count, Failures: in.Failures,
				Message: in.Message, Perfdata: in.Perfdata,
			}
		}
	}
	return s
}

// shownLeader is the leader that this node shows. With a disk that hangs it is never itself, though its raft may stand still as
// leader: others lead, and what a leader alone may do must end here.
func (n *Node) shownLeader() string {
	if !n.disk.stuck.Load() {
		return n.leader()
	}
	if leader := n.follows(); leader != n.cfg.Node {
		return leader
	}
	return ""
}

// viewAt says how current this node's view is now.
func (n *Node) viewAt(now time.Time) (view cluster.ViewState, quorate bool) {
	renewed, _ := n.agent.last()
	follows := n.leader() != "" && !n.disk.stuck.Load() // with a hung disk the log stands still here
	view, quorate = viewOf(follows, n.majorityHeard(), now.Sub(renewed))
	if view == cluster.ViewCurrent && !n.agent.caughtUp() {
		view = cluster.ViewLagging
	}
	return view, quorate
}

// viewOf says how current this node's view is, and whether it counts itself to a quorum: by its last answered renewal, its
// leader, and its ears. While a majority is heard, an election of a moment makes a view lag, not isolated.
func viewOf(leader, majority bool, age time.Duration) (view cluster.ViewState, quorate bool) {
	switch {
	case leader && age < viewStale:
		return cluster.ViewCurrent, true
	case (leader || majority) && age < 2*viewStale:
		return cluster.ViewLagging, true
	}
	return cluster.ViewIsolated, false
}

// majorityHeard says whether this node and those that it hears are a majority.
func (n *Node) majorityHeard() bool {
	heard := 1
	for _, p := range n.beats.Report().Peers {
		if p.Heard && !p.Suspect {
			heard++
		}
	}
	return heard > len(n.cfg.Spec.Nodes)/2
}

func (n *Node) fillNodes(s *cluster.Snapshot, reports map[string]*cluster.Report, renewed time.Time) {
	beats := n.beats.Report()
	for _, spec := range s.State.Spec.Nodes {
		live := cluster.NodeLive{LastBeat: s.Taken, Heard: true}
		if p, ok := beats.Peer(spec.Name); ok {
			live = cluster.NodeLive{LastBeat: p.LastBeat, Heard: p.Heard, Suspect: p.Suspect}
		}
		if r := reports[spec.Name]; r != nil && r.Boot == s.State.Nodes[spec.Name].Boot {
			live.Applied, live.Reported = r.Applied, renewed
			live.ClockOffset = r.Clock.Sub(renewed)
			if spec.Name == s.Local {
				live.Reported, live.ClockOffset = s.Taken, 0
			}
			if r.LeaseUntil > 0 {
				live.LeaseUntil = live.Reported.Add(r.LeaseUntil)
			}
		}
		s.Nodes[spec.Name] = live
	}
}

// localLinks are the links of this node as the heartbeat monitor sees them.
func (n *Node) localLinks() []cluster.LinkLive {
	states := map[heartbeat.LinkState]cluster.LinkState{
		heartbeat.LinkUnknown: cluster.LinkUnknown, heartbeat.LinkUp: cluster.LinkUp, heartbeat.LinkLossy: cluster.LinkLossy,
		heartbeat.LinkDown: cluster.LinkDown,
	}
	var out []cluster.LinkLive
	for _, p := range n.beats.Report().Peers {
		for _, l := range p.Links {
			out = append(out, cluster.LinkLive{
				Node: n.cfg.Node, Peer: p.Name, Index: l.Index, LocalAddr: l.Local, PeerAddr: l.Remote, State: states[l.State],
				RTT: l.RTT, LossPermille: l.LossPermille, Sent: l.Sent, Received: l.Received, Flaps: uint32(l.Flaps),
				LastChange: l.LastChange,
			})
		}
	}
	return out
}

// Events gives at most limit events after a sequence, oldest first.
func (n *Node) Events(after cluster.Seq, limit int) ([]cluster.Event, error) {
	return n.ledger.Events(after, limit), nil
}

// Conditions gives the state of every component at an event.
func (n *Node) Conditions(seq cluster.Seq) ([]cluster.Component, error) {
	return n.ledger.Conditions(seq)
}

// Writes gives at most limit rows of the write log after a sequence, oldest first.
func (n *Node) Writes(after uint32, limit int) ([]cluster.Write, error) {
	return n.ledger.Writes(after, limit), nil
}
