package poll

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"hawser/mib/snmp"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// Config says which clusters are polled and how.
type Config struct {
	Clusters    []Cluster
	Workers     int           // clusters polled at the same time
	PassTimeout time.Duration // of one cluster
	SilentAfter time.Duration // a cluster that has not answered for so long is silent
	AbsentGrace time.Duration // what no node shows for so long, though it should, is lost; 0: two minutes
	Session     ask.Options
}

// Cluster is one cluster to poll. ClusterID may be empty: the first answer tells it.
type Cluster struct {
	Name      string
	ClusterID string
	LastID    string // the id it had in a former run; a cluster founded anew has another
	Addresses []string
	User      snmp.User
}

// Observer is told what passes found. Calls must not wait.
type Observer struct {
	Found  func(name, clusterID string, engines [][]byte, sources []netip.Addr) // who belongs to the cluster
	Passed func(clusterID string)                                               // the journal is complete up to this pass
}

// Poller polls from New to the end of Run.
type Poller struct {
	cfg     Config
	journal *journal.Journal
	observe Observer
	log     *logrus.Entry
	meter   meter
	queue   chan *target // room for every target once: enqueue never waits

	mu      sync.Mutex // guards byName's targets' ids, and the fields below
	targets []*target
	byID    map[string]*target
}

// target is one cluster on its way through the queue.
type target struct {
	cfg Cluster
	ask *ask.Cluster // used by the one worker that polls it

	mu         sync.Mutex // guards the fields below
	queued     bool
	again      bool
	running    bool
	state      *ask.State
	failing    time.Time // no pass succeeds since
	heard      time.Time // when a node answered last
	silent     int64     // number of the open incident
	reviewed   bool      // incidents of a former run were looked for
	generation int64
	absent     map[absence]time.Time // since when it is
}

// New prepares to poll.
func New(cfg Config, j *journal.Journal, observe Observer, log *logrus.Entry) *Poller {
	cfg.AbsentGrace = cmp.Or(cfg.AbsentGrace, absentGrace)
	p := &Poller{cfg: cfg, journal: j, observe: observe, log: log, queue: make(chan *target, max(len(cfg.Clusters), 1)), byID: map[string]*target{}}
	for _, c := range cfg.Clusters {
		t := &target{cfg: c, ask: ask.NewCluster(c.Name, c.Addresses, c.User, cfg.Session)}
		p.targets = append(p.targets, t)
		if c.ClusterID != "" {
			p.byID[c.ClusterID] = t
		}
	}
	return p
}

// String names the task.
func (p *Poller) String() string { return "poller" }

// Run polls until ctx ends.
func (p *Poller) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range max(p.cfg.Workers, 1) {
		group.Go(func() error {
			for {
				select {
				case t := <-p.queue:
					p.work(ctx, t)
				case <-ctx.Done():
					return nil
				}
			}
		})
	}
	p.PokeAll()
	err := group.Wait()
	for _, t := range p.targets {
		err = errors.Join(err, t.ask.Close())
	}
	return err
}

// PokeAll asks for a pass over every cluster.
func (p *Poller) PokeAll() {
	for _, t := range p.targets {
		p.enqueue(t)
	}
}

// Poke asks for a pass over the cluster of this id, and says whether it is one that is polled. It never waits.
func (p *Poller) Poke(clusterID string) bool {
	p.mu.Lock()
	t, ok := p.byID[clusterID]
	p.mu.Unlock()
	if ok {
		p.enqueue(t)
	}
	return ok
}

// enqueue puts a target into the queue once; a target that is being polled gets another pass after this one.
func (p *Poller) enqueue(t *target) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.running:
		t.again = true
	case !t.queued:
		t.queued = true
		p.queue <- t
	}
}

