package main

import (
	"encoding/json"
	"strings"
	"testing"

	"hawser/redfish"
)

func TestRedfishFirmware(t *testing.T) {
	_, flags := startBMC(t)
	text := runHawser(t, exitDone, redfishArgs("firmware", flags)...)
	for _, want := range []string{"FIRMWARE", "System firmware", "1.8.4", "BMC firmware"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	var inv redfish.FirmwareInventory
	if err := json.Unmarshal([]byte(runHawser(t, exitDone, redfishArgs("firmware", flags, "--json")...)), &inv); err != nil || len(inv.Firmware) < 2 {
		t.Errorf("%d lines, %v", len(inv.Firmware), err)
	}
}
