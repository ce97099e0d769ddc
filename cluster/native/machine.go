package native

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hawser/cluster"
	"hawser/cluster/probe"
	"hawser/cluster/resource"
)

// machine is the part of an instance that only its own goroutine touches.
type machine struct {
	*instance
	runs    int // counts starts; a verdict about a former run is dropped
	probing sync.WaitGroup
	busy    bool      // a probe is under way
	next    time.Time // when the next probe is due
	retry   time.Time // when a stop that failed is tried again
}

// view is the order as it stands, and whether the service may run now.
func (m *machine) view() (order cluster.Order, may bool, left time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	order, may = m.order, m.order.Run
	left = time.Hour
	if m.spec.OnceOnly() {
		left = m.lease - boottime()
		may = may && left > m.spec.StopBudget // S3: from here on it stops
	}
	return order, may, left
}

// step takes the next step towards the order: stop, restart, start or probe.
func (m *machine) step(ctx context.Context) {
	order, may, left := m.view()
	state := m.status().State
	switch {
	case !may:
		m.mustStop(ctx, order, state, left)
	case m.status().RestartDone < order.Restart || m.otherEpoch(order, state):
		m.restart(ctx, order, left)
	case state == cluster.InstanceStopped || state == cluster.InstanceStandby:
		m.start(ctx, order)
	case state == cluster.InstanceStopping:
		m.restart(ctx, order, left) // a stop failed half way: S6
	case state == cluster.InstanceStarting || state == cluster.InstanceActive:
		m.probe(ctx, order)
	}
}

// otherEpoch says whether what runs, or failed, does so under another epoch than the order's (S4).
func (m *machine) otherEpoch(order cluster.Order, state cluster.InstanceState) bool {
	if !m.spec.OnceOnly() || state == cluster.InstanceStopped || state == cluster.InstanceStandby {
		return false
	}
	return m.status().Epoch != order.Epoch
}

// mustStop stops the service, verified, and gives the proof (a) where its lease was withdrawn.
func (m *machine) mustStop(ctx context.Context, order cluster.Order, state cluster.InstanceState, left time.Duration) {
	rest := cluster.InstanceStopped
	if m.spec.OnceOnly() && !order.Run {
		rest = cluster.InstanceStandby // it could be activated here
	}
	if state != cluster.InstanceStopped && state != cluster.InstanceStandby {
		if order.Run {
			m.log.WithField("left_ms", left.Milliseconds()).Warn("the lease could not be renewed: stop before it ends")
		}
		if !m.stop(ctx, left) {
			return
		}
	}
	m.edit(func(r *cluster.InstanceReport) {
		r.State, r.Probe, r.Epoch, r.Fails = rest, cluster.ProbeOff, 0, 0
		if !order.Run {
			r.Message, r.FailedAt = "", time.Time{}
			r.RestartDone = order.Restart
			r.StoppedEpoch = max(r.StoppedEpoch, order.Epoch)
		}
	})
}

