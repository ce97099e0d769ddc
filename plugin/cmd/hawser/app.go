package main

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// app is one run of the program.
type app struct {
	stdout, stderr io.Writer
	asJSON         bool
	began          bool // the command line was accepted
}

// root is the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "hawser",
		Short: "Moors high-availability systems to the network management system that you already run",
		Long: `hawser is a cluster controller, a monitoring controller that speaks SNMP, a Redfish client, and a manager that
stands beside the NMS. Try it: hawser demo --story`,
		SilenceUsage: true, SilenceErrors: true,
		Version:           version().Version,
		PersistentPreRun:  func(*cobra.Command, []string) { a.began = true },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().BoolVar(&a.asJSON, "json", false, "print facts as JSON")
	for _, make := range commands {
		root.AddCommand(make(a))
	}
	return root
}

// print writes facts: as JSON where that is asked for, else as text says.
func (a *app) print(facts any, text func(w io.Writer)) error {
	if a.asJSON {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		if v := reflect.ValueOf(facts); v.Kind() == reflect.Slice && v.IsNil() {
			facts = []any{} // none is an empty list, not null
		}
		return e.Encode(facts)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// row writes one line of a table.
func row(w io.Writer, cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, cell)
	}
	fmt.Fprintln(w)
}
