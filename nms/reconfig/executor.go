package reconfig

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"hawser/mib/snmp"
	"hawser/nms/analyze"
	"hawser/nms/ask"
	"hawser/nms/journal"
)

// Config says where reconfigurations go and what holds them back.
type Config struct {
	Manager       string // name of this manager
	Clusters      []Cluster
	Gates         Gates
	Session       ask.Options
	AnswerTimeout time.Duration // how long the write log is asked for the end of a SET without an answer
	VerifyTimeout time.Duration // until a policy reads back as set
	ApplyTimeout  time.Duration // until a hardware setting is in sync: a reset takes minutes
	PollEvery     time.Duration // between two reads while waiting
}

// Cluster is where and as whom one cluster is set. A nil user means that this manager may not set that kind.
type Cluster struct {
	Name         string
	Addresses    []string
	PolicyUser   *snmp.User
	HardwareUser *snmp.User
}

// Executor carries proposals out, from New to the end of Run.
type Executor struct {
	cfg     Config
	journal *journal.Journal
	state   func(clusterID string) *ask.State
	name    func(clusterID string) string // configured name of a cluster
	log     *logrus.Entry
	work    chan job
	left    []journal.Reconfiguration // unfinished, of a former run

	mu     sync.Mutex // guards the fields below
	queues map[string][]job
	active map[string]bool // clusters between gate and end
}

// job is one reconfiguration with its proposal; resumed ones have none.
type job struct {
	record   journal.Reconfiguration
	proposal *analyze.Proposal
	approved bool
}

// approvalEvery is how often approvals are looked for: people are slower.
const approvalEvery = time.Second

// maxLeft bounds what is taken up after a restart; more than that was not under way.
const maxLeft = 10_000

// workQueue is the room between those who submit and the dispatcher.
const workQueue = 256

// New prepares an Executor, and reads what a former run left unfinished: from here on proposals may come.
func New(ctx context.Context, cfg Config, j *journal.Journal, state func(string) *ask.State, name func(string) string, log *logrus.Entry) (*Executor, error) {
	left, err := j.Reconfigurations(ctx, journal.ReconfigurationFilter{Unended: true, Limit: maxLeft})
	if err != nil {
		return nil, fmt.Errorf("read unfinished reconfigurations: %w", err)
	}
	return &Executor{
		cfg: cfg, journal: j, state: state, name: name, log: log, left: left,
		work: make(chan job, workQueue), queues: map[string][]job{}, active: map[string]bool{},
	}, nil
}

// String names the task.
func (x *Executor) String() string { return "reconfiguration" }

// Submit stores a proposal and queues it. The same rule, event and target are taken once only.
func (x *Executor) Submit(ctx context.Context, p analyze.Proposal) error {
	r := journal.Reconfiguration{
		Manager: x.cfg.Manager, Rule: p.Rule, ClusterID: p.Event.ClusterID, EventID: p.Event.ID, Kind: p.Kind, Target: p.Target(), Apply: p.Apply,
		Approval: p.Approval, DryRun: p.DryRun || x.cfg.Gates.DryRun, State: journal.StateProposed, Proposed: time.Now(),
	}
	for _, v := range p.Values {
		c := journal.Change{Object: v.Object, Instance: p.Service, New: v.Text}
		if p.Kind == analyze.KindHardware {
			c.Object, c.Instance = "hawserHwSettingDesired", fmt.Sprintf("%s/%d/%s", p.Node, p.Scope, v.Setting)
		}
		r.Values = append(r.Values, c)
	}
	id, isNew, err := x.journal.Propose(ctx, r)
	if err != nil || !isNew {
		return err
	}
	r.ID = id
	return x.enqueue(ctx, job{record: r, proposal: &p})
}

func (x *Executor) enqueue(ctx context.Context, j job) error {
	select {
	case x.work <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run carries proposals out until ctx ends. It first takes up what a former run left.
func (x *Executor) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := x.resume(ctx, group); err != nil && ctx.Err() == nil {
			x.log.WithError(err).Error("unfinished reconfigurations of the last run could not be closed; see `hawser fleet reconfig`")
		}
		look := time.NewTicker(approvalEvery)
		defer look.Stop()
		for {
			select {
			case j := <-x.work:
				x.dispatch(ctx, group, j)
			case <-look.C:
				if err := x.takeApproved(ctx, group); err != nil && ctx.Err() == nil {
					x.log.WithError(err).Error("approvals could not be read; they are looked for again")
				}
			case <-ctx.Done():
				return nil
			}
		}
	})
	return group.Wait()
}

