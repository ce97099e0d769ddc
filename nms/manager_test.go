package nms

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
	"hawser/nms/analyze"
	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

// limit is how long a test waits for what takes a moment: far above any time seen, because the machine may be loaded.
const limit = 30 * time.Second

// newConfig is a manager's configuration for one cluster, with the users of asktest.
func newConfig(t *testing.T, agent *asktest.Agent) Config {
	t.Helper()
	dir := t.TempDir()
	cfg := Defaults()
	cfg.Gates.EventMaxAge = 0 // the events of the agent under test bear a fixed date
	cfg.Name, cfg.DataDir = "nms1", filepath.Join(dir, "data")
	cfg.Listen = ListenConfig{Traps: []string{"127.0.0.1:0"}, HTTP: "127.0.0.1:0"}
	for _, u := range asktest.Users() {
		path := filepath.Join(dir, u.Name)
		if err := os.WriteFile(path, []byte(u.AuthPassphrase+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		entry := UserDefaults()
		entry.Name, entry.AuthPassphraseFile, entry.PrivPassphraseFile = u.Name, path, path
		cfg.Users = append(cfg.Users, entry)
	}
	slices.SortFunc(cfg.Users, func(a, b UserConfig) int { return strings.Compare(a.Name, b.Name) })
	cfg.Clusters = []ClusterConfig{{
		Name: "harbour", Nodes: []string{agent.Address()}, ReadUser: "auditorUser", PolicyUser: "policyUser", HardwareUser: "hardwareUser",
	}}
	cfg.Poll.RequestTimeout, cfg.Poll.Retries = time.Second, 3
	cfg.Reconfig.PollEvery = 20 * time.Millisecond
	cfg.Rules = []analyze.Rule{{
		Name: "calm-flapping",
		When: `event.type == "serviceFailed" && history.count("serviceFailed", event.componentName, duration("10m")) >= 3
			&& condition.exists(c, c.componentType == "service" && c.state == "failed")`,
		Action: analyze.Action{Kind: analyze.KindReaction, Service: "event.componentName", Set: []analyze.Assignment{
			{Object: "hawserServiceReaction", Value: `"failover"`},
			{Object: "hawserServiceFailureThreshold", Value: "cluster.service(event.componentName).failureThreshold + 2"},
		}},
		Cooldown: time.Hour,
	}}
	return cfg
}

// startManager runs a manager until the test ends.
func startManager(t *testing.T, cfg Config) *Manager {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	m, err := New(cfg, logrus.NewEntry(log))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("manager: %v", err)
		}
	})
	waitFor(t, "the manager is ready", m.Ready)
	return m
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// inform sends an INFORM as the auditor and waits for its acknowledgement.
func inform(t *testing.T, m *Manager, varbinds []snmp.Varbind) {
	t.Helper()
	sender, err := snmp.NewSender(snmp.SenderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := sender.Inform(ctx, snmp.Target{Address: m.TrapAddr(), Version: snmp.V3}, asktest.Users()["auditor"].User, varbinds); err != nil {
		t.Fatal(err)
	}
}

// waitReconfigurations waits until n reconfigurations have ended, and returns them, newest first.
func waitReconfigurations(t *testing.T, m *Manager, n int) []journal.Reconfiguration {
	t.Helper()
	var found []journal.Reconfiguration
	waitFor(t, fmt.Sprintf("%d reconfigurations ended", n), func() bool {
		var err error
		if found, err = m.Journal().Reconfigurations(t.Context(), journal.ReconfigurationFilter{}); err != nil {
			t.Fatal(err)
		}
		return len(found) >= n && !slices.ContainsFunc(found, func(r journal.Reconfiguration) bool { return r.Ended.IsZero() })
	})
	return found
}

func TestFlappingServiceIsCalmed(t *testing.T) {
	agent := asktest.NewCluster(t)
	m := startManager(t, newConfig(t, agent))
	for seq := range uint32(3) {
		agent.PutEvent(seq+1, "serviceFailed")
		inform(t, m, asktest.Notification(t, seq+1, "serviceFailed", nil))
	}
	r := waitReconfigurations(t, m, 1)[0]
	if r.State != journal.StateDone || r.Rule != "calm-flapping" || r.User != "policyUser" || r.Token == "" {
		t.Fatalf("reconfiguration: got %+v, want it done", r)
	}
	if got := agent.Text("hawserServiceReaction", 4) + " " + agent.Text("hawserServiceFailureThreshold", 4); got != "failover 5" {
		t.Errorf("service policy: got %q, want \"failover 5\"", got)
	}
	if want := []string{"restart", "3"}; r.Values[0].Old != want[0] || r.Values[1].Old != want[1] || r.Values[0].ReadBack != "failover" {
		t.Errorf("values: got %+v, want the old ones kept and the new ones read back", r.Values)
	}
	if agent.Sets() != 1 {
		t.Errorf("the agent saw %d SETs, want 1", agent.Sets())
	}
	if got := agent.Text("hawserWriteUser", 1); got != "policyUser" {
		t.Errorf("write log: user %q, want policyUser", got)
	}
	checkJournal(t, m)
	checkStatus(t, m)
}

// checkJournal looks for the whole condition of each event, one incident and a sound audit chain.
func checkJournal(t *testing.T, m *Manager) {
	t.Helper()
	r, err := OpenJournal(m.cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for seq := range uint32(3) {
		id := journal.Identity{ClusterID: asktest.ID, Generation: asktest.Generation, Seq: seq + 1}
		components, err := r.Conditions(t.Context(), id)
		if err != nil || len(components) != 2 || components[1].State != "failed" || components[1].ComponentName != "web" {
			t.Errorf("condition of event %d: got %+v, %v", seq+1, components, err)
		}
	}
	incidents, err := r.Incidents(t.Context(), journal.IncidentFilter{})
	if err != nil || len(incidents) != 1 || incidents[0].Events != 3 {
		t.Errorf("incidents: got %+v, %v, want one of 3 events", incidents, err)
	}
	if err := r.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

func checkStatus(t *testing.T, m *Manager) {
	t.Helper()
	var health Health
	getJSON(t, m, "/healthz", &health)
	if !health.Ready || health.Status != "ok" || health.EngineID != m.EngineID() || health.Traps.Answered != 3 {
		t.Errorf("health: got %+v", health)
	}
	var fleet []FleetCluster
	getJSON(t, m, "/api/v1/fleet", &fleet)
	if len(fleet) != 1 || fleet[0].State == nil || fleet[0].State.Services[0].Name != "web" || fleet[0].ConfigName != "harbour" {
		t.Errorf("fleet: got %+v", fleet)
	}
	var events []journal.Event
	getJSON(t, m, "/api/v1/events?component=web&limit=2", &events)
	if len(events) != 2 || events[1].Seq != 3 || !events[1].Authentic {
		t.Errorf("events: got %+v", events)
	}
}

func getJSON(t *testing.T, m *Manager, path string, to any) {
	t.Helper()
	response, err := http.Get("http://" + m.HTTPAddr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(to); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, response.Status, err)
	}
}

func TestHardwareSettingIsAppliedAndVerified(t *testing.T) {
	agent := asktest.NewCluster(t)
	cfg := newConfig(t, agent)
	cfg.Rules = []analyze.Rule{{
		Name: "cooler", When: `event.type == "hardwareDegraded" && event.nodeName != ""`,
		Action: analyze.Action{Kind: analyze.KindHardware, Node: "event.nodeName", Scope: 2, Apply: true, Set: []analyze.Assignment{{Setting: "PowerProfile", Value: `"Balanced"`}}},
	}}
	m := startManager(t, cfg)
	agent.PutEvent(1, "hardwareDegraded")
	inform(t, m, asktest.Notification(t, 1, "hardwareDegraded", nil))
	r := waitReconfigurations(t, m, 1)[0]
	if r.State != journal.StateDone || r.User != "hardwareUser" || r.Job != 1 || r.Values[0].Old != "" || r.Values[0].ReadBack != "Balanced" {
		t.Errorf("got %+v, want it done by job 1", r)
	}
}

func TestUnauthenticatedTrapIsOnlyAHint(t *testing.T) {
	agent := asktest.NewCluster(t)
	cfg := newConfig(t, agent)
	cfg.Traps.AnyCommunity = true
	cfg.Rules[0].When = `event.type == "serviceFailed"`
	m := startManager(t, cfg)
	sender, err := snmp.NewSender(snmp.SenderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	target := snmp.Target{Address: m.TrapAddr(), Version: snmp.V2c, Community: "x"}
	forged := asktest.Notification(t, 9, "serviceFailed", nil)
	agent.PutEvent(1, "linkDown") // what the cluster really has to say
	if err := sender.Trap(t.Context(), target, snmp.User{}, forged); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the hint led to a poll that found the true event", func() bool {
		e, found, err := m.Journal().Event(t.Context(), journal.Identity{ClusterID: asktest.ID, Generation: asktest.Generation, Seq: 1})
		return err == nil && found && !e.Analysed.IsZero()
	})
	e, found, err := m.Journal().Event(t.Context(), journal.Identity{ClusterID: asktest.ID, Generation: asktest.Generation, Seq: 9})
	if err != nil || !found || e.Authentic || !e.Analysed.IsZero() {
		t.Errorf("the forged event: got %+v, %v, %v, want it kept, not authentic, not analysed", e, found, err)
	}
	if list, err := m.Journal().Reconfigurations(t.Context(), journal.ReconfigurationFilter{}); err != nil || len(list) != 0 {
		t.Errorf("reconfigurations: got %+v, %v, want none", list, err)
	}
}

func TestReadOnlyManagerIsRefusedAndSaysSo(t *testing.T) {
	for _, user := range []string{"auditorUser", "readerUser"} {
		t.Run(user, func(t *testing.T) {
			agent := asktest.NewCluster(t)
			cfg := newConfig(t, agent)
			cfg.Clusters[0].PolicyUser = user
			cfg.Rules[0].When = "true"
			m := startManager(t, cfg)
			agent.PutEvent(1, "serviceFailed")
			inform(t, m, asktest.Notification(t, 1, "serviceFailed", nil))
			r := waitReconfigurations(t, m, 1)[0]
			if r.State != journal.StateRefused || !strings.Contains(r.Reason, user) || !strings.Contains(r.Reason, "role policy") {
				t.Errorf("got %s: %s, want refused, naming %s and the role policy", r.State, r.Reason, user)
			}
			if agent.Sets() != 0 || agent.Text("hawserServiceReaction", 4) != "restart" {
				t.Error("something was set")
			}
		})
	}
}

func TestSwitchedOffSurvivesRestart(t *testing.T) {
	agent := asktest.NewCluster(t)
	cfg := newConfig(t, agent)
	cfg.Rules[0].When = "true"
	t.Run("first run", func(t *testing.T) {
		startManager(t, cfg)
		if err := SetOff(t.Context(), cfg.DataDir, true, "ann"); err != nil {
			t.Fatal(err)
		}
	})
	m := startManager(t, cfg)
	agent.PutEvent(1, "serviceFailed")
	inform(t, m, asktest.Notification(t, 1, "serviceFailed", nil))
	r := waitReconfigurations(t, m, 1)[0]
	if r.State != journal.StateHeld || r.Gate != "off" || !strings.Contains(r.Reason, "ann") {
		t.Errorf("got %s at gate %q: %s, want held at gate off, naming ann", r.State, r.Gate, r.Reason)
	}
}

func TestApproval(t *testing.T) {
	agent := asktest.NewCluster(t)
	cfg := newConfig(t, agent)
	cfg.Rules[0].When, cfg.Rules[0].Approval = "true", analyze.ApprovalOperator
	m := startManager(t, cfg)
	agent.PutEvent(1, "serviceFailed")
	agent.PutEvent(2, "serviceFailed")
	inform(t, m, asktest.Notification(t, 2, "serviceFailed", nil))
	var waiting []journal.Reconfiguration
	waitFor(t, "two reconfigurations wait", func() bool {
		var err error
		waiting, err = m.Journal().Reconfigurations(t.Context(), journal.ReconfigurationFilter{State: journal.StateWaiting})
		return err == nil && len(waiting) == 2
	})
	if err := Approve(t.Context(), cfg.DataDir, waiting[1].ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if err := Reject(t.Context(), cfg.DataDir, waiting[0].ID, "bob", "not now"); err != nil {
		t.Fatal(err)
	}
	ended := waitReconfigurations(t, m, 2)
	if ended[1].State != journal.StateDone || ended[1].ApprovedBy != "ann" {
		t.Errorf("approved: got %+v", ended[1])
	}
	if ended[0].State != journal.StateRejected || ended[0].ApprovedBy != "bob" {
		t.Errorf("rejected: got %+v", ended[0])
	}
	if err := Approve(t.Context(), cfg.DataDir, waiting[0].ID, "ann"); err == nil {
		t.Error("a rejected reconfiguration could be approved")
	}
}

func TestEventsOfAFormerRunWaitForTheFirstPoll(t *testing.T) {
	agent := asktest.NewCluster(t)
	cfg := newConfig(t, agent)
	cfg.Analysis.ConditionGrace = 0 // only the missing state holds them
	cfg.Poll.RequestTimeout, cfg.Poll.Retries = 200*time.Millisecond, 0
	cfg.Rules[0].When = "event.seq == 4"
	t.Run("first run", func(t *testing.T) {
		m := startManager(t, cfg)
		waitFor(t, "the cluster is known", func() bool { return m.poller.State(asktest.ID) != nil })
	})
	agent.Turn(func(k *asktest.Knobs) { k.Silent = true })
	agent.PutEvent(4, "serviceFailed")
	m := startManager(t, cfg)
	inform(t, m, asktest.Notification(t, 4, "serviceFailed", nil))
	id := journal.Identity{ClusterID: asktest.ID, Generation: asktest.Generation, Seq: 4}
	if e, found, err := m.Journal().Event(t.Context(), id); err != nil || !found || !e.Analysed.IsZero() {
		t.Fatalf("before a poll: got %+v, %v, %v, want it stored and not analysed", e, found, err)
	}
	agent.Turn(func(k *asktest.Knobs) { k.Silent = false })
	waitFor(t, "the event is analysed", func() bool {
		m.poller.PokeAll()
		e, found, err := m.Journal().Event(t.Context(), id)
		return err == nil && found && !e.Analysed.IsZero()
	})
	if r := waitReconfigurations(t, m, 1)[0]; r.State != journal.StateDone {
		t.Errorf("got %s: %s, want it done", r.State, r.Reason)
	}
}

func TestFullDiskShowsInTheStatus(t *testing.T) {
	m := startManager(t, newConfig(t, asktest.NewCluster(t)))
	if err := journal.LimitSize(t.Context(), m.journal, 1); err != nil {
		t.Fatal(err)
	}
	sender, err := snmp.NewSender(snmp.SenderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	seq := uint32(0)
	waitFor(t, "the status says so", func() bool {
		seq++
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_ = sender.Inform(ctx, snmp.Target{Address: m.TrapAddr(), Version: snmp.V3}, asktest.Users()["auditor"].User, asktest.Notification(t, seq, "linkDown", nil))
		response, err := http.Get("http://" + m.HTTPAddr().String() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusServiceUnavailable
	})
}

func TestHeldPortNamesItsHolder(t *testing.T) {
	agent := asktest.NewCluster(t)
	cfg := newConfig(t, agent)
	cfg.Listen.Traps = []string{agent.Address()}
	_, err := New(cfg, logrus.NewEntry(logrus.New()))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d (", os.Getpid())) {
		t.Errorf("got %v, want it to name this process", err)
	}
}

func TestEngineIsKept(t *testing.T) {
	agent := asktest.NewCluster(t)
	cfg := newConfig(t, agent)
	var first string
	t.Run("first run", func(t *testing.T) { first = startManager(t, cfg).EngineID() })
	m := startManager(t, cfg)
	if m.EngineID() != first {
		t.Errorf("engine %s became %s", first, m.EngineID())
	}
	if id, err := EngineID(cfg.DataDir); err != nil || id != first {
		t.Errorf("read from the folder: %s, %v, want %s", id, err, first)
	}
	if _, err := hex.DecodeString(first); err != nil || len(first) < 10 {
		t.Errorf("engine id %q", first)
	}
}
