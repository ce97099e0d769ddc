package main

import (
	"fmt"
	"path/filepath"

	"hawser/cluster"
	"hawser/cluster/resource"
	"hawser/plugin"
)

// machineFaults names what this machine has against the services that the node is to run: an interface that is not there, an
// address that something else configures. A witness runs none.
func machineFaults(cfg plugin.Config) plugin.Faults {
	var found plugin.Faults
	if self, ok := cfg.Self(); !ok || self.Role == cluster.RoleWitness {
		return nil
	}
	for i, st := range cfg.Stacks {
		for j, sv := range st.Services {
			err := resource.Inspect(resource.Spec{Name: sv.Name, Kind: sv.Kind, Dir: filepath.Join(cfg.DataDir, "run"), Options: sv.Options})
			for _, f := range optionFaults(err, func(e *resource.OptionError) plugin.Fault { return plugin.Fault(*e) }) {
				f.Path = fmt.Sprintf("stacks[%d].services[%d].options.%s", i, j, f.Path)
				found = append(found, f)
			}
		}
	}
	return found
}
