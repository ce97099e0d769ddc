package redfish

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
)

func fingerprintOf(s *httptest.Server) string {
	sum := sha256.Sum256(s.Certificate().Raw)
	return hex.EncodeToString(sum[:])
}

// The counts were taken from the recorded trees by hand.
var inventories = []struct {
	vendor     string
	system     System
	present    map[Class]int
	absent     int
	sensors    map[SensorType]int
	reason     string
	problems   []string
	requests   uint64 // at most
	powerLimit float64
}{
	{
		vendor: "dmtf-rackmount1",
		system: System{
			Manufacturer: "Contoso", Model: "3500", Serial: "437XR1138R2", UUID: "38947555-7742-3448-3784-823347823834",
			BIOSVersion: "P79 v1.45 (12/06/2017)", BMCVersion: "1.45.455b66-rev4", PowerState: PowerOn,
			Health: HealthWarning, IndicatorLED: "off", BootOverride: "Pxe (once)",
		},
		present: map[Class]int{
			ClassBattery: 1, ClassBMC: 1, ClassChassis: 1, ClassCPU: 2, ClassDrive: 2, ClassFan: 4, ClassMemory: 3,
			ClassPort: 4, ClassPowerSupply: 1, ClassStorage: 1,
		},
		absent: 5,
		sensors: map[SensorType]int{
			SensorCurrent: 10, SensorFanPercent: 4, SensorFrequency: 2, SensorOther: 4, SensorPower: 3, SensorTemperature: 8, SensorVoltage: 10,
		},
		reason: "powerSupply Power Supply Bay 1 warning", requests: 20, powerLimit: 500,
	},
	{
		vendor: "hpe-ilo5-dl365g10p",
		system: System{
			Manufacturer: "HPE", Model: "ProLiant DL365 Gen10 Plus -- SIMULATED", Serial: "MXQ2370DLQ",
			UUID: "35383350-3837-584D-5132-333730444C51", BIOSVersion: "A42 v3.72 (05/16/2025)", BMCVersion: "iLO 5 v3.14",
			PowerState: PowerOn, Health: HealthOK, IndicatorLED: "blinking", BootOverride: "none",
		},
		present: map[Class]int{
			ClassBMC: 1, ClassChassis: 2, ClassCPU: 2, ClassDrive: 2, ClassFan: 7, ClassMemory: 12, ClassNIC: 2, ClassPort: 2,
			ClassPowerSupply: 2, ClassStorage: 2, ClassVolume: 1,
		},
		absent:   20,
		sensors:  map[SensorType]int{SensorFanPercent: 7, SensorPower: 3, SensorTemperature: 45, SensorVoltage: 2},
		requests: 20,
	},
	{
		vendor: "lenovo-xcc-sr650",
		system: System{
			Manufacturer: "LNVO", Model: "ThinkSystem SR650", Serial: "REMOVED_FROM_MOCK", UUID: "REMOVED_FROM_MOCK",
			BIOSVersion: "IVE116S", BMCVersion: "CDI320S 1.70 2018-02-28", PowerState: PowerOn,
			Health: HealthWarning, IndicatorLED: "off", BootOverride: "none",
		},
		present: map[Class]int{
			ClassBMC: 1, ClassChassis: 1, ClassCPU: 2, ClassDrive: 18, ClassFan: 6, ClassMemory: 8, ClassNIC: 1, ClassPort: 3,
			ClassPowerSupply: 2, ClassStorage: 4, ClassVolume: 2,
		},
		absent:   16,
		sensors:  map[SensorType]int{SensorFanPercent: 6, SensorPower: 3, SensorTemperature: 6, SensorVoltage: 5},
		reason:   "powerSupply PSU1 warning",
		problems: []string{"Drives lists fewer members"},
		requests: 75,
	},
	{
		vendor: "dell-idrac9",
		system: System{
			Model: "PowerEdge M640", Serial: "CNWS30079D00BW", UUID: "4c4c4544-0031-3610-805a-c8c04f344d32", BMCVersion: "3.34.34.34",
			PowerState: PowerOff, Health: HealthOK, IndicatorLED: "off", BootOverride: "none",
		},
		present:  map[Class]int{ClassBMC: 1, ClassChassis: 2},
		sensors:  map[SensorType]int{SensorPower: 1, SensorTemperature: 3, SensorVoltage: 38},
		requests: 20,
	},
	{
		vendor: "openbmc-stock",
		system: System{
			BMCVersion: "2.15.0-dev-686-g100c36de90", PowerState: PowerOff, Health: HealthOK, IndicatorLED: "off", BootOverride: "none",
		},
		present:  map[Class]int{ClassBMC: 1, ClassChassis: 1},
		sensors:  map[SensorType]int{},
		requests: 20,
	},
	{
		vendor: "supermicro-x10",
		system: System{
			Manufacturer: "Supermicro", Model: "Super Server", UUID: "00000000-0000-0000-0000-AC1F6B18A45A", BIOSVersion: "1.2", BMCVersion: "4.0",
			PowerState: PowerOn, Health: HealthOK, IndicatorLED: "off", BootOverride: "none",
		},
		present:  map[Class]int{ClassBMC: 1, ClassChassis: 1, ClassCPU: 1, ClassMemory: 4, ClassPort: 4},
		absent:   4,
		sensors:  map[SensorType]int{SensorFanSpeed: 4, SensorPower: 1, SensorTemperature: 8, SensorVoltage: 8},
		requests: 30,
	},
}

