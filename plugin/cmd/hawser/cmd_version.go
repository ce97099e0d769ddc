package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

// release is the version of this program.
const release = "0.1.0"

// commit is what this program was built from; make has the linker set it (git describe).
var commit = "unknown"

// build is what is known of this binary.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

func version() build { return build{Version: release, Commit: commit, Go: runtime.Version()} }

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := version()
			return a.print(b, func(w io.Writer) { fmt.Fprintln(w, "hawser", b.Version, b.Commit, b.Go) })
		},
	}
}
