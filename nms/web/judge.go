package web

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// The healths of a verdict, worst first: what needs a person stands first. Silent and unknown come before warning because
// nobody knows what they hide.
const (
	HealthSilent   = "silent"
	HealthCritical = "critical"
	HealthUnknown  = "unknown"
	HealthWarning  = "warning"
	HealthOK       = "ok"
)

// Healths are all healths of a verdict, worst first.
var Healths = []string{HealthSilent, HealthCritical, HealthUnknown, HealthWarning, HealthOK}

// Verdict is how a cluster does, as far as the manager knows.
type Verdict struct {
	Health string    `json:"health"`
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"` // zero: not known
	Was    string    `json:"was,omitempty"`  // the last health it told, when that is no longer known to hold
	AsOf   time.Time `json:"asOf,omitzero"`  // the moment that the facts are of; zero: there are none
	Next   []string  `json:"next,omitempty"` // what the controller would do, one sentence per stack
}

// Fresh says whether the cluster's own word still counts.
func (v Verdict) Fresh() bool { return v.Was == "" && v.Health != HealthSilent && !v.AsOf.IsZero() }

// Judge says how a cluster does. What was heard longer ago than stale is not known any more.
func Judge(c journal.Cluster, s *ask.State, now time.Time, stale time.Duration) Verdict {
	v := Verdict{Health: HealthUnknown}
	if s != nil {
		v.AsOf = s.Asked.Add(-time.Duration(s.ViewAge) * time.Second)
		v.Was = s.ClusterHealth
	}
	switch {
	case !c.SilentSince.IsZero():
		v.Health, v.Since = HealthSilent, c.SilentSince
		v.Reason = "No node answers the manager" + after(c.PollError)
	case s == nil && c.PollError != "":
		v.Reason = "It was never polled" + after(c.PollError)
	case s == nil && c.ConfigName == "":
		v.Reason, v.Since = "It only reports by notification: add it under clusters so that it is polled", c.FirstSeen
	case s == nil:
		v.Reason = "It was not polled yet"
	case c.PollError != "":
		v.Reason, v.Since = "The last poll failed"+after(c.PollError), s.Asked
	case now.Sub(s.Asked) > stale:
		v.Reason, v.Since = "It was not polled since: see whether the manager's poller runs", s.Asked
	case s.ViewState == "isolated":
		v.Reason, v.Since = "The only nodes that answer have no quorum and know of themselves alone", v.AsOf
	default:
		v.told(s)
	}
	return v
}

// after adds a reason to a sentence.
func after(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// told takes the cluster's own word.
func (v *Verdict) told(s *ask.State) {
	v.Health, v.Was, v.Reason = s.ClusterHealth, "", s.HealthReason
	if !slices.Contains(Healths, v.Health) {
		v.Health = HealthUnknown
	}
	if s.ViewState == "lagging" {
		v.Reason = strings.TrimPrefix(v.Reason+fmt.Sprintf("; %s, which was asked, lags behind by %d s", s.LocalNode, s.ViewAge), "; ")
		if v.Health == HealthOK {
			v.Health = HealthUnknown
		}
	}
	if v.Health != HealthOK {
		v.Since = oldest(s.Alarms)
	}
	v.Next = next(s)
}

// oldest is since when the oldest of the worst alarms stands.
func oldest(alarms []ask.Alarm) time.Time {
	var since time.Time
	worst := len(severities)
	for _, a := range alarms {
		switch rank := severityRank(a.Severity); {
		case rank < worst:
			worst, since = rank, a.Raised
		case rank == worst && a.Raised.Before(since):
			since = a.Raised
		}
	}
	return since
}

// next says what the controller would do with each stack if its primary fell silent now.
func next(s *ask.State) []string {
	if s.Maintenance {
		return []string{"The cluster is in maintenance: nothing is started or moved"}
	}
	var out []string
	for _, stack := range s.Stacks {
		switch {
		case stack.TargetNode != "" && stack.TargetNode != stack.PrimaryNode:
			out = append(out, fmt.Sprintf("%s is moving to %s", stack.Name, stack.TargetNode))
		case stack.FailoverPossible && stack.PrimaryNode != "":
			out = append(out, fmt.Sprintf("If %s fails, %s takes over %s", stack.PrimaryNode, stack.StandbyNode, stack.Name))
		case stack.BlockedReason != "":
			out = append(out, fmt.Sprintf("%s would not move: %s", stack.Name, stack.BlockedReason))
		}
	}
	return out
}

// stateOf is the last known state of a cluster: the poller's, else what a former run of the manager left in the journal.
func (s *Server) stateOf(ctx context.Context, c journal.Cluster) (*ask.State, error) {
	if state := s.deps.Live.State(c.ClusterID); state != nil || c.LastPolled.IsZero() {
		return state, nil
	}
	view, err := s.deps.Store.View(ctx, c.ClusterID)
	if err != nil || view == "" {
		return nil, err
	}
	state := &ask.State{}
	if err := json.Unmarshal([]byte(view), state); err != nil {
		return nil, fmt.Errorf("stored state of cluster %s: %w", c.Name, err)
	}
	return state, nil
}
