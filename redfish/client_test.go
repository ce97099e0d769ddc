package redfish

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// small is a tree that needs no recording.
func small() map[string][]byte {
	return map[string][]byte{
		"/redfish/v1": []byte(`{"@odata.id":"/redfish/v1","Systems":{"@odata.id":"/redfish/v1/Systems"},"Chassis":{"@odata.id":"/redfish/v1/Chassis"},
			"Registries":{"@odata.id":"/redfish/v1/Registries"},"Links":{"Sessions":{"@odata.id":"/redfish/v1/SessionService/Sessions"}},
			"ProtocolFeaturesSupported":{"ExpandQuery":{"NoLinks":true,"Levels":true}}}`),
		"/redfish/v1/systems": []byte(`{"@odata.id":"/redfish/v1/Systems","Members":[{"@odata.id":"/redfish/v1/Systems/1"}]}`),
		"/redfish/v1/systems/1": []byte(`{"@odata.id":"/redfish/v1/Systems/1","Id":"1","Name":"one","UUID":"6f1c2b1e-0b57-4c53-9d0e-3a4f5b6c7d8e",
			"PowerState":"On","Status":{"Health":"OK","State":"Enabled"},"Processors":{"@odata.id":"/redfish/v1/Systems/1/Processors"},
			"Bios":{"@odata.id":"/redfish/v1/Systems/1/Bios"},"@odata.etag":"\"s1\"",
			"Boot":{"BootSourceOverrideTarget@Redfish.AllowableValues":["None","Pxe"]},"IndicatorLED":"Off",
			"Actions":{"#ComputerSystem.Reset":{"target":"/redfish/v1/Systems/1/Actions/ComputerSystem.Reset","ResetType@Redfish.AllowableValues":["On","ForceOff","ForceRestart"]}}}`),
		"/redfish/v1/systems/1/processors":   []byte(`{"@odata.id":"/redfish/v1/Systems/1/Processors","Members":[{"@odata.id":"/redfish/v1/Systems/1/Processors/1"},{"@odata.id":"/redfish/v1/Systems/1/Processors/2"}]}`),
		"/redfish/v1/systems/1/processors/1": []byte(`{"@odata.id":"/redfish/v1/Systems/1/Processors/1","Id":"1","Name":"CPU 1","Status":{"Health":"OK","State":"Enabled"}}`),
		"/redfish/v1/systems/1/processors/2": []byte(`{"@odata.id":"/redfish/v1/Systems/1/Processors/2","Id":"2","Name":"CPU 2","Status":{"Health":"OK","State":"Enabled"}}`),
		"/redfish/v1/chassis":                []byte(`{"@odata.id":"/redfish/v1/Chassis","Members":[]}`),
	}
}

func TestResolve(t *testing.T) {
	o, err := parseOrigin("https://BMC.example:443")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ link, want string }{
		{"/redfish/v1/Systems/1", "/redfish/v1/Systems/1"},
		{"/redfish/v1/Chassis/1/Thermal/#/Fans/0", "/redfish/v1/Chassis/1/Thermal/"},
		{"/a/iDRAC.Embedded.1%23Temp", "/a/iDRAC.Embedded.1%23Temp"},
		{"/a?x=1", "/a?x=1"},
		{"https://bmc.example/a", "/a"},
		{"https://bmc.example:443/a", "/a"},
		{"80000000-F000-1100-1001-210009000200", ""},
		{"Systems/1", ""},
		{"../Systems/1", ""},
		{"/redfish/../../etc", ""},
		{"//evil.example/redfish", ""},
		{`/\evil.example/redfish`, ""},
		{"https://evil.example/redfish", ""},
		{"https://bmc.example:8443/redfish", ""},
		{"http://bmc.example/redfish", ""},
		{"https://user:pw@bmc.example/redfish", ""},
		{"https://bmc.example@evil.example/", ""},
		{"javascript:alert(1)", ""},
		{"", ""},
		{"#/Fans/0", ""},
		{"@evil.example/x", ""},
		{".evil.example/x", ""},
	} {
		got, err := o.resolve(tt.link)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("resolve(%q) = %q, %v; want %q", tt.link, got, err, tt.want)
		}
		if err != nil && !errors.Is(err, ErrForeignLink) {
			t.Errorf("resolve(%q): %v is not ErrForeignLink", tt.link, err)
		}
	}
}

