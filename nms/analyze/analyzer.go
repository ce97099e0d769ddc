package analyze

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

const (
	analyseBatch = 100
	evalTimeout  = 5 * time.Second // of all rules for one event
	lookEvery    = 5 * time.Second // for events whose condition never came
)

// Analyzer judges each authentic event once.
type Analyzer struct {
	rules   *Rules
	journal *journal.Journal
	source  Source
	submit  func(ctx context.Context, p Proposal) error
	grace   time.Duration // how long an event waits for its condition
	group   grouping
	log     *logrus.Entry
	wake    chan struct{} // room for one: a second wish adds nothing
}

// Source knows the polled state of clusters. *poll.Poller satisfies it.
type Source interface {
	State(clusterID string) *ask.State // the last one; nil before the first poll
	Expected(clusterID string) bool    // it is to be polled, but was not yet
}

// New returns an Analyzer. submit takes proposals.
func New(rules *Rules, j *journal.Journal, grace, incidentWindow time.Duration, source Source, submit func(context.Context, Proposal) error, log *logrus.Entry) *Analyzer {
	return &Analyzer{rules: rules, journal: j, source: source, submit: submit, grace: grace, group: grouping{journal: j, window: incidentWindow}, log: log, wake: make(chan struct{}, 1)}
}

// Wake asks for a look at new events; it never waits.
func (a *Analyzer) Wake() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// String names the task.
func (a *Analyzer) String() string { return "analyzer" }

// Run judges events until ctx ends.
func (a *Analyzer) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if err := a.look(ctx); err != nil && ctx.Err() == nil {
			a.log.WithError(err).Error("events could not be analysed; they are looked at again")
		}
		select {
		case <-a.wake:
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look judges everything that waits, but for events of clusters whose state is still to be polled: a rule could not
// judge them, and nothing could be set there anyway.
func (a *Analyzer) look(ctx context.Context) error {
	last := int64(0)
	for {
		events, err := a.journal.PendingAnalysis(ctx, time.Now().Add(-a.grace), last, analyseBatch)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			last = e.ID
			if a.source.Expected(e.ClusterID) {
				continue
			}
			if err := a.analyse(ctx, e); err != nil {
				return err
			}
		}
	}
}

func (a *Analyzer) analyse(ctx context.Context, e journal.Event) error {
	condition, err := a.journal.Conditions(ctx, e.Identity)
	if err != nil {
		return err
	}
	if err := a.group.place(ctx, e); err != nil {
		return err
	}
	facts := Facts{Event: e, Condition: condition, Cluster: a.source.State(e.ClusterID), Count: func(eventType, component string, window time.Duration) (int64, error) {
		return a.journal.Count(ctx, journal.CountFilter{ClusterID: e.ClusterID, Type: eventType, Component: component, From: e.Time.Add(-window), To: e.Time})
	}}
	evalCtx, cancel := context.WithTimeout(ctx, evalTimeout)
	verdicts := a.rules.Evaluate(evalCtx, facts)
	cancel()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var told []string
	for _, v := range verdicts {
		text, err := a.act(ctx, e, v)
		if err != nil {
			return err
		}
		if text != "" {
			told = append(told, text)
		}
	}
	outcome := fmt.Sprintf("no rule of %d matched", len(verdicts))
	if len(told) > 0 {
		outcome = strings.Join(told, "; ")
	}
	return a.journal.MarkAnalysed(ctx, e.ID, outcome)
}

// act hands a matching rule's proposal on, and says what happened.
func (a *Analyzer) act(ctx context.Context, e journal.Event, v Verdict) (string, error) {
	log := a.log.WithFields(logrus.Fields{"rule": v.Rule, "cluster": e.ClusterName, "event": e.Seq, "type": e.Type, "failing": e.ComponentName})
	if v.Err != nil {
		log.WithError(v.Err).Warn("rule could not be evaluated; it counts as not matching")
		return v.Err.Error(), nil
	}
	if !v.Matched {
		return "", nil
	}
	log.WithField("target", v.Proposal.Target()).Info("rule matched; reconfiguration proposed")
	if err := a.submit(ctx, v.Proposal); err != nil && !errors.Is(err, context.Canceled) {
		return "", fmt.Errorf("rule %s: %w", v.Rule, err)
	}
	return "rule " + v.Rule + " matched", nil
}
