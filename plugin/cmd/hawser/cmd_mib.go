package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hawser/mib"
)

func mibCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "mib", Short: "Print the text of HAWSER-MIB", Args: cobra.NoArgs,
		Long: "Print the text of HAWSER-MIB. Put it where your tools look: hawser mib > /usr/share/snmp/mibs/HAWSER-MIB.txt",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(a.stdout, mib.Text)
			return err
		},
	}
}
