package redfish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

// bios is a BMC with a settings object whose ETag changes with each write.
func bios(t *testing.T) (*mock, *BMC) {
	t.Helper()
	m := startMock(t, small())
	m.set("/redfish/v1/Systems/1/Bios", `{"@odata.id":"/redfish/v1/Systems/1/Bios","AttributeRegistry":"Toy.v1","Attributes":{"Mode":"A","Watts":300,"Name":"n"},
		"@Redfish.Settings":{"SettingsObject":{"@odata.id":"/redfish/v1/Systems/1/Bios/Settings"},"SupportedApplyTimes":["Immediate","OnReset"]}}`)
	m.set("/redfish/v1/Systems/1/Bios/Settings", `{"@odata.id":"/redfish/v1/Systems/1/Bios/Settings","@odata.etag":"\"1\"","Attributes":{}}`)
	m.set("/redfish/v1/Registries", `{"Members":[{"@odata.id":"/redfish/v1/Registries/Toy"}]}`)
	m.set("/redfish/v1/Registries/Toy", `{"@odata.id":"/redfish/v1/Registries/Toy","Id":"Toy","Registry":"Toy.1.0","Location":[{"Language":"en","Uri":"/redfish/v1/Registries/Toy.json"}]}`)
	m.set("/redfish/v1/Registries/Toy.json", `{"Id":"Toy","RegistryEntries":{"Attributes":[
		{"AttributeName":"Mode","Type":"Enumeration","Value":[{"ValueName":"A"},{"ValueName":"B"}]},
		{"AttributeName":"Watts","Type":"Integer","LowerBound":0,"UpperBound":1000},
		{"AttributeName":"Name","Type":"String"}]}}`)
	return m, newBMC(t, m)
}

// accept writes a PATCH into the settings object if its If-Match is right.
func accept(m *mock, answer func(w http.ResponseWriter)) func(http.ResponseWriter, *http.Request, []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		var now struct {
			Etag string `json:"@odata.etag"`
		}
		_ = json.Unmarshal(m.get(r.URL.Path), &now)
		if r.Header.Get("If-Match") != now.Etag {
			w.WriteHeader(http.StatusPreconditionFailed)
			return true
		}
		var in struct{ Attributes map[string]any }
		_ = json.Unmarshal(body, &in)
		m.edit(r.URL.Path, func(v map[string]any) {
			at := v["Attributes"].(map[string]any)
			for k, x := range in.Attributes {
				at[k] = x
			}
			v["@odata.etag"] = now.Etag[:len(now.Etag)-1] + "+\""
		})
		answer(w)
		return true
	}
}

func TestStage(t *testing.T) {
	m, b := bios(t)
	m.hook = accept(m, func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) })
	plan, err := b.Plan(t.Context(), []Desired{{Name: "Watts", Value: "400"}, {Name: "Mode", Value: "A"}})
	if err != nil {
		t.Fatal(err)
	}
	st, err := b.Stage(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Results) != 2 || st.Results[0].State != StateInSync || st.Results[1].State != StateStaged {
		t.Errorf("results %+v", st.Results)
	}
	// Only the change is sent, typed, with the apply time.
	want := `{"@Redfish.SettingsApplyTime":{"ApplyTime":"OnReset"},"Attributes":{"Watts":400}}`
	if !slices.Contains(m.bodies, want) {
		t.Errorf("bodies %q, want %s", m.bodies, want)
	}
	// Staged already: nothing is sent again.
	if _, err := b.Stage(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if n := len(m.seen("PATCH")); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}
}

func TestStageAgainOn412(t *testing.T) {
	m, b := bios(t)
	plan, err := b.Plan(t.Context(), []Desired{{Name: "Watts", Value: "400"}})
	if err != nil {
		t.Fatal(err)
	}
	ok := accept(m, func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) })
	others := 1
	m.hook = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.Method == http.MethodPatch && others > 0 {
			others--
			m.edit(r.URL.Path, func(v map[string]any) { // somebody else was faster
				v["Attributes"] = map[string]any{"Mode": "B"}
				v["@odata.etag"] = fmt.Sprintf("%q", fmt.Sprint(others))
			})
		}
		return ok(w, r, body)
	}
	st, err := b.Stage(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if st.Results[0].State != StateStaged || len(m.seen("PATCH")) != 2 {
		t.Errorf("results %+v after %d writes", st.Results, len(m.seen("PATCH")))
	}
	if got := string(m.get("/redfish/v1/Systems/1/Bios/Settings")); !strings.Contains(got, `"Mode":"B"`) {
		t.Errorf("the other's value is lost: %s", got)
	}
	others = 100
	plan.Desired[0].Value = "500"
	if _, err := b.Stage(t.Context(), plan); statusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("for ever: %v", err)
	}
	if n := len(m.seen("PATCH")); n != 2+maxConflicts {
		t.Errorf("%d writes, want %d", n, 2+maxConflicts)
	}
}

