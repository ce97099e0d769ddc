package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hawser/nms/journal"
)

// TestHtmxIsTheOneThatWasPinned keeps anybody from changing the embedded script unseen.
func TestHtmxIsTheOneThatWasPinned(t *testing.T) {
	names, err := fs.Glob(staticFiles, "static/htmx-*.min.js")
	if err != nil || len(names) != 1 {
		t.Fatalf("embedded: %v, %v", names, err)
	}
	text, err := fs.ReadFile(staticFiles, names[0])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:]); got != HtmxSHA256 {
		t.Errorf("%s has the digest %s, pinned is %s", names[0], got, HtmxSHA256)
	}
	version := strings.TrimSuffix(strings.TrimPrefix(names[0], "static/htmx-"), ".min.js")
	if !strings.Contains(string(text), `version:"`+version+`"`) {
		t.Errorf("%s does not say that it is %s", names[0], version)
	}
	layout, err := fs.ReadFile(templateFiles, "templates/layout.html")
	if err != nil || !strings.Contains(string(layout), "/"+names[0]) {
		t.Errorf("the pages do not load %s: %v", names[0], err)
	}
	if _, err := fs.Stat(staticFiles, "static/htmx-LICENSE.txt"); err != nil {
		t.Error(err)
	}
}

// TestPagesLoadNothingFromElsewhere reads templates and style.
func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)https?://|url\(|@import|\sstyle=|<style|\son[a-z]+=|javascript:|hx-on|<script(?: defer)?>|<iframe|target=`)
	for _, files := range []fs.FS{templateFiles, staticFiles} {
		err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(path, "htmx-") {
				return err
			}
			text, err := fs.ReadFile(files, path)
			if err != nil {
				return err
			}
			for _, found := range forbidden.FindAllString(strings.ReplaceAll(string(text), `xmlns="http://www.w3.org/2000/svg"`, ""), -1) {
				t.Errorf("%s holds %q", path, found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/", "/nothing", "/static/hawser.css", "/api/v1/clusters"} {
		r := s.do(http.MethodGet, path, nil)
		csp := r.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: the policy %q lacks %s", path, csp, part)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s: the policy is loose: %q", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
	for path, kind := range map[string]string{"/": "text/html; charset=utf-8", "/static/hawser.css": "text/css; charset=utf-8", "/static/icon.svg": "image/svg+xml", "/static/htmx-2.0.11.min.js": "text/javascript; charset=utf-8"} {
		if got := s.do(http.MethodGet, path, nil).Header.Get("Content-Type"); got != kind {
			t.Errorf("%s is %s, want %s", path, got, kind)
		}
	}
	s.want(s.do(http.MethodGet, "/static/", nil), http.StatusNotFound, "a listing")
}

// TestForeignNames stands for a page of a stranger whose name leads to loopback.
func TestForeignNames(t *testing.T) {
	s := newSite(t)
	for host, ok := range map[string]bool{
		"127.0.0.1:8162": true, "127.0.1.9": true, "[::1]:8162": true, "localhost:8162": true, "localhost": true,
		"evil.example:8162": false, "localhost.evil.example": false, "10.0.0.1:8162": false, "": false, "ops.example.org": false,
	} {
		s.host = host
		want := http.StatusMisdirectedRequest
		if ok {
			want = http.StatusOK
		}
		if r := s.do(http.MethodGet, "/", nil); r.StatusCode != want {
			t.Errorf("Host %q: status %d, want %d", host, r.StatusCode, want)
		}
	}
	s = newSite(t, withUsers(t), func(c *Config) { c.Origin = "https://ops.example.org" })
	s.host = "ops.example.org"
	r := s.do(http.MethodPost, "/login", url.Values{"name": {"ann"}, "password": {password}}, "Origin", "https://ops.example.org", "Sec-Fetch-Site", "same-origin")
	s.want(r, http.StatusSeeOther, "login behind a proxy")
	if c := r.Cookies()[0]; !c.Secure || c.Name != "__Host-hawser" || r.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("behind a proxy with TLS the cookie is %v", c)
	}
	for _, origin := range []string{"http://ops.example.org", "ops.example.org", "https://"} {
		if _, err := New(Config{Origin: origin}, Deps{}, s.log); err == nil {
			t.Errorf("origin %q is taken", origin)
		}
	}
}

func TestForeignForms(t *testing.T) {
	s := newSite(t, withUsers(t))
	s.login("ann")
	form := url.Values{"csrf": {s.csrf()}, "to": {"off"}} // even with the token
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		s.want(s.do(http.MethodPost, "/switch", form, header...), http.StatusForbidden, strings.Join(header, ": "))
	}
	if r := s.do(http.MethodGet, "/switch", nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("GET throws a switch: %d", r.StatusCode)
	}
	s.want(s.do(http.MethodPost, "/switch", url.Values{"csrf": {s.csrf()}, "to": {strings.Repeat("x", formSize)}}), http.StatusRequestEntityTooLarge, "a huge form")
	if p, err := s.journal.Property(t.Context(), journal.PropertyOff); err != nil || p.Value != "" {
		t.Errorf("the switch is %+v, %v", p, err)
	}
}

func TestAPI(t *testing.T) {
	s := newSite(t)
	s.poll(newState("c1", "amber"))
	s.add(newEvent("c1", 1))
	if err := s.journal.SaveCondition(t.Context(), 1, []journal.Component{{Index: 1, ComponentType: "node", ComponentName: "alpha", State: "fenced"}, {Index: 2, ComponentType: "node", ComponentName: "bravo", State: "online"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.journal.OpenIncident(t.Context(), journal.Incident{ClusterID: "c1", Kind: journal.IncidentEvents, Severity: "major", Title: "x", Opened: noon, Root: 1}); err != nil {
		t.Fatal(err)
	}
	s.propose("c1")
	for path, want := range map[string]string{
		"/api/v1/clusters":            `[{"clusterId":"c1","name":"amber"`,
		"/api/v1/clusters/c1":         `"health":"ok"`,
		"/api/v1/events/1":            `"incident":1,"condition":{"state":"whole","failed":[{"index":1,"componentType":"node","componentName":"alpha","state":"fenced"}],"rest":[{"componentType":"node","components":[{"index":2`,
		"/api/v1/incidents":           `"title":"x"`,
		"/api/v1/incidents/1":         `"members":[{"id":1`,
		"/api/v1/reconfigurations":    `"rule":"calm"`,
		"/api/v1/reconfigurations/1":  `"steps":[{"at":`,
		"/api/v1/audit":               `"hash":"`,
		"/api/v1/incidents?cluster=z": `[]`,
	} {
		body := s.get(path)
		mustHold(t, path, body, want)
		if !json.Valid([]byte(body)) {
			t.Errorf("%s is no JSON: %s", path, body)
		}
	}
	for path, code := range map[string]int{"/api/v1/clusters/c9": 404, "/api/v1/events/9": 404, "/api/v1/events/x": 400, "/api/v1/incidents/9": 404, "/api/v1/reconfigurations/9": 404, "/api/v2": 404} {
		mustHold(t, path, s.want(s.do(http.MethodGet, path, nil), code, path), `{"error":"`)
	}
	s.want(s.do(http.MethodPost, "/api/v1/clusters", nil), http.StatusMethodNotAllowed, "POST")
}