func (p *Poller) work(ctx context.Context, t *target) {
	t.mu.Lock()
	t.queued, t.running, t.again = false, true, false
	t.mu.Unlock()
	began := time.Now()
	err := p.passes(ctx, t)
	if ctx.Err() == nil {
		p.meter.observe(time.Since(began), err)
		p.settle(ctx, t, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = false
	if t.again && ctx.Err() == nil {
		t.again, t.queued = false, true
		p.queue <- t
	}
}

const (
	soonAgain  = 100 * time.Millisecond // between passes while the asked node is behind
	soonPasses = 20                     // then the schedule or the next notification goes on
)

// passes makes one pass, and more of them while the node that was asked does not show the condition of an event that
// was reported already: the log reaches it a moment later.
func (p *Poller) passes(ctx context.Context, t *target) error {
	for n := 1; ; n++ {
		passCtx, cancel := context.WithTimeout(ctx, p.cfg.PassTimeout)
		behind, err := p.pass(passCtx, t)
		cancel()
		if err != nil || !behind || n == soonPasses {
			return err
		}
		select {
		case <-time.After(soonAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pass makes the journal complete and reads the state of one cluster. behind says that the node does not show
// the condition of every event yet.
func (p *Poller) pass(ctx context.Context, t *target) (behind bool, err error) {
	session, scalars, err := t.ask.Freshest(ctx, t.cfg.ClusterID)
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	t.heard = time.Now()
	t.mu.Unlock()
	p.identify(t, scalars.ClusterID)
	if scalars.ViewState != "isolated" { // an isolated node knows nothing that the log does not
		if behind, err = p.fill(ctx, t, session, scalars); err != nil {
			return false, err
		}
	}
	state, err := ask.ReadState(ctx, session, scalars)
	if err != nil {
		return false, err
	}
	text, err := json.Marshal(state)
	if err != nil {
		return false, fmt.Errorf("cluster %s: %w", t.cfg.Name, err)
	}
	err = p.journal.SavePoll(ctx, journal.Cluster{
		ClusterID: state.ClusterID, Name: state.ClusterName, ConfigName: t.cfg.Name, Generation: uint64(state.Generation), LastPolled: state.Asked, View: string(text),
	})
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	t.state = &state
	t.mu.Unlock()
	p.tell(t, &state)
	return behind, nil
}

// identify notes which id a configured cluster has. An id that changes means another cluster answers there now.
func (p *Poller) identify(t *target, clusterID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.cfg.ClusterID == "" {
		t.cfg.ClusterID = clusterID
		p.log.WithFields(logrus.Fields{"cluster": t.cfg.Name, "cluster_id": clusterID}).Info("cluster found")
	}
	p.byID[clusterID] = t
}

func (p *Poller) tell(t *target, state *ask.State) {
	var engines [][]byte
	for _, n := range state.Nodes {
		if len(n.EngineID) > 0 {
			engines = append(engines, n.EngineID)
		}
	}
	var sources []netip.Addr
	for _, address := range t.cfg.Addresses {
		if at, err := netip.ParseAddrPort(address); err == nil {
			sources = append(sources, at.Addr())
		}
	}
	p.observe.Found(t.cfg.Name, state.ClusterID, engines, sources)
	p.observe.Passed(state.ClusterID)
}

// State returns the last polled state of a cluster; nil when it was not polled yet.
func (p *Poller) State(clusterID string) *ask.State {
	p.mu.Lock()
	t, ok := p.byID[clusterID]
	p.mu.Unlock()
	if !ok {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}

// Expected says whether a cluster is to be polled, but was not yet since the start.
func (p *Poller) Expected(clusterID string) bool {
	for _, t := range p.targets {
		if t.cfg.LastID == clusterID && clusterID != "" || p.idOf(t) == clusterID {
			t.mu.Lock()
			defer t.mu.Unlock()
			return t.state == nil
		}
	}
	return false
}

// Name returns the configured name of a cluster, empty for one that is not polled.
func (p *Poller) Name(clusterID string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, ok := p.byID[clusterID]; ok {
		return t.cfg.Name
	}
	return ""
}

// Ready says whether every cluster was polled at least once or found not to answer.
func (p *Poller) Ready() bool {
	for _, t := range p.targets {
		t.mu.Lock()
		known := t.state != nil || !t.failing.IsZero()
		t.mu.Unlock()
		if !known {
			return false
		}
	}
	return true
}
