package cluster

import "time"

// Seq numbers the events of one generation, from 1 (hawserEventSeq, Unsigned32).
type Seq uint32

// Spec is what the configuration file says of the cluster. The leader's file is copied into the log, so that every node
// shows the same; secrets never enter it: what needs one names a file that stays local to each node.
type Spec struct {
	Name   string      `json:"name"`
	Nodes  []NodeSpec  `json:"nodes"`
	Stacks []StackSpec `json:"stacks"`
	Sinks  []Sink      `json:"sinks,omitempty"`
}

// NodeSpec is one node: its name, role and its address on each link, in the order of the links.
type NodeSpec struct {
	Name      string   `json:"name"`
	Role      NodeRole `json:"role"`
	Addresses []string `json:"addresses"`
	HasBMC    bool     `json:"hasBmc,omitempty"`
}

// StackSpec is an ordered set of services: activated first to last, stopped last to first.
type StackSpec struct {
	Name          string        `json:"name"`
	PreferredNode string        `json:"preferredNode,omitempty"`
	Failback      Failback      `json:"failback"`
	Services      []ServiceSpec `json:"services"`
}

// ServiceSpec is one service of a stack. Options and Probe.Options are decoded strictly by the kind that they name; each
// node takes them from its own file, policy and layout from the log.
type ServiceSpec struct {
	Name    string         `json:"name"`
	Layer   Layer          `json:"layer"`
	Kind    string         `json:"kind"`
	Mode    Mode           `json:"mode"`
	Options map[string]any `json:"options,omitempty"`
	Probe   ProbeSpec      `json:"probe"`
	Policy  Policy         `json:"policy"`
	// StartTimeout bounds the time from start to the first good probe; StopBudget the time a stop may take before it is
	// killed, and with it the length of the lease: 3 s + StopBudget.
	StartTimeout time.Duration `json:"startTimeout"`
	StopBudget   time.Duration `json:"stopBudget"`
}

// ProbeSpec names the probe of a service; an empty kind means that only the life of the process is watched.
type ProbeSpec struct {
	Kind    string         `json:"kind,omitempty"`
	Options map[string]any `json:"options,omitempty"`
}

// OnceOnly says whether the service must never be active on two nodes.
func (s ServiceSpec) OnceOnly() bool { return s.Mode == ModeActiveStandby }

// Lease is the length of the lease of a once-only service (SAFETY: process 3 s + stop budget).
func (s ServiceSpec) Lease() time.Duration { return 3*time.Second + s.StopBudget }

// Stack finds a stack by name.
func (s Spec) Stack(name string) (StackSpec, bool) {
	for _, st := range s.Stacks {
		if st.Name == name {
			return st, true
		}
	}
	return StackSpec{}, false
}

// Service finds a service, and the stack that it belongs to, by name.
func (s Spec) Service(name string) (ServiceSpec, StackSpec, bool) {
	for _, st := range s.Stacks {
		for _, sv := range st.Services {
			if sv.Name == name {
				return sv, st, true
			}
		}
	}
	return ServiceSpec{}, StackSpec{}, false
}

// Node finds a node by name.
func (s Spec) Node(name string) (NodeSpec, bool) {
	for _, n := range s.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return NodeSpec{}, false
}
