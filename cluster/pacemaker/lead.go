package pacemaker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"hawser/cluster"
)

// termProperty is the property of the CIB that holds the generation of the hawser that leads. It stands in a property set of
// its own.
const (
	termProperty = "hawser-term"
	termSet      = "hawser"
	officeAgain  = time.Second // until an office that could not be taken is tried again
)

// lead leads whenever this node is the DC of a partition with quorum, until ctx ends.
func (c *Controller) lead(ctx context.Context) error {
	for ctx.Err() == nil {
		if c.mayLead() {
			err := c.term(ctx)
			c.office.Store(0)
			c.notifier.notify()
			if err != nil && ctx.Err() == nil {
				c.cfg.Log.WithError(err).Warn("leadership ended")
				select {
				case <-ctx.Done():
				case <-time.After(officeAgain):
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-c.wake:
		case <-time.After(officeAgain):
		}
	}
	return nil
}

// mayLead says whether this node is the DC, by a reading that is not old, in a partition with quorum.
func (c *Controller) mayLead() bool {
	s := c.sight()
	return s.view != nil && time.Since(s.at) < c.stale() && s.view.DC == c.cfg.Node && s.view.Quorate
}

// term is one office: it ends when this node is the DC no more, when another generation stands in the CIB, or when an
// entry could not be written.
func (c *Controller) term(ctx context.Context) error {
	generation, orphans, err := c.inherit(ctx)
	if err != nil {
		return fmt.Errorf("take over: %w", err)
	}
	if err := c.claim(ctx, generation); err != nil {
		return fmt.Errorf("claim term %d: %w", generation, err)
	}
	began := time.Now()
	c.office.Store(generation)
	if err := c.inaugurate(ctx, generation, orphans); err != nil {
		return fmt.Errorf("take office: %w", err)
	}
	c.cfg.Log.WithField("generation", generation).Info("this node leads: it is the DC")
	for c.mayLead() {
		if at := c.sight().view.Properties[termProperty]; at != strconv.FormatUint(uint64(generation), 10) && c.sight().at.After(began) {
			return fmt.Errorf("the CIB names term %s: another node leads", at)
		}
		if err := c.decide(ctx, began); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-time.After(officeAgain):
		}
	}
	return nil
}

// inherit takes the state of the most advanced node that answers, and returns the next generation with the events that only
// this node had.
func (c *Controller) inherit(ctx context.Context) (uint32, []cluster.Event, error) {
	hellos := c.greetAll(ctx)
	mine := c.hello()
	best, last := mine, mine.Generation
	for _, h := range hellos {
		last = max(last, h.Generation)
		if h.ahead(best) {
			best = h
		}
	}
	var orphans []cluster.Event
	if best.Node != mine.Node {
		var err error
		if orphans, err = c.fetch(ctx, best.Node); err != nil {
			return 0, nil, err
		}
	}
	if at, err := strconv.ParseUint(c.sight().view.Properties[termProperty], 10, 32); err == nil {
		last = max(last, uint32(at))
	}
	if last == 0 { // a cluster that is founded anew must not look older than what a receiver knew of it
		last = uint32(time.Now().Unix())
	}
	return last + 1, orphans, nil
}

// claim writes the term into the CIB and reads it back: only the DC of a partition with quorum can.
func (c *Controller) claim(ctx context.Context, generation uint32) error {
	value := strconv.FormatUint(uint64(generation), 10)
	_, err := c.cfg.Programs.run(ctx, "crm_attribute", "--type", "crm_config", "--set-name", termSet, "--name", termProperty, "--update", value)
	if err != nil {
		return err
	}
	now := c.reader.read(ctx)
	switch {
	case now.err != nil:
		return now.err
	case now.view.DC != c.cfg.Node || !now.view.Quorate:
		return fmt.Errorf("the DC is %q now, quorate: %v", now.view.DC, now.view.Quorate)
	case now.view.Properties[termProperty] != value:
		return fmt.Errorf("the CIB names term %q", now.view.Properties[termProperty])
	}
	c.took(now)
	return nil
}

// inaugurate writes the first entries of a term.
func (c *Controller) inaugurate(ctx context.Context, generation uint32, orphans []cluster.Event) error {
	s := c.ledger.State()
	engine := s.EngineID
	if len(engine) == 0 {
		if engine = c.cfg.EngineID; len(engine) == 0 {
			engine = randomEngineID()
		}
	}
	reason := "the cluster had no leader"
	if s.EngineOwner != "" && s.EngineOwner != c.cfg.Node {
		reason = "leadership went from " + s.EngineOwner + " to " + c.cfg.Node + " with the DC"
	}
	_, err := c.commit(ctx,
		cluster.Decision{Found: &cluster.Found{ClusterID: c.cfg.ClusterID, Generation: generation, EngineID: engine}},
		cluster.Decision{Config: &cluster.Config{Spec: c.sight().spec}},
		cluster.Decision{Lead: &cluster.Lead{Node: c.cfg.Node}},
		cluster.Decision{Event: &cluster.Event{
			Type: cluster.EventLeaderChanged, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentNode,
			ComponentName: c.cfg.Node, NodeName: c.cfg.Node, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, Summary: reason,
		}})
	if err != nil {
		return err
	}
	return c.adopt(ctx, orphans)
}

// randomEngineID is one of RFC 3411's local format.
func randomEngineID() []byte {
	id := make([]byte, 13)
	_, _ = rand.Read(id) // never fails
	copy(id, []byte{0x80, 0x00, 0x7e, 0xd9, 0x05})
	return id
}

// decide writes what happened and what changed since the last time.
func (c *Controller) decide(ctx context.Context, began time.Time) error {
	c.mu.Lock()
	seen, pending, open := c.seen, c.pending, c.tracker.Open()
	hellos := c.hellos()
	c.mu.Unlock()
	if !reflect.DeepEqual(normal(c.ledger.State().Spec), normal(seen.spec)) {
		if _, err := c.commit(ctx, cluster.Decision{Config: &cluster.Config{Spec: seen.spec}}); err != nil {
			return err
		}
	}
	for _, h := range pending {
		if !c.known(h, began) {
			if _, err := c.commit(ctx, record(c.ledger.State(), h, hellos)...); err != nil {
				return err
			}
		}
		c.forget(h)
	}
	const passes = 4 // nodes, their instances, alarms; and one more
	for range passes {
		s := c.ledger.State()
		todo := align(s, seen.facts, hellos)
		if len(todo) == 0 {
			todo = append(over(s, seen.view, seen.facts, open), standing(s, seen.view)...)
		}
		if len(todo) == 0 {
			return nil
		}
		if _, err := c.commit(ctx, todo...); err != nil {
			return err
		}
	}
	return nil
}

// known says whether the ledger tells of a happening already: a former leader may have seen it too. What was seen in this
// office is new.
func (c *Controller) known(h Happening, began time.Time) bool {
	s := c.ledger.State()
	if h.OnlyNew && alarmed(s, h.Event.AlarmKey) {
		return true
	}
	if h.Seen.After(began) {
		return false
	}
	if h.What == NodeBack && !alarmed(s, h.Event.AlarmKey) {
		return true // only this node had missed it
	}
	const back = 1000
	return slices.ContainsFunc(c.ledger.Events(s.LastEvent-min(s.LastEvent, back), back), h.same)
}

// forget takes a happening off the list.
func (c *Controller) forget(h Happening) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.pending {
		if p == h {
			c.pending = append(c.pending[:i:i], c.pending[i+1:]...)
			return
		}
	}
}

// normal makes two Specs comparable: what is empty is nil, as after JSON.
func normal(s cluster.Spec) cluster.Spec {
	if len(s.Sinks) == 0 {
		s.Sinks = nil
	}
	if len(s.Stacks) == 0 {
		s.Stacks = nil
	}
	return s
}

// adopt enters events that only one node had, under their origin: those of a dead leader are its own for ever. Alarms
// follow from the stories.
func (c *Controller) adopt(ctx context.Context, orphans []cluster.Event) error {
	var errs []error
	for _, e := range orphans {
		if e.Type == cluster.EventAlarmRaised || e.Type == cluster.EventAlarmCleared && e.AlarmKey == "" {
			continue
		}
		entry := cluster.Entry{At: time.Now(), By: e.Origin, Origin: e.OriginSeq}
		e.Seq, e.AlarmIndex = 0, 0
		entry.Decisions = []cluster.Decision{{Event: &e}}
		if _, err := c.write(ctx, entry); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
