package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"hawser/fixtures/demo"
)

func demoCommand(a *app) *cobra.Command {
	o := demo.Options{Out: a.stdout}
	c := &cobra.Command{
		Use: "demo", Short: "The whole product on this machine, as an ordinary user", Args: cobra.NoArgs,
		Long: `Run three nodes as real processes, the emulated BMCs that power them, a small stack and a manager, in one folder and
on loopback. Without --story it runs until Ctrl-C and says what to try. With --story it kills the active node, lets a
service flap and a fan fail, and proves each step by a read from outside the part that did it.`,
		RunE: func(c *cobra.Command, _ []string) error {
			program, err := os.Executable()
			if err != nil {
				return err
			}
			o.Program = program
			if o.Stay && !o.Story {
				return misuse{fmt.Errorf("--stay goes with --story; without a story the demo stays anyway")}
			}
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGHUP) // the terminal was closed
			defer stop()
			return demo.Run(ctx, o)
		},
	}
	c.Flags().StringVar(&o.Dir, "dir", "demo", "folder for everything; created if missing")
	c.Flags().BoolVar(&o.Story, "story", false, "play the story")
	c.Flags().BoolVar(&o.Stay, "stay", false, "with --story: go on afterwards until Ctrl-C")
	return c
}
