package cluster

import (
	"fmt"
	"time"
)

// Job is one planned act on hardware or on the cluster: a row of hawserHwJobTable or hawserJobTable.
type Job struct {
	Index    uint32    `json:"index"`
	HwKind   HwJobKind `json:"hwKind,omitzero"` // set for a row of hawserHwJobTable
	Kind     JobKind   `json:"kind,omitzero"`   // set for a row of hawserJobTable
	Target   string    `json:"target"`
	Argument string    `json:"argument,omitempty"`
	Serial   int32     `json:"serial,omitempty"`
	State    JobState  `json:"state"`
	Progress int       `json:"progress"` // percent
	Detail   string    `json:"detail,omitempty"`
	// Step is what the job's worker needs to go on after a change of the leader; it is for nobody else to read.
	Step     string    `json:"step,omitempty"`
	Result   string    `json:"result,omitempty"`
	EventSeq Seq       `json:"eventSeq,omitempty"`
	By       Setter    `json:"by"`
	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
}

// Ended says whether the job will not change any more.
func (j JobState) Ended() bool { return j == JobDone || j == JobFailed || j == JobCancelled }

// Name is how the job is called where it reserves a node, and in the event of its end.
func (j Job) Name() string {
	if j.HwKind != 0 {
		return fmt.Sprintf("hardware job %d", j.Index)
	}
	return fmt.Sprintf("job %d", j.Index)
}

// SettingsApplied is what a job that applied settings has to tell beside its end.
type SettingsApplied struct {
	Summary string        `json:"summary"`
	Error   string        `json:"error,omitempty"` // empty: all are as desired
	Took    time.Duration `json:"took,omitempty"`
}

// SettingsAlarm is the key of the alarm that stands while settings of a node are not as desired.
func SettingsAlarm(node string) string { return "settings/" + node }

// Sink is where notifications go.
type Sink struct {
	Name    string      `json:"name"`
	Address string      `json:"address"` // host:port, UDP
	Kind    SinkKind    `json:"kind"`
	Version string      `json:"version"` // v2c or v3
	User    string      `json:"user,omitempty"`
	Channel SinkChannel `json:"channel"`
	Backlog SinkBacklog `json:"backlog"`
	Window  int         `json:"window"` // notifications in flight, 1 to 64
	// MinSeverity leaves out story events below it; alarms are always sent.
	MinSeverity Severity      `json:"minSeverity,omitzero"`
	GiveUp      time.Duration `json:"giveUp"`
}

// SinkStatus is how delivery to a sink stands. Cursor is replicated; the counters too, so that two nodes never disagree.
type SinkStatus struct {
	Cursor    Seq       `json:"cursor"`
	Sent      uint64    `json:"sent"`
	Acked     uint64    `json:"acked"`
	Retries   uint64    `json:"retries"`
	Lost      uint64    `json:"lost"`
	State     SinkState `json:"state"`
	LastAck   time.Time `json:"lastAck,omitzero"`
	LastError string    `json:"lastError,omitempty"`
}
