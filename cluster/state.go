package cluster

import (
	"fmt"
	"maps"
	"time"
)

// StateVersion is the version of the State's encoding in raft snapshots; a node refuses a later one.
const StateVersion = 1

// State is the replicated state. It is changed by package ledger alone; whoever else holds one reads it. Maps are copied
// on write, so that a State once published never changes.
type State struct {
	Version     int       `json:"version"`
	Applied     uint64    `json:"applied"` // raft index of the last entry
	AppliedAt   time.Time `json:"appliedAt"`
	ClusterID   string    `json:"clusterId"`
	Generation  uint32    `json:"generation"`
	Founded     time.Time `json:"founded"`
	EngineID    []byte    `json:"engineId"`    // snmpEngineID of the cluster engine
	EngineBoots uint32    `json:"engineBoots"` // raised by each new leader
	EngineOwner string    `json:"engineOwner"` // the leader that raised it last
	Epoch       uint64    `json:"epoch"`       // generation << 32 | counter
	Serial      int32     `json:"serial"`      // hawserConfigSerial
	Revision    uint32    `json:"revision"`    // hawserConfigRevision: counts changes of Spec

	Spec      Spec                  `json:"spec"`
	Overrides map[string]Override   `json:"overrides"` // by OverrideKey
	Indexes   map[string]IndexTable `json:"indexes"`   // by kind: node, stack, service, ...
	Nodes     map[string]Node       `json:"nodes"`
	Stacks    map[string]Stack      `json:"stacks"`
	Services  map[string]Service    `json:"services"`
	Instances map[string]Instance   `json:"instances"` // by InstanceKey
	Links     map[string]LinkState  `json:"links"`     // by LinkKey
	Alarms    map[uint32]Alarm      `json:"alarms"`
	Fences    map[string]Fence      `json:"fences"` // the last intent against each node
	Hardware  map[string]*Hardware  `json:"hardware"`
	Desired   map[string]Desired    `json:"desired"` // by DesiredKey
	Jobs      map[uint32]Job        `json:"jobs"`
	HwJobs    map[uint32]Job        `json:"hwJobs"`
	Sinks     map[string]SinkStatus `json:"sinks"`
	Held      map[string]HeldChange `json:"held,omitempty"` // by Change.ID: accepted, and not carried out before its release

	MaintenanceBy    string    `json:"maintenanceBy,omitempty"`
	MaintenanceSince time.Time `json:"maintenanceSince,omitzero"`

	LastEvent      Seq               `json:"lastEvent"`
	FirstEvent     Seq               `json:"firstEvent"`
	FirstCondition Seq               `json:"firstCondition"`
	LastWrite      uint32            `json:"lastWrite"`
	NextAlarm      uint32            `json:"nextAlarm"`
	NextJob        uint32            `json:"nextJob"`
	NextHwJob      uint32            `json:"nextHwJob"`
	Origins        map[string]uint64 `json:"origins"` // the highest origin sequence seen of each node

	Handed map[string]HandedMark `json:"handed,omitempty"` // by origin: how far the events that nodes kept have come
}

// IndexTable allots numbers to names: never reused, equal at every node.
type IndexTable struct {
	Next  uint32            `json:"next"`
	Names map[string]uint32 `json:"names"`
}

// Node is what the log knows of a node.
type Node struct {
	State       NodeState `json:"state"`
	Admin       NodeAdmin `json:"admin"`
	Boot        string    `json:"boot,omitempty"`
	Incarnation uint64    `json:"incarnation,omitempty"` // of the daemon, rises with each start
	MachineUUID string    `json:"machineUuid,omitempty"`
	Version     string    `json:"version,omitempty"`
	EngineID    []byte    `json:"engineId,omitempty"`
	BootTime    time.Time `json:"bootTime,omitzero"`
	Since       time.Time `json:"since,omitzero"`       // of State
	ReservedBy  string    `json:"reservedBy,omitempty"` // a hardware job: nothing is placed here, its silence is expected
	Emulated    bool      `json:"emulated,omitempty"`   // boot id and machine UUID come from configuration
	FenceReady  bool      `json:"fenceReady,omitempty"`
}

// Phase is where a stack stands in a move.
type Phase string

// The phases of a stack. A stack moves idle -> releasing -> starting -> idle.
const (
	PhaseIdle      Phase = ""
	PhaseReleasing Phase = "releasing" // the former primary stops, or is being fenced
	PhaseStarting  Phase = "starting"  // the new primary starts its services in order
)

// Stack is what the log knows of a stack.
type Stack struct {
	Primary      string        `json:"primary,omitempty"`
	Target       string        `json:"target,omitempty"` // during a move
	Phase        Phase         `json:"phase,omitempty"`
	Cause        Cause         `json:"cause,omitzero"` // of the move under way
	Since        time.Time     `json:"since,omitzero"` // of Phase
	Blocked      string        `json:"blocked,omitempty"`
	Failovers    uint64        `json:"failovers"`
	LastFailover time.Time     `json:"lastFailover,omitzero"`
	LastDuration time.Duration `json:"lastDuration,omitempty"`
	LastCause    Seq           `json:"lastCause,omitempty"`
	Moves        []time.Time   `json:"moves,omitempty"` // recent fail-overs, for quarantine
}

