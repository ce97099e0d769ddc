package redfish

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func ilo5(t *testing.T) *Settings {
	t.Helper()
	_, b := startTree(t, "hpe-ilo5-dl365g10p")
	s, err := b.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A machine as it stands violates none of its own dependencies: else every
// plan would be refused.
func TestMachineKeepsItsOwnRules(t *testing.T) {
	s := ilo5(t)
	m := s.merge(nil)
	for name, f := range s.constrain(m).forced {
		if !sameValue(m.values[name], f.value) {
			t.Errorf("%s is %s, forced to %s while %s", name, m.values[name], f.value, f.because)
		}
	}
	// And every value in force is one that could be set.
	for _, a := range s.Settings {
		if err := a.check(a.Current); err != nil && !a.ReadOnly {
			t.Errorf("%s = %s %v", a.Name, a.Current, err)
		}
	}
}

func TestPlanILO5(t *testing.T) {
	s := ilo5(t)
	for _, tt := range []struct {
		name, attr, value string
		reason, allowed   string // of the rejection, empty for none
		inSync            bool
	}{
		{name: "in sync", attr: "PatrolScrubDuration", value: "24", inSync: true},
		{name: "integer", attr: "PatrolScrubDuration", value: "12"},
		{name: "too big", attr: "PatrolScrubDuration", value: "25", reason: "above the upper bound 24", allowed: "1..24"},
		{name: "too small", attr: "PatrolScrubDuration", value: "0", reason: "below the lower bound 1", allowed: "1..24"},
		{name: "no integer", attr: "PatrolScrubDuration", value: "12.5", reason: "is not an integer", allowed: "1..24"},
		{name: "text for integer", attr: "PatrolScrubDuration", value: "twelve", reason: "is not an integer"},
		{name: "overflow", attr: "PatrolScrubDuration", value: "99999999999999999999", reason: "is not an integer"},
		{name: "unknown value", attr: "BootMode", value: "Floppy", reason: "is not among the allowed values", allowed: "Uefi, LegacyBios"},
		{name: "letter case", attr: "BootMode", value: "uefi", reason: "write it as Uefi"},
		{name: "unknown attribute", attr: "Bootmode", value: "Uefi", reason: "write BootMode"},
		{name: "not on this machine", attr: "NoSuchThing", value: "1", reason: "names no attribute of this machine"},
		{name: "too long", attr: "AdminName", value: strings.Repeat("x", 200), reason: "more than"},
		{name: "pattern", attr: "AdminName", value: "Jürgen", reason: "does not match the pattern"},
		{name: "string", attr: "AdminName", value: "Night shift"},
		{name: "read-only", attr: "Nbio0BusBase", value: "1", reason: "read-only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := s.Plan([]Desired{{Name: tt.attr, Value: tt.value}})
			switch {
			case tt.inSync:
				if !p.Empty() || len(p.InSync) != 1 || p.Err() != nil {
					t.Errorf("%+v", p)
				}
			case tt.reason == "":
				if len(p.Changes) != 1 || p.Err() != nil || !p.ResetNeeded || p.Changes[0].To.String() != tt.value {
					t.Errorf("%+v", p)
				}
			default:
				if len(p.Rejections) != 1 || len(p.Changes) > 0 {
					t.Fatalf("%+v", p)
				}
				r := p.Rejections[0]
				if r.Name != tt.attr || r.Value != tt.value || !strings.Contains(r.Reason, tt.reason) || !strings.Contains(r.Allowed, tt.allowed) {
					t.Errorf("rejection %+v", r)
				}
				if !errors.Is(p.Err(), ErrRejected) || !strings.Contains(p.Err().Error(), tt.attr) {
					t.Errorf("err %v", p.Err())
				}
			}
		})
	}
}

func TestPlanDependenciesILO5(t *testing.T) {
	s := ilo5(t)
	// A profile forces other attributes: those not asked for are implied, those
	// asked for differently are refused.
	p := s.Plan([]Desired{{Name: "WorkloadProfile", Value: "LowLatency"}})
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	if len(p.Implied) == 0 {
		t.Fatalf("nothing implied: %+v", p)
	}
	im := p.Implied[0]
	if !strings.Contains(im.Because, "WorkloadProfile = LowLatency") {
		t.Errorf("implied %+v", im)
	}
	a, _ := s.Find(ScopeBIOS, im.Name)
	other := a.Allowed[slices.IndexFunc(a.Allowed, func(v string) bool { return v != im.To.String() })]
	p = s.Plan([]Desired{{Name: "WorkloadProfile", Value: "LowLatency"}, {Name: im.Name, Value: other}})
	if !slices.ContainsFunc(p.Rejections, func(r Rejection) bool {
		return r.Name == im.Name && strings.Contains(r.Reason, "WorkloadProfile = LowLatency")
	}) {
		t.Errorf("against the profile: %+v", p)
	}
}