// The token must not reach another host, whatever the BMC says.
func TestTokenStaysHome(t *testing.T) {
	var visits atomic.Int32
	evil := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer evil.Close()
	host := strings.TrimPrefix(evil.URL, "https://")
	for name, arrange := range map[string]func(m *mock){
		"member": func(m *mock) {
			m.set("/redfish/v1/Systems/1/Processors", `{"Members":[{"@odata.id":"`+evil.URL+`/cpu"},{"@odata.id":"//`+host+`/cpu"},{"@odata.id":"@`+host+`/cpu"},{"@odata.id":"/redfish/v1/Systems/1/Processors/1"}]}`)
		},
		"next page": func(m *mock) {
			m.set("/redfish/v1/Systems/1/Processors", `{"Members":[],"Members@odata.nextLink":"`+evil.URL+`/more"}`)
		},
		"redirect": func(m *mock) {
			m.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if strings.HasSuffix(r.URL.Path, "/Processors") {
					http.Redirect(w, r, evil.URL+"/cpu", http.StatusTemporaryRedirect)
					return true
				}
				return false
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := startMock(t, small())
			arrange(m)
			b := newBMC(t, m, func(c *Config) { c.Fingerprint, c.Insecure = "", true })
			inv, err := b.Collect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(inv.Problems) == 0 || !strings.Contains(strings.Join(inv.Problems, " "), ErrForeignLink.Error()) {
				t.Errorf("problems %q name no foreign link", inv.Problems)
			}
		})
	}
	t.Run("reset action", func(t *testing.T) {
		m := startMock(t, small())
		m.edit("/redfish/v1/Systems/1", func(v map[string]any) {
			v["Actions"] = map[string]any{"#ComputerSystem.Reset": map[string]any{"target": evil.URL + "/reset"}}
		})
		b := newBMC(t, m, func(c *Config) { c.Fingerprint, c.Insecure = "", true })
		if err := b.Off(t.Context()); !errors.Is(err, ErrForeignLink) {
			t.Errorf("Off: %v", err)
		}
	})
	if n := visits.Load(); n != 0 {
		t.Errorf("the other host was visited %d times", n)
	}
}

func TestLoginAgain(t *testing.T) {
	m := startMock(t, small())
	b := newBMC(t, m)
	for range 3 {
		if _, err := b.Health(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if m.logins != 1 {
		t.Errorf("%d logins for three reads, want 1", m.logins)
	}
	m.forgetTokens()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := b.Health(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if m.logins != 2 {
		t.Errorf("%d logins after the session ended, want 2", m.logins)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m.deleted != 1 || len(m.seen("DELETE /redfish/v1/SessionService/Sessions/2")) != 1 {
		t.Errorf("session not deleted: %q", m.seen("DELETE"))
	}
}

func TestWrongPasswordIsNotHammered(t *testing.T) {
	m := startMock(t, small())
	password := "wrong"
	b := newBMC(t, m, func(c *Config) { c.Password = func() (string, error) { return password, nil } })
	for range 3 {
		if _, err := b.Health(t.Context()); !errors.Is(err, ErrCredentials) {
			t.Fatalf("err %v, want ErrCredentials", err)
		}
	}
	if n := len(m.seen("POST")); n != 1 {
		t.Errorf("%d logins with a wrong password, want 1", n)
	}
	password = mockPassword
	if _, err := b.Health(t.Context()); err != nil {
		t.Errorf("after the password was corrected: %v", err)
	}
}

func TestDeadline(t *testing.T) {
	m := startMock(t, small())
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	m.hook = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if strings.HasSuffix(r.URL.Path, "/Processors") {
			select {
			case <-stop:
			case <-r.Context().Done():
			}
			return true
		}
		return false
	}
	b := newBMC(t, m, func(c *Config) { c.Timeout = 100 * time.Millisecond })
	inv, err := b.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Problems) != 1 || !strings.Contains(inv.Problems[0], "no answer within 100ms") {
		t.Errorf("problems %q, want the slow part", inv.Problems)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := b.Collect(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("past its own deadline: %v", err)
	}
}

func TestBusyBMCIsAskedAgain(t *testing.T) {
	m := startMock(t, small())
	var n atomic.Int32
	m.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if strings.HasSuffix(r.URL.Path, "/Processors") && n.Add(1) == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	b := newBMC(t, m)
	inv, err := b.Collect(t.Context())
	if err != nil || len(inv.Problems) > 0 || len(inv.Components) != 2 {
		t.Errorf("%+v, %v", inv, err)
	}
}

func TestTooLarge(t *testing.T) {
	m := startMock(t, small())
	m.set("/redfish/v1/Systems/1/Processors", `{"x":"`+strings.Repeat("x", 8192)+`"}`)
	b := newBMC(t, m, func(c *Config) { c.MaxResponse = 4096 })
	inv, err := b.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Problems) != 1 || !strings.Contains(inv.Problems[0], ErrTooLarge.Error()) {
		t.Errorf("problems %q", inv.Problems)
	}
}

func TestExpandIsRemembered(t *testing.T) {
	for _, tt := range []struct {
		name   string
		refuse bool
	}{{"ignored", false}, {"refused", true}} {
		t.Run(tt.name, func(t *testing.T) {
			m := startMock(t, small())
			m.expand = false
			m.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if tt.refuse && r.URL.RawQuery != "" {
					w.WriteHeader(http.StatusNotImplemented)
					return true
				}
				return false
			}
			b := newBMC(t, m)
			for range 2 {
				inv, err := b.Collect(t.Context())
				if err != nil || len(inv.Problems) > 0 || len(inv.Components) != 2 {
					t.Fatalf("%+v, %v", inv, err)
				}
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			asked := 0
			for _, r := range m.requests {
				if strings.Contains(r, "expand") {
					asked++
				}
			}
			if asked == 0 || asked > 2 { // two collections may be asked for at once
				t.Errorf("asked to expand %d times", asked)
			}
		})
	}
}

func TestPagesAndLoops(t *testing.T) {
	m := startMock(t, small())
	m.set("/redfish/v1/Systems/1/Processors", `{"Members":[{"@odata.id":"/redfish/v1/Systems/1/Processors/1"}],"Members@odata.nextLink":"/redfish/v1/Systems/1/Processors?$skip=1"}`)
	m.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if strings.Contains(r.URL.RawQuery, "skip=1") {
			fmt.Fprint(w, `{"Members":[{"@odata.id":"/redfish/v1/Systems/1/Processors/2"}]}`)
			return true
		}
		return false
	}
	inv, err := newBMC(t, m).Collect(t.Context())
	if err != nil || len(inv.Components) != 2 || len(inv.Problems) > 0 {
		t.Errorf("pages: %+v, %v", inv, err)
	}
	m.hook = nil // now the next page is the same page again
	inv, err = newBMC(t, m).Collect(t.Context())
	if err != nil || len(inv.Problems) != 1 {
		t.Errorf("loop: %+v, %v", inv, err)
	}
}

func TestConditionalReads(t *testing.T) {
	m, b := startTree(t, "hpe-ilo5-dl365g10p")
	m.expand = false
	if _, err := b.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	m.headers = nil
	m.mu.Unlock()
	inv, err := b.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	present, _ := countClasses(inv)
	if present[ClassMemory] != 12 {
		t.Errorf("from the cache: %v", present)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	conditional := slices.DeleteFunc(m.headers, func(h http.Header) bool { return h.Get("If-None-Match") == "" })
	if len(conditional) < 30 {
		t.Errorf("%d conditional reads, want most", len(conditional))
	}
}

func TestCacheBound(t *testing.T) {
	c := newCache(100)
	for i := range 50 {
		c.put(fmt.Sprint(i), &response{etag: "x", body: make([]byte, 30)})
		if c.size > 100 {
			t.Fatalf("size %d", c.size)
		}
	}
	c.put("big", &response{etag: "x", body: make([]byte, 60)})
	if _, ok := c.get("big"); ok {
		t.Error("kept more than half its size for one body")
	}
	c.put("49", &response{body: []byte("no tag")})
	if _, ok := c.get("49"); ok {
		t.Error("kept an answer without a tag")
	}
}

func TestTLS(t *testing.T) {
	m := startMock(t, small())
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		ok     bool
	}{
		{"pinned", func(*Config) {}, true},
		{"pinned with colons", func(c *Config) { c.Fingerprint = strings.ToUpper(c.Fingerprint[:2] + ":" + c.Fingerprint[2:]) }, true},
		{"other pin", func(c *Config) { c.Fingerprint = strings.Repeat("00", 32) }, false},
		{"by CA", func(c *Config) { c.Fingerprint, c.CAFile = "", ca }, true},
		{"by the system's CAs", func(c *Config) { c.Fingerprint = "" }, false},
		{"insecure", func(c *Config) { c.Fingerprint, c.Insecure = "", true }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(m.seen(""))
			_, err := newBMC(t, m, tt.change).Health(t.Context())
			if (err == nil) != tt.ok {
				t.Errorf("err %v, want ok %v", err, tt.ok)
			}
			if !tt.ok && len(m.seen("")) != before {
				t.Error("a request was sent to an unverified BMC")
			}
		})
	}
}

