package cluster

import "time"

// EntryVersion is the version of the log's entries that this program writes. It reads all versions up to it, and stops at
// a later one.
const EntryVersion = 1

// Entry is one log entry: decisions that are applied together. Applying an entry never starts anything (S9, A3).
type Entry struct {
	Version int       `json:"v"`
	At      time.Time `json:"at"` // the proposer's clock
	By      string    `json:"by"` // the proposer, origin of the events in this entry
	// Origin is the first of the origin sequence numbers that the proposer set aside for this entry's events.
	Origin    uint64     `json:"o"`
	Decisions []Decision `json:"d"`
}

// Decision is one decision; exactly one field is set.
type Decision struct {
	Found    *Found        `json:"found,omitempty"`
	Config   *Config       `json:"config,omitempty"`
	Lead     *Lead         `json:"lead,omitempty"`
	Join     *Join         `json:"join,omitempty"`
	NodeIs   *NodeIs       `json:"nodeIs,omitempty"`
	Reserve  *Reserve      `json:"reserve,omitempty"`
	Intent   *Fence        `json:"intent,omitempty"`
	Fenced   *Fenced       `json:"fenced,omitempty"`
	Assign   *Assign       `json:"assign,omitempty"`
	Withdraw *Withdraw     `json:"withdraw,omitempty"`
	Released *Released     `json:"released,omitempty"`
	Move     *Move         `json:"move,omitempty"`
	Restart  *Restart      `json:"restart,omitempty"`
	Observe  *Observe      `json:"observe,omitempty"`
	Link     *LinkIs       `json:"link,omitempty"`
	Service  *ServiceIs    `json:"service,omitempty"`
	Event    *Event        `json:"event,omitempty"`
	Change   *Change       `json:"change,omitempty"`
	Refuse   *Refuse       `json:"refuse,omitempty"`
	Undo     *Undo         `json:"undo,omitempty"`
	Release  *ReleaseHold  `json:"release,omitempty"`
	Job      *JobIs        `json:"job,omitempty"`
	Hardware *HardwareDiff `json:"hardware,omitempty"`
	Setting  *SettingIs    `json:"setting,omitempty"`
	Sink     *SinkIs       `json:"sink,omitempty"`
	Handed   *Handed       `json:"handed,omitempty"`
}

// Found is the first entry of a generation.
type Found struct {
	ClusterID  string `json:"clusterId"`
	Generation uint32 `json:"generation"`
	EngineID   []byte `json:"engineId"`
}

// Config replaces the Spec. Values that were SET stay.
type Config struct {
	Spec Spec `json:"spec"`
}

// Lead says that By leads now: the boots of the cluster engine rise.
type Lead struct {
	Node string `json:"node"`
}

// Join says that a boot of a node takes part from now on. It has stopped whatever a former daemon left (S9), which is a
// verified stop (S2 a) of all that the log says it held.
type Join struct {
	Node        string    `json:"node"`
	Boot        string    `json:"boot"`
	Incarnation uint64    `json:"incarnation"`
	MachineUUID string    `json:"machineUuid,omitempty"`
	Version     string    `json:"version"`
	EngineID    []byte    `json:"engineId,omitempty"`
	BootTime    time.Time `json:"bootTime"`
	Emulated    bool      `json:"emulated,omitempty"`
	State       NodeState `json:"state"`
}

// NodeIs sets the state of a node.
type NodeIs struct {
	Node  string    `json:"node"`
	State NodeState `json:"state"`
}

// Reserve keeps a node free for a hardware job; an empty By ends it, if it is that of Of.
type Reserve struct {
	Node string `json:"node"`
	By   string `json:"by,omitempty"`
	Of   string `json:"of,omitempty"` // with an empty By: the job whose reservation ends; empty: whosever it is
}

// Fenced is the end of the intent ID against a node.
type Fenced struct {
	Node    string `json:"node"`
	ID      uint64 `json:"id"`
	Off     bool   `json:"off"`
	Error   string `json:"error,omitempty"`
	Powered bool   `json:"powered,omitempty"` // a later entry: switched on again
}

// Assign lets a node run a once-only service under a new epoch, which the ledger allots. It is refused while somebody
// holds it (S1).
type Assign struct {
	Service string `json:"service"`
	Node    string `json:"node"`
	Boot    string `json:"boot"`
}

// Withdraw ends the renewal of a lease; the holder must stop.
type Withdraw struct {
	Service string `json:"service"`
	Epoch   uint64 `json:"epoch"`
}

// Proof is why a service is known to have stopped (S2).
type Proof string

// The proofs.
const (
	ProofStop  Proof = "a" // verified stop reported by the holder
	ProofFence Proof = "b" // fence confirmed Off
)

