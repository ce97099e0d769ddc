package main

import (
	"errors"
	"path/filepath"

	"hawser/cluster/probe"
	"hawser/cluster/resource"
	"hawser/plugin"
)

// defaultConfig is where a node's configuration is looked for.
const defaultConfig = "/etc/hawser/hawser.yaml"

// nodeConfig reads the configuration of a node; the faults are those that the file itself shows, not those of the files
// that it names.
func nodeConfig(path string) (plugin.Config, plugin.Faults, error) {
	d := plugin.DefaultConfig()
	cfg := d.Config
	faults, err := readConfig(path, &cfg, d.Node, d.Stack, d.Service, d.Sink, d.User)
	if err != nil {
		return cfg, nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return cfg, nil, err
	}
	cfg.Resolve(dir)
	return cfg, merge(faults, cfg.Validate(kinds())), nil
}

// loadNode reads a configuration that must be without fault, its files included.
func loadNode(path string) (plugin.Config, error) {
	cfg, faults, err := nodeConfig(path)
	if err != nil {
		return cfg, err
	}
	return cfg, merge(faults, cfg.CheckFiles()).Err()
}

// merge adds faults, but no second one for a path.
func merge(faults plugin.Faults, more error) plugin.Faults {
	var found plugin.Faults
	if !errors.As(more, &found) {
		return faults
	}
	seen := map[string]bool{}
	for _, f := range faults {
		seen[f.Path] = true
	}
	for _, f := range found {
		if !seen[f.Path] {
			faults = append(faults, f)
		}
	}
	return faults
}

// kinds connects the configuration to the packages that know the kinds.
func kinds() plugin.Kinds {
	return plugin.Kinds{
		Service: func(kind string, options map[string]any) plugin.Faults {
			return optionFaults(resource.Validate(kind, options), func(e *resource.OptionError) plugin.Fault { return plugin.Fault(*e) })
		},
		Probe: func(kind string, options map[string]any) plugin.Faults {
			return optionFaults(probe.Validate(kind, options), func(e *probe.OptionError) plugin.Fault { return plugin.Fault(*e) })
		},
	}
}

func optionFaults[E error](err error, fault func(E) plugin.Fault) plugin.Faults {
	var out plugin.Faults
	for _, one := range flatten(err) {
		var option E
		if errors.As(one, &option) {
			out = append(out, fault(option))
		} else {
			out = append(out, plugin.Fault{Path: "options", Problem: one.Error(), Remedy: "correct the options"})
		}
	}
	return out
}
