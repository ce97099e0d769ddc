package reconfig

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"hawser/nms/analyze"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// Gates hold a proposal back unless all of them are open.
type Gates struct {
	Off            bool          // nothing is ever sent; the journal's own switch does the same and survives restarts
	DryRun         bool          // everything but the SET
	RatePerHour    int           // SETs of the whole fleet; 0 = no limit
	MaxClusters    int           // clusters that are being reconfigured at the same time; 0 = no limit
	RequireQuorum  bool          // the cluster's view is current and quorate
	RequireStandby bool          // a standby is ready
	StateMaxAge    time.Duration // of the polled state that the gates judge
	EventMaxAge    time.Duration // of the event, unless a person approves; 0 = no limit
	Windows        []Window      // when reconfiguration is allowed; none = always
}

// Window is a recurring time in which reconfiguration is allowed: from each moment of the schedule, for Duration.
type Window struct {
	Schedule cron.Schedule
	Duration time.Duration
	Location *time.Location
}

// covers says whether now lies in the window.
func (w Window) covers(now time.Time) bool {
	now = now.In(w.Location)
	start := w.Schedule.Next(now.Add(-w.Duration))
	return !start.IsZero() && !start.After(now)
}

// held says which gate is closed, and why.
type held struct{ gate, reason string }

// gate is one reason to hold a proposal back.
type gate struct {
	name  string
	check func(ctx context.Context, c *check) (closed string, err error)
}

// check is what gates judge.
type check struct {
	*Executor
	proposal analyze.Proposal
	state    *ask.State
	now      time.Time
	busy     int // other clusters that are being reconfigured
}

// gates stand in the order in which they are asked: the first closed one is named.
var gates = []gate{
	{"off", gateOff},
	{"authentic", gateAuthentic},
	{"age", gateAge},
	{"state", gateState},
	{"quorum", gateQuorum},
	{"standby", gateStandby},
	{"maintenance", gateMaintenance},
	{"window", gateWindow},
	{"cooldown", gateCooldown},
	{"rate", gateRate},
	{"clusters", gateClusters},
}

// closed asks all gates; a gate that cannot be asked counts as closed.
func (c *check) closed(ctx context.Context) *held {
	for _, g := range gates {
		reason, err := g.check(ctx, c)
		if err != nil {
			return &held{gate: g.name, reason: "cannot be judged: " + err.Error()}
		}
		if reason != "" {
			return &held{gate: g.name, reason: reason}
		}
	}
	return nil
}

func gateOff(ctx context.Context, c *check) (string, error) {
	if c.cfg.Gates.Off {
		return "reconfiguration is switched off in the configuration (gates.off)", nil
	}
	p, err := c.journal.Property(ctx, journal.PropertyOff)
	if err != nil || p.Value != "true" {
		return "", err
	}
	return fmt.Sprintf("reconfiguration was switched off by %s at %s", p.By, p.At.Format(time.RFC3339)), nil
}

func gateAuthentic(_ context.Context, c *check) (string, error) {
	if !c.proposal.Event.Authentic {
		return "the event was neither authenticated nor read by a poll", nil
	}
	return "", nil
}

// futureLimit is how far clocks may be apart before the age of an event says nothing.
const futureLimit = time.Minute

// gateAge holds back what an old event proposes: a manager that starts anew reads the whole history of a cluster, and what
// was cured long ago must not be cured again.
func gateAge(_ context.Context, c *check) (string, error) {
	limit, age := c.cfg.Gates.EventMaxAge, c.now.Sub(c.proposal.Event.Time)
	if limit <= 0 || age <= limit && age >= -futureLimit || c.proposal.Approval == analyze.ApprovalOperator {
		return "", nil
	}
	if age < 0 {
		return fmt.Sprintf("the event is from the future by %s, so its age is not known: compare the clocks of this machine and of node %s (chronyc tracking)", (-age).Round(time.Second), c.proposal.Event.Origin), nil
	}
	return fmt.Sprintf("the event is %s old, allowed are %s (gates.eventMaxAge)", age.Round(time.Second), limit), nil
}

func gateState(_ context.Context, c *check) (string, error) {
	switch {
	case c.state == nil:
		return "the cluster is not polled, so its state is not known; configure its nodes' addresses", nil
	case c.now.Sub(c.state.Asked) > c.cfg.Gates.StateMaxAge:
		return fmt.Sprintf("the last poll is %s old, allowed are %s", c.now.Sub(c.state.Asked).Round(time.Second), c.cfg.Gates.StateMaxAge), nil
	}
	return "", nil
}

func gateQuorum(_ context.Context, c *check) (string, error) {
	switch {
	case !c.cfg.Gates.RequireQuorum:
	case c.state.ViewState != "current":
		return fmt.Sprintf("node %s has a view that is %s, not current", c.state.LocalNode, c.state.ViewState), nil
	case !c.state.Quorate:
		return "the cluster has no quorum", nil
	}
	return "", nil
}

func gateStandby(_ context.Context, c *check) (string, error) {
	if c.cfg.Gates.RequireStandby && !c.state.StandbyReady {
		return "no standby is ready", nil
	}
	return "", nil
}

func gateMaintenance(_ context.Context, c *check) (string, error) {
	if c.state.Maintenance {
		return fmt.Sprintf("the cluster is in maintenance by %s", c.state.MaintenanceBy), nil
	}
	return "", nil
}

func gateWindow(_ context.Context, c *check) (string, error) {
	if len(c.cfg.Gates.Windows) == 0 {
		return "", nil
	}
	for _, w := range c.cfg.Gates.Windows {
		if w.covers(c.now) {
			return "", nil
		}
	}
	return "outside the windows in which reconfiguration is allowed (gates.windows)", nil
}

func gateCooldown(ctx context.Context, c *check) (string, error) {
	if c.proposal.Cooldown <= 0 {
		return "", nil
	}
	sent, err := c.journal.Reconfigurations(ctx, journal.ReconfigurationFilter{
		ClusterID: c.proposal.Event.ClusterID, Rule: c.proposal.Rule, SentSince: c.now.Add(-c.proposal.Cooldown), Limit: 1,
	})
	if err != nil || len(sent) == 0 {
		return "", err
	}
	return fmt.Sprintf("rule %s last acted on this cluster at %s, its cooldown is %s", c.proposal.Rule, sent[0].Sent.Format(time.RFC3339), c.proposal.Cooldown), nil
}

func gateRate(ctx context.Context, c *check) (string, error) {
	limit := c.cfg.Gates.RatePerHour
	if limit <= 0 {
		return "", nil
	}
	sent, err := c.journal.Reconfigurations(ctx, journal.ReconfigurationFilter{SentSince: c.now.Add(-time.Hour), Limit: limit})
	if err != nil || len(sent) < limit {
		return "", err
	}
	return fmt.Sprintf("%d reconfigurations were sent within the last hour, allowed are %d (gates.ratePerHour)", len(sent), limit), nil
}

func gateClusters(_ context.Context, c *check) (string, error) {
	limit := c.cfg.Gates.MaxClusters
	if limit > 0 && c.busy >= limit {
		return fmt.Sprintf("%d other clusters are being reconfigured, allowed are %d at once (gates.maxClusters)", c.busy, limit), nil
	}
	return "", nil
}
