package cluster

// Via is the way by which a change came (hawserWriteVia).
type Via int

// The values of Via.
const (
	ViaSnmp Via = iota + 1
	ViaAgentx
	ViaCli
	ViaWeb
	ViaRule
)

var viaNames = names{"snmp", "agentx", "cli", "web", "rule"}

func (v Via) String() string { return viaNames.text(int(v)) }

// MarshalText writes the name; the zero value is empty.
func (v Via) MarshalText() ([]byte, error) { return viaNames.marshal(int(v)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (v *Via) UnmarshalText(b []byte) error {
	code, err := viaNames.parse(b)
	*v = Via(code)
	return err
}

// JobState is the state of a job (hawserJobState).
type JobState int

// The values of JobState.
const (
	JobHeld JobState = iota + 1
	JobQueued
	JobRunning
	JobDone
	JobFailed
	JobCancelled
)

var jobStateNames = names{"held", "queued", "running", "done", "failed", "cancelled"}

func (j JobState) String() string { return jobStateNames.text(int(j)) }

// MarshalText writes the name; the zero value is empty.
func (j JobState) MarshalText() ([]byte, error) { return jobStateNames.marshal(int(j)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (j *JobState) UnmarshalText(b []byte) error {
	code, err := jobStateNames.parse(b)
	*j = JobState(code)
	return err
}

// JobKind is a planned act on the cluster (hawserJobKind).
type JobKind int

// The values of JobKind.
const (
	JobKindMove JobKind = iota + 1
	JobKindStandby
	JobKindOnline
	JobKindClear
	JobKindFailback
)

var jobKindNames = names{"move", "standby", "online", "clear", "failback"}

func (j JobKind) String() string { return jobKindNames.text(int(j)) }

// MarshalText writes the name; the zero value is empty.
func (j JobKind) MarshalText() ([]byte, error) { return jobKindNames.marshal(int(j)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (j *JobKind) UnmarshalText(b []byte) error {
	code, err := jobKindNames.parse(b)
	*j = JobKind(code)
	return err
}

// HwJobKind is an act on hardware (hawserHwJobKind).
type HwJobKind int

// The values of HwJobKind.
const (
	HwJobCollect HwJobKind = iota + 1
	HwJobApply
	HwJobRoll
	HwJobPowerOn
	HwJobPowerOff
	HwJobReset
	HwJobFence
	HwJobIndicator
	HwJobBootOnce
	HwJobFirmware
)

var hwJobKindNames = names{"collect", "apply", "roll", "powerOn", "powerOff", "reset", "fence", "indicator", "bootOnce", "firmware"}

func (h HwJobKind) String() string { return hwJobKindNames.text(int(h)) }

// MarshalText writes the name; the zero value is empty.
func (h HwJobKind) MarshalText() ([]byte, error) { return hwJobKindNames.marshal(int(h)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (h *HwJobKind) UnmarshalText(b []byte) error {
	code, err := hwJobKindNames.parse(b)
	*h = HwJobKind(code)
	return err
}

// SinkKind is how a notification is sent (hawserSinkKind).
type SinkKind int

// The values of SinkKind.
const (
	SinkTrap SinkKind = iota + 1
	SinkInform
)

var sinkKindNames = names{"trap", "inform"}

func (s SinkKind) String() string { return sinkKindNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s SinkKind) MarshalText() ([]byte, error) { return sinkKindNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *SinkKind) UnmarshalText(b []byte) error {
	code, err := sinkKindNames.parse(b)
	*s = SinkKind(code)
	return err
}

// SinkChannel is what is sent to a sink (hawserSinkChannel).
type SinkChannel int

// The values of SinkChannel.
const (
	ChannelState SinkChannel = iota + 1
	ChannelStory
	ChannelBoth
)

var sinkChannelNames = names{"state", "story", "both"}

func (s SinkChannel) String() string { return sinkChannelNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s SinkChannel) MarshalText() ([]byte, error) { return sinkChannelNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *SinkChannel) UnmarshalText(b []byte) error {
	code, err := sinkChannelNames.parse(b)
	*s = SinkChannel(code)
	return err
}

// SinkBacklog is what a sink gets after an outage (hawserSinkBacklog).
type SinkBacklog int

// The values of SinkBacklog.
const (
	BacklogAll SinkBacklog = iota + 1
	BacklogState
)

var sinkBacklogNames = names{"all", "state"}

func (s SinkBacklog) String() string { return sinkBacklogNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s SinkBacklog) MarshalText() ([]byte, error) { return sinkBacklogNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *SinkBacklog) UnmarshalText(b []byte) error {
	code, err := sinkBacklogNames.parse(b)
	*s = SinkBacklog(code)
	return err
}

// SinkState is the state of a sink (hawserSinkState).
type SinkState int

// The values of SinkState.
const (
	SinkStateOk SinkState = iota + 1
	SinkStateRetrying
	SinkStateStopped
)

var sinkStateNames = names{"ok", "retrying", "stopped"}

func (s SinkState) String() string { return sinkStateNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s SinkState) MarshalText() ([]byte, error) { return sinkStateNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *SinkState) UnmarshalText(b []byte) error {
	code, err := sinkStateNames.parse(b)
	*s = SinkState(code)
	return err
}
