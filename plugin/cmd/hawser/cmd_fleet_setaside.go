package main

import (
	"fmt"
	"io"
	"os/user"

	"github.com/spf13/cobra"

	"hawser/nms"
)

func (f *fleet) setAside() *cobra.Command {
	return &cobra.Command{
		Use: "set-aside", Short: "Move a damaged journal away, keep it, and begin an empty one", Args: cobra.NoArgs,
		Long: "Moves the journal of a manager that does not run into a folder beside it and begins an empty one. Nothing is deleted.\n" +
			"The next start of the manager fetches what the clusters still have. Reconfiguration is off in the new journal, unless the\n" +
			"former one can still be read and had it on; `hawser fleet reconfig --on` switches it on.",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, _, err := managerConfig(f.config)
			if err != nil {
				return fmt.Errorf("%w; name the manager's configuration with --config", err)
			}
			who, err := user.Current()
			if err != nil {
				return fmt.Errorf("who are you: %w", err)
			}
			a, err := nms.SetAside(c.Context(), cfg.DataDir, who.Username)
			if err != nil {
				return err
			}
			return f.print(a, func(w io.Writer) {
				fmt.Fprintf(w, "the former journal is in %s: %v\n", a.Folder, a.Files)
				if a.Off.Value == "true" {
					fmt.Fprintln(w, "reconfiguration is off; `hawser fleet reconfig --on` switches it on")
				}
				fmt.Fprintln(w, "start the manager: it fetches what the clusters still have")
			})
		},
	}
}
