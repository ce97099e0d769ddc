package nms

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a configuration: where, what, and what to write instead.
type Fault struct {
	Path    string `json:"path"` // as in clusters[0].nodes[1]
	Problem string `json:"problem"`
	Remedy  string `json:"remedy,omitempty"` // empty where the problem says it
}

func (f Fault) Error() string {
	if f.Remedy == "" {
		return f.Path + ": " + f.Problem
	}
	return f.Path + ": " + f.Problem + "; " + f.Remedy
}

// Faults are all the faults of a configuration, in its order.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is nil where there is no fault.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

func (f *Faults) add(path, remedy, problem string, args ...any) {
	*f = append(*f, Fault{Path: path, Problem: fmt.Sprintf(problem, args...), Remedy: remedy})
}
