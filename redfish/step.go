package redfish

import (
	"context"
	"time"
)

// StepName is a stage of an apply.
type StepName string

// The steps in their order. Each is saved through the gate before it is taken.
const (
	StepStage  StepName = "stage"  // write the settings object
	StepTask   StepName = "task"   // follow the BMC's task
	StepClear  StepName = "clear"  // free the node of services
	StepReset  StepName = "reset"  // reset or switch on
	StepWait   StepName = "wait"   // wait for POST
	StepVerify StepName = "verify" // read again and judge
	StepDone   StepName = "done"
)

// Step says where an apply stands. It holds all that Resume needs, encodes as
// JSON, and is safe to repeat.
type Step struct {
	Name    StepName  `json:"name"`
	BMC     string    `json:"bmc"`
	At      time.Time `json:"at"`
	Desired []Desired `json:"desired"`
	// Task is the BMC's task, if it gave one.
	Task string `json:"task"`
	// Percent is the task's progress, -1 where unknown.
	Percent int    `json:"percent"`
	Detail  string `json:"detail"`
	// Before is the state of the machine before the reset, by which the reset
	// is recognised. The zero value says that it is known to have happened.
	Before Boot `json:"before"`
}

// Boot tells one run of a machine from the next.
type Boot struct {
	Power         PowerState `json:"power"`
	LastResetTime string     `json:"lastResetTime"`
	Progress      string     `json:"progress"` // BootProgress.LastState
	ProgressTime  string     `json:"progressTime"`
}

// Gate stands between an apply and what must not be disturbed.
type Gate interface {
	// Clear frees the node of services and keeps it free until done is called.
	// It returns an error when that is not possible now; then nothing is reset.
	Clear(ctx context.Context, reason string) (done func(), err error)
	// Save keeps step durably. When it fails the step is not taken.
	Save(ctx context.Context, step Step) error
}

// OpenGate is the gate of a machine that carries no managed service: it
// always clears, and keeps nothing.
type OpenGate struct{}

// Clear lets everything pass.
func (OpenGate) Clear(context.Context, string) (func(), error) { return func() {}, nil }

// Save keeps nothing.
func (OpenGate) Save(context.Context, Step) error { return nil }