// A BMC that accepts a write and stages nothing is found out.
func TestStageSilentlyRefused(t *testing.T) {
	m, b := bios(t)
	b.cfg.StageTimeout = 0
	m.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		_, _ = w.Write([]byte(`{"@Message.ExtendedInfo":[{"MessageId":"Base.1.0.PropertyNotWritable","Message":"Watts is read only","Severity":"Warning"}]}`))
		return true
	}
	plan, err := b.Plan(t.Context(), []Desired{{Name: "Watts", Value: "400"}})
	if err != nil {
		t.Fatal(err)
	}
	st, err := b.Stage(t.Context(), plan)
	if err == nil || !strings.Contains(err.Error(), "Watts is read only") || st.Results[0].State != StateFailed {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestRejectedPlanSendsNothing(t *testing.T) {
	m, b := bios(t)
	plan, err := b.Plan(t.Context(), []Desired{{Name: "Watts", Value: "4000"}, {Name: "Mode", Value: "B"}})
	if err != nil || len(plan.Rejections) != 1 || len(plan.Changes) != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	r, err := b.Apply(t.Context(), plan, OpenGate{}, nil)
	if !errors.Is(err, ErrRejected) || len(m.seen("PATCH")) != 0 {
		t.Errorf("%v, writes %q", err, m.seen("PATCH"))
	}
	if !slices.ContainsFunc(r.Results, func(x Result) bool { return x.Name == "Watts" && x.State == StateRejected }) {
		t.Errorf("results %+v", r.Results)
	}
}

func TestTasks(t *testing.T) {
	const monitor, task = "/redfish/v1/TaskMonitors/7", "/redfish/v1/TaskService/Tasks/7"
	for _, tt := range []struct {
		name   string
		answer func(m *mock, w http.ResponseWriter)
		looks  []string // answers of the monitor, "status body"
		fault  string
	}{
		{
			name: "monitor by Location",
			answer: func(m *mock, w http.ResponseWriter) {
				w.Header().Set("Location", m.URL+monitor)
				w.WriteHeader(http.StatusAccepted)
			},
			looks: []string{"202 ", `202 {"@odata.type":"#Task.v1_4_3.Task","TaskState":"Running","PercentComplete":50}`, "204 "},
		},
		{
			name: "task in the body",
			answer: func(_ *mock, w http.ResponseWriter) {
				w.WriteHeader(http.StatusAccepted)
				_, _ = w.Write([]byte(`{"@odata.id":"` + task + `","@odata.type":"#Task.v1_4_3.Task","TaskState":"New"}`))
			},
			looks: []string{`200 {"TaskState":"Running"}`, `200 {"TaskState":"Completed","TaskStatus":"OK"}`},
		},
		{
			name: "waits for the reset",
			answer: func(_ *mock, w http.ResponseWriter) {
				w.Header().Set("Location", task)
				w.WriteHeader(http.StatusAccepted)
			},
			looks: []string{`200 {"TaskState":"Pending"}`},
		},
		{
			name: "fails",
			answer: func(_ *mock, w http.ResponseWriter) {
				w.Header().Set("Location", task)
				w.WriteHeader(http.StatusAccepted)
			},
			looks: []string{`200 {"TaskState":"Exception","TaskStatus":"Critical","Messages":[{"Message":"flash is locked"}]}`},
			fault: "flash is locked",
		},
		{
			name: "monitor answers with the failure",
			answer: func(_ *mock, w http.ResponseWriter) {
				w.Header().Set("Location", monitor)
				w.WriteHeader(http.StatusAccepted)
			},
			looks: []string{`400 {"error":{"@Message.ExtendedInfo":[{"Message":"no such value"}]}}`},
			fault: "no such value",
		},
		{
			name: "gone",
			answer: func(_ *mock, w http.ResponseWriter) {
				w.Header().Set("Location", task)
				w.WriteHeader(http.StatusAccepted)
			},
			looks: []string{"404 "},
		},
		{
			name: "elsewhere is not followed",
			answer: func(_ *mock, w http.ResponseWriter) {
				w.Header().Set("Location", "https://evil.example/task")
				w.WriteHeader(http.StatusAccepted)
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, b := bios(t)
			ok := accept(m, func(w http.ResponseWriter) { tt.answer(m, w) })
			looked := 0
			m.hook = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
				if r.URL.Path == monitor || r.URL.Path == task {
					look := tt.looks[min(looked, len(tt.looks)-1)]
					looked++
					code, text, _ := strings.Cut(look, " ")
					w.WriteHeader(map[string]int{"200": 200, "202": 202, "204": 204, "400": 400, "404": 404}[code])
					_, _ = w.Write([]byte(text))
					return true
				}
				return ok(w, r, body)
			}
			plan, err := b.Plan(t.Context(), []Desired{{Name: "Watts", Value: "400"}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Stage(t.Context(), plan)
			if (err != nil) != (tt.fault != "") || err != nil && (!errors.Is(err, ErrTask) || !strings.Contains(err.Error(), tt.fault)) {
				t.Errorf("err %v, want %q", err, tt.fault)
			}
			if looked != len(tt.looks) {
				t.Errorf("looked %d times, want %d", looked, len(tt.looks))
			}
		})
	}
}

func TestGateIsSavedFirst(t *testing.T) {
	m, b := bios(t)
	full := errors.New("disk full")
	plan, err := b.Plan(t.Context(), []Desired{{Name: "Watts", Value: "400"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Apply(t.Context(), plan, brokenGate{full}, nil); !errors.Is(err, full) || len(m.seen("PATCH")) != 0 {
		t.Errorf("%v, writes %q", err, m.seen("PATCH"))
	}
}

type brokenGate struct{ err error }

func (g brokenGate) Clear(context.Context, string) (func(), error) { return func() {}, nil }
func (g brokenGate) Save(context.Context, Step) error              { return g.err }
