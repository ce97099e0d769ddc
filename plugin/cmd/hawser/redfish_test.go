package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hawser/fixtures/bmc"
	"hawser/redfish"
)

// startBMC runs a machine with its BMC and returns the flags by which it is reached.
func startBMC(t *testing.T) (*bmc.Server, []string) {
	t.Helper()
	server, err := bmc.New(bmc.Options{
		Name: "alpha", UUID: "4c4c4544-0051-3510-8052-b4c04f564831", Username: "operator", Password: "secret123", BootDelay: 10 * time.Millisecond,
		Machine: bmc.ProcessMachine{Command: func(string) *exec.Cmd { return exec.Command("sleep", "1000") }},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return server, []string{"--url", server.URL(), "--user", "operator", "--password-file", password, "--fingerprint", server.Fingerprint()}
}

func redfishArgs(act string, flags []string, more ...string) []string {
	return append(append([]string{"redfish", act}, more...), flags...)
}

func TestRedfishInventory(t *testing.T) {
	_, flags := startBMC(t)
	text := runHawser(t, exitDone, redfishArgs("inventory", flags)...)
	for _, want := range []string{"Moor 1200", "4c4c4544", "power on", "fan", "SENSOR"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	var inv redfish.Inventory
	if err := json.Unmarshal([]byte(runHawser(t, exitDone, redfishArgs("inventory", flags, "--json")...)), &inv); err != nil || len(inv.Components) < 10 {
		t.Errorf("%d components, %v", len(inv.Components), err)
	}
}

func TestRedfishSettingsNameWhatIsAllowed(t *testing.T) {
	_, flags := startBMC(t)
	text := runHawser(t, exitDone, redfishArgs("settings", flags, "WorkloadProfile")...)
	if !strings.Contains(text, "Balanced") || !strings.Contains(text, "LowLatency") || strings.Contains(text, "TurboMode") {
		t.Errorf("got %s", text)
	}
	if text := runHawser(t, exitFailed, redfishArgs("settings", flags, "NoSuchThing")...); !strings.Contains(text, "no setting NoSuchThing") {
		t.Errorf("got %s", text)
	}
}

func TestRedfishApply(t *testing.T) {
	server, flags := startBMC(t)
	if text := runHawser(t, exitFailed, redfishArgs("apply", flags, "WorkloadProfile=Sleepy")...); !strings.Contains(text, "LowLatency") {
		t.Errorf("a value outside the registry: %s", text)
	}
	if text := runHawser(t, exitDone, redfishArgs("apply", flags, "--dry-run", "WorkloadProfile=LowLatency")...); !strings.Contains(text, "at the next reset") {
		t.Errorf("dry run: %s", text)
	}
	if text := runHawser(t, exitFailed, redfishArgs("apply", flags, "WorkloadProfile=LowLatency")...); !strings.Contains(text, "--alone") {
		t.Errorf("a reset without asking a cluster: %s", text)
	}
	for _, a := range server.Actions() {
		if a.Kind != "Boot" && a.Kind != bmc.ResetOn {
			t.Errorf("the machine was touched: %+v", a)
		}
	}
	if text := runHawser(t, exitDone, redfishArgs("apply", flags, "--stage", "WorkloadProfile=LowLatency")...); !strings.Contains(text, "staged") {
		t.Errorf("stage: %s", text)
	}
	if text := runHawser(t, exitDone, redfishArgs("apply", flags, "--alone", "WorkloadProfile=LowLatency")...); !strings.Contains(text, "inSync") {
		t.Errorf("apply: %s", text)
	}
	runHawser(t, exitMisuse, redfishArgs("apply", flags, "WorkloadProfile")...)
}

func TestRedfishPower(t *testing.T) {
	server, flags := startBMC(t)
	if text := runHawser(t, exitDone, redfishArgs("power", flags)...); !strings.Contains(text, "is on") {
		t.Errorf("got %s", text)
	}
	if text := runHawser(t, exitFailed, redfishArgs("power", flags, "off")...); !strings.Contains(text, "--alone") || server.State().Power != bmc.On {
		t.Errorf("switched off without asking a cluster: %s", text)
	}
	if text := runHawser(t, exitDone, redfishArgs("power", flags, "off", "--alone")...); !strings.Contains(text, "is off") || server.State().Power != bmc.Off {
		t.Errorf("got %s", text)
	}
	if text := runHawser(t, exitDone, redfishArgs("power", flags, "on")...); !strings.Contains(text, "is on") || server.State().Power != bmc.On {
		t.Errorf("got %s", text)
	}
	runHawser(t, exitMisuse, redfishArgs("power", flags, "explode")...)
}
