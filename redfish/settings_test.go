package redfish

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		vendor       string
		attributes   int
		registry     string
		described    int // attributes that the registry describes
		dependencies int
		problem      string
		fault        string
	}{
		{vendor: "dmtf-rackmount1", attributes: 10, registry: "BiosAttributeRegistryP89.v1_0_0", problem: "is not among the BMC's Registries"},
		{vendor: "hpe-ilo5-dl365g10p", attributes: 255, registry: "BiosAttributeRegistryA42.v1_3_72", described: 255, dependencies: 723},
		{vendor: "lenovo-xcc-sr650", attributes: 143, registry: "BiosAttributeRegistryV1", problem: "404"},
		{vendor: "dell-idrac9", registry: "BiosAttributeRegistry.v1_0_3", dependencies: 315},
		{vendor: "openbmc-stock"},
		{vendor: "supermicro-x10", fault: "no Bios resource"},
	} {
		t.Run(tt.vendor, func(t *testing.T) {
			_, b := startTree(t, tt.vendor)
			s, err := b.Settings(t.Context())
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("err %v, want %q", err, tt.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			described := 0
			for _, a := range s.Settings {
				if a.Type != "" {
					described++
				}
				if a.Scope != ScopeBIOS || !a.Current.Known() {
					t.Errorf("%+v", a)
				}
			}
			if len(s.Settings) != tt.attributes || described != tt.described || s.Registry != tt.registry || s.Dependencies != tt.dependencies {
				t.Errorf("%d attributes, %d described, registry %q, %d dependencies; want %+v", len(s.Settings), described, s.Registry, s.Dependencies, tt)
			}
			if problems := strings.Join(s.Problems, "; "); !strings.Contains(problems, tt.problem) || tt.problem == "" && problems != "" {
				t.Errorf("problems %q, want %q", problems, tt.problem)
			}
		})
	}
}

func TestRegistrySizes(t *testing.T) {
	for _, tt := range []struct {
		vendor, path     string
		attributes, deps int
	}{
		{"hpe-ilo5-dl365g10p", "/redfish/v1/registrystore/registries/en/biosattributeregistrya42.v1_3_72", 407, 723},
		{"dell-idrac9", "/redfish/v1/systems/system.embedded.1/bios/biosregistry", 528, 315},
		{"dell-idrac9", "/redfish/v1/registries/managerattributeregistry/managerattributeregistry.v1_0_0.json", 1343, 57},
	} {
		reg, err := parseRegistry(tree(t, tt.vendor)[tt.path])
		if err != nil {
			t.Fatal(err)
		}
		if len(reg.attributes) != tt.attributes || len(reg.deps) != tt.deps || len(reg.problems) > 0 {
			t.Errorf("%s: %d attributes, %d dependencies, problems %q", tt.path, len(reg.attributes), len(reg.deps), reg.problems)
		}
	}
}

func TestValue(t *testing.T) {
	for in, want := range map[string]Value{
		`"a"`: StringValue("a"), `3`: IntegerValue(3), `3.0`: IntegerValue(3), `3e2`: IntegerValue(300), `-1`: IntegerValue(-1),
		`true`: BooleanValue(true), `null`: {}, `3.5`: {Kind: KindOther, Text: "3.5"}, `[1, 2]`: {Kind: KindOther, Text: "[1,2]"},
		`9223372036854775807`: IntegerValue(9223372036854775807), `1e300`: {Kind: KindOther, Text: "1e300"},
	} {
		var v Value
		if err := json.Unmarshal([]byte(in), &v); err != nil || v != want {
			t.Errorf("%s: %+v, %v; want %+v", in, v, err, want)
		}
		out, err := json.Marshal(v)
		var back Value
		if err != nil || json.Unmarshal(out, &back) != nil || back != v {
			t.Errorf("%s: written as %s, %v", in, out, err)
		}
	}
}