func TestCollect(t *testing.T) {
	for _, tt := range inventories {
		t.Run(tt.vendor, func(t *testing.T) {
			_, b := startTree(t, tt.vendor)
			inv, err := b.Collect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := inv.System
			limit := got.PowerLimitWatts
			reason := got.HealthReason
			got.Path, got.ID, got.Name, got.HealthReason, got.PowerLimitWatts = "", "", "", "", nil
			if got != tt.system {
				t.Errorf("system\n got %+v\nwant %+v", got, tt.system)
			}
			if (limit != nil) != (tt.powerLimit > 0) || limit != nil && *limit != tt.powerLimit {
				t.Errorf("power limit %v, want %v", limit, tt.powerLimit)
			}
			if !strings.Contains(reason, tt.reason) || tt.reason == "" && len(tt.problems) == 0 && reason != "" {
				t.Errorf("health reason %q, want %q", reason, tt.reason)
			}
			present, absent := countClasses(inv)
			if !maps.Equal(present, tt.present) || absent != tt.absent {
				t.Errorf("components\n got %v and %d empty slots\nwant %v and %d", present, absent, tt.present, tt.absent)
			}
			sensors := map[SensorType]int{}
			for _, s := range inv.Sensors {
				sensors[s.Type]++
			}
			if !maps.Equal(sensors, tt.sensors) {
				t.Errorf("sensors\n got %v\nwant %v", sensors, tt.sensors)
			}
			if len(inv.Problems) != len(tt.problems) {
				t.Errorf("problems %q, want %q", inv.Problems, tt.problems)
			}
			for i := range min(len(inv.Problems), len(tt.problems)) {
				if !strings.Contains(inv.Problems[i], tt.problems[i]) {
					t.Errorf("problem %q, want %q", inv.Problems[i], tt.problems[i])
				}
			}
			if b.Requests() > tt.requests {
				t.Errorf("%d requests, want at most %d", b.Requests(), tt.requests)
			}
			t.Logf("%s: %d requests", tt.vendor, b.Requests())
			checkInvariants(t, inv)
		})
	}
}

func countClasses(inv *Inventory) (present map[Class]int, absent int) {
	present = map[Class]int{}
	for _, c := range inv.Components {
		if c.Present() {
			present[c.Class]++
		} else {
			absent++
		}
	}
	return present, absent
}

// checkInvariants holds for every inventory of every BMC.
func checkInvariants(t *testing.T, inv *Inventory) {
	t.Helper()
	paths := map[string]bool{}
	for _, c := range inv.Components {
		if c.Path == "" || c.Name == "" || c.Class == "" || c.Health == "" {
			t.Errorf("component without path, name, class or health: %+v", c)
		}
		if paths[c.Path] {
			t.Errorf("component %s twice", c.Path)
		}
		paths[c.Path] = true
	}
	for _, c := range inv.Components {
		if c.Parent != "" && !paths[c.Parent] {
			t.Errorf("component %s has parent %s, which is none", c.Path, c.Parent)
		}
	}
	seen := map[string]bool{}
	for _, s := range inv.Sensors {
		if s.Path == "" || s.Name == "" || s.Type == "" || s.Health == "" || s.ReadingTime.IsZero() {
			t.Errorf("sensor without path, name, type, health or time: %+v", s)
		}
		if s.Value == nil && s.Health == HealthOK {
			t.Errorf("sensor %s is OK without a reading", s.Path)
		}
		if seen[s.Path] {
			t.Errorf("sensor %s twice", s.Path)
		}
		seen[s.Path] = true
	}
}
