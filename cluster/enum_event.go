package cluster

// Severity is the severity of an event or alarm (hawserEventSeverity).
type Severity int

// The values of Severity.
const (
	SeverityInfo Severity = iota + 1
	SeverityWarning
	SeverityMinor
	SeverityMajor
	SeverityCritical
	SeverityCleared
)

var severityNames = names{"info", "warning", "minor", "major", "critical", "cleared"}

func (s Severity) String() string { return severityNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s Severity) MarshalText() ([]byte, error) { return severityNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *Severity) UnmarshalText(b []byte) error {
	code, err := severityNames.parse(b)
	*s = Severity(code)
	return err
}

// EventType is the kind of an event; the numbers are the arcs of the notifications (hawserEventType).
type EventType int

// The values of EventType.
const (
	EventAlarmRaised EventType = iota + 1
	EventAlarmCleared
	EventNodeFailed
	EventNodeRecovered
	EventNodeFenced
	EventFenceFailed
	EventQuorumLost
	EventQuorumRestored
	EventLeaderChanged
	EventLinkDown
	EventLinkUp
	EventServiceFailed
	EventServiceRestarted
	EventServiceRecovered
	EventFailoverCompleted
	EventFailoverFailed
	EventServiceQuarantined
	EventServiceReleased
	EventHardwareDegraded
	EventHardwareRestored
	EventSettingDrifted
	EventSettingsApplied
	EventConfigChanged
	EventJobFinished
	EventEventsLost
	EventSinkFailed
	EventSinkRestored
	EventAuthFailure
	EventResync
	EventKeepAlive
)

var eventTypeNames = names{"alarmRaised", "alarmCleared", "nodeFailed", "nodeRecovered", "nodeFenced", "fenceFailed", "quorumLost", "quorumRestored", "leaderChanged", "linkDown", "linkUp", "serviceFailed", "serviceRestarted", "serviceRecovered", "failoverCompleted", "failoverFailed", "serviceQuarantined", "serviceReleased", "hardwareDegraded", "hardwareRestored", "settingDrifted", "settingsApplied", "configChanged", "jobFinished", "eventsLost", "sinkFailed", "sinkRestored", "authFailure", "resync", "keepAlive"}

func (e EventType) String() string { return eventTypeNames.text(int(e)) }

// MarshalText writes the name; the zero value is empty.
func (e EventType) MarshalText() ([]byte, error) { return eventTypeNames.marshal(int(e)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (e *EventType) UnmarshalText(b []byte) error {
	code, err := eventTypeNames.parse(b)
	*e = EventType(code)
	return err
}

// ComponentType is the kind of a component (hawserEventComponentType).
type ComponentType int

// The values of ComponentType.
const (
	ComponentCluster ComponentType = iota + 1
	ComponentNode
	ComponentLink
	ComponentStack
	ComponentService
	ComponentInstance
	ComponentHardware
	ComponentSetting
	ComponentSink
	ComponentJob
)

var componentTypeNames = names{"cluster", "node", "link", "stack", "service", "instance", "hardware", "setting", "sink", "job"}

func (c ComponentType) String() string { return componentTypeNames.text(int(c)) }

// MarshalText writes the name; the zero value is empty.
func (c ComponentType) MarshalText() ([]byte, error) { return componentTypeNames.marshal(int(c)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (c *ComponentType) UnmarshalText(b []byte) error {
	code, err := componentTypeNames.parse(b)
	*c = ComponentType(code)
	return err
}

// EventReaction is what the controller did about it (hawserEventReaction).
type EventReaction int

// The values of EventReaction.
const (
	ReactedNone EventReaction = iota + 1
	ReactedIgnore
	ReactedNotify
	ReactedRestart
	ReactedFailover
	ReactedFence
	ReactedQuarantine
	ReactedMove
	ReactedApply
	ReactedRecover
)

var eventReactionNames = names{"none", "ignore", "notify", "restart", "failover", "fence", "quarantine", "move", "apply", "recover"}

func (e EventReaction) String() string { return eventReactionNames.text(int(e)) }

// MarshalText writes the name; the zero value is empty.
func (e EventReaction) MarshalText() ([]byte, error) { return eventReactionNames.marshal(int(e)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (e *EventReaction) UnmarshalText(b []byte) error {
	code, err := eventReactionNames.parse(b)
	*e = EventReaction(code)
	return err
}

// EventResult is how that ended (hawserEventResult).
type EventResult int

// The values of EventResult.
const (
	ResultSucceeded EventResult = iota + 1
	ResultFailed
	ResultRefused
	ResultPending
	ResultNotDone
	ResultUnknown
)

var eventResultNames = names{"succeeded", "failed", "refused", "pending", "notDone", "unknown"}

func (e EventResult) String() string { return eventResultNames.text(int(e)) }

// MarshalText writes the name; the zero value is empty.
func (e EventResult) MarshalText() ([]byte, error) { return eventResultNames.marshal(int(e)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (e *EventResult) UnmarshalText(b []byte) error {
	code, err := eventResultNames.parse(b)
	*e = EventResult(code)
	return err
}
