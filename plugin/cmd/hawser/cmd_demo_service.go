package main

import (
	"github.com/spf13/cobra"

	"hawser/fixtures/stack"
)

// demoServiceCommand is one service of the demonstration's stack.
func demoServiceCommand(*app) *cobra.Command {
	return &cobra.Command{
		Use: "demo-service", Short: "Run a service of the demonstration", Hidden: true, DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error { return stack.RunService(c.Context(), args) },
	}
}
