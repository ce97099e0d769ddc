package redfish

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzCollect serves any body for every resource below the system: whatever a
// BMC says, a collection ends and keeps its invariants.
func FuzzCollect(f *testing.F) {
	for _, s := range []string{
		`{"Members":[{"@odata.id":"/redfish/v1/x"}]}`, `{"Fans":[{"Reading":1.5}],"Temperatures":[{"ReadingCelsius":"hot"}]}`, `[]`, `null`, `{`, ``,
		`{"Members":[{"@odata.id":"/x","Status":7,"Name":[]}]}`, `{"PowerSupplies":[null,{},{"@odata.id":3}],"PowerControl":[{"PowerLimit":{"LimitInWatts":-1}}]}`,
		`{"Members":{"@odata.id":"/x"},"Members@odata.nextLink":"/redfish/v1/x"}`,
		`{"Drives":[{"@odata.id":"rel"}],"StorageControllers":[{}],"Controllers":{"@odata.id":"/redfish/v1/x"}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, add := range []func(p *part, path string, raw []byte) error{
			func(p *part, path string, raw []byte) error { return addOldFan(p, path, "/c", raw) },
			func(p *part, path string, raw []byte) error { return addTemperature(p, path, "/c", raw) },
			func(p *part, path string, raw []byte) error { return addOldSupply(p, path, "/c", raw) },
			func(p *part, path string, raw []byte) error { return addVoltage(p, path, "/c", raw) },
			func(p *part, path string, raw []byte) error { return addPowerControl(p, path, "/c", raw) },
			func(p *part, path string, raw []byte) error { return addSensor(p, member{path: path, raw: raw}) },
			func(p *part, path string, raw []byte) error {
				return addDrive(p, member{path: path, raw: raw}, "/s")
			},
			func(p *part, path string, raw []byte) error {
				return simpleStorage(p, member{path: path, raw: raw}, "/s")
			},
		} {
			var p part
			if add(&p, "/redfish/v1/x", []byte(body)) == nil {
				for _, c := range p.components {
					if c.Health == "" || c.Path == "" {
						t.Errorf("%+v", c)
					}
				}
				for _, s := range p.sensors {
					if s.Value == nil && s.Health == HealthOK {
						t.Errorf("%+v is OK without a reading", s)
					}
				}
			}
		}
		m := newMember([]byte(body))
		if m.raw != nil && !json.Valid(m.raw) {
			t.Errorf("member %q", m.raw)
		}
		_, _ = newSystem([]byte(body))
		_ = messageTexts(messagesOf([]byte(body)))
		var st TaskStatus
		st.read(&response{status: http.StatusOK, body: []byte(body)})
		if st.State == "" {
			t.Error("task without a state")
		}
	})
}

// FuzzRegistry parses any registry and plans with it.
func FuzzRegistry(f *testing.F) {
	f.Add(`{"RegistryEntries":{"Attributes":[{"AttributeName":"A","Type":"Integer","LowerBound":1,"UpperBound":9,"ScalarIncrement":2}]}}`, "3")
	f.Add(`{"RegistryEntries":{"Attributes":[{"AttributeName":"A","Type":"String","ValueExpression":"(","MaxLength":3}]}}`, "xx")
	f.Add(`{"RegistryEntries":{"Attributes":[{"AttributeName":"A","Type":"Enumeration","Value":[{"ValueName":"x"}]}],
		"Dependencies":[{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"A","MapFromCondition":"NEQ","MapFromValue":"x"}],"MapToAttribute":"A","MapToProperty":"CurrentValue","MapToValue":"x"}}]}}`, "y")
	f.Add(`{"RegistryEntries":{"Attributes":[{"AttributeName":"A","Type":"Integer"}],"Dependencies":[{"Type":"Map","Dependency":{"MapFrom":[{"MapFromAttribute":"A","MapFromCondition":"GTR","MapFromValue":1}],"MapToAttribute":"A","MapToProperty":"ScalarIncrement","MapToValue":0}}]}}`, "7")
	f.Fuzz(func(t *testing.T, raw, value string) {
		reg, err := parseRegistry([]byte(raw))
		if err != nil {
			return
		}
		s := &Settings{}
		seen := map[string]bool{}
		for _, a := range reg.attributes {
			if !seen[a.AttributeName] {
				seen[a.AttributeName] = true
				s.Settings = append(s.Settings, Setting{Scope: ScopeBIOS, Name: a.AttributeName, Current: StringValue("0"), ResetRequired: true})
			}
		}
		s.build(nil, reg)
		for _, a := range s.Settings {
			p := s.Plan([]Desired{{Name: a.Name, Value: value}})
			if n := len(p.Changes) + len(p.Rejections) + len(p.InSync); n == 0 {
				t.Errorf("%s = %q got no verdict: %+v", a.Name, value, p)
			}
			for _, r := range p.Rejections {
				if r.Reason == "" || !strings.Contains(r.Error(), r.Name) {
					t.Errorf("rejection %+v", r)
				}
			}
		}
	})
}

// FuzzResolve: what resolve accepts stays on the origin.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"/a", "//b/c", "https://bmc/x", "https://bmc:443@evil/", `/\x`, "/..", "\t/x", "/%2e%2e/x", "?x", "/a?b#c"} {
		f.Add(s)
	}
	o, err := parseOrigin("https://bmc")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, link string) {
		p, err := o.resolve(link)
		if err != nil {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://bmc"+p, nil)
		if err != nil {
			return // refused later
		}
		if originOf(req.URL) != o || req.URL.User != nil {
			t.Errorf("%q became %s", link, req.URL)
		}
	})
}

// FuzzValue: reading and writing a value is stable.
func FuzzValue(f *testing.F) {
	for _, s := range []string{`1`, `1.0`, `"x"`, `true`, `null`, `[1]`, `{"a":1}`, `-0`, `1e400`, `9007199254740993.0`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var v Value
		if json.Unmarshal([]byte(raw), &v) != nil {
			return
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		var again Value
		if err := json.Unmarshal(out, &again); err != nil || again != v {
			t.Errorf("%q: %+v written as %s, read as %+v, %v", raw, v, out, again, err)
		}
	})
}

func TestRetryHeader(t *testing.T) {
	for in, want := range map[string]time.Duration{"": 0, "3": 3 * time.Second, "-1": 0, "x": 0, "999999": time.Hour} {
		if got := retryHeader(in); got != want {
			t.Errorf("Retry-After %q = %v, want %v", in, got, want)
		}
	}
}
