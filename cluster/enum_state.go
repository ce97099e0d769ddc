package cluster

// NodeRole is the part a node plays (hawserNodeRole).
type NodeRole int

// The values of NodeRole.
const (
	RoleResource NodeRole = iota + 1
	RoleWitness
)

var nodeRoleNames = names{"resource", "witness"}

func (n NodeRole) String() string { return nodeRoleNames.text(int(n)) }

// MarshalText writes the name; the zero value is empty.
func (n NodeRole) MarshalText() ([]byte, error) { return nodeRoleNames.marshal(int(n)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (n *NodeRole) UnmarshalText(b []byte) error {
	code, err := nodeRoleNames.parse(b)
	*n = NodeRole(code)
	return err
}

// NodeState is the state of a node (hawserNodeState).
type NodeState int

// The values of NodeState.
const (
	NodeOnline NodeState = iota + 1
	NodeStandby
	NodeMaintenance
	NodeSuspect
	NodeOffline
	NodeFenced
	NodeUnknown
)

var nodeStateNames = names{"online", "standby", "maintenance", "suspect", "offline", "fenced", "unknown"}

func (n NodeState) String() string { return nodeStateNames.text(int(n)) }

// MarshalText writes the name; the zero value is empty.
func (n NodeState) MarshalText() ([]byte, error) { return nodeStateNames.marshal(int(n)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (n *NodeState) UnmarshalText(b []byte) error {
	code, err := nodeStateNames.parse(b)
	*n = NodeState(code)
	return err
}

// NodeAdmin is what an operator asks of a node (hawserNodeAdminState).
type NodeAdmin int

// The values of NodeAdmin.
const (
	NodeAdminOnline NodeAdmin = iota + 1
	NodeAdminStandby
	NodeAdminMaintenance
)

var nodeAdminNames = names{"online", "standby", "maintenance"}

func (n NodeAdmin) String() string { return nodeAdminNames.text(int(n)) }

// MarshalText writes the name; the zero value is empty.
func (n NodeAdmin) MarshalText() ([]byte, error) { return nodeAdminNames.marshal(int(n)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (n *NodeAdmin) UnmarshalText(b []byte) error {
	code, err := nodeAdminNames.parse(b)
	*n = NodeAdmin(code)
	return err
}

// LinkState is the state of one direction of a link (hawserLinkState).
type LinkState int

// The values of LinkState.
const (
	LinkUp LinkState = iota + 1
	LinkLossy
	LinkDown
	LinkUnknown
)

var linkStateNames = names{"up", "lossy", "down", "unknown"}

func (l LinkState) String() string { return linkStateNames.text(int(l)) }

// MarshalText writes the name; the zero value is empty.
func (l LinkState) MarshalText() ([]byte, error) { return linkStateNames.marshal(int(l)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (l *LinkState) UnmarshalText(b []byte) error {
	code, err := linkStateNames.parse(b)
	*l = LinkState(code)
	return err
}

// StackState is the state of a stack (hawserStackState).
type StackState int

// The values of StackState.
const (
	StackUp StackState = iota + 1
	StackDegraded
	StackDown
	StackFailed
	StackUnknown
)

var stackStateNames = names{"up", "degraded", "down", "failed", "unknown"}

func (s StackState) String() string { return stackStateNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s StackState) MarshalText() ([]byte, error) { return stackStateNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *StackState) UnmarshalText(b []byte) error {
	code, err := stackStateNames.parse(b)
	*s = StackState(code)
	return err
}

// ClusterState is the state of the whole (hawserClusterState).
type ClusterState int

// The values of ClusterState.
const (
	ClusterOk ClusterState = iota + 1
	ClusterDegraded
	ClusterFailed
	ClusterMaintenance
	ClusterNoQuorum
	ClusterUnknown
)

var clusterStateNames = names{"ok", "degraded", "failed", "maintenance", "noQuorum", "unknown"}

func (c ClusterState) String() string { return clusterStateNames.text(int(c)) }

// MarshalText writes the name; the zero value is empty.
func (c ClusterState) MarshalText() ([]byte, error) { return clusterStateNames.marshal(int(c)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (c *ClusterState) UnmarshalText(b []byte) error {
	code, err := clusterStateNames.parse(b)
	*c = ClusterState(code)
	return err
}

// ViewState is how current a node's view of the cluster is (hawserViewState).
type ViewState int

// The values of ViewState.
const (
	ViewCurrent ViewState = iota + 1
	ViewLagging
	ViewIsolated
)

var viewStateNames = names{"current", "lagging", "isolated"}

func (v ViewState) String() string { return viewStateNames.text(int(v)) }

// MarshalText writes the name; the zero value is empty.
func (v ViewState) MarshalText() ([]byte, error) { return viewStateNames.marshal(int(v)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (v *ViewState) UnmarshalText(b []byte) error {
	code, err := viewStateNames.parse(b)
	*v = ViewState(code)
	return err
}

// ServiceState is the state of a service over all nodes (hawserServiceState).
type ServiceState int

// The values of ServiceState.
const (
	ServiceUp ServiceState = iota + 1
	ServiceDegraded
	ServiceDown
	ServiceFailed
	ServiceQuarantined
	ServiceDisabled
	ServiceUnknown
)

var serviceStateNames = names{"up", "degraded", "down", "failed", "quarantined", "disabled", "unknown"}

func (s ServiceState) String() string { return serviceStateNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s ServiceState) MarshalText() ([]byte, error) { return serviceStateNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *ServiceState) UnmarshalText(b []byte) error {
	code, err := serviceStateNames.parse(b)
	*s = ServiceState(code)
	return err
}

// InstanceState is the state of a service on one node (hawserInstanceState).
type InstanceState int

// The values of InstanceState.
const (
	InstanceActive InstanceState = iota + 1
	InstanceStandby
	InstanceStopped
	InstanceStarting
	InstanceStopping
	InstanceFailed
	InstanceQuarantined
	InstanceBlocked
	InstanceUnknown
)

var instanceStateNames = names{"active", "standby", "stopped", "starting", "stopping", "failed", "quarantined", "blocked", "unknown"}

func (i InstanceState) String() string { return instanceStateNames.text(int(i)) }

// MarshalText writes the name; the zero value is empty.
func (i InstanceState) MarshalText() ([]byte, error) { return instanceStateNames.marshal(int(i)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (i *InstanceState) UnmarshalText(b []byte) error {
	code, err := instanceStateNames.parse(b)
	*i = InstanceState(code)
	return err
}

// ProbeState is the last word of a probe (hawserInstanceProbeState).
type ProbeState int

// The values of ProbeState.
const (
	ProbeOk ProbeState = iota + 1
	ProbeFailed
	ProbeUnknown
	ProbeOff
)

var probeStateNames = names{"ok", "failed", "unknown", "off"}

func (p ProbeState) String() string { return probeStateNames.text(int(p)) }

// MarshalText writes the name; the zero value is empty.
func (p ProbeState) MarshalText() ([]byte, error) { return probeStateNames.marshal(int(p)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (p *ProbeState) UnmarshalText(b []byte) error {
	code, err := probeStateNames.parse(b)
	*p = ProbeState(code)
	return err
}
