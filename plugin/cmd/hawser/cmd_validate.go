package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hawser/cluster/probe"
	"hawser/cluster/resource"
	"hawser/plugin"
)

// verdict is what validate found.
type verdict struct {
	File     string        `json:"file"`
	Faults   plugin.Faults `json:"faults"`
	Warnings plugin.Faults `json:"warnings,omitempty"`
}

func validateCommand(a *app) *cobra.Command {
	var path string
	var noFiles, listKinds, manager bool
	c := &cobra.Command{
		Use: "validate [FILE]", Short: "Name all faults of a configuration at once", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if listKinds {
				return a.printKinds()
			}
			if len(args) == 1 {
				path = args[0]
			}
			read := readNode
			if manager {
				read = readManager
				if !c.Flags().Changed("config") && len(args) == 0 {
					path = defaultManagerConfig
				}
			}
			return a.validate(path, noFiles, read)
		},
	}
	c.Flags().StringVar(&path, "config", defaultConfig, "configuration of a node, or with --manager of a manager")
	c.Flags().BoolVar(&manager, "manager", false, "it is a manager's configuration")
	c.Flags().BoolVar(&noFiles, "no-files", false, "look at the file alone: not at those that it names, nor at this machine's interfaces")
	c.Flags().BoolVar(&listKinds, "kinds", false, "list the kinds of services and probes instead")
	return c
}

// reader reads a configuration for validate: what is wrong with it, and what is weak.
type reader func(path string, noFiles bool) (verdict, error)

func readNode(path string, noFiles bool) (verdict, error) {
	cfg, faults, err := nodeConfig(path)
	if err == nil && !noFiles {
		faults = merge(merge(faults, cfg.CheckFiles()), machineFaults(cfg).Err())
	}
	return verdict{File: path, Faults: append(plugin.Faults{}, faults...), Warnings: cfg.Warnings()}, err
}

func readManager(path string, noFiles bool) (verdict, error) {
	cfg, faults, err := managerConfig(path)
	if err == nil && !noFiles {
		faults = merge(faults, managerFaults(cfg.CheckFiles()))
	}
	return verdict{File: path, Faults: append(plugin.Faults{}, faults...)}, err
}

func (a *app) validate(path string, noFiles bool, read reader) error {
	v, err := read(path, noFiles)
	if err != nil {
		return err
	}
	err = a.print(v, func(w io.Writer) {
		for _, f := range v.Faults {
			fmt.Fprintf(w, "fault    %s: %s\n         -> %s\n", f.Path, f.Problem, f.Remedy)
		}
		for _, f := range v.Warnings {
			fmt.Fprintf(w, "warning  %s: %s\n         -> %s\n", f.Path, f.Problem, f.Remedy)
		}
		if len(v.Faults) == 0 {
			fmt.Fprintf(w, "%s is without fault\n", path)
		}
	})
	if err == nil && len(v.Faults) > 0 {
		err = fmt.Errorf("%s has %d faults: correct them and validate again", path, len(v.Faults))
	}
	return err
}

// kindLine is one kind that a configuration can name.
type kindLine struct {
	Of      string `json:"of"`
	Kind    string `json:"kind"`
	Comment string `json:"comment"`
}

func (a *app) printKinds() error {
	var lines []kindLine
	for _, k := range resource.Kinds() {
		lines = append(lines, kindLine{"service", k.Name, k.Comment})
	}
	for _, k := range probe.Kinds() {
		lines = append(lines, kindLine{"probe", k.Name, k.Comment})
	}
	return a.print(lines, func(w io.Writer) {
		for _, l := range lines {
			row(w, l.Of, l.Kind, l.Comment)
		}
	})
}
