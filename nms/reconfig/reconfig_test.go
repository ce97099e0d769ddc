package reconfig

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/sirupsen/logrus"

	"hawser/nms/analyze"
	"hawser/nms/ask"
	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

const limit = 30 * time.Second

// bench is an executor over a real journal and an in-test cluster.
type bench struct {
	*Executor
	agent *asktest.Agent
	state *ask.State
	dir   string
	event int64 // numbers events, so that each proposal is new
}

func newBench(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	b := &bench{agent: asktest.NewCluster(t), dir: t.TempDir()}
	b.state = &ask.State{Asked: time.Now(), Scalars: ask.Scalars{ClusterID: asktest.ID, Quorate: true, StandbyReady: true, ViewState: "current", LocalNode: "alpha"}}
	b.open(t, change)
	return b
}

// open makes the executor, anew after a restart.
func (b *bench) open(t *testing.T, change func(*Config)) {
	t.Helper()
	j, err := journal.Open(filepath.Join(b.dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	policy, hardware := asktest.Users()["policy"].User, asktest.Users()["hardware"].User
	cfg := Config{
		Manager: "nms1", Clusters: []Cluster{{Name: "harbour", Addresses: []string{b.agent.Address()}, PolicyUser: &policy, HardwareUser: &hardware}},
		Gates:   Gates{RequireQuorum: true, RequireStandby: true, StateMaxAge: time.Hour, MaxClusters: 1},
		Session: ask.Options{Timeout: 200 * time.Millisecond, Retries: 5}, AnswerTimeout: limit, VerifyTimeout: limit, ApplyTimeout: limit, PollEvery: 5 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	log := logrus.New()
	log.SetOutput(t.Output())
	if b.Executor, err = New(t.Context(), cfg, j, func(string) *ask.State { return b.state }, func(string) string { return "harbour" }, logrus.NewEntry(log)); err != nil {
		t.Fatal(err)
	}
}

// run starts the executor and returns a function that stops it and waits.
func (b *bench) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func (b *bench) reaction() analyze.Proposal {
	b.event++
	return analyze.Proposal{
		Rule: "calm", Kind: analyze.KindReaction, Service: "web", Approval: analyze.ApprovalNone,
		Event:  journal.Event{ID: b.event, Identity: journal.Identity{ClusterID: asktest.ID}, Authentic: true},
		Values: []analyze.Value{{Object: "hawserServiceReaction", Text: "failover"}, {Object: "hawserServiceRestartLimit", Text: "2"}},
	}
}

func (b *bench) hardware(value string) analyze.Proposal {
	p := b.reaction()
	p.Rule, p.Kind, p.Service, p.Node, p.Scope, p.Apply = "cool", analyze.KindHardware, "", "alpha", 2, true
	p.Values = []analyze.Value{{Setting: "PowerProfile", Text: value}}
	return p
}

// carry submits a proposal and waits for its end.
func (b *bench) carry(t *testing.T, p analyze.Proposal) journal.Reconfiguration {
	t.Helper()
	if err := b.Submit(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return b.ended(t, p.Event.ID)
}

func (b *bench) ended(t *testing.T, event int64) journal.Reconfiguration {
	t.Helper()
	var r journal.Reconfiguration
	waitFor(t, fmt.Sprintf("the reconfiguration of event %d ends", event), func() bool {
		r = b.find(t, event)
		return !r.Ended.IsZero()
	})
	return r
}

func (b *bench) find(t *testing.T, event int64) journal.Reconfiguration {
	t.Helper()
	list, err := b.journal.Reconfigurations(t.Context(), journal.ReconfigurationFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.EventID == event {
			return r
		}
	}
	return journal.Reconfiguration{}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (b *bench) policy() string {
	return b.agent.Text("hawserServiceReaction", 4) + " " + b.agent.Text("hawserServiceRestartLimit", 4)
}

func expect(t *testing.T, r journal.Reconfiguration, state, reason string) {
	t.Helper()
	if r.State != state || !strings.Contains(r.Reason, reason) {
		t.Errorf("got %s: %s\nwant %s with %q", r.State, r.Reason, state, reason)
	}
}

func TestGatesRefuse(t *testing.T) {
	yesterday := Window{Duration: time.Minute, Location: time.UTC, Schedule: cron.Every(24 * time.Hour)}
	for _, test := range []struct {
		gate, reason string
		config       func(*Config)
		arrange      func(*testing.T, *bench, *analyze.Proposal)
	}{
		{"off", "gates.off", func(c *Config) { c.Gates.Off = true }, nil},
		{"off", "switched off by ann", nil, func(t *testing.T, b *bench, _ *analyze.Proposal) {
			if err := b.journal.SetProperty(t.Context(), journal.PropertyOff, "true", "ann"); err != nil {
				t.Fatal(err)
			}
		}},
		{"authentic", "neither authenticated nor read", nil, func(_ *testing.T, _ *bench, p *analyze.Proposal) { p.Event.Authentic = false }},
		{"age", "is 1h0m0s old", func(c *Config) { c.Gates.EventMaxAge = time.Minute }, func(_ *testing.T, _ *bench, p *analyze.Proposal) {
			p.Event.Time = time.Now().Add(-time.Hour)
		}},
		{"state", "not polled", nil, func(_ *testing.T, b *bench, _ *analyze.Proposal) { b.state = nil }},
		{"state", "old, allowed are", func(c *Config) { c.Gates.StateMaxAge = time.Minute }, func(_ *testing.T, b *bench, _ *analyze.Proposal) {
			b.state.Asked = time.Now().Add(-time.Hour)
		}},
		{"quorum", "no quorum", nil, func(_ *testing.T, b *bench, _ *analyze.Proposal) { b.state.Quorate = false }},
		{"quorum", "isolated, not current", nil, func(_ *testing.T, b *bench, _ *analyze.Proposal) { b.state.ViewState = "isolated" }},
		{"standby", "no standby is ready", nil, func(_ *testing.T, b *bench, _ *analyze.Proposal) { b.state.StandbyReady = false }},
		{"maintenance", "maintenance by bob", nil, func(_ *testing.T, b *bench, _ *analyze.Proposal) {
			b.state.Maintenance, b.state.MaintenanceBy = true, "bob"
		}},
		{"window", "outside the windows", func(c *Config) { c.Gates.Windows = []Window{yesterday} }, nil},
		{"cooldown", "its cooldown is 1h", nil, func(t *testing.T, b *bench, p *analyze.Proposal) {
			p.Cooldown = time.Hour
			expect(t, b.carry(t, b.reaction()), journal.StateDone, "")
		}},
		{"rate", "allowed are 1", func(c *Config) { c.Gates.RatePerHour = 1 }, func(t *testing.T, b *bench, _ *analyze.Proposal) {
			expect(t, b.carry(t, b.reaction()), journal.StateDone, "")
		}},
		{"clusters", "1 other clusters", nil, func(_ *testing.T, b *bench, _ *analyze.Proposal) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.active["another"] = true
		}},
	} {
		t.Run(test.gate+" "+test.reason, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.config)
			b.run(t)
			p := b.reaction()
			if test.arrange != nil {
				test.arrange(t, b, &p)
			}
			before := b.agent.Sets()
			r := b.carry(t, p)
			expect(t, r, journal.StateHeld, test.reason)
			if r.Gate != test.gate || b.agent.Sets() != before {
				t.Errorf("gate %q, %d SETs; want gate %q and none", r.Gate, b.agent.Sets()-before, test.gate)
			}
		})
	}
}

func TestWindowCovers(t *testing.T) {
	schedule, err := cron.ParseStandard("0 2 * * *")
	if err != nil {
		t.Fatal(err)
	}
	w := Window{Schedule: schedule, Duration: 2 * time.Hour, Location: time.UTC}
	for clock, want := range map[string]bool{"01:59": false, "02:00": true, "03:59": true, "04:00": false, "04:01": false} {
		at, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.covers(at); got != want {
			t.Errorf("%s: got %v, want %v", clock, got, want)
		}
	}
}

func TestDryRun(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Gates.DryRun = true })
	b.run(t)
	expect(t, b.carry(t, b.reaction()), journal.StateDryRun, "would set hawserServiceReaction.web to failover")
	if b.agent.Sets() != 0 {
		t.Error("a dry run set something")
	}
}

