package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// errTooLong says that the body was cut, so that JSON cannot be read from it.
var errTooLong = errors.New("the body is longer than bodyLimit")

// healthReport is the answer of MicroProfile Health (section "JSON schema" of its specification).
type healthReport struct {
	Status string        `json:"status"`
	Checks []healthCheck `json:"checks"`
}

type healthCheck struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

const healthUp = "UP"

// checkHealth reads a body as MicroProfile Health. It is right if the whole is UP and every named check is there and UP.
func checkHealth(body []byte, whole bool, names []string) error {
	if !whole {
		return errTooLong
	}
	var report healthReport
	if err := json.Unmarshal(body, &report); err != nil {
		return fmt.Errorf("the body is not MicroProfile Health: %w", err)
	}
	state := make(map[string]string, len(report.Checks))
	var down []string
	for _, c := range report.Checks {
		// Two checks may share a name; the worse one counts.
		if old, seen := state[c.Name]; !seen || old == healthUp {
			state[c.Name] = c.Status
		}
		if c.Status != healthUp {
			down = append(down, c.Name)
		}
	}
	if report.Status != healthUp {
		if len(down) > 0 {
			return fmt.Errorf("health is %q, down: %s", report.Status, strings.Join(down, ", "))
		}
		return fmt.Errorf("health is %q", report.Status)
	}
	for _, name := range names {
		if got, there := state[name]; !there {
			return fmt.Errorf("health has no check %q", name)
		} else if got != healthUp {
			return fmt.Errorf("check %q is %q", name, got)
		}
	}
	return nil
}
