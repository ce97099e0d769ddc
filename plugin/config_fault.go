package plugin

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a configuration: where, what, and what to write instead.
type Fault struct {
	Path    string `json:"path"` // as in stacks[0].services[1].policy.reaction
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}

func (f Fault) Error() string { return f.Path + ": " + f.Problem + "; " + f.Remedy }

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

// Kinds check the options of services and probes: the packages that know the kinds are not this package's to import. The
// paths of the faults are relative to the options; a kind that is not known is the fault of path "kind".
type Kinds struct {
	Service func(kind string, options map[string]any) Faults
	Probe   func(kind string, options map[string]any) Faults
}
