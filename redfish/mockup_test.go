package redfish

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/fixtures/need"
)

// The recorded trees of real BMCs lie beside the repository, never in it.
const mockups = "../../shared/redfish-mockups.tar.xz"

// trees holds the unpacked recordings: vendor -> lower-case path -> body.
var trees = sync.OnceValues(loadTrees)

func loadTrees() (map[string]map[string][]byte, error) {
	cmd := exec.Command("xz", "-dc", mockups)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("xz: %w: %s", err, &stderr)
	}
	all := map[string]map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(out)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(h.Name, "./"), "redfish-mockups/")
		vendor, rest, ok := strings.Cut(name, "/")
		if !ok || !strings.HasSuffix(rest, "/index.json") {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		if all[vendor] == nil {
			all[vendor] = map[string][]byte{}
		}
		all[vendor][treeKey("/"+strings.TrimSuffix(rest, "/index.json"))] = body
	}
}

func treeKey(path string) string { return strings.ToLower(strings.TrimRight(path, "/")) }

// tree returns a copy of one vendor's tree, or skips by name.
func tree(t testing.TB, vendor string) map[string][]byte {
	t.Helper()
	need.File(t, mockups)
	need.Program(t, "xz")
	all, err := trees()
	if err != nil {
		t.Fatalf("recorded BMC trees: %v", err)
	}
	out := make(map[string][]byte, len(all[vendor]))
	maps.Copy(out, all[vendor])
	if len(out) == 0 {
		t.Fatalf("no tree of %s", vendor)
	}
	return out
}

// mock serves a tree as its BMC would, as far as reading goes.
type mock struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex // guards all below
	tree     map[string][]byte
	expand   bool
	tokens   map[string]bool
	logins   int
	deleted  int
	requests []string // "METHOD path?query"
	headers  []http.Header
	bodies   []string
	// hook answers a request instead of the tree when it returns true. It is
	// called without the lock.
	hook func(w http.ResponseWriter, r *http.Request, body []byte) bool
}

const (
	mockUser     = "hawser"
	mockPassword = "correct-horse"
)

func startMock(t testing.TB, tree map[string][]byte) *mock {
	m := &mock{t: t, tree: tree, expand: true, tokens: map[string]bool{}}
	m.Server = httptest.NewUnstartedServer(m)
	m.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that hang up are part of the tests
	m.StartTLS()
	t.Cleanup(m.Close)
	return m
}

func (m *mock) set(path, body string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tree[treeKey(path)] = []byte(body)
}

func (m *mock) get(path string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tree[treeKey(path)]
}

// edit changes one resource as a decoded object.
func (m *mock) edit(path string, change func(v map[string]any)) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var v map[string]any
	if err := json.Unmarshal(m.tree[treeKey(path)], &v); err != nil {
		m.t.Fatalf("edit %s: %v", path, err)
	}
	change(v)
	b, err := json.Marshal(v)
	if err != nil {
		m.t.Fatal(err)
	}
	m.tree[treeKey(path)] = b
}

// seen returns the requests so far that start with prefix.
func (m *mock) seen(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, r := range m.requests {
		if strings.HasPrefix(r, prefix) {
			out = append(out, r)
		}
	}
	return out
}

func (m *mock) forgetTokens() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.tokens)
}

func (m *mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.mu.Lock()
	m.requests = append(m.requests, r.Method+" "+r.URL.RequestURI())
	m.headers = append(m.headers, r.Header.Clone())
	m.bodies = append(m.bodies, string(body))
	hook, ok := m.hook, m.authorized(r)
	m.mu.Unlock()
	if hook != nil && hook(w, r, body) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case r.Method == http.MethodPost && strings.Contains(strings.ToLower(r.URL.Path), "/sessions"):
		m.login(w, body)
	case treeKey(r.URL.Path) == rootPath:
		m.serve(w, r)
	case !ok:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/Sessions/"):
		m.deleted++
		delete(m.tokens, r.Header.Get("X-Auth-Token"))
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet:
		m.serve(w, r)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (m *mock) authorized(r *http.Request) bool {
	u, p, basic := r.BasicAuth()
	return m.tokens[r.Header.Get("X-Auth-Token")] || basic && u == mockUser && p == mockPassword
}

func (m *mock) login(w http.ResponseWriter, body []byte) {
	var v struct{ UserName, Password string }
	if json.Unmarshal(body, &v) != nil || v.UserName != mockUser || v.Password != mockPassword {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	m.logins++
	token := fmt.Sprintf("token-%d", m.logins)
	m.tokens[token] = true
	w.Header().Set("X-Auth-Token", token)
	w.Header().Set("Location", fmt.Sprintf("%s/redfish/v1/SessionService/Sessions/%d", m.URL, m.logins))
	w.WriteHeader(http.StatusCreated)
}

// serve answers a GET from the tree; the caller holds the lock.
func (m *mock) serve(w http.ResponseWriter, r *http.Request) {
	body, ok := m.tree[treeKey(r.URL.Path)]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if strings.Contains(r.URL.RawQuery, "expand") && m.expand {
		m.expandMembers(v)
		body, _ = json.Marshal(v)
	} else if etag, _ := v["@odata.etag"].(string); etag != "" {
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

func (m *mock) expandMembers(v map[string]any) {
	members, _ := v["Members"].([]any)
	for i, e := range members {
		ref, _ := e.(map[string]any)
		id, _ := ref["@odata.id"].(string)
		var full map[string]any
		if json.Unmarshal(m.tree[treeKey(id)], &full) == nil && full != nil {
			members[i] = full
		}
	}
}

func quietLog() *logrus.Entry {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return logrus.NewEntry(l)
}

// testConfig is the configuration for a mock with short waits.
func testConfig(m *mock) Config {
	return Config{
		Name: "node1", URL: m.URL, Username: mockUser, Password: func() (string, error) { return mockPassword, nil },
		Fingerprint: fingerprintOf(m.Server), Timeout: 10 * time.Second, Poll: 2 * time.Millisecond,
		StageTimeout: 5 * time.Second, ApplyTimeout: 10 * time.Second, Settle: 20 * time.Millisecond, OffTimeout: 5 * time.Second,
	}
}

func newBMC(t testing.TB, m *mock, change ...func(*Config)) *BMC {
	t.Helper()
	cfg := testConfig(m)
	for _, c := range change {
		c(&cfg)
	}
	b, err := New(cfg, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(t.Context()) })
	return b
}

// startTree starts a mock of a vendor and a handle on it.
func startTree(t testing.TB, vendor string, change ...func(*Config)) (*mock, *BMC) {
	t.Helper()
	m := startMock(t, tree(t, vendor))
	return m, newBMC(t, m, change...)
}