func TestReactionIsSetReadBackAndRecorded(t *testing.T) {
	b := newBench(t, nil)
	b.run(t)
	p := b.reaction()
	r := b.carry(t, p)
	expect(t, r, journal.StateDone, "read back as wanted")
	if b.policy() != "failover 2" || r.Serial != 100 || r.Values[0].Old != "restart" || r.Values[1].Old != "5" || r.Values[1].ReadBack != "2" {
		t.Errorf("policy %q, record %+v", b.policy(), r)
	}
	if err := b.Submit(t.Context(), p); err != nil { // the same event again, as after a restart
		t.Fatal(err)
	}
	expect(t, b.carry(t, b.reaction()), journal.StateDone, "already as wanted")
	if b.agent.Sets() != 1 {
		t.Errorf("%d SETs, want 1", b.agent.Sets())
	}
	steps, err := b.journal.Steps(t.Context(), r.ID)
	if err != nil || len(steps) != 3 || steps[0].State != journal.StateSending || steps[2].State != journal.StateDone {
		t.Errorf("steps: got %+v, %v", steps, err)
	}
	if err := b.journal.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLostAnswerIsFoundInTheWriteLog(t *testing.T) {
	b := newBench(t, nil)
	b.agent.Turn(func(k *asktest.Knobs) { k.SwallowSets = 1 })
	b.run(t)
	r := b.carry(t, b.reaction())
	expect(t, r, journal.StateDone, "read back")
	if b.agent.Sets() != 1 || r.WriteSeq == 0 {
		t.Errorf("%d SETs, write %d; want 1 SET, found in the write log", b.agent.Sets(), r.WriteSeq)
	}
}

func TestLostSetIsSentAgainWithTheSameToken(t *testing.T) {
	b := newBench(t, nil)
	b.agent.Turn(func(k *asktest.Knobs) { k.DropSets = 2 })
	b.run(t)
	expect(t, b.carry(t, b.reaction()), journal.StateDone, "read back")
	if b.agent.Sets() != 1 || b.policy() != "failover 2" {
		t.Errorf("%d SETs, policy %q", b.agent.Sets(), b.policy())
	}
}

func TestAnotherWriterComesFirst(t *testing.T) {
	b := newBench(t, nil)
	b.agent.Turn(func(k *asktest.Knobs) { k.RaceSets = 2 })
	b.run(t)
	r := b.carry(t, b.reaction())
	expect(t, r, journal.StateDone, "read back")
	if r.Serial != 102 {
		t.Errorf("serial %d, want 102", r.Serial)
	}
}

func TestRefusalsCarryTheReason(t *testing.T) {
	for _, test := range []struct {
		name, reason string
		arrange      func(*bench, *analyze.Proposal)
	}{
		{"value", "refused by the test", func(b *bench, _ *analyze.Proposal) {
			b.agent.Turn(func(k *asktest.Knobs) { k.RefuseSet = "hawserServiceReaction" })
		}},
		{"service", `no service "mail"`, func(_ *bench, p *analyze.Proposal) { p.Service = "mail" }},
		{"node", `no node "zulu"`, func(b *bench, p *analyze.Proposal) { *p = b.hardware("Balanced"); p.Node = "zulu" }},
		{"setting", "does not exist", func(b *bench, p *analyze.Proposal) { *p = b.hardware("Balanced"); p.Values[0].Setting = "Nothing" }},
		{"no user", "has no policyUser", func(b *bench, _ *analyze.Proposal) { b.cfg.Clusters[0].PolicyUser = nil }},
		{"read-only user", "give it the role policy", func(b *bench, _ *analyze.Proposal) {
			u := asktest.Users()["auditor"].User
			b.cfg.Clusters[0].PolicyUser = &u
		}},
		{"wrong kind of user", "give it the role hardware", func(b *bench, p *analyze.Proposal) {
			u := asktest.Users()["auditor"].User
			b.cfg.Clusters[0].HardwareUser = &u
			*p = b.hardware("Balanced")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			p := b.reaction()
			test.arrange(b, &p)
			b.run(t)
			expect(t, b.carry(t, p), journal.StateRefused, test.reason)
			if b.agent.Sets() != 0 {
				t.Error("something was set")
			}
		})
	}
}

func TestWrongPassphraseIsRefused(t *testing.T) {
	b := newBench(t, nil)
	b.cfg.Clusters[0].PolicyUser.AuthPassphrase = "another passphrase"
	b.run(t)
	expect(t, b.carry(t, b.reaction()), journal.StateRefused, "compare protocols and passphrases")
}

func TestAcceptedWithoutEffectFails(t *testing.T) {
	b := newBench(t, func(c *Config) { c.VerifyTimeout = 50 * time.Millisecond })
	b.agent.Turn(func(k *asktest.Knobs) { k.IgnoreSets = true })
	b.run(t)
	expect(t, b.carry(t, b.reaction()), journal.StateFailed, "hawserServiceReaction.web is restart")
}

func TestHardware(t *testing.T) {
	b := newBench(t, nil)
	b.run(t)
	r := b.carry(t, b.hardware("Balanced"))
	expect(t, r, journal.StateDone, "applied and read back")
	if r.Job != 1 || r.User != "hardwareUser" || r.Values[0].ReadBack != "Balanced" {
		t.Errorf("got %+v", r)
	}
	expect(t, b.carry(t, b.hardware("Balanced")), journal.StateDone, "in effect already")
	expect(t, b.carry(t, b.hardware("bad value")), journal.StateRolledBack, "the BMC does not take it")
	only := b.hardware("Performance")
	only.Apply = false
	expect(t, b.carry(t, only), journal.StateDone, "not applied by this rule")
}

func TestNodeThatLagsBehindItsLeader(t *testing.T) {
	b := newBench(t, nil)
	b.run(t)
	b.agent.Turn(func(k *asktest.Knobs) { k.LagReads = 5 })
	expect(t, b.carry(t, b.reaction()), journal.StateDone, "read back")
	b.agent.Turn(func(k *asktest.Knobs) { k.LagReads = 5 })
	expect(t, b.carry(t, b.hardware("Balanced")), journal.StateDone, "applied and read back")
}

func TestHardwareJobThatNeverEnds(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ApplyTimeout = 100 * time.Millisecond })
	b.agent.Turn(func(k *asktest.Knobs) { k.HoldJobs = true })
	b.run(t)
	expect(t, b.carry(t, b.hardware("Balanced")), journal.StateFailed, "job 1 goes on")
}

func TestRestartTakesUpWhatWasSent(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ApplyTimeout = time.Hour })
	b.agent.Turn(func(k *asktest.Knobs) { k.HoldJobs = true })
	stop := b.run(t)
	p := b.hardware("Balanced")
	if err := b.Submit(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the job is under way", func() bool { return b.find(t, p.Event.ID).Job == 1 })
	stop()
	proposed := b.reaction()
	if err := b.Submit(t.Context(), proposed); err != nil { // stored, but never sent
		t.Fatal(err)
	}
	if err := b.journal.Close(); err != nil {
		t.Fatal(err)
	}
	b.agent.Turn(func(k *asktest.Knobs) { k.HoldJobs = false })
	setting := ask.SettingInstance(1, 2, "PowerProfile")
	b.agent.Put("hawserHwSettingCurrent", setting, "Balanced")
	b.agent.Put("hawserHwSettingState", setting, "inSync")
	b.open(t, nil)
	b.run(t)
	expect(t, b.ended(t, p.Event.ID), journal.StateDone, "")
	expect(t, b.ended(t, proposed.Event.ID), journal.StateFailed, "before it was sent")
}
