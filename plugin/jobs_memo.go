package plugin

import (
	"encoding/json"

	"hawser/redfish"
)

// memo is what a job's row keeps of its last step, so that another leader can go on from there (cluster.Job.Step).
type memo struct {
	redfish.Step
	Boot string `json:"boot"` // of the node before its reset
	Away bool   `json:"away"` // it was not in the cluster then
}

// keep is a step as a job's row keeps it. The wishes are in the log already.
func keep(step redfish.Step, boot string, away bool) string {
	step.Desired, step.Detail = nil, ""
	text, err := json.Marshal(memo{step, boot, away})
	if err != nil {
		panic("plugin: a step cannot be encoded: " + err.Error())
	}
	return string(text)
}

// recall reads it. A job that was not that far has none: it begins anew.
func recall(text string) (m memo) {
	if json.Unmarshal([]byte(text), &m) != nil {
		return memo{}
	}
	return m
}

// resetBegan says whether the machine may have been reset: the step was in the log before anything was sent.
func (m memo) resetBegan() bool {
	switch m.Name {
	case redfish.StepReset, redfish.StepWait, redfish.StepVerify, redfish.StepDone:
		return true
	}
	return false
}
