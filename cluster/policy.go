package cluster

import (
	"fmt"
	"time"
)

// Policy is how the controller reacts to a failing service; each field can be set at run time by SNMP SET.
type Policy struct {
	ProbeInterval    time.Duration `json:"probeInterval"`    // 100 ms to 1 h
	ProbeTimeout     time.Duration `json:"probeTimeout"`     // 50 ms to 5 min
	FailureThreshold int           `json:"failureThreshold"` // failed probes in a row, 1 to 100
	RestartLimit     int           `json:"restartLimit"`     // restarts within FailureWindow before the next step, 0 to 100
	FailureWindow    time.Duration `json:"failureWindow"`    // 1 s to 24 h
	Reaction         Reaction      `json:"reaction"`         // the furthest step
}

// DefaultPolicy is what a service gets whose file says nothing.
func DefaultPolicy() Policy {
	return Policy{
		ProbeInterval: 2 * time.Second, ProbeTimeout: time.Second, FailureThreshold: 3,
		RestartLimit: 3, FailureWindow: 5 * time.Minute, Reaction: ReactFailover,
	}
}

// bound is the range of one policy field; the MIB's SYNTAX clauses say the same.
type bound struct {
	field    string
	got      int64
	min, max int64
	unit     string
}

// Faults names each field that is out of range, with the range.
func (p Policy) Faults() []string {
	var faults []string
	for _, b := range []bound{
		{"probeInterval", p.ProbeInterval.Milliseconds(), 100, 3_600_000, " ms"},
		{"probeTimeout", p.ProbeTimeout.Milliseconds(), 50, 300_000, " ms"},
		{"failureThreshold", int64(p.FailureThreshold), 1, 100, ""},
		{"restartLimit", int64(p.RestartLimit), 0, 100, ""},
		{"failureWindow", p.FailureWindow.Milliseconds(), 1000, 86_400_000, " ms"},
		{"reaction", int64(p.Reaction), 1, int64(ReactFence), ""},
	} {
		if b.got < b.min || b.got > b.max {
			faults = append(faults, fmt.Sprintf("%s: %d%s is outside %d to %d%s", b.field, b.got, b.unit, b.min, b.max, b.unit))
		}
	}
	return faults
}
