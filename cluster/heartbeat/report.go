package heartbeat

import (
	"cmp"
	"slices"
	"time"
)

// LinkState is what is known of a link to a peer.
type LinkState int

// The states of a link.
const (
	LinkUnknown LinkState = iota // nothing heard yet, and not long enough waited
	LinkUp
	LinkLossy // up, but beats get lost
	LinkDown  // Missed intervals without a beat
)

// linkStateNames are the states' names.
var linkStateNames = [...]string{LinkUnknown: "unknown", LinkUp: "up", LinkLossy: "lossy", LinkDown: "down"}

// String is the state's name in lower case.
func (s LinkState) String() string {
	if s < 0 || int(s) >= len(linkStateNames) {
		return "invalid"
	}
	return linkStateNames[s]
}

// LinkStatus is a link to one peer.
type LinkStatus struct {
	Index        int
	Name         string
	State        LinkState
	RTT          time.Duration // smoothed; 0 while unknown
	LossPermille int           // of the last 128 beats due
	Sent         uint64
	Received     uint64 // beats that counted
	Flaps        uint64 // times that it went down after having been up
	LastBeat     time.Time
	LastChange   time.Time // of State
	Local        string    // addresses
	Remote       string
}

// PeerReport is a peer as seen from here.
type PeerReport struct {
	Name        string
	BootID      string // empty until first heard
	Incarnation uint64
	Heard       bool // by this run
	LastBeat    time.Time
	Age         time.Duration // since LastBeat, or since the watch began
	Since       time.Time     // when the watch of it began
	Suspect     bool          // silent on all links for Missed intervals
	Leaving     bool          // it said that it goes
	Leader      string        // whom it follows
	// Hears is how long ago it had heard each node when it sent its last
	// beat, or how long it had waited in vain; 65.535 s is that or more.
	Hears    map[string]time.Duration
	Holds    []Hold
	HoldsCut bool // it holds more than fits into a beat
	Links    []LinkStatus
}

// Counters are of beats that did not count, and of the monitor itself.
type Counters struct {
	LateTicks    uint64 // intervals discarded because this process was late
	Malformed    uint64
	OtherCluster uint64
	WrongKey     uint64
	UnknownNode  uint64 // a name that is no peer
	Stale        uint64 // an older incarnation
	Replayed     uint64 // a sequence seen before
	Unproven     uint64 // not yet known to be live
	OwnName      uint64 // this node's own name from elsewhere
	SendErrors   uint64
}

// Report is what the monitor knows at one moment; it never changes.
type Report struct {
	At      time.Time
	Node    string
	Silence time.Duration // Missed intervals
	Peers   []PeerReport  // by name
	Counters
}

// copied is a report whose peers can be refreshed.
func (r *Report) copied() *Report {
	out := *r
	out.Peers = slices.Clone(r.Peers)
	return &out
}

// refresh sets each peer's age.
func (r *Report) refresh(now time.Time) {
	for i := range r.Peers {
		p := &r.Peers[i]
		since := p.Since
		if p.LastBeat.After(since) {
			since = p.LastBeat
		}
		p.Age = max(now.Sub(since), 0)
	}
}

// Peer finds a peer by its name.
func (r *Report) Peer(name string) (PeerReport, bool) {
	i, ok := slices.BinarySearchFunc(r.Peers, name, func(p PeerReport, name string) int { return cmp.Compare(p.Name, name) })
	if !ok {
		return PeerReport{}, false
	}
	return r.Peers[i], true
}

// SilentBy counts the voters, this node included, that report a node silent:
// this node by its own ears, the others by what their last beats say. A voter
// that is itself suspect says nothing, nor does the node about itself, nor a
// voter that does not watch it.
func (r *Report) SilentBy(node string, voters []string) int {
	count := 0
	for _, v := range voters {
		if v != node && r.saysSilent(v, node) {
			count++
		}
	}
	return count
}

func (r *Report) saysSilent(voter, node string) bool {
	if voter == r.Node {
		p, ok := r.Peer(node)
		return ok && p.Suspect
	}
	p, ok := r.Peer(voter)
	if !ok || !p.Heard || p.Suspect {
		return false
	}
	age, watched := p.Hears[node]
	return watched && age >= r.Silence
}
