package cluster

import "time"

// Event is one reaction of the controller, or one that was not taken and why. Seq and Condition are given by the ledger
// when the event is applied; (Origin, OriginSeq) are given where it arises and stay for ever.
type Event struct {
	Seq           Seq           `json:"seq,omitempty"`
	Origin        string        `json:"origin"`
	OriginSeq     uint64        `json:"originSeq"`
	Epoch         uint64        `json:"epoch,omitempty"`
	Time          time.Time     `json:"time"` // the origin's clock
	Type          EventType     `json:"type"`
	Severity      Severity      `json:"severity"`
	ComponentType ComponentType `json:"componentType"`
	ComponentName string        `json:"componentName"`
	NodeName      string        `json:"nodeName,omitempty"`
	StackName     string        `json:"stackName,omitempty"`
	Error         string        `json:"error,omitempty"`
	Reaction      EventReaction `json:"reaction"`
	Result        EventResult   `json:"result"`
	Duration      time.Duration `json:"duration,omitempty"`
	AlarmIndex    uint32        `json:"alarmIndex,omitempty"`
	Setter        string        `json:"setter,omitempty"`
	Summary       string        `json:"summary"`

	// Alarm tells the ledger what this event does to the alarm of its component: AlarmKey names the fault.
	AlarmKey string   `json:"alarmKey,omitempty"`
	Raise    Severity `json:"raise,omitzero"` // raise (or change) the alarm at this severity
	Clear    bool     `json:"clear,omitempty"`

	// Facts are the cluster-wide figures that each notification carries, as they were when the event was applied.
	Facts Facts `json:"facts,omitzero"`
}

// Facts are the figures every notification carries (MIB.md, Notifications).
type Facts struct {
	ClusterState   ClusterState `json:"clusterState,omitzero"`
	NodesOnline    int          `json:"nodesOnline"`
	NodeCount      int          `json:"nodeCount"`
	ServicesFailed int          `json:"servicesFailed"`
	WorstHwHealth  Health       `json:"worstHwHealth,omitzero"`
	PrimaryNode    string       `json:"primaryNode,omitempty"`
}

// Component is one line of a condition: the state of one component at the moment of an event.
type Component struct {
	Type   ComponentType `json:"type"`
	Name   string        `json:"name"`
	Node   string        `json:"node,omitempty"`
	State  string        `json:"state"`
	Detail string        `json:"detail,omitempty"`
}

// Alarm is a fault that stands: raised once, cleared once, under the same index.
type Alarm struct {
	Index         uint32        `json:"index"`
	Key           string        `json:"key"`
	Raised        time.Time     `json:"raised"`
	Severity      Severity      `json:"severity"`
	Type          EventType     `json:"type"`
	ComponentType ComponentType `json:"componentType"`
	ComponentName string        `json:"componentName"`
	NodeName      string        `json:"nodeName,omitempty"`
	EventSeq      Seq           `json:"eventSeq"`
	Text          string        `json:"text"`
	Acknowledged  bool          `json:"acknowledged,omitempty"`
	AckBy         string        `json:"ackBy,omitempty"`
	AckComment    string        `json:"ackComment,omitempty"`
}