// dispatch gives a job to its cluster's goroutine, starting one if there is none.
func (x *Executor) dispatch(ctx context.Context, group *errgroup.Group, j job) {
	id := j.record.ClusterID
	x.mu.Lock()
	defer x.mu.Unlock()
	queue, running := x.queues[id]
	x.queues[id] = append(queue, j)
	if running {
		return
	}
	group.Go(func() error {
		for {
			next, ok := x.take(id)
			if !ok || ctx.Err() != nil {
				return nil
			}
			x.do(ctx, next)
		}
	})
}

// take removes the next job of a cluster; without one the cluster's goroutine ends.
func (x *Executor) take(id string) (job, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	queue := x.queues[id]
	if len(queue) == 0 {
		delete(x.queues, id)
		return job{}, false
	}
	x.queues[id] = queue[1:]
	return queue[0], true
}

// do carries one job out, from its gates to its end.
func (x *Executor) do(ctx context.Context, j job) {
	t := &task{Executor: x, record: j.record, log: x.log.WithFields(logrus.Fields{
		"reconfiguration": j.record.ID, "rule": j.record.Rule, "cluster": x.name(j.record.ClusterID), "target": j.record.Target,
	})}
	defer t.close()
	var err error
	switch {
	case j.proposal == nil:
		err = t.takeUp(ctx)
	default:
		err = t.begin(ctx, *j.proposal, j.approved)
	}
	x.release(j.record.ClusterID)
	if err != nil && ctx.Err() == nil {
		t.log.WithError(err).Error("reconfiguration could not be recorded; nothing more is sent for it")
	}
}

// admit asks the gates and, if all are open, marks the cluster as being reconfigured. Both under one lock, so that two
// clusters do not pass the same last place.
func (x *Executor) admit(ctx context.Context, p analyze.Proposal) *held {
	x.mu.Lock()
	defer x.mu.Unlock()
	busy := len(x.active)
	if x.active[p.Event.ClusterID] {
		busy--
	}
	c := &check{Executor: x, proposal: p, state: x.state(p.Event.ClusterID), now: time.Now(), busy: busy}
	if h := c.closed(ctx); h != nil {
		return h
	}
	x.active[p.Event.ClusterID] = true
	return nil
}

func (x *Executor) release(clusterID string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.active, clusterID)
}

// resume takes up what a former run left: what was never sent is closed, what was sent is followed to its end.
func (x *Executor) resume(ctx context.Context, group *errgroup.Group) error {
	for _, r := range x.left {
		switch r.State {
		case journal.StateWaiting, journal.StateApproved:
		case journal.StateProposed:
			r.State, r.Reason, r.Ended = journal.StateFailed, "the manager ended before it was sent; the next event proposes it again", time.Now()
			if err := x.journal.SaveReconfiguration(ctx, r, "manager "+x.cfg.Manager, r.Reason); err != nil {
				return err
			}
		default:
			x.dispatch(ctx, group, job{record: r})
		}
	}
	return nil
}

// takeApproved queues what people approved since the last look.
func (x *Executor) takeApproved(ctx context.Context, group *errgroup.Group) error {
	approved, err := x.journal.Reconfigurations(ctx, journal.ReconfigurationFilter{State: journal.StateApproved, Limit: maxLeft})
	if err != nil {
		return err
	}
	for i := len(approved) - 1; i >= 0; i-- { // oldest first
		r := approved[i]
		events, err := x.journal.Events(ctx, journal.EventFilter{AfterID: r.EventID - 1, Oldest: true, Limit: 1})
		if err != nil {
			return err
		}
		p := analyze.Proposal{Rule: r.Rule, Kind: r.Kind, DryRun: r.DryRun, Approval: r.Approval}
		if len(events) == 1 && events[0].ID == r.EventID {
			p.Event = events[0]
		}
		r.State = journal.StateProposed
		if err := x.journal.SaveReconfiguration(ctx, r, "manager "+x.cfg.Manager, "taken up after approval by "+r.ApprovedBy); err != nil {
			return err
		}
		x.dispatch(ctx, group, job{record: r, proposal: &p, approved: true})
	}
	return nil
}
