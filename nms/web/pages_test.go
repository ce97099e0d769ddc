package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// inOrder fails unless texts stand in a page in this order.
func inOrder(t *testing.T, page string, texts ...string) {
	t.Helper()
	at := 0
	for _, text := range texts {
		i := strings.Index(page[at:], text)
		if i < 0 {
			t.Fatalf("%q does not stand after the others of %q:\n%s", text, texts, page)
		}
		at += i + len(text)
	}
}

func TestEmptyPages(t *testing.T) {
	s := newSite(t)
	for path, text := range map[string]string{
		"/": "No cluster is known yet", "/events": "No event fits", "/incidents": "No incident is open", "/incidents?all=1": "no incident yet",
		"/reconfigurations": "No rule has proposed one yet", "/audit": "Nobody has done anything yet",
	} {
		mustHold(t, path, s.get(path), text, "<title>", "read only", "Skip to the content", `lang="en"`)
	}
}

func TestFleetWorstFirst(t *testing.T) {
	s := newSite(t)
	s.poll(newState("c1", "amber"))
	bad := newState("c2", "berth")
	bad.ClusterHealth, bad.HealthReason = "critical", "db failed on alpha"
	bad.Alarms = []ask.Alarm{{Severity: "critical", Raised: noon.Add(-10 * time.Minute), Type: "serviceFailed"}}
	s.poll(bad)
	s.poll(newState("c3", "canal"))
	if err := s.journal.SavePollError(t.Context(), "c3", "timeout", noon.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	page := s.get("/")
	inOrder(t, page, "Clusters, worst first", ">canal<", "No node answers the manager: timeout", "It was OK when last heard", "was shop on alpha",
		">berth<", "db failed on alpha", "If alpha fails, bravo takes over shop", ">amber<")
	mustHold(t, "fleet", page, `href="/clusters/c2"`, "10 min ago", "<b>1</b> silent", "<b>1</b> critical", "<b>1</b> OK")
	found := s.get("/?q=ERT")
	mustHold(t, "search", found, ">berth<")
	mustLack(t, "search", found, ">canal<", ">amber<")
	mustLack(t, "only critical", s.get("/?health=critical"), ">canal<", ">amber<")
}

func TestNothingStaleLooksGood(t *testing.T) {
	s := newSite(t)
	s.poll(newState("c1", "amber"))
	mustHold(t, "fresh", s.get("/clusters/c1"), `<span class="badge ok">OK</span>`)
	s.now = noon.Add(91 * time.Second)
	page := s.get("/clusters/c1")
	verdict, _, _ := strings.Cut(page, "<section")
	mustLack(t, "verdict of an old state", verdict, `class="badge ok"`)
	mustHold(t, "old state", page, "was OK when last heard", "What follows is not current", `class="stale"`, "1 min 31 s ago")
	mustHold(t, "old fleet", s.get("/"), "was shop on alpha", "was 2 of 2", `class="badge unknown">unknown`)
}

func TestClusterInLayers(t *testing.T) {
	s := newSite(t)
	state := newState("c1", "amber")
	state.Alarms = []ask.Alarm{
		{Severity: "minor", Raised: noon.Add(-time.Hour), Type: "hardwareDegraded", ComponentType: "hardware", ComponentName: "system", NodeName: "bravo", Text: "fan 2 is slow"},
		{Severity: "major", Raised: noon.Add(-2 * time.Minute), Type: "serviceFailed", ComponentType: "service", ComponentName: "web", Text: "web failed", EventSeq: 5, Acknowledged: true, AckBy: "ann"},
	}
	state.Stacks[0].Failovers, state.Stacks[0].LastCause, state.Stacks[0].LastFailoverAge = 2, 5, 75
	s.poll(state)
	s.add(newEvent("c1", 5))
	page := s.get("/clusters/c1")
	inOrder(t, page, "service failed", "acknowledged by ann", "2 min ago", "fan 2 is slow", "Stack shop", "virtual IP", ">vip<", "not there", "web server", ">web<", "failed", "status 500",
		"database server", ">db<", "answers", "standby", "Nodes", "alpha", "bravo", "fan 2 is slow", "Latest events", "failover completed")
	mustHold(t, "cluster", page, "Failed over 2 times, last 1 min 15 s ago", `href="/events/1">why`, `href="/events?cluster=c1"`, "Acme")
	if s.do(http.MethodGet, "/clusters/nobody", nil).StatusCode != http.StatusNotFound {
		t.Error("a cluster that nobody knows is shown")
	}
	if err := s.journal.SaveGap(t.Context(), journal.Gap{ClusterID: "c1", Generation: 7, What: journal.GapEvent, First: 8, Last: 11, State: journal.GapLost, Reason: "aged out"}); err != nil {
		t.Fatal(err)
	}
	mustHold(t, "cluster with a loss", s.get("/clusters/c1"), "Events 8 to 11 are lost for good</strong>: aged out")
}

func TestTimelinePages(t *testing.T) {
	s := newSite(t)
	s.poll(newState("c1", "amber"))
	for seq := range uint32(pageLength + 10) {
		s.add(newEvent("c1", seq+1, func(e *journal.Event) {
			e.Summary = fmt.Sprintf("number %d.", seq+1)
			if seq%10 == 0 {
				e.Severity, e.NodeName, e.Type = "info", "bravo", "alarmRaised"
			}
		}))
	}
	older := regexp.MustCompile(`rel="next" href="([^"]+)"`)
	first := s.get("/events?cluster=c1")
	mustHold(t, "first page", first, "number 60.", "number 11.", "Timeline of amber", `hx-get="/events?cluster=c1"`)
	mustLack(t, "first page", first, "number 10.")
	found := older.FindStringSubmatch(first)
	if found == nil {
		t.Fatal("no link to older events")
	}
	second := s.get(strings.ReplaceAll(found[1], "&amp;", "&"))
	mustHold(t, "second page", second, "number 10.", "number 1.", "Newest")
	mustLack(t, "second page", second, "number 11.", "hx-get", "Older events")
	for query, n := range map[string]int{
		"severity=info": 50, "severity=warning": 50, "node=bravo": 6, "type=failoverCompleted": 50, "story=1&type=alarmRaised": 0, "component=nothing": 0,
		"from=2026-11-22T11:00&to=2026-11-22T11:00": 50, "span=1h&node=bravo": 6, "from=2026-11-22T11:01": 1, "span=1h&to=2026-11-22T10:00": 0,
	} {
		if got := strings.Count(s.get("/events?cluster=c1&"+query), "number "); got != n {
			t.Errorf("%s: %d events, want %d", query, got, n)
		}
	}
	for _, query := range []string{"severity=loud", "span=9y", "from=yesterday", "before=x", "before=-1"} {
		if r := s.do(http.MethodGet, "/events?"+query, nil); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 400", query, r.StatusCode)
		}
	}
}