// Cause is why a stack moves.
type Cause struct {
	ComponentType ComponentType `json:"componentType,omitzero"`
	ComponentName string        `json:"componentName,omitempty"`
	NodeName      string        `json:"nodeName,omitempty"`
	Error         string        `json:"error,omitempty"`
	Reaction      EventReaction `json:"reaction,omitzero"`
	Setter        string        `json:"setter,omitempty"`
	Began         time.Time     `json:"began,omitzero"` // when the fault began, for the duration
	Planned       bool          `json:"planned,omitempty"`
}

// Holder names who may run a once-only service: epoch, node and boot (S4). The zero value: nobody, and that is proven.
type Holder struct {
	Node      string `json:"node,omitempty"`
	Boot      string `json:"boot,omitempty"`
	Epoch     uint64 `json:"epoch,omitempty"`
	Withdrawn bool   `json:"withdrawn,omitempty"` // no more leases: the leader waits for proof (a) or (b)
}

// Service is what the log knows of a service. Policy is the effective one: the file's values with the overrides.
type Service struct {
	Admin       ServiceAdmin `json:"admin"`
	Policy      Policy       `json:"policy"`
	Holder      Holder       `json:"holder,omitzero"` // once-only services
	Restarts    uint64       `json:"restarts"`
	Failures    uint64       `json:"failures"`
	Quarantined time.Time    `json:"quarantined,omitzero"`
}

// Instance is what the log knows of a service on one node.
type Instance struct {
	State    InstanceState `json:"state"`
	Probe    ProbeState    `json:"probe"`
	Message  string        `json:"message,omitempty"`
	Unfit    string        `json:"unfit,omitempty"` // why it could not run there; the node is no standby for its stack
	Boot     string        `json:"boot,omitempty"`
	Epoch    uint64        `json:"epoch,omitempty"`
	Restart  uint32        `json:"restart,omitempty"` // counts restart orders; the node carries out each once
	Restarts uint64        `json:"restarts"`
	Recent   []time.Time   `json:"recent,omitempty"` // restarts within the failure window
	Failing  time.Time     `json:"failing,omitzero"` // since when a failure is being reacted to
	Error    string        `json:"error,omitempty"`  // that failure
	Since    time.Time     `json:"since,omitzero"`   // of State
}

// Fence is an intent against a node, and its end (S4, A2). It is open until it has a result or its deadline has passed.
type Fence struct {
	ID       uint64    `json:"id"`
	Node     string    `json:"node"`
	Boot     string    `json:"boot"` // the boot that was seen when the intent was written
	Executor string    `json:"executor"`
	Reason   string    `json:"reason"`
	Began    time.Time `json:"began"`
	Intent   time.Time `json:"intent"`
	Deadline time.Time `json:"deadline"`
	Done     bool      `json:"done,omitempty"`
	Off      bool      `json:"off,omitempty"` // confirmed by a second, uncached read
	Error    string    `json:"error,omitempty"`
	Ended    time.Time `json:"ended,omitzero"`
	Attempts int       `json:"attempts"`
	Powered  bool      `json:"powered,omitempty"` // switched on again afterwards
}

// Open says whether the fence may still strike (S4): neither a result is known nor has the transport's deadline passed.
func (f Fence) Open(now time.Time) bool { return f.ID != 0 && !f.Done && now.Before(f.Deadline) }

// InstanceKey is the key of State.Instances.
func InstanceKey(service, node string) string { return service + "/" + node }

// LinkKey is the key of State.Links: node's view of its link number index to peer.
func LinkKey(node, peer string, index int) string { return fmt.Sprintf("%s/%s/%d", node, peer, index) }

// DesiredKey is the key of State.Desired.
func DesiredKey(node string, scope uint32, name string) string {
	return fmt.Sprintf("%s/%d/%s", node, scope, name)
}

// OverrideKey is the key of State.Overrides.
func OverrideKey(object string, t Target) string {
	return fmt.Sprintf("%s/%s/%d/%s", object, t.Name, t.Scope, t.Key)
}

// Index is the number allotted to name, 0 if there is none.
func (s *State) Index(kind, name string) uint32 { return s.Indexes[kind].Names[name] }

// Clone copies the state so far that a writer can change the copy: maps are copied, what they point to is shared and
// must be replaced, never changed.
func (s *State) Clone() *State {
	c := *s
	c.Overrides = maps.Clone(s.Overrides)
	c.Indexes = maps.Clone(s.Indexes)
	c.Nodes = maps.Clone(s.Nodes)
	c.Stacks = maps.Clone(s.Stacks)
	c.Services = maps.Clone(s.Services)
	c.Instances = maps.Clone(s.Instances)
	c.Links = maps.Clone(s.Links)
	c.Alarms = maps.Clone(s.Alarms)
	c.Fences = maps.Clone(s.Fences)
	c.Hardware = maps.Clone(s.Hardware)
	c.Desired = maps.Clone(s.Desired)
	c.Jobs = maps.Clone(s.Jobs)
	c.HwJobs = maps.Clone(s.HwJobs)
	c.Sinks = maps.Clone(s.Sinks)
	c.Held = maps.Clone(s.Held)
	c.Origins = maps.Clone(s.Origins)
	c.Handed = maps.Clone(s.Handed)
	return &c
}