// toy is a small set of settings with dependencies.
func toy(t *testing.T) *Settings {
	t.Helper()
	reg, err := parseRegistry([]byte(`{"Id":"Toy","RegistryEntries":{"Attributes":[
		{"AttributeName":"Cap","Type":"Boolean","DefaultValue":false},
		{"AttributeName":"Watts","Type":"Integer","LowerBound":-10,"UpperBound":1400,"ScalarIncrement":10},
		{"AttributeName":"Mode","Type":"Enumeration","Value":[{"ValueName":"A"},{"ValueName":"B"},{"ValueName":"C"}]},
		{"AttributeName":"Sub","Type":"Enumeration","Value":[{"ValueName":"X"},{"ValueName":"Y"}],"ResetRequired":false},
		{"AttributeName":"Tag","Type":"String","MinLength":2,"MaxLength":4,"ValueExpression":"^[a-z]*$"},
		{"AttributeName":"Build","Type":"String","ReadOnly":true},
		{"AttributeName":"Open","Type":"String","ReadOnly":true},
		{"AttributeName":"Secret","Type":"Password"},
		{"AttributeName":"Odd","Type":"Integer","LowerBound":"x"}
	],"Dependencies":[
		{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"Cap","MapFromProperty":"CurrentValue","MapFromCondition":"EQU","MapFromValue":false}],"MapToAttribute":"Watts","MapToProperty":"ReadOnly","MapToValue":true}},
		{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"Mode","MapFromProperty":"CurrentValue","MapFromCondition":"NEQ","MapFromValue":"A"},{"MapTerms":"AND","MapFromAttribute":"Cap","MapFromProperty":"CurrentValue","MapFromCondition":"EQU","MapFromValue":true}],"MapToAttribute":"Watts","MapToProperty":"UpperBound","MapToValue":500}},
		{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"Mode","MapFromProperty":"CurrentValue","MapFromCondition":"EQU","MapFromValue":"C"}],"MapToAttribute":"Sub","MapToProperty":"CurrentValue","MapToValue":"Y"}},
		{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"Sub","MapFromProperty":"CurrentValue","MapFromCondition":"EQU","MapFromValue":"Y"}],"MapToAttribute":"Tag","MapToProperty":"CurrentValue","MapToValue":"zz"}},
		{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"Mode","MapFromProperty":"CurrentValue","MapFromCondition":"EQU","MapFromValue":"B"}],"MapToAttribute":"Open","MapToProperty":"ReadOnly","MapToValue":false}},
		{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"Watts","MapFromProperty":"CurrentValue","MapFromCondition":"GTR","MapFromValue":400}],"MapToAttribute":"Sub","MapToProperty":"GrayOut","MapToValue":true}},
		{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"Gone","MapFromProperty":"CurrentValue","MapFromCondition":"NEQ","MapFromValue":"x"}],"MapToAttribute":"Mode","MapToProperty":"ReadOnly","MapToValue":true}}
	]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(reg.problems) != 1 || !strings.Contains(reg.problems[0], "attribute") {
		t.Errorf("problems %q, want the odd attribute", reg.problems)
	}
	s := &Settings{}
	for name, v := range map[string]Value{
		"Cap": BooleanValue(false), "Watts": IntegerValue(300), "Mode": StringValue("A"), "Sub": StringValue("X"), "Tag": StringValue("ab"),
		"Build": StringValue("1"), "Open": StringValue("o"), "Secret": StringValue(""), "Odd": IntegerValue(1),
	} {
		s.Settings = append(s.Settings, Setting{Scope: ScopeBIOS, Name: name, Current: v, Pending: v, ResetRequired: true})
	}
	slices.SortFunc(s.Settings, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	s.build(nil, reg)
	return s
}

func TestPlanDependencies(t *testing.T) {
	for _, tt := range []struct {
		name     string
		desired  string // "A=1 B=2"
		rejected string // "Name: part of the reason"
		implied  string
		warning  string
		changes  string
	}{
		{name: "read-only while", desired: "Watts=400", rejected: "Watts: read-only while Cap = false"},
		{name: "merged set frees it", desired: "Cap=true Watts=400", changes: "Cap Watts"},
		{name: "merged set narrows it", desired: "Cap=true Watts=600 Mode=B", rejected: "Watts: above the upper bound 500"},
		{name: "both terms needed", desired: "Cap=true Watts=600", changes: "Cap Watts"},
		{name: "step", desired: "Cap=true Watts=405", rejected: "Watts: step 10 from -10"},
		{name: "negative bound", desired: "Cap=true Watts=-20", rejected: "Watts: below the lower bound -10"},
		{name: "forced chain", desired: "Mode=C", implied: "Sub=Y Tag=zz", changes: "Mode"},
		{name: "against the force", desired: "Mode=C Sub=X", rejected: "Sub: would be set to Y by the firmware while Mode = C"},
		{name: "with the force", desired: "Mode=C Sub=Y Tag=zz", changes: "Mode Sub Tag"},
		{name: "against the chain", desired: "Mode=C Tag=cd", rejected: "Tag: would be set to zz by the firmware while Sub = Y"},
		{name: "opened", desired: "Mode=B Open=n", changes: "Mode Open"},
		{name: "not opened", desired: "Open=n", rejected: "Open: read-only"},
		{name: "no effect", desired: "Cap=true Watts=410 Sub=Y Tag=zz", warning: "Sub has no effect while Watts > 400", changes: "Cap Sub Tag Watts"},
		{name: "boolean text", desired: "Cap=yes", rejected: "Cap: neither true nor false"},
		{name: "too short", desired: "Tag=a", rejected: "Tag: fewer than 2"},
		{name: "password", desired: "Secret=x", rejected: "Secret: is a password"},
		{name: "not described", desired: "Odd=2", rejected: "Odd: not described"},
		{name: "contradiction", desired: "Mode=B Mode=C", rejected: "Mode: contradicts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var desired []Desired
			for d := range strings.FieldsSeq(tt.desired) {
				name, value, _ := strings.Cut(d, "=")
				desired = append(desired, Desired{Name: name, Value: value})
			}
			p := toy(t).Plan(desired)
			var implied, changes []string
			for _, i := range p.Implied {
				implied = append(implied, i.Name+"="+i.To.String())
			}
			for _, c := range p.Changes {
				changes = append(changes, c.Name)
			}
			if tt.rejected == "" {
				if p.Err() != nil || strings.Join(implied, " ") != tt.implied || strings.Join(changes, " ") != tt.changes {
					t.Errorf("implied %v, changes %v, %v", implied, changes, p.Err())
				}
			} else {
				name, reason, _ := strings.Cut(tt.rejected, ": ")
				if len(p.Rejections) != 1 || p.Rejections[0].Name != name || !strings.Contains(p.Rejections[0].Reason, reason) {
					t.Errorf("rejections %+v", p.Rejections)
				}
			}
			if w := strings.Join(p.Warnings, " "); !strings.Contains(w, tt.warning) || tt.warning == "" && w != "" {
				t.Errorf("warnings %q", w)
			}
		})
	}
}

func TestResetNeeded(t *testing.T) {
	s := toy(t)
	if p := s.Plan([]Desired{{Name: "Mode", Value: "B"}}); !p.ResetNeeded {
		t.Error("an absent ResetRequired needs a reset")
	}
	if p := s.Plan([]Desired{{Name: "Sub", Value: "Y"}, {Name: "Tag", Value: "zz"}}); !p.ResetNeeded {
		t.Error("one of two needs a reset")
	}
	s = toy(t)
	s.deps = nil
	if p := s.Plan([]Desired{{Name: "Sub", Value: "Y"}}); p.ResetNeeded {
		t.Error("ResetRequired false needs none")
	}
	// Taking back what is pending needs none either.
	i := s.index["Mode"]
	s.Settings[i].Pending = StringValue("B")
	p := s.Plan([]Desired{{Name: "Mode", Value: "A"}})
	if p.ResetNeeded || len(p.Changes) != 1 || p.Changes[0].Staged {
		t.Errorf("take back: %+v", p)
	}
	if p = s.Plan([]Desired{{Name: "Mode", Value: "B"}}); !p.ResetNeeded || !p.Changes[0].Staged {
		t.Errorf("staged: %+v", p)
	}
}