func TestTwoSystems(t *testing.T) {
	two := small()
	two["/redfish/v1/systems"] = []byte(`{"Members":[{"@odata.id":"/redfish/v1/Systems/1"},{"@odata.id":"/redfish/v1/Systems/2"}]}`)
	two["/redfish/v1/systems/2"] = []byte(strings.ReplaceAll(string(two["/redfish/v1/systems/1"]), "Systems/1", "Systems/2"))
	m := startMock(t, two)
	_, err := newBMC(t, m).Collect(t.Context())
	if !errors.Is(err, ErrAmbiguousSystem) || !strings.Contains(err.Error(), "1, 2") {
		t.Errorf("unnamed: %v", err)
	}
	if err := newBMC(t, m).Off(t.Context()); !errors.Is(err, ErrAmbiguousSystem) {
		t.Errorf("power off of an unnamed system: %v", err)
	}
	for _, id := range []string{"2", "/redfish/v1/Systems/2/"} {
		inv, err := newBMC(t, m, func(c *Config) { c.SystemID = id }).Collect(t.Context())
		if err != nil || inv.System.Path != "/redfish/v1/Systems/2" {
			t.Errorf("%s: %+v, %v", id, inv, err)
		}
	}
	if _, err := newBMC(t, m, func(c *Config) { c.SystemID = "3" }).Collect(t.Context()); err == nil || !strings.Contains(err.Error(), "1, 2") {
		t.Errorf("unknown system: %v", err)
	}
}
