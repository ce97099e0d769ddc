package cluster

import "time"

// Snapshot is the whole cluster as one node knows it at one moment: the replicated State, and what is too quick for the
// log. It is immutable.
type Snapshot struct {
	State   *State
	Local   string    // the name of the node whose view this is
	Taken   time.Time // that node's clock
	Leader  string    // empty: none known
	View    ViewState
	ViewAge time.Duration // since the view was last current
	Quorate bool
	Version string

	Nodes  map[string]NodeLive
	Links  []LinkLive
	Probes map[string]ProbeLive // by InstanceKey
}

// NodeLive is what changes too often for the log.
type NodeLive struct {
	LastBeat    time.Time // zero: never heard; the local node: now
	Suspect     bool
	Heard       bool          // at least one beat since this daemon started
	LeaseUntil  time.Time     // the earliest end of the node's leases; zero: it holds none
	ClockOffset time.Duration // the node's clock less ours
	Applied     uint64        // raft index the node has applied
	Reported    time.Time     // when its figures were last heard, by our clock
}

// LinkLive is one direction of a link with its figures.
type LinkLive struct {
	Node, Peer          string
	Index               int
	LocalAddr, PeerAddr string
	State               LinkState
	RTT                 time.Duration
	LossPermille        int
	Sent, Received      uint64
	Flaps               uint32
	LastChange          time.Time
}

// ProbeLive are the figures of one instance's probe.
type ProbeLive struct {
	Latency  time.Duration
	Last     time.Time // zero: never probed
	Count    uint64
	Failures uint64
	Message  string // what the last probe or act said
	Perfdata string // figures of the last probe, as Nagios plugins write them
}

// NodeState is the state of a node as it is to be shown: what the log says, unless this node's own ears say otherwise, and
// unknown for all others where the view is isolated.
func (s *Snapshot) NodeState(name string) NodeState {
	n, ok := s.State.Nodes[name]
	if !ok {
		return NodeUnknown
	}
	if s.View == ViewIsolated && name != s.Local {
		return NodeUnknown
	}
	live := s.Nodes[name]
	if live.Suspect && (n.State == NodeOnline || n.State == NodeStandby) {
		return NodeSuspect
	}
	return n.State
}