// stop stops the service and says whether that is verified. While a lease is left it may ask nicely; killBudget before its
// end it kills (S3).
func (m *machine) stop(ctx context.Context, left time.Duration) bool {
	if time.Now().Before(m.retry) {
		return false
	}
	m.edit(func(r *cluster.InstanceReport) { r.State, r.Probe = cluster.InstanceStopping, cluster.ProbeOff })
	limit := m.spec.StopBudget
	if m.spec.OnceOnly() {
		limit = min(limit, max(left-killBudget, 0))
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	err := m.resource.Stop(bound)
	if err != nil {
		kill, done := context.WithTimeout(context.WithoutCancel(ctx), killBudget)
		defer done()
		err = m.resource.Kill(kill)
	}
	if err != nil { // S5: the leader fences
		m.log.WithError(err).Error("does not stop: the leader will fence this node")
		m.retry = time.Now().Add(killBudget)
		m.edit(func(r *cluster.InstanceReport) { r.Message = err.Error() })
		return false
	}
	m.drain()
	m.edit(func(r *cluster.InstanceReport) { r.State = cluster.InstanceStopped })
	return true
}

// drain takes the exit of the run that was just stopped.
func (m *machine) drain() {
	select {
	case <-m.resource.Exited():
	default:
	}
}

// restart is stop, verify, start (S6).
func (m *machine) restart(ctx context.Context, order cluster.Order, left time.Duration) {
	if m.stop(ctx, left) {
		m.start(ctx, order)
	}
}

// start starts the service under the order's epoch.
func (m *machine) start(ctx context.Context, order cluster.Order) {
	m.runs++
	m.next = time.Now().Add(startProbe) // a zero time would let the loop rest before it asks
	env := append([]string{fmt.Sprintf("HAWSER_EPOCH=%d", order.Epoch)}, m.env...)
	if _, may, _ := m.view(); !may {
		return // the lease ran short while the former run stopped
	}
	err := m.resource.Start(ctx, env)
	m.edit(func(r *cluster.InstanceReport) {
		r.RestartDone, r.Epoch, r.Fails, r.FailedAt = order.Restart, order.Epoch, 0, time.Time{}
		r.State, r.Probe, r.Message = cluster.InstanceStarting, cluster.ProbeUnknown, "started"
		switch {
		case err != nil:
			r.State, r.Probe, r.Message, r.FailedAt = cluster.InstanceFailed, cluster.ProbeFailed, err.Error(), time.Now()
		case m.prober == nil:
			r.State, r.Probe, r.Message = cluster.InstanceActive, cluster.ProbeOff, "running"
		}
	})
	if err != nil {
		m.log.WithError(err).Warn("did not start")
		return
	}
	m.log.WithField("epoch", order.Epoch).Info("started")
}

// exited sees the end of a run that nobody asked for; what is left of it is stopped at once (S6).
func (m *machine) exited(ctx context.Context, exit resource.Exit) {
	if exit.Requested {
		return
	}
	m.log.WithField("exit", exit.String()).Warn("ended by itself")
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.spec.StopBudget)
	defer cancel()
	if err := m.resource.Kill(bound); err != nil {
		m.log.WithError(err).Error("parts of it still run")
	}
	m.edit(func(r *cluster.InstanceReport) {
		r.State, r.Probe, r.Message, r.FailedAt = cluster.InstanceFailed, cluster.ProbeFailed, exit.String(), exit.At
	})
}

// probe asks once if it is time, in a goroutine of its own: a hanging service must not delay a stop.
func (m *machine) probe(ctx context.Context, order cluster.Order) {
	if m.prober == nil || m.busy || time.Now().Before(m.next) {
		return
	}
	m.busy = true
	m.next = time.Now().Add(m.interval(order))
	run, timeout := m.runs, order.Policy.ProbeTimeout
	m.probing.Go(func() {
		bound, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		m.results <- verdict{run: run, result: m.prober.Probe(bound), at: time.Now()}
	})
}

func (m *machine) interval(order cluster.Order) time.Duration {
	if m.status().State == cluster.InstanceStarting {
		return min(startProbe, order.Policy.ProbeInterval)
	}
	return order.Policy.ProbeInterval
}

// probed takes a verdict. While the service starts, only a good one counts.
func (m *machine) probed(v verdict) {
	m.busy = false
	if v.run != m.runs {
		return
	}
	m.edit(func(r *cluster.InstanceReport) {
		if r.State != cluster.InstanceStarting && r.State != cluster.InstanceActive {
			return
		}
		starting := r.State == cluster.InstanceStarting
		r.Count++
		r.LastProbe, r.Latency = v.at, v.result.Latency.Microseconds()
		r.Message = v.result.Message
		switch v.result.State {
		case probe.OK:
			r.State, r.Probe, r.Fails, r.FailedAt = cluster.InstanceActive, cluster.ProbeOk, 0, time.Time{}
			return
		case probe.Failed:
			r.Probe = cluster.ProbeFailed
		default:
			r.Probe = cluster.ProbeUnknown
		}
		r.Failures++
		if starting {
			return
		}
		if r.Fails == 0 {
			r.FailedAt = v.at
		}
		r.Fails++
	})
}

// wait waits for the probe that is under way.
func (m *machine) wait() {
	if m.busy {
		<-m.results
	}
	m.probing.Wait()
}

// pause is how long nothing will be due: until the next probe, until the lease must be given up, or a while.
func (m *machine) pause() time.Duration {
	wait := 200 * time.Millisecond
	if !m.next.IsZero() && !m.busy {
		wait = min(wait, time.Until(m.next))
	}
	if _, may, left := m.view(); may && m.spec.OnceOnly() {
		wait = min(wait, left-m.spec.StopBudget)
	}
	return max(wait, time.Millisecond)
}
