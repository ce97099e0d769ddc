package report

import "time"

// Identity names an event for ever: the same at every node and every manager.
type Identity struct {
	ClusterID  string `json:"clusterId"`
	Generation uint64 `json:"generation"`
	Seq        uint32 `json:"seq"`
}

// Rank tells how much an account of an event is worth. A higher one replaces a lower one whole.
type Rank int

// The ranks, lowest first.
const (
	RankHint   Rank = iota // unauthenticated: only a reason to poll
	RankAlarm              // authentic notification of the state channel
	RankStory              // authentic notification of the story channel
	RankPolled             // read from hawserEventTable
)

// How an event came.
const (
	ViaTrap   = "trap"
	ViaInform = "inform"
	ViaPoll   = "poll"
)

// What is known of the condition of an event.
const (
	ConditionWanted = "wanted" // not fetched yet
	ConditionWhole  = "whole"  // every component is stored
	ConditionLost   = "lost"   // aged out at the cluster before it was fetched
	ConditionNone   = "none"   // the event is not in the cluster's log, so it has none
)

// Event is one event of one cluster. Texts of enumerations are the MIB's labels.
type Event struct {
	ID int64 `json:"id"` // the journal's own number, in order of arrival
	Identity
	Origin    string `json:"origin"`
	OriginSeq uint64 `json:"originSeq"`

	Rank         Rank      `json:"-"`
	Authentic    bool      `json:"authentic"`
	Via          string    `json:"via"`
	Source       string    `json:"source"`
	User         string    `json:"user,omitempty"`
	Manager      string    `json:"manager,omitempty"`
	Received     time.Time `json:"received"`
	Notification string    `json:"notification,omitempty"`

	ClusterName   string        `json:"clusterName"`
	Epoch         uint64        `json:"epoch,omitempty"`
	Time          time.Time     `json:"time"`
	Type          string        `json:"type"`
	Severity      string        `json:"severity"`
	AlarmIndex    uint32        `json:"alarmIndex,omitempty"`
	ComponentType string        `json:"componentType"`
	ComponentName string        `json:"componentName"`
	NodeName      string        `json:"nodeName,omitempty"`
	Error         string        `json:"error,omitempty"`
	Reaction      string        `json:"reaction"`
	Result        string        `json:"result"`
	Duration      time.Duration `json:"duration,omitempty"`
	Setter        string        `json:"setter,omitempty"`
	Summary       string        `json:"summary"`
	Facts         Facts         `json:"facts,omitzero"`

	ConditionState string    `json:"conditionState"`
	Analysed       time.Time `json:"analysed,omitzero"`
	Analysis       string    `json:"analysis,omitempty"`
}

// Facts are the cluster-wide figures every notification carries.
type Facts struct {
	ClusterState     string `json:"clusterState,omitempty"`
	NodesOnline      uint32 `json:"nodesOnline,omitempty"`
	NodeCount        uint32 `json:"nodeCount,omitempty"`
	ServicesFailed   uint32 `json:"servicesFailed,omitempty"`
	WorstHwHealth    string `json:"worstHwHealth,omitempty"`
	StackPrimaryNode string `json:"stackPrimaryNode,omitempty"`
	PrevSeq          uint32 `json:"prevSeq,omitempty"`
	NotifyDelayMs    uint32 `json:"notifyDelayMs,omitempty"`
}

// Component is one line of a condition.
type Component struct {
	Index         uint32 `json:"index"`
	ComponentType string `json:"componentType"`
	ComponentName string `json:"componentName"`
	NodeName      string `json:"nodeName,omitempty"`
	State         string `json:"state"`
	Detail        string `json:"detail,omitempty"`
}

// Unknown is a notification that is not of HAWSER-MIB, or that does not say what that MIB promises.
type Unknown struct {
	ID        int64     `json:"id"`
	Received  time.Time `json:"received"`
	Source    string    `json:"source"`
	Version   string    `json:"version"`
	User      string    `json:"user,omitempty"`
	EngineID  string    `json:"engineId,omitempty"`
	Kind      string    `json:"kind"`
	TrapOID   string    `json:"trapOid"`
	Varbinds  []Varbind `json:"varbinds"`
	Raw       []byte    `json:"raw"`
	Reason    string    `json:"reason"`
	InformKey string    `json:"-"` // equal for each transmission of one INFORM, empty for traps
}

// Varbind is one binding of an unknown notification, as text.
type Varbind struct {
	OID   string `json:"oid"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Engine is an SNMP engine that sends notifications, with the clock it was last seen to have (RFC 3414, 2.3).
type Engine struct {
	EngineID  string    `json:"engineId"` // hex
	ClusterID string    `json:"clusterId"`
	Origin    string    `json:"origin"` // configured, polled, learnt
	Boots     uint32    `json:"boots"`
	Time      uint32    `json:"time"`
	Seen      time.Time `json:"seen"`
}

// Alarm is a fault that stands, or stood, at a cluster.
type Alarm struct {
	ClusterID     string    `json:"clusterId"`
	AlarmIndex    uint32    `json:"alarmIndex"`
	Raised        time.Time `json:"raised"`
	Cleared       time.Time `json:"cleared,omitzero"`
	Severity      string    `json:"severity"`
	Type          string    `json:"type"`
	ComponentType string    `json:"componentType"`
	ComponentName string    `json:"componentName"`
	NodeName      string    `json:"nodeName,omitempty"`
	Text          string    `json:"text"`
}

// Batch is what trapd hands over in one go: all of it is committed together, or none.
type Batch struct {
	Events  []Event
	Unknown []Unknown
	Engines []Engine
	Alarms  []Alarm
	Heard   []Heard
}

// Heard says that a cluster gave an authentic sign of life.
type Heard struct {
	ClusterID   string
	ClusterName string
	Generation  uint64
	At          time.Time
}

// Outcome tells what a Batch brought.
type Outcome struct {
	New      int // events and unknown notifications stored for the first time
	Replaced int // events of which a better account was stored
	Known    int // retransmissions and other copies
}

// Alarm is the alarm that an event of the state channel tells of; ok is false for any other.
func (e Event) Alarm() (a Alarm, ok bool) {
	if e.AlarmIndex == 0 || e.Type != "alarmRaised" && e.Type != "alarmCleared" {
		return Alarm{}, false
	}
	a = Alarm{
		ClusterID: e.ClusterID, AlarmIndex: e.AlarmIndex, Raised: e.Time, Severity: e.Severity, Type: e.Type,
		ComponentType: e.ComponentType, ComponentName: e.ComponentName, NodeName: e.NodeName, Text: e.Summary,
	}
	if e.Type == "alarmCleared" {
		if a.Cleared = e.Time; a.Cleared.IsZero() {
			a.Cleared = e.Received
		}
	}
	return a, true
}
