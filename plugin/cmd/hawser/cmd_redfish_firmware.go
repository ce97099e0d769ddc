package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hawser/redfish"
)

func (b *bmcFlags) firmwareCommand() *cobra.Command {
	return &cobra.Command{
		Use: "firmware", Short: "What firmware the machine has", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return b.with(c.Context(), func(bmc *redfish.BMC) error {
				inv, err := bmc.FirmwareInventory(c.Context())
				if err != nil {
					return err
				}
				return b.print(inv, func(w io.Writer) { showFirmware(w, inv) })
			})
		},
	}
}

func showFirmware(w io.Writer, inv *redfish.FirmwareInventory) {
	row(w, "FIRMWARE", "VERSION", "RELEASED", "UPDATE", "HEALTH")
	for _, f := range inv.Firmware {
		update := "no"
		if f.Updateable {
			update = "by the BMC"
		}
		row(w, f.Name, cmp.Or(f.Version, "unknown"), cmp.Or(f.Released, "unknown"), update, f.Health)
	}
	for _, p := range inv.Problems {
		fmt.Fprintln(w, "not read:", p)
	}
}
