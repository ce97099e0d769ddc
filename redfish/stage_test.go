package redfish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

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
			maps.Copy(at, in.Attributes)
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

// What waits is unknown when the settings object cannot be read: nothing is
// called in sync by it, and nothing is written.
func TestPendingUnreadable(t *testing.T) {
	m, b := bios(t)
	m.set("/redfish/v1/Systems/1/Bios/Settings", "broken")
	s, err := b.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a, _ := s.Find(ScopeBIOS, "Watts"); a.Pending.Known() || len(s.Problems) != 1 {
		t.Errorf("%+v, problems %q", a, s.Problems)
	}
	plan := s.Plan([]Desired{{Name: "Watts", Value: "400"}})
	if _, err := b.Stage(t.Context(), plan); err == nil || len(m.seen("PATCH")) != 0 {
		t.Errorf("%v, writes %q", err, m.seen("PATCH"))
	}
}
