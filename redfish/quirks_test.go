package redfish

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// Each quirk is shown by its capture. A check returns whether the capture
// still holds what the table says.
var quirkChecks = map[string]func(t *testing.T, tree map[string][]byte) bool{
	"registry-version": func(t *testing.T, tree map[string][]byte) bool {
		return text(t, tree, "/redfish/v1/Systems/System.Embedded.1/Bios", "AttributeRegistry") == "BiosAttributeRegistry.v1_0_3" &&
			text(t, tree, "/redfish/v1/Registries/BiosAttributeRegistry.v1_0_0", "Registry") == "BiosAttributeRegistry1.0" &&
			stem("BiosAttributeRegistry.v1_0_3") == stem("BiosAttributeRegistry1.0")
	},
	"terms-without-operator": func(t *testing.T, tree map[string][]byte) bool {
		reg, err := parseRegistry(tree["/redfish/v1/systems/system.embedded.1/bios/biosregistry"])
		return err == nil && slices.ContainsFunc(reg.deps, func(d dependency) bool { return len(d.conditions) == 5 && d.conditions[1].or })
	},
	"empty-lists": func(t *testing.T, tree map[string][]byte) bool {
		return text(t, tree, "/redfish/v1/Systems/System.Embedded.1", "BiosVersion") == ""
	},
	"negative-bounds": func(t *testing.T, tree map[string][]byte) bool {
		reg, err := parseRegistry(tree["/redfish/v1/registries/managerattributeregistry/managerattributeregistry.v1_0_0.json"])
		return err == nil && len(reg.attributes) == 1343 && len(reg.problems) == 0 &&
			slices.ContainsFunc(reg.attributes, func(a attribute) bool { lo := integer(a.LowerBound); return lo != nil && *lo == -1 })
	},
	"no-limit-32767": contains("/redfish/v1/Chassis/System.Embedded.1/Power", `"LimitInWatts": 32767`),
	"no-limit-65535": contains("/redfish/v1/Chassis/1/Power", `"LimitInWatts": 65535`),
	"sessions-elsewhere": func(t *testing.T, tree map[string][]byte) bool {
		root, err := decode[serviceRoot](tree["/redfish/v1"])
		return err == nil && root.Links.Sessions == "/redfish/v1/Sessions"
	},
	"relative-link":         contains("/redfish/v1/Chassis/1/NetworkAdapters/ob-1", `"@odata.id": "80000000-F000-1100-1001-210009000200"`),
	"count-without-members": contains("/redfish/v1/Systems/1/Storage/RAID_Slot1", `"Drives@odata.count": 17`),
	"slash-fragment":        contains("/redfish/v1/Chassis/1/Thermal", `"/redfish/v1/Chassis/1/Thermal/#/Fans/0"`),
	"fragment-no-pointer":   contains("/redfish/v1/Chassis/1/Thermal", `"/redfish/v1/Chassis/1/Thermal#Fans/0"`),
	"letter-case":           contains("/redfish/v1/Systems/1", `"/redfish/v1/systems/1/bios"`),
	"absent-but-ok": func(t *testing.T, tree map[string][]byte) bool {
		s := string(tree["/redfish/v1/systems/1/memory/proc1dimm2"])
		return strings.Contains(s, `"State": "Absent"`) && strings.Contains(s, `"Health": "OK"`)
	},
	"registry-wider-than-machine": func(t *testing.T, tree map[string][]byte) bool {
		reg, err := parseRegistry(tree["/redfish/v1/registrystore/registries/en/biosattributeregistrya42.v1_3_72"])
		bios, berr := decode[biosResource](tree["/redfish/v1/systems/1/bios"])
		return err == nil && berr == nil && len(reg.attributes) == 407 && len(bios.Attributes) == 255
	},
	"reset-required-absent": func(t *testing.T, tree map[string][]byte) bool {
		return !strings.Contains(string(tree["/redfish/v1/registrystore/registries/en/biosattributeregistrya42.v1_3_72"]), "ResetRequired")
	},
	"absent-reads-zero": func(t *testing.T, tree map[string][]byte) bool {
		th, err := decode[oldThermal](tree["/redfish/v1/chassis/1/thermal"])
		return err == nil && strings.Contains(string(th.Temperatures[0]), `"Absent"`) && strings.Contains(string(th.Temperatures[0]), `"ReadingCelsius": 0`)
	},
	"storage-missing": func(t *testing.T, tree map[string][]byte) bool {
		return strings.Contains(string(tree["/redfish/v1/systems/1"]), `"/redfish/v1/Systems/1/Storage"`) && tree["/redfish/v1/systems/1/storage"] == nil
	},
	"no-uuid": func(t *testing.T, tree map[string][]byte) bool {
		return text(t, tree, "/redfish/v1/Systems/system", "UUID") == ""
	},
	"reset-types-in-action-info": contains("/redfish/v1/Systems/system", `"@Redfish.ActionInfo": "/redfish/v1/Systems/system/ResetActionInfo"`),
	"foreign-link":               contains("/redfish/v1/Chassis/1U/PowerSubsystem/PowerSupplies/Bay1", `"https://redfishpdu.contoso.com/`),
	"both-schemas": func(t *testing.T, tree map[string][]byte) bool {
		refs, err := decode[chassisRefs](tree["/redfish/v1/chassis/1u"])
		return err == nil && refs.Thermal != "" && refs.ThermalSubsystem != "" && refs.Power != "" && refs.PowerSubsystem != "" && refs.Sensors != ""
	},
	"percent-of-what": func(t *testing.T, tree map[string][]byte) bool {
		return text(t, tree, "/redfish/v1/Chassis/1U/Sensors/FanBay1", "ReadingType") == "Percent" &&
			text(t, tree, "/redfish/v1/Chassis/1U/Sensors/FanBay1", "PhysicalContext") == "Chassis"
	},
}

func TestQuirks(t *testing.T) {
	for _, q := range Quirks() {
		t.Run(q.Name, func(t *testing.T) {
			if q.Capture == "" || q.Shows == "" || q.Handling == "" {
				t.Error("incomplete")
			}
			check := quirkChecks[q.Name]
			if check == nil {
				t.Fatal("has no check")
			}
			if !check(t, tree(t, q.Capture)) {
				t.Errorf("capture %s does not show: %s", q.Capture, q.Shows)
			}
		})
	}
	if len(quirkChecks) != len(Quirks()) {
		t.Errorf("%d checks for %d quirks", len(quirkChecks), len(Quirks()))
	}
}

func contains(path, what string) func(*testing.T, map[string][]byte) bool {
	return func(_ *testing.T, tree map[string][]byte) bool {
		return strings.Contains(string(tree[treeKey(path)]), what)
	}
}

func text(t *testing.T, tree map[string][]byte, path, field string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(tree[treeKey(path)], &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	s, _ := v[field].(string)
	return s
}
