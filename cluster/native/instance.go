package native

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/cluster/probe"
	"hawser/cluster/resource"
)

// instance runs one service on this node: its goroutine owns the resource and the probe, takes orders with leases, and
// publishes a report.
type instance struct {
	spec     cluster.ServiceSpec
	env      []string
	resource resource.Resource
	prober   probe.Prober // nil: only the life of the process counts
	log      *logrus.Entry
	changed  func() // the report changed in a way that the leader should know at once

	wake    poke
	results chan verdict

	mu     sync.Mutex // guards below
	order  cluster.Order
	lease  time.Duration // its end on CLOCK_BOOTTIME; 0: none
	report cluster.InstanceReport
}

// verdict is the result of one probe, with the run that it was about.
type verdict struct {
	run    int
	result probe.Result
	at     time.Time
}

// startProbe is the pace of probes until a started service answers.
const startProbe = 50 * time.Millisecond

func newInstance(spec cluster.ServiceSpec, env []string, res resource.Resource, prober probe.Prober, log *logrus.Entry, changed func()) *instance {
	return &instance{
		spec: spec, env: env, resource: res, prober: prober, log: log, changed: changed, wake: newPoke(),
		results: make(chan verdict, 1), // one: at most one probe is under way
		report:  cluster.InstanceReport{Service: spec.Name, State: cluster.InstanceStopped, Probe: cluster.ProbeOff},
	}
}

// give hands an order over; leaseEnd is on CLOCK_BOOTTIME and counts for once-only services. An order under an epoch that
// this node has given up is ignored (S4).
func (s *instance) give(order cluster.Order, leaseEnd time.Duration) {
	s.mu.Lock()
	if order.Run && s.spec.OnceOnly() && order.Epoch <= s.report.StoppedEpoch {
		s.mu.Unlock()
		return
	}
	news := s.order.Run != order.Run || s.order.Epoch != order.Epoch || s.order.Restart != order.Restart || s.order.Policy != order.Policy
	s.order = order
	if order.Run && order.Lease > 0 {
		s.lease = leaseEnd
	}
	s.mu.Unlock()
	if news {
		s.wake.wake()
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
	return s.lease - boottime(), true
}

// edit changes the report; the leader is told at once if state, probe, epochs or the count of failures changed.
func (s *instance) edit(f func(*cluster.InstanceReport)) {
	s.mu.Lock()
	before := s.report
	f(&s.report)
	after := s.report
	s.mu.Unlock()
	if before.State != after.State || before.Probe != after.Probe || before.StoppedEpoch != after.StoppedEpoch ||
		before.RestartDone != after.RestartDone || before.Fails != after.Fails {
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
		s.log.WithError(err).Error("a former daemon left the service running and it does not stop: stop it by hand")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// run is the goroutine of the instance. It ends when ctx ends and the service is verified stopped.
func (s *instance) run(ctx context.Context) error {
	m := &machine{instance: s}
	defer m.closeProber()
	for ctx.Err() == nil {
		m.step(ctx)
		timer := time.NewTimer(m.pause())
		select {
		case <-ctx.Done():
		case <-s.wake:
		case exit := <-s.resource.Exited():
			m.exited(ctx, exit)
		case v := <-s.results:
			m.probed(v)
		case <-timer.C:
		}
		timer.Stop()
	}
	m.wait()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.spec.StopBudget+5*time.Second)
	defer cancel()
	if err := s.resource.Stop(stop); err != nil {
		return fmt.Errorf("stop %s: %w", s.spec.Name, err)
	}
	return nil
}

func (m *machine) closeProber() {
	if c, ok := m.prober.(io.Closer); ok {
		if err := c.Close(); err != nil {
			m.log.WithError(err).Debug("probe did not close cleanly")
		}
	}
}
