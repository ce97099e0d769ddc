package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// noon is the time of every test.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// hostile is a text that a cluster or a person may send to break out of a page.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>'{{.}}`

// live is a poller that knows what a test gives it.
type live map[string]*ask.State

// State is the state of a cluster.
func (l live) State(id string) *ask.State { return l[id] }

// site is a server over a journal of its own.
type site struct {
	*Server
	t       *testing.T
	journal *journal.Journal
	live    live
	now     time.Time
	trouble string
	cookies []*http.Cookie
	host    string
}

func newSite(t *testing.T, change ...func(*Config)) *site {
	t.Helper()
	j, err := journal.Open(filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	s := &site{t: t, journal: j, live: live{}, now: noon, host: "127.0.0.1:8162"}
	cfg := Config{Location: time.UTC, StaleAfter: 90 * time.Second, SessionTime: time.Hour}
	for _, f := range change {
		f(&cfg)
	}
	log := logrus.New()
	log.SetOutput(t.Output())
	s.Server, err = New(cfg, Deps{
		Store: &j.Reader, Live: s.live, Decider: j, Trouble: func() string { return s.trouble }, Now: func() time.Time { return s.now },
	}, logrus.NewEntry(log))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// do sends a request through all that stands before the pages, with the cookies it was given before.
func (s *site) do(method, target string, form url.Values, header ...string) *http.Response {
	s.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, body)
	r.Host, r.RemoteAddr = s.host, "127.0.0.1:40000"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for _, c := range s.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.Protect(s.Server).ServeHTTP(w, r)
	out := w.Result()
	if set := out.Cookies(); len(set) > 0 {
		s.cookies = set
	}
	return out
}

// get returns the body of a page that must be there.
func (s *site) get(target string, header ...string) string {
	s.t.Helper()
	return s.want(s.do(http.MethodGet, target, nil, header...), http.StatusOK, target)
}

func (s *site) want(r *http.Response, code int, what string) string {
	s.t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if r.StatusCode != code {
		s.t.Fatalf("%s: status %d, want %d:\n%s", what, r.StatusCode, code, body)
	}
	return string(body)
}

// poll stores a cluster's state as the poller does.
func (s *site) poll(state *ask.State) {
	s.t.Helper()
	state.Asked = s.now
	s.live[state.ClusterID] = state
	err := s.journal.SavePoll(s.t.Context(), journal.Cluster{
		ClusterID: state.ClusterID, Name: state.ClusterName, ConfigName: state.ClusterName, Generation: 7, LastPolled: s.now, View: `{}`,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// add stores events.
func (s *site) add(events ...journal.Event) {
	s.t.Helper()
	if _, err := s.journal.Append(s.t.Context(), journal.Batch{Events: events}); err != nil {
		s.t.Fatal(err)
	}
}

// newState is a cluster of two nodes that does well.
func newState(id, name string) *ask.State {
	return &ask.State{
		Scalars: ask.Scalars{ClusterID: id, ClusterName: name, Generation: 7, ClusterHealth: "ok", ViewState: "current", Quorate: true, NodeCount: 2, NodesOnline: 2},
		Nodes: []ask.Node{
			{Index: 1, Name: "alpha", Role: "resource", State: "online", FenceReady: true, HardwareHealth: "ok", BmcState: "reachable"},
			{Index: 2, Name: "bravo", Role: "resource", State: "online", FenceReady: true, HardwareHealth: "warning"},
		},
		Stacks: []ask.Stack{{Index: 1, Name: "shop", State: "up", PrimaryNode: "alpha", StandbyNode: "bravo", FailoverPossible: true}},
		Services: []ask.Service{
			{Index: 1, Name: "db", StackIndex: 1, Layer: "databaseServer", Mode: "activeStandby", State: "up", AdminState: "enabled"},
			{Index: 2, Name: "web", StackIndex: 1, Layer: "webServer", Mode: "activeActive", State: "degraded", AdminState: "enabled"},
			{Index: 3, Name: "vip", StackIndex: 1, Layer: "virtualIp", Mode: "activeStandby", State: "up", AdminState: "enabled"},
		},
		Instances: []ask.ServiceInstance{
			{ServiceIndex: 1, NodeIndex: 1, State: "active", ProbeState: "ok", Message: "answers | time=1ms"},
			{ServiceIndex: 1, NodeIndex: 2, State: "standby"},
			{ServiceIndex: 2, NodeIndex: 1, State: "active"},
			{ServiceIndex: 2, NodeIndex: 2, State: "failed", Message: "status 500"},
			{ServiceIndex: 3, NodeIndex: 1, State: "active"},
		},
		Hardware: []ask.Hardware{{NodeIndex: 2, Manufacturer: "Acme", Health: "warning", HealthReason: "fan 2 is slow", PowerState: "on", CollectedAge: 12}},
	}
}

// newEvent is an event of a cluster.
func newEvent(cluster string, seq uint32, change ...func(*journal.Event)) journal.Event {
	e := journal.Event{
		Identity: journal.Identity{ClusterID: cluster, Generation: 7, Seq: seq}, Origin: "alpha", OriginSeq: uint64(seq), Rank: journal.RankPolled, Authentic: true,
		Via: journal.ViaPoll, Source: "127.0.0.1:161", Received: noon, Time: noon.Add(-time.Hour).Add(time.Duration(seq) * time.Second), Type: "failoverCompleted",
		Severity: "major", ComponentType: "node", ComponentName: "alpha", NodeName: "alpha", Error: "no beat", Reaction: "failover", Result: "succeeded",
		Duration: 540 * time.Millisecond, Summary: "stack shop answers on bravo", ConditionState: journal.ConditionWanted,
	}
	for _, f := range change {
		f(&e)
	}
	return e
}

// propose stores a reconfiguration that waits for approval.
func (s *site) propose(cluster string, change ...func(*journal.Reconfiguration)) int64 {
	s.t.Helper()
	r := journal.Reconfiguration{
		Manager: "ops", Rule: "calm", ClusterID: cluster, EventID: 1, Kind: "reaction", Target: "web", Approval: "operator", Proposed: noon.Add(-time.Minute),
		Values: []journal.Change{{Object: "hawserServiceFailureThreshold", Instance: "web", New: "30"}},
	}
	for _, f := range change {
		f(&r)
	}
	id, _, err := s.journal.Propose(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	r.ID, r.State = id, journal.StateWaiting
	if err := s.journal.SaveReconfiguration(s.t.Context(), r, "rule calm", "waits for an operator's approval"); err != nil {
		s.t.Fatal(err)
	}
	return id
}

// withUsers writes a file with ann, who may decide, and bob, who may look. Their hashes are made with little work.
func withUsers(t *testing.T) func(*Config) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	writeUsers(t, path, "ann:operator", "bob:viewer")
	return func(c *Config) { c.UsersFile = path }
}

const password = "correct horse battery"

func writeUsers(t *testing.T, path string, people ...string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("# people\n\n")
	for _, p := range people {
		salt := []byte("salt of " + p)
		hash, err := derive(password, salt, 1000)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(p + ":" + hashName + "$1000$" + text64(salt) + "$" + text64(hash) + "\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// login logs a person in.
func (s *site) login(name string) {
	s.t.Helper()
	s.want(s.do(http.MethodPost, "/login", url.Values{"name": {name}, "password": {password}}), http.StatusSeeOther, "log in as "+name)
}

// csrf is the token of the forms of the login.
func (s *site) csrf() string {
	s.t.Helper()
	page := s.get("/")
	_, rest, ok := strings.Cut(page, `name="csrf" value="`)
	if !ok {
		s.t.Fatalf("no form with a token:\n%s", page)
	}
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// state reads a reconfiguration's state from the journal.
func (s *site) state(id int64) journal.Reconfiguration {
	s.t.Helper()
	found, err := s.journal.Reconfigurations(context.Background(), journal.ReconfigurationFilter{ID: id})
	if err != nil || len(found) != 1 {
		s.t.Fatalf("reconfiguration %d: %v, %v", id, found, err)
	}
	return found[0]
}

// mustHold fails unless a page holds all texts.
func mustHold(t *testing.T, what, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("%s does not hold %q:\n%s", what, text, page)
		}
	}
}

func mustLack(t *testing.T, what, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("%s holds %q:\n%s", what, text, page)
		}
	}
}
