package pacemaker

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// Controller is one node's part of the second controller: New makes it, Run runs it once. All its methods may be used
// before and while it runs, from any goroutine.
type Controller struct {
	cfg      Config
	ledger   *ledger.Ledger
	reader   *reader
	observer *observer
	notifier notifier
	client   *http.Client
	ready    chan struct{}
	wake     poke // of the leader

	wire    Wire     // from Run on
	journal *journal // whoever has the turn
	turn    chan struct{}
	office  atomic.Uint32 // the generation in which this node leads; 0: it does not

	mu      sync.Mutex // guards what follows
	seen    sight
	tracker Tracker
	pending []Happening // told here, and perhaps not in the ledger yet
	heard   time.Time   // when the leader was last heard
	current time.Time   // when the view was last current
	peers   map[string]peer
}

// sight is the newest good reading with what follows from it.
type sight struct {
	view  *View
	spec  cluster.Spec
	facts Facts
	at    time.Time
}

const (
	leaderStale   = 5 * time.Second // silence of the leader after which it is not known any more
	pendingWindow = 5 * time.Minute // in which another node may take the lead and tell what this one saw
)

// New prepares a controller; nothing runs yet.
func New(cfg Config) (*Controller, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("pacemaker controller: %w", err)
	}
	cfg.Period = cmp.Or(cfg.Period, defaultPeriod)
	cfg.Programs.Deadline = cmp.Or(cfg.Programs.Deadline, defaultDeadline)
	c := &Controller{
		cfg: cfg, ledger: ledger.New(), ready: make(chan struct{}), wake: newPoke(), turn: make(chan struct{}, 1), // one: a token
		peers: map[string]peer{},
	}
	c.client = c.newClient()
	c.observer = newObserver(c)
	c.reader = &reader{
		programs: cfg.Programs, period: cfg.Period, log: cfg.Log.WithField("component", "pacemaker"), hint: newPoke(), took: c.took,
	}
	return c, nil
}

// String names the task.
func (c *Controller) String() string { return "pacemaker controller" }

// Ready is closed when the node answers the others and reads Pacemaker.
func (c *Controller) Ready() <-chan struct{} { return c.ready }

// Run reads Pacemaker, follows or leads, until ctx ends.
func (c *Controller) Run(ctx context.Context) (err error) {
	if c.journal, err = openJournal(filepath.Join(c.cfg.DataDir, "pacemaker"), c.ledger); err != nil {
		return fmt.Errorf("pacemaker controller: %w", err)
	}
	defer func() {
		if end := c.journal.close(); err == nil {
			err = end
		}
	}()
	if c.wire, err = c.cfg.Wire(); err != nil {
		return fmt.Errorf("pacemaker controller: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, task := range []func(context.Context) error{c.serve, c.reader.run, c.reader.watch, c.lead, c.ping, c.observer.run} {
		g.Go(func() error { return task(ctx) })
	}
	close(c.ready)
	err = g.Wait()
	c.client.CloseIdleConnections()
	if end := c.wire.Close(); err == nil {
		err = end
	}
	return err
}

// took takes a reading over.
func (c *Controller) took(r reading) {
	if r.err != nil {
		c.cfg.Log.WithError(r.err).Debug("pacemaker could not be read; what it said last is shown as lagging, then as unknown")
		c.notifier.notify()
		return
	}
	spec := SpecOf(r.view, c.cfg.Spec, c.cfg.Layers)
	facts := FactsOf(r.view, spec)
	c.mu.Lock()
	if r.at.Before(c.seen.at) { // the leader reads too, as it claims its term: what is older tells nothing new
		c.mu.Unlock()
		return
	}
	c.seen = sight{view: r.view, spec: spec, facts: facts, at: r.at}
	told := c.tracker.Step(r.at, r.view, spec)
	for _, h := range told {
		if r.view.Quorate || h.Event.Type == cluster.EventQuorumLost { // a minority takes all others for lost: that is no story
			c.pending = append(c.pending, h)
		}
	}
	for len(c.pending) > 0 && r.at.Sub(c.pending[0].Seen) > pendingWindow {
		c.pending = c.pending[1:]
	}
	c.reader.busy.Store(c.tracker.Busy())
	c.mu.Unlock()
	for _, h := range told {
		c.cfg.Log.WithField("component", "pacemaker").WithField("event", h.Event.Type.String()).Debug(h.Event.Summary)
	}
	c.wake.wake()
	c.notifier.notify()
}

// sight is the newest good reading; its view is nil before the first.
func (c *Controller) sight() sight {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// stale is the age from which a reading does not count any more.
func (c *Controller) stale() time.Duration { return c.cfg.Period + 10*time.Second }

// leader is who leads as far as this node knows; empty: nobody.
func (c *Controller) leader() string {
	if c.office.Load() != 0 {
		return c.cfg.Node
	}
	c.mu.Lock()
	heard := c.heard
	c.mu.Unlock()
	if owner := c.ledger.State().EngineOwner; owner != c.cfg.Node && time.Since(heard) < leaderStale {
		return owner
	}
	return ""
}

// notifier tells any number of waiters that something changed.
type notifier struct {
	mu sync.Mutex // guards ch
	ch chan struct{}
}

func (n *notifier) changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}

func (n *notifier) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
}