func TestEventWithItsWholeCondition(t *testing.T) {
	s := newSite(t)
	s.add(newEvent("c1", 9))
	page := s.get("/events/1")
	mustHold(t, "event without condition", page, "is being fetched", `hx-trigger="every 2s"`)
	err := s.journal.SaveCondition(t.Context(), 1, []journal.Component{
		{Index: 1, ComponentType: "cluster", ComponentName: "amber", State: "degraded"},
		{Index: 2, ComponentType: "node", ComponentName: "bravo", NodeName: "bravo", State: "online"},
		{Index: 3, ComponentType: "node", ComponentName: "alpha", NodeName: "alpha", State: "fenced", Detail: "confirmed by its BMC"},
		{Index: 4, ComponentType: "link", ComponentName: "alpha/bravo/1", NodeName: "alpha", State: "unknown"},
		{Index: 5, ComponentType: "hardware", ComponentName: "fan 1", NodeName: "bravo", State: "ok"},
		{Index: 6, ComponentType: "instance", ComponentName: "web", NodeName: "bravo", State: "standby"},
	})
	if err != nil {
		t.Fatal(err)
	}
	page = s.get("/events/1")
	inOrder(t, page, "Failover completed", "within", "540 ms", "<b>6</b> components", "<b>1</b> failed", "<b>1</b> unknown", "<b>1</b> not well", "<b>1</b> standing by", "<b>2</b> well",
		"Not well", "fenced", "confirmed by its BMC", "alpha/bravo/1", "degraded", "Well, or standing by", "instance", "web", "node", "bravo", "hardware of bravo", "fan 1")
	mustLack(t, "event with condition", page, "hx-get")
	for _, path := range []string{"/events/2", "/events/x", "/events/99999999999999999999", "/incidents/1", "/incidents/x", "/reconfigurations/1", "/reconfigurations/-1", "/nothing"} {
		if r := s.do(http.MethodGet, path, nil); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, r.StatusCode)
		}
	}
	for state, text := range map[string]string{journal.ConditionLost: "The condition is lost", journal.ConditionNone: "has no condition"} {
		s.add(newEvent("c"+state, 1, func(e *journal.Event) { e.ConditionState, e.Authentic, e.Rank = state, false, journal.RankHint }))
		newest, err := s.journal.Page(t.Context(), journal.PageFilter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		mustHold(t, state, s.get(fmt.Sprintf("/events/%d", newest[0].ID)), text, "Not authentic")
	}
}

