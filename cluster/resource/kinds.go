package resource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
)

// Kind is one way to run a service, as configuration names it.
type Kind struct {
	// Name is the value of the option kind.
	Name string
	// Comment says in one line what it runs.
	Comment string

	build    func(spec Spec, log *logrus.Entry) (Resource, error)
	validate func(options map[string]any) error
	inspect  func(spec Spec, root string) error // nil: there is nothing to look at
}

// kinds lists every kind there is, by name.
var kinds = []Kind{
	{
		Name: "process", Comment: "a child process in a group of its own; its end is seen at once",
		build: newProcess, validate: validateProcess,
	},
	{
		Name: "vip", Comment: "a virtual IP address on an interface; neighbours are told, its loss is seen at once",
		build: newVIP, validate: validateVIP, inspect: inspectVIP,
	},
}

// Kinds lists the kinds that New knows, by name.
func Kinds() []Kind { return slices.Clone(kinds) }

// Validate names every fault of a kind's options; the error joins one OptionError for each.
func Validate(kind string, options map[string]any) error {
	k, err := find(kind)
	if err != nil {
		return err
	}
	return k.validate(options)
}

// Inspect names what this machine has against a service, whose options are valid, beforehand; the error joins one OptionError
// for each. It changes nothing.
func Inspect(spec Spec) error {
	k, err := find(spec.Kind)
	if err != nil || k.inspect == nil {
		return nil // an unknown kind is told by Validate
	}
	return k.inspect(spec, "/")
}

func find(name string) (Kind, error) {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return Kind{}, &OptionError{
		Path: "kind", Problem: fmt.Sprintf("there is no resource %q", name), Remedy: "use one of " + strings.Join(names, ", "),
	}
}
