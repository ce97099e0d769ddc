package redfish

import (
	"errors"
	"strings"
	"testing"
)

// TestFirmwareOfRealMachines: each vendor's inventory, by what it holds of its BIOS or BMC.
func TestFirmwareOfRealMachines(t *testing.T) {
	for _, c := range []struct {
		vendor string
		least  int // lines; 0: there is no inventory
	}{
		{"dell-idrac9", 1}, {"dmtf-rackmount1", 1}, {"hpe-ilo5-dl365g10p", 10}, {"lenovo-xcc-sr650", 5}, {"openbmc-stock", 1}, {"supermicro-x10", 0},
	} {
		t.Run(c.vendor, func(t *testing.T) {
			_, b := startTree(t, c.vendor)
			inv, err := b.FirmwareInventory(t.Context())
			if c.least == 0 && errors.Is(err, ErrNoFirmware) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			versions := 0
			for _, f := range inv.Firmware {
				if f.Version != "" {
					versions++
				}
				if !strings.HasPrefix(f.Path, "/redfish/v1/") || f.Name == "" {
					t.Errorf("line %+v has no path or name", f)
				}
			}
			if len(inv.Firmware) < c.least || versions == 0 {
				t.Errorf("%d lines, %d with a version, problems %v; want %d at least", len(inv.Firmware), versions, inv.Problems, c.least)
			}
			t.Logf("%d lines, %d with a version, %d problems", len(inv.Firmware), versions, len(inv.Problems))
		})
	}
}

// TestFirmwareThatCannotBeRead is a problem with its path, and costs no other line.
func TestFirmwareThatCannotBeRead(t *testing.T) {
	m, b := startTree(t, "hpe-ilo5-dl365g10p")
	whole, err := b.FirmwareInventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	broken := whole.Firmware[1].Path
	m.set(broken, `{"@odata.id":"`+broken+`","Version":[]}`)
	got, err := newBMC(t, m).FirmwareInventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Firmware) != len(whole.Firmware)-1 || len(got.Problems) != 1 || !strings.HasPrefix(got.Problems[0], broken+": ") {
		t.Errorf("%d lines, want %d; problems %q, want one of %s", len(got.Firmware), len(whole.Firmware)-1, got.Problems, broken)
	}
	m.set("/redfish/v1/UpdateService", `{"@odata.id":"/redfish/v1/UpdateService"}`)
	if _, err := newBMC(t, m).FirmwareInventory(t.Context()); !errors.Is(err, ErrNoFirmware) {
		t.Errorf("%v, want no inventory", err)
	}
}
