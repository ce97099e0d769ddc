package engine

import (
	"time"

	"hawser/cluster"
)

// Input is what the leader sees at one moment.
type Input struct {
	Now   time.Time
	Self  string // the leader
	State *cluster.State
	Nodes map[string]NodeView
	// Fencing holds the ids of the intents that this process is carrying out, PoweringOn the nodes it is switching on.
	Fencing    map[uint64]bool
	PoweringOn map[string]bool
	Config     Config
}

// Config is what the controller does by policy, the same on all nodes.
type Config struct {
	// FenceDeadline is the transport's deadline: later than that no answer of a BMC is waited for, and the request is dead.
	FenceDeadline time.Duration
	// AfterFence says whether a fenced machine is switched on again.
	AfterFence AfterFence
	// CycleLimit is how often within CycleWindow a machine is switched on again before a person must look.
	CycleLimit  int
	CycleWindow time.Duration
	// StartGrace is how long a new leader waits for a node that it has never heard.
	StartGrace time.Duration
	// FailbackDelay is how long a preferred node must be online before an automatic failback.
	FailbackDelay time.Duration
}

// AfterFence is the policy after a confirmed fence.
type AfterFence string

// The policies after a fence.
const (
	AfterFenceOff   AfterFence = "off"
	AfterFenceCycle AfterFence = "cycle"
)

// DefaultConfig is the policy of the profile lan.
func DefaultConfig() Config {
	return Config{
		FenceDeadline: 20 * time.Second, AfterFence: AfterFenceCycle, CycleLimit: 10, CycleWindow: 10 * time.Minute,
		StartGrace: 15 * time.Second, FailbackDelay: time.Minute,
	}
}

// NodeView is what the leader sees of a node.
type NodeView struct {
	Heard        bool          // a beat was heard since this daemon started
	Silent       time.Duration // since the last beat; since this daemon's start if none was heard
	Suspect      bool          // silent on all links
	HeardByPeers bool          // a node that we hear says that it hears it
	Leaving      bool
	Boot         string // of the last beat
	Incarnation  uint64
	Report       *cluster.Report // the last renewal; nil: none since this node leads
	Unanswered   time.Duration   // since its last renewal came, or since this leader took office if none has
	FencePath    bool            // a fence device is configured and an executor is online
}

// Action is something to do. Exactly one of the fields besides Why is set.
type Action struct {
	Why     string
	Commit  []cluster.Decision // as one entry, or in order
	Fence   *cluster.Fence     // carry out this committed intent
	PowerOn string             // switch this fenced node on again
	// Yield: hand leadership to another node. A leader cannot fence itself; whoever leads next can (S5).
	Yield bool
}

// Step decides. An empty answer means that all is as it should be.
func Step(in Input) []Action {
	p := &pass{Input: in, said: map[string]bool{}, moved: map[string]bool{}, intents: map[string]bool{}, joined: map[string]bool{}}
	p.joins()
	p.leavers()
	p.failures()
	p.fences()
	p.alarms()
	for _, st := range in.State.Spec.Stacks {
		for _, sv := range st.Services {
			p.service(st, sv)
		}
	}
	p.observe() // before the stacks, so that the condition of "fail-over completed" shows what answers
	for _, st := range in.State.Spec.Stacks {
		p.stack(st)
	}
	p.links()
	return p.actions
}

// pass collects the actions of one step.
type pass struct {
	Input
	actions []Action
	said    map[string]bool // instances that this step has recorded already, by InstanceKey
	moved   map[string]bool // stacks that this step moves already
	intents map[string]bool // nodes against which this step opens an intent
	joined  map[string]bool // nodes that this step takes in
}

func (p *pass) commit(why string, decisions ...cluster.Decision) {
	p.actions = append(p.actions, Action{Why: why, Commit: decisions})
}

// since is the time from t to now, 0 if t was never.
func (p *pass) since(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return p.Now.Sub(t)
}

func event(e cluster.Event) cluster.Decision { return cluster.Decision{Event: &e} }
