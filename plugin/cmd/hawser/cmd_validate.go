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
	var noFiles, listKinds bool
	c := &cobra.Command{
		Use: "validate [FILE]", Short: "Name all faults of a configuration at once", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if listKinds {
				return a.printKinds()
			}
			if len(args) == 1 {
				path = args[0]
			}
			return a.validate(path, noFiles)
		},
	}
	c.Flags().StringVar(&path, "config", defaultConfig, "configuration of the node")
	c.Flags().BoolVar(&noFiles, "no-files", false, "do not look at the files that the configuration names")
	c.Flags().BoolVar(&listKinds, "kinds", false, "list the kinds of services and probes instead")
	return c
}

func (a *app) validate(path string, noFiles bool) error {
	cfg, faults, err := nodeConfig(path)
	if err != nil {
		return err
	}
	if !noFiles {
		faults = merge(faults, cfg.CheckFiles())
	}
	v := verdict{File: path, Faults: faults, Warnings: cfg.Warnings()}
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
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("%s has %d faults: correct them and validate again", path, len(faults))
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
