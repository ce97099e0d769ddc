package plugin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

const (
	// commitWithin is how long a SET waits for its end; after it the outcome is unknown (undoFailed).
	commitWithin = 800 * time.Millisecond
	// commitPause is the time between two tries of a change whose end is not known. The same id is applied once.
	commitPause = 50 * time.Millisecond
	// choreWithin bounds the writing of a refusal.
	choreWithin = 2 * time.Second
	// releaseWithin bounds the release of what a SET held: after that the log has dropped it.
	releaseWithin = 10 * time.Second
	// releasesAtOnce is more than the SETs that a front end commits one after the other within releaseWithin, each of which
	// may find the log without an answer.
	releasesAtOnce = 16
)

// BackendConfig is what a Backend is made of.
type BackendConfig struct {
	Source  Source
	Changer Changer
	Views   *Publisher
	Log     *logrus.Entry
}

// Backend carries out SETs: it satisfies view.Backend for the front ends. Run writes what was refused into the write log
// and releases what a SET held.
type Backend struct {
	cfg   BackendConfig
	ready chan struct{}
	// chores is long enough for a burst; what does not fit is counted and left out, so that nobody who sends bad SETs can
	// make others wait.
	chores chan chore
	// releases wait for no refusal and for no other release: what is not released in time is void, though it was answered.
	releases chan chore
	rate     rate
	counters setCounters
}

// chore is something that Run does for a SET that has been answered.
type chore struct {
	what   string
	within time.Duration
	do     func(context.Context) error
}

// NewBackend returns a backend; nothing is refused into the log before Run runs.
func NewBackend(cfg BackendConfig) *Backend {
	return &Backend{
		cfg: cfg, ready: make(chan struct{}), chores: make(chan chore, 64), releases: make(chan chore, 64),
		rate: newRate(refusalsPerSecond, refusalsAtOnce),
	}
}

// String names the task.
func (b *Backend) String() string { return "snmp set" }

// Ready is closed when Run takes chores.
func (b *Backend) Ready() <-chan struct{} { return b.ready }

// Run does the chores one by one, and the releases beside them, until ctx ends; then it returns nil.
func (b *Backend) Run(ctx context.Context) error {
	close(b.ready)
	var tasks sync.WaitGroup
	for range releasesAtOnce {
		tasks.Go(func() { b.works(ctx, b.releases) })
	}
	b.works(ctx, b.chores)
	tasks.Wait()
	return nil
}

func (b *Backend) works(ctx context.Context, queue <-chan chore) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-queue:
			b.work(ctx, c)
		}
	}
}

func (b *Backend) work(ctx context.Context, c chore) {
	bound, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	if err := c.do(bound); err != nil && ctx.Err() == nil {
		b.cfg.Log.WithError(err).Warn(c.what + " was not done")
	}
}

// later hands a chore to Run; false: there are too many in its queue.
func later(queue chan<- chore, c chore) bool {
	select {
	case queue <- c:
		return true
	default:
		return false
	}
}

// View returns the present view.
func (b *Backend) View() *view.View { return b.cfg.Views.View() }

// Contexts lists the contexts beside the default one.
func (b *Backend) Contexts() []string { return b.cfg.Views.Contexts() }

// Context returns the present view of a context.
func (b *Backend) Context(name string) (*view.View, bool) { return b.cfg.Views.Context(name) }

// Test checks a whole SET against the present state and changes nothing.
func (b *Backend) Test(_ context.Context, by view.Setter, binds []snmp.Varbind) (view.Pending, error) {
	snap := b.cfg.Source.Snapshot()
	set, err := readSet(snap.State, by, binds)
	if err != nil {
		return nil, b.refuseLocally(set, err)
	}
	set.change.ID = rand.Text()
	if set.empty() {
		return &pendingSet{backend: b, set: set, done: true}, nil
	}
	if snap.Leader == "" || !snap.Quorate || snap.View == cluster.ViewIsolated {
		return nil, set.answer(cluster.ErrNoLeader)
	}
	plan, err := b.cfg.Changer.Prepare(set.change)
	if err == nil {
		return &pendingSet{backend: b, set: set, plan: plan}, nil
	}
	var refusal *cluster.Refusal
	if !errors.As(err, &refusal) {
		return nil, set.answer(err)
	}
	if set.mayBeRepetition(refusal) {
		// Only the leader knows which tokens were used: a repetition must get its first answer, though its serial is old
		// and its row exists by now.
		return &pendingSet{backend: b, set: set, plan: cluster.Plan{Change: set.change, Serial: snap.State.Serial}}, nil
	}
	if refusal.Code != cluster.RefusedUnavailable { // nobody could write it down
		b.record(set.change, *refusal)
	}
	return nil, set.answer(refusal)
}