func TestIncidents(t *testing.T) {
	s := newSite(t)
	s.poll(newState("c1", "amber"))
	s.add(newEvent("c1", 1), newEvent("c1", 2, func(e *journal.Event) { e.Summary = "what followed" }))
	id, err := s.journal.OpenIncident(t.Context(), journal.Incident{ClusterID: "c1", Kind: journal.IncidentEvents, Severity: "major", Title: "node alpha failed", Opened: noon.Add(-time.Minute), Root: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.journal.FollowIncident(t.Context(), id, 2, "critical", noon); err != nil {
		t.Fatal(err)
	}
	mustHold(t, "incidents", s.get("/incidents"), "node alpha failed", "amber", "2 events", "critical", "1 min ago")
	mustHold(t, "fleet", s.get("/"), "Open incidents", "node alpha failed")
	inOrder(t, s.get("/incidents/1"), "Node alpha failed", "stack shop answers", "what followed")
	mustHold(t, "event", s.get("/events/2"), `href="/incidents/1"`)
	if err := s.journal.CloseIncident(t.Context(), id, noon); err != nil {
		t.Fatal(err)
	}
	mustHold(t, "no open ones", s.get("/incidents"), "No incident is open")
	mustHold(t, "all", s.get("/incidents?all=1"), "node alpha failed", "closed")
}

func TestReconfigurationTellsItsLife(t *testing.T) {
	s := newSite(t)
	s.add(newEvent("c1", 1))
	id := s.propose("c1")
	page := s.get("/reconfigurations/1")
	mustHold(t, "waiting", page, "It waits for an operator", "hawser fleet reconfig --approve 1", "not read yet", "<strong>30</strong>", "needs an operator", "stack shop answers")
	mustLack(t, "waiting", page, "<form", "hx-get")
	mustHold(t, "fleet", s.get("/"), "1 reconfiguration waits")
	r := s.state(id)
	r.State, r.Sent, r.Node, r.User, r.Token, r.WriteSeq, r.Serial = journal.StateVerifying, noon, "10.0.0.1:161", "hawserPolicy", "aabb", 12, 4
	r.Values[0].Old, r.Values[0].ReadBack = "3", "30"
	if err := s.journal.SaveReconfiguration(t.Context(), r, "rule calm", "accepted; reading back"); err != nil {
		t.Fatal(err)
	}
	inOrder(t, s.get("/reconfigurations/1"), "verifying", "Values", ">3<", "<strong>30</strong>", "as wanted", "all open", "10.0.0.1:161 as hawserPolicy", "row 12", "aabb", "serial 4",
		"accepted; reading back", "In the audit chain", "rule calm")
	mustHold(t, "list", s.get("/reconfigurations?state=verifying"), "Reconfiguration 1")
	mustHold(t, "list of others", s.get("/reconfigurations?state=done"), "None is in this state")
	mustHold(t, "event", s.get("/events/1"), `href="/reconfigurations/1"`)
	mustHold(t, "audit", s.get("/audit"), "The chain of hashes holds", "reconfiguration verifying", "c1/web")
	r.Gate, r.State, r.Reason = "quorum", journal.StateHeld, "gate quorum: no quorum"
	if err := s.journal.SaveReconfiguration(t.Context(), r, "rule calm", "held"); err != nil {
		t.Fatal(err)
	}
	mustHold(t, "held", s.get("/reconfigurations/1"), "by gate <strong>quorum</strong>")
}

// TestRenewalIsOnlyTheMainPart asks as htmx does.
func TestRenewalIsOnlyTheMainPart(t *testing.T) {
	s := newSite(t)
	s.poll(newState("c1", "amber"))
	for _, path := range []string{"/", "/clusters/c1", "/events", "/incidents", "/reconfigurations"} {
		whole, piece := s.get(path), s.get(path, "HX-Request", "true")
		if !strings.HasPrefix(piece, `<div id="live"`) || strings.Contains(piece, "<html") || !strings.Contains(whole, strings.TrimSpace(piece)) {
			t.Errorf("%s: a renewal is not the page's main part:\n%s", path, piece)
		}
		mustHold(t, path, piece, `hx-swap="outerHTML"`, "was not renewed since", "As of 12:00:00 UTC")
	}
}

func TestTroubleOfTheManagerIsShown(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Off = true })
	s.trouble = "the journal's disk is full"
	page := s.get("/")
	mustHold(t, "fleet", page, "The manager itself is in trouble", "the journal&#39;s disk is full", "switched off", "by the manager's configuration")
}

