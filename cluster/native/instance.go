package native

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/cluster/probe"
	"hawser/cluster/resource"
)

// instance runs one service on this node: its goroutine owns the resource and the probe, takes orders with leases, and
// publishes a report. Its warden kills where the goroutine is late.
type instance struct {
	spec     cluster.ServiceSpec
	env      []string
	resource resource.Resource
	prober   probe.Prober // nil: only the life of the process counts
	log      *logrus.Entry
	changed  func()               // the report changed in a way that the leader should know at once
	clock    func() time.Duration // boottime, but in tests

	wake    poke
	warned  poke // for the warden: what it watches changed
	struck  poke // from the warden: it killed
	results chan verdict

	mu     sync.Mutex // guards below
	order  cluster.Order
	lease  time.Duration // its end on clock; 0: none
	phase  phase
	report cluster.InstanceReport
	odd    bool // an order of the other mode came, and was told of
}

// phase is what the warden must know of the machine.
type phase int

const (
	phaseStill    phase = iota // verified stopped, nothing is being started
	phaseStarting              // within Resource.Start
	phaseArmed                 // it may run
)

func newInstance(spec cluster.ServiceSpec, env []string, res resource.Resource, prober probe.Prober, log *logrus.Entry, changed func()) *instance {
	return &instance{
		spec: spec, env: env, resource: res, prober: prober, log: log, changed: changed, clock: boottime,
		wake: newPoke(), warned: newPoke(), struck: newPoke(),
		results: make(chan verdict, 1), // one: at most one probe is under way
		report:  cluster.InstanceReport{Service: spec.Name, State: cluster.InstanceStopped, Probe: cluster.ProbeOff},
	}
}

// budget is how long before the end of the lease the stop begins (S3); less than the kill needs would be no stop.
func (s *instance) budget() time.Duration { return max(s.spec.StopBudget, 2*killBudget) }

// give hands an order over; leaseEnd is on CLOCK_BOOTTIME and counts for once-only services. An order under an epoch that
// this node has given up is ignored (S4), and so is one that takes the service for the other mode: this node's file
// differs from the leader's, and without a lease a once-only service must not run (S9).
func (s *instance) give(order cluster.Order, leaseEnd time.Duration) {
	s.mu.Lock()
	odd := order.Run && (order.Epoch != 0) != s.spec.OnceOnly()
	tell := odd && !s.odd
	s.odd = odd
	if odd || (order.Run && s.spec.OnceOnly() && order.Epoch <= s.report.StoppedEpoch) {
		s.mu.Unlock()
		if tell {
			s.log.Error("the leader's file gives this service another mode: make the files alike; until then it does not start here")
		}
		return
	}
	news := s.order.Run != order.Run || s.order.Epoch != order.Epoch || s.order.Restart != order.Restart || s.order.Policy != order.Policy
	if order.Run && order.Lease > 0 {
		news = news || s.lease-s.clock() <= s.budget() // it was being given up
		s.lease = leaseEnd
	}
	s.order = order
	s.mu.Unlock()
	if news {
		s.wake.wake()
		s.warned.wake()
	}
}

// status is a copy of the report.
func (s *instance) status() cluster.InstanceReport {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.report
}

// leaseLeft is how long the lease still holds; ok is false if none is needed now.
func (s *instance) leaseLeft() (left time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.spec.OnceOnly() || s.report.Epoch == 0 {
		return 0, false
	}
	return s.lease - s.clock(), true
}

// enter tells the warden what the machine does.
func (s *instance) enter(p phase) {
	s.mu.Lock()
	s.phase = p
	s.mu.Unlock()
	s.warned.wake()
}

// edit changes the report; the leader is told at once if state, probe, epochs or the count of failures changed.
func (s *instance) edit(f func(*cluster.InstanceReport)) {
	s.mu.Lock()
	before := s.report
	f(&s.report)
	after := s.report
	s.mu.Unlock()
	if before.State != after.State || before.Probe != after.Probe || before.StoppedEpoch != after.StoppedEpoch ||
		before.RestartDone != after.RestartDone || before.Fails != after.Fails || before.Unfit != after.Unfit {
		s.changed()
	}
}

// recover finds and stops what a former daemon left (S9); it tries until it is verified.
func (s *instance) recover(ctx context.Context) error {
	for {
		found, err := s.resource.Recover(ctx)
		if err == nil {
			if found {
				s.log.Warn("stopped what a former daemon left running")
			}
			return nil
		}
		s.log.WithError(err).Error("the service runs here, and no lease covers it: this node does not join until it is verified as stopped (S9)")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// run is the goroutine of the instance. It ends when ctx ends and the service is verified stopped; an error says that it
// could not be.
func (s *instance) run(ctx context.Context) error {
	m := &machine{instance: s}
	defer m.closeProber()
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	var warden sync.WaitGroup
	warden.Go(func() { s.ward(watch, ctx.Done()) })
	defer warden.Wait()
	defer stop()
	for ctx.Err() == nil {
		m.step(ctx)
		timer := time.NewTimer(m.pause())
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-s.struck:
			m.cut = true
		case exit := <-s.resource.Exited():
			m.exited(ctx, exit)
		case v := <-s.results:
			m.probed(v)
		case <-timer.C:
		}
		timer.Stop()
	}
	return m.finish(ctx)
}
