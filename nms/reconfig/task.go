package reconfig

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/analyze"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// tokenSize is the length of a hawserWriteToken (8 to 16 octets).
const tokenSize = 16

// serialTries is how often a SET is made anew because somebody else's came first.
const serialTries = 5

// task is one reconfiguration under way. Every method that changes its state stores that before it returns.
type task struct {
	*Executor
	record  journal.Reconfiguration
	log     *logrus.Entry
	cluster *ask.Cluster
}

func (t *task) close() {
	if t.cluster != nil {
		_ = t.cluster.Close() // sockets that are given up
	}
}

// save stores the state of the task and says what happened.
func (t *task) save(ctx context.Context, state, text string) error {
	t.record.State = state
	// What was done must be on record even when the manager is being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return t.journal.SaveReconfiguration(ctx, t.record, "rule "+t.record.Rule, text)
}

// end stores the end of the task.
func (t *task) end(ctx context.Context, state, reason string) error {
	t.record.Ended, t.record.Reason = time.Now(), reason
	log := t.log.WithFields(logrus.Fields{"state": state, "why": reason})
	switch state {
	case journal.StateDone, journal.StateHeld, journal.StateDryRun:
		log.Info("reconfiguration ended")
	case journal.StateRefused, journal.StateFailed:
		log.Error("reconfiguration ended without effect; a person should look")
	}
	return t.save(ctx, state, reason)
}

// begin asks the gates, and goes on if they are open.
func (t *task) begin(ctx context.Context, p analyze.Proposal, approved bool) error {
	if h := t.admit(ctx, p); h != nil {
		t.record.Gate = h.gate
		return t.end(ctx, journal.StateHeld, h.Error())
	}
	if t.record.DryRun {
		return t.end(ctx, journal.StateDryRun, "dry run: would set "+describe(t.record.Values))
	}
	if p.Approval == analyze.ApprovalOperator && !approved {
		t.log.Warn("reconfiguration waits for approval")
		return t.save(ctx, journal.StateWaiting, "waits for an operator's approval of "+describe(t.record.Values))
	}
	return t.set(ctx)
}

func describe(values []journal.Change) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprintf("%s.%s to %s", v.Object, v.Instance, v.New)
	}
	return strings.Join(parts, ", ")
}

// open prepares sessions as the user for this kind of target.
func (t *task) open() error {
	name := t.name(t.record.ClusterID)
	i := slices.IndexFunc(t.cfg.Clusters, func(c Cluster) bool { return c.Name == name })
	if i < 0 {
		return fmt.Errorf("cluster %s is not configured: add it under clusters", t.record.ClusterID)
	}
	c := t.cfg.Clusters[i]
	user, key := c.PolicyUser, "policyUser"
	if t.record.Kind == analyze.KindHardware {
		user, key = c.HardwareUser, "hardwareUser"
	}
	if user == nil {
		return fmt.Errorf("cluster %s has no %s: configure one whose role is %s", c.Name, key, strings.TrimSuffix(key, "User"))
	}
	t.cluster, t.record.User = ask.NewCluster(c.Name, c.Addresses, *user, t.cfg.Session), user.Name
	return nil
}

// pause waits for the time between two reads.
func (t *task) pause(ctx context.Context) error {
	select {
	case <-time.After(t.cfg.PollEvery):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// until asks done again and again until it is true or the time is over; err is the end of ctx.
func (t *task) until(ctx context.Context, limit time.Duration, done func() bool) (bool, error) {
	deadline := time.Now().Add(limit)
	for {
		if done() {
			return true, nil
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		if err := t.pause(ctx); err != nil {
			return false, err
		}
	}
}
