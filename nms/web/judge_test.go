package web

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

func TestJudge(t *testing.T) {
	const stale = 90 * time.Second
	known := journal.Cluster{ClusterID: "c1", Name: "harbour", ConfigName: "harbour", FirstSeen: noon.Add(-time.Hour)}
	state := func(health, view string, change ...func(*ask.State)) *ask.State {
		s := &ask.State{Scalars: ask.Scalars{ClusterHealth: health, ViewState: view}, Asked: noon.Add(-10 * time.Second)}
		for _, f := range change {
			f(s)
		}
		return s
	}
	for _, c := range []struct {
		name    string
		cluster func(*journal.Cluster)
		state   *ask.State
		want    Verdict
		reason  string // part of it
	}{
		{"its own word", nil, state("ok", "current"), Verdict{Health: "ok"}, ""},
		{"critical, since its oldest worst alarm", nil, state("critical", "current", func(s *ask.State) {
			s.HealthReason = "db failed"
			s.Alarms = []ask.Alarm{
				{Severity: "minor", Raised: noon.Add(-time.Hour)}, {Severity: "critical", Raised: noon.Add(-time.Minute)}, {Severity: "critical", Raised: noon.Add(-2 * time.Minute)},
			}
		}), Verdict{Health: "critical", Since: noon.Add(-2 * time.Minute)}, "db failed"},
		{"a word of another MIB", nil, state("splendid", "current"), Verdict{Health: "unknown"}, ""},
		{"silent", func(c *journal.Cluster) { c.SilentSince, c.PollError = noon.Add(-time.Minute), "timeout" }, state("ok", "current"), Verdict{Health: "silent", Was: "ok", Since: noon.Add(-time.Minute)}, "timeout"},
		{"the last poll failed", func(c *journal.Cluster) { c.PollError = "timeout" }, state("ok", "current"), Verdict{Health: "unknown", Was: "ok", Since: noon.Add(-10 * time.Second)}, "timeout"},
		{"old", nil, state("ok", "current", func(s *ask.State) { s.Asked = noon.Add(-stale - time.Second) }), Verdict{Health: "unknown", Was: "ok", Since: noon.Add(-stale - time.Second)}, "not polled since"},
		{"just not old", nil, state("ok", "current", func(s *ask.State) { s.Asked = noon.Add(-stale) }), Verdict{Health: "ok"}, ""},
		{"isolated", nil, state("ok", "isolated", func(s *ask.State) { s.ViewAge = 60 }), Verdict{Health: "unknown", Was: "ok", Since: noon.Add(-70 * time.Second)}, "no quorum"},
		{"lagging is not good", nil, state("ok", "lagging"), Verdict{Health: "unknown"}, "lags behind"},
		{"lagging, and bad before", nil, state("critical", "lagging"), Verdict{Health: "critical"}, "lags behind"},
		{"never polled", nil, nil, Verdict{Health: "unknown"}, "not polled yet"},
		{"never reached", func(c *journal.Cluster) { c.PollError = "no route" }, nil, Verdict{Health: "unknown"}, "no route"},
		{"not configured", func(c *journal.Cluster) { c.ConfigName = "" }, nil, Verdict{Health: "unknown", Since: noon.Add(-time.Hour)}, "add it under clusters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster := known
			if c.cluster != nil {
				c.cluster(&cluster)
			}
			got := Judge(cluster, c.state, noon, stale)
			if got.Health != c.want.Health || got.Was != c.want.Was || !got.Since.Equal(c.want.Since) || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("got %+v, want %+v with a reason that holds %q", got, c.want, c.reason)
			}
			if got.Fresh() && (c.state == nil || got.Was != "") {
				t.Errorf("%+v counts as fresh", got)
			}
		})
	}
}

func TestWhatHappensNext(t *testing.T) {
	for _, c := range []struct {
		name  string
		state ask.State
		want  []string
	}{
		{"ready", ask.State{Stacks: []ask.Stack{{Name: "shop", PrimaryNode: "alpha", StandbyNode: "bravo", FailoverPossible: true}}}, []string{"If alpha fails, bravo takes over shop"}},
		{"moving", ask.State{Stacks: []ask.Stack{{Name: "shop", PrimaryNode: "alpha", TargetNode: "bravo"}}}, []string{"shop is moving to bravo"}},
		{"blocked", ask.State{Stacks: []ask.Stack{{Name: "shop", PrimaryNode: "alpha", BlockedReason: "no standby"}}}, []string{"shop would not move: no standby"}},
		{"maintenance", ask.State{Policy: ask.Policy{Maintenance: true}, Stacks: []ask.Stack{{Name: "shop", FailoverPossible: true}}}, []string{"The cluster is in maintenance: nothing is started or moved"}},
		{"everywhere", ask.State{Stacks: []ask.Stack{{Name: "web"}}}, nil},
	} {
		if got := next(&c.state); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