// TestHostileTexts lets every text that comes from outside try to break out of every page.
func TestHostileTexts(t *testing.T) {
	s := newSite(t)
	state := newState("c<1>/../"+hostile, hostile)
	state.HealthReason, state.ClusterHealth = hostile, "warning"
	for i := range state.Nodes {
		state.Nodes[i].Name, state.Nodes[i].State, state.Nodes[i].AdminState = hostile, hostile, hostile
	}
	state.Stacks[0] = ask.Stack{Index: 1, Name: hostile, State: hostile, PrimaryNode: hostile, BlockedReason: hostile, TargetNode: hostile + "2"}
	for i := range state.Services {
		state.Services[i].Name, state.Services[i].Layer, state.Services[i].Mode = hostile, hostile, hostile
	}
	for i := range state.Instances {
		state.Instances[i].Message, state.Instances[i].State, state.Instances[i].ProbeState = hostile, hostile, hostile
	}
	state.Hardware[0].HealthReason, state.Hardware[0].Manufacturer, state.Hardware[0].PowerState = hostile, hostile, hostile
	state.Alarms = []ask.Alarm{{Severity: hostile, Type: hostile, Text: hostile, ComponentType: hostile, ComponentName: hostile, NodeName: hostile, Acknowledged: true, AckBy: hostile}}
	s.poll(state)
	s.add(newEvent(state.ClusterID, 1, func(e *journal.Event) {
		for _, to := range []*string{&e.Type, &e.Severity, &e.ComponentType, &e.ComponentName, &e.NodeName, &e.Error, &e.Reaction, &e.Result, &e.Setter, &e.Summary, &e.Origin, &e.Source, &e.User, &e.ClusterName} {
			*to = hostile
		}
	}))
	if err := s.journal.SaveCondition(t.Context(), 1, []journal.Component{
		{Index: 1, ComponentType: hostile, ComponentName: hostile, NodeName: hostile, State: hostile, Detail: hostile},
		{Index: 2, ComponentType: hostile, ComponentName: hostile, NodeName: hostile, State: "ok", Detail: hostile},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.journal.OpenIncident(t.Context(), journal.Incident{ClusterID: state.ClusterID, Kind: hostile, Severity: hostile, Title: hostile, Opened: noon, Root: 1}); err != nil {
		t.Fatal(err)
	}
	s.propose(state.ClusterID, func(r *journal.Reconfiguration) {
		r.Rule, r.Target, r.Kind, r.Manager = hostile, hostile, hostile, hostile
		r.Values = []journal.Change{{Object: hostile, Instance: hostile, Old: hostile, New: hostile, ReadBack: hostile}}
	})
	if err := s.journal.Record(t.Context(), hostile, hostile, hostile, hostile); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/", "/?q=" + url.QueryEscape(hostile), clusterPath(state.ClusterID), "/events?cluster=" + url.QueryEscape(state.ClusterID) + "&component=" + url.QueryEscape(hostile), "/events", "/events/1", "/incidents",
		"/incidents/1", "/reconfigurations", "/reconfigurations/1", "/audit",
	} {
		page := s.get(path)
		mustHold(t, path, page, "alert(1)") // it is there, as text
		mustLack(t, path, page, "<script>", "<img src=x", `"><`+"script", "'{{")
	}
}

// TestFormerRunIsRemembered: before the first poll after a restart the pages show what the journal kept, and how old it is.
func TestFormerRunIsRemembered(t *testing.T) {
	s := newSite(t)
	former := newState("c1", "amber")
	former.Asked = noon.Add(-time.Hour)
	view, err := json.Marshal(former)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.journal.SavePoll(t.Context(), journal.Cluster{ClusterID: "c1", Name: "amber", ConfigName: "amber", LastPolled: noon.Add(-time.Hour), View: string(view)}); err != nil {
		t.Fatal(err)
	}
	page := s.get("/clusters/c1")
	mustHold(t, "cluster of a former run", page, "It was not polled since", "was OK when last heard", "Stack shop", "What follows is not current", "looked 1 h ago")
	s.poll(newState("c1", "amber"))
	mustLack(t, "polled again", s.get("/clusters/c1"), "What follows is not current")
}

// TestLargeFleet: a page stays readable, and what it leaves out is the least in need.
func TestLargeFleet(t *testing.T) {
	s := newSite(t)
	var group sync.WaitGroup
	for i := range mostRows + 20 {
		state := newState(fmt.Sprintf("c%03d", i), fmt.Sprintf("name%03d.", i))
		state.Asked = s.now
		if i == mostRows+19 {
			state.ClusterHealth = "critical"
		}
		s.live[state.ClusterID] = state
		group.Go(func() { // together, so that they share commits
			err := s.journal.SavePoll(t.Context(), journal.Cluster{ClusterID: state.ClusterID, Name: state.ClusterName, ConfigName: state.ClusterName, LastPolled: s.now})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	page := s.get("/")
	inOrder(t, page, "name319.", "name000.", "20 more, less in need")
	mustLack(t, "the first page", page, "name310.")
	mustHold(t, "search", s.get("/?q=name310"), "name310.")
	mustHold(t, "counts", page, fmt.Sprintf("<b>%d</b> OK", mostRows+19), "<b>1</b> critical")
}