// Released is the proof that the holder of that epoch, node and boot has stopped. Any other is ignored (S4).
type Released struct {
	Service string `json:"service"`
	Node    string `json:"node"`
	Boot    string `json:"boot"`
	Epoch   uint64 `json:"epoch"`
	Proof   Proof  `json:"proof"`
}

// Move sets where a stack stands in a move.
type Move struct {
	Stack    string        `json:"stack"`
	Primary  string        `json:"primary,omitempty"`
	Target   string        `json:"target,omitempty"`
	Phase    Phase         `json:"phase,omitempty"`
	Cause    Cause         `json:"cause,omitzero"`
	Blocked  string        `json:"blocked,omitempty"`
	Complete bool          `json:"complete,omitempty"` // a fail-over ended well: count it
	Took     time.Duration `json:"took,omitempty"`
}

// Restart orders one stop, verify, start (S6) of a service on a node.
type Restart struct {
	Service string `json:"service"`
	Node    string `json:"node"`
	Error   string `json:"error"`
}

// Observe records what a node says of its instance.
type Observe struct {
	Service string        `json:"service"`
	Node    string        `json:"node"`
	Boot    string        `json:"boot"`
	Epoch   uint64        `json:"epoch,omitempty"`
	State   InstanceState `json:"state"`
	Probe   ProbeState    `json:"probe"`
	Message string        `json:"message,omitempty"`
	Unfit   string        `json:"unfit,omitempty"`
	Failing bool          `json:"failing,omitempty"` // a failure that is being reacted to
	Error   string        `json:"error,omitempty"`
}

// LinkIs records a link's state as one end sees it.
type LinkIs struct {
	Node  string    `json:"node"`
	Peer  string    `json:"peer"`
	Index int       `json:"index"`
	State LinkState `json:"state"`
}

// ServiceIs changes what the log knows of a service: quarantine on or off, a failure counted.
type ServiceIs struct {
	Service    string `json:"service"`
	Quarantine bool   `json:"quarantine,omitempty"`
	Release    bool   `json:"release,omitempty"`
	Failed     bool   `json:"failed,omitempty"`
}

// Refuse writes a refused change into the write log.
type Refuse struct {
	Change  Change  `json:"change"`
	Refusal Refusal `json:"refusal"`
}

// Undo takes a change back, if the serial is still its own.
type Undo struct {
	ID      string `json:"id"`
	Serial  int32  `json:"serial"`
	Unknown bool   `json:"unknown,omitempty"` // nobody knows whether it was applied: it is not to be, now or later
}

// ReleaseHold carries a held change out.
type ReleaseHold struct {
	ID string `json:"id"`
}

// JobIs records the progress of a job. The one that ends a hardware job makes its events too: SettingsApplied, if it applied
// any, and JobFinished.
type JobIs struct {
	Hw       bool     `json:"hw,omitempty"`
	Index    uint32   `json:"index"`
	State    JobState `json:"state"`
	Progress int      `json:"progress"`
	Detail   string   `json:"detail,omitempty"`
	Step     string   `json:"step,omitempty"` // empty: as it was
	Result   string   `json:"result,omitempty"`
	EventSeq Seq      `json:"eventSeq,omitempty"` // 0: of the event that the ledger makes, if it makes one

	Applied *SettingsApplied `json:"applied,omitempty"` // with the end of a job that applied settings
}

// HardwareDiff is what changed in the hardware of a node since the last one: rows by key, and the keys that are gone.
type HardwareDiff struct {
	Node       string            `json:"node"`
	BMCState   string            `json:"bmcState,omitempty"`
	Collected  time.Time         `json:"collected,omitzero"`
	System     *HardwareSystem   `json:"system,omitempty"`
	Components []HardwarePart    `json:"components,omitempty"`
	Sensors    []HardwareSensor  `json:"sensors,omitempty"`
	Settings   []HardwareSetting `json:"settings,omitempty"`
	Gone       []string          `json:"gone,omitempty"` // keys of components and sensors, scope/name of settings
	Problems   []string          `json:"problems,omitempty"`
	FenceReady bool              `json:"fenceReady,omitempty"`
}

// SettingIs records how far a desired setting has come.
type SettingIs struct {
	Node    string       `json:"node"`
	Scope   uint32       `json:"scope"`
	Name    string       `json:"name"`
	State   SettingState `json:"state"`
	Message string       `json:"message,omitempty"`
}

// SinkIs records the cursor and counters of a sink.
type SinkIs struct {
	Name   string     `json:"name"`
	Status SinkStatus `json:"status"`
}