// pendingSet is a SET that passed its test.
type pendingSet struct {
	backend *Backend
	set     *setRequest
	plan    cluster.Plan
	done    bool // there is nothing to commit

	mu      sync.Mutex // guards receipt
	receipt *cluster.Receipt
}

// Commit has the change applied. It tries again while the end of a try is not known: the id makes sure that the change is
// applied once.
func (p *pendingSet) Commit(ctx context.Context) error {
	if p.done {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commitWithin)
	defer cancel()
	unknown := false
	for {
		receipt, err := p.backend.cfg.Changer.Commit(ctx, p.plan)
		if err == nil {
			// Found applied after a lost try, it is this SET's own change; at the first try, a repetition by token.
			p.keep(receipt, receipt.Repeated && !unknown)
			return nil
		}
		if !unknown && (errors.Is(err, cluster.ErrNoLeader) || isRefusal(err)) {
			return p.set.answer(err)
		}
		// From here on an earlier try may still come to be applied: no answer but success is certain.
		if !unknown {
			unknown = true
			p.remember(&cluster.Receipt{ID: p.plan.Change.ID, Unknown: true})
		}
		if !pause(ctx, commitPause) {
			return &view.SetError{Status: snmp.UndoFailed, Err: fmt.Errorf("%w (last: %w)", cluster.ErrUnknownOutcome, err)}
		}
	}
}

// keep remembers what was applied, for Undo and Cleanup. What a repetition asked for was applied before, and is not its
// own to take back or to release.
func (p *pendingSet) keep(receipt cluster.Receipt, repeated bool) {
	p.backend.counters.count(repeated)
	if !repeated {
		p.remember(&receipt)
	}
}

func (p *pendingSet) remember(receipt *cluster.Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.receipt = receipt
}

func (p *pendingSet) committed() *cluster.Receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.receipt
}

func isRefusal(err error) bool {
	var refusal *cluster.Refusal
	return errors.As(err, &refusal)
}

// Undo takes the change back by an entry of its own, also where it is not known whether it was applied: then it is not
// applied later, either. It tries again until it knows that.
func (p *pendingSet) Undo(ctx context.Context) error {
	receipt := p.committed()
	if receipt == nil {
		return nil
	}
	err := p.insist(ctx, *receipt, p.backend.cfg.Changer.Undo)
	if err == nil || isRefusal(err) {
		p.remember(nil) // there is nothing to release any more
	}
	if err != nil {
		return &view.SetError{Status: snmp.UndoFailed, Err: fmt.Errorf("undo: %w", err)}
	}
	return nil
}

// insist asks until there is an answer. An undo of which no answer came is asked for again as one of an unknown change: it
// must not be refused because it is done.
func (p *pendingSet) insist(ctx context.Context, receipt cluster.Receipt, do func(context.Context, cluster.Receipt) error) error {
	for {
		err := do(ctx, receipt)
		if err == nil || isRefusal(err) {
			return err
		}
		if !errors.Is(err, cluster.ErrNoLeader) {
			receipt.Unknown = true
		}
		if !pause(ctx, commitPause) {
			return err
		}
	}
}

// Cleanup lets start what the change held.
func (p *pendingSet) Cleanup() {
	receipt := p.committed()
	if receipt == nil || receipt.Unknown || !p.set.change.Hold {
		return
	}
	log := p.backend.cfg.Log.WithField("change", receipt.ID)
	release := chore{"release of what a set held", releaseWithin, func(ctx context.Context) error {
		err := p.insist(ctx, *receipt, p.backend.cfg.Changer.Release)
		if err != nil {
			log.WithError(err).Error("a set through snmpd was answered as done and is not: look at the write log and set it again")
		}
		return err
	}}
	if !later(p.backend.releases, release) {
		log.Error("what a set held is not released, and void in ten seconds: too much to do; set it again")
	}
}
