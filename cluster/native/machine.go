package native

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hawser/cluster"
	"hawser/cluster/resource"
)

// machine is the part of an instance that only its own goroutine touches.
type machine struct {
	*instance
	runs  int       // counts starts; a verdict about a former run is dropped
	asked asked     // the probe under way
	next  time.Time // when the next probe is due
	retry time.Time // when a stop that failed is tried again
	fit   time.Time // when to look next whether the service could run here
	cut   bool      // the warden killed: what is left must be stopped, verified
}

// view is the order as it stands, and whether the service may run now.
func (m *machine) view() (order cluster.Order, may bool, left time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	order, may = m.order, m.order.Run
	left = time.Hour
	if m.spec.OnceOnly() {
		left = m.lease - m.clock()
		may = may && left > m.budget() // S3: from here on it stops
	}
	return order, may, left
}

// step takes the next step towards the order: stop, restart, start or probe.
func (m *machine) step(ctx context.Context) {
	order, may, left := m.view()
	state := m.status().State
	if !order.Run {
		m.checkFit(ctx)
	}
	switch {
	case !may || m.cut:
		if order.Run && !m.cut && !resting(state) {
			m.log.WithField("left_ms", left.Milliseconds()).Warn("the lease could not be renewed: stop before it ends")
		}
		m.mustStop(ctx, order, left)
	case m.status().RestartDone < order.Restart || m.otherEpoch(order, state):
		m.restart(ctx, left)
	case resting(state):
		m.start(ctx)
	case state == cluster.InstanceStopping:
		m.restart(ctx, left) // a stop failed half way: S6
	case state == cluster.InstanceStarting || state == cluster.InstanceActive:
		m.probe(ctx, order)
	}
}

// otherEpoch says whether what runs, or failed, does so under another epoch than the order's (S4).
func (m *machine) otherEpoch(order cluster.Order, state cluster.InstanceState) bool {
	if !m.spec.OnceOnly() || resting(state) {
		return false
	}
	return m.status().Epoch != order.Epoch
}

// resting says whether a state means verified stopped.
func resting(s cluster.InstanceState) bool {
	return s == cluster.InstanceStopped || s == cluster.InstanceStandby
}

// mustStop stops the service, verified, and gives the proof (a) where its lease was withdrawn.
func (m *machine) mustStop(ctx context.Context, order cluster.Order, left time.Duration) {
	rest := cluster.InstanceStopped
	if m.spec.OnceOnly() && !order.Run {
		rest = cluster.InstanceStandby // it could be activated here
	}
	if (m.cut || !resting(m.status().State)) && !m.stop(ctx, left) {
		return
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
	m.asked.cancel()
	m.edit(func(r *cluster.InstanceReport) {
		r.State, r.Probe, r.Perfdata = cluster.InstanceStopping, cluster.ProbeOff, ""
	})
	if err := m.end(context.WithoutCancel(ctx), left); err != nil { // S5: the leader fences
		m.log.WithError(err).Error("does not stop: the leader will fence this node")
		m.retry = time.Now().Add(killBudget)
		m.edit(func(r *cluster.InstanceReport) { r.Message = err.Error() })
		return false
	}
	m.drain()
	m.cut = false
	m.enter(phaseStill)
	m.edit(func(r *cluster.InstanceReport) { r.State = cluster.InstanceStopped })
	return true
}

// end asks the service to end as long as the lease lets it, then kills.
func (m *machine) end(ctx context.Context, left time.Duration) error {
	limit := m.spec.StopBudget
	if m.spec.OnceOnly() {
		limit = min(limit, left-killBudget)
	}
	var asked error
	if limit > 0 {
		bound, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		if asked = m.resource.Stop(bound); asked == nil {
			return nil
		}
	}
	bound, cancel := context.WithTimeout(ctx, killBudget)
	defer cancel()
	if err := m.resource.Kill(bound); err != nil {
		return errors.Join(asked, err)
	}
	return nil
}

// drain takes what is left to say of the run that was just stopped.
func (m *machine) drain() {
	select {
	case <-m.resource.Exited():
	default:
	}
	select {
	case <-m.struck:
	default:
	}
}

// restart is stop, verify, start (S6). What stands in the order may have changed while it stopped: start looks again.
func (m *machine) restart(ctx context.Context, left time.Duration) {
	if m.stop(ctx, left) {
		m.start(ctx)
	}
}

// start starts the service under the order's epoch.
func (m *machine) start(ctx context.Context) {
	order, may, _ := m.view()
	if !may {
		return // the order changed, or the lease ran short, while the former run stopped
	}
	m.runs++
	m.next = time.Now().Add(startProbe) // a zero time would let the loop rest before it asks
	m.edit(func(r *cluster.InstanceReport) {
		r.RestartDone, r.Epoch, r.Fails, r.FailedAt = order.Restart, order.Epoch, 0, time.Time{}
		r.Unfit = "" // the start itself will tell
		r.State, r.Probe, r.Message = cluster.InstanceStarting, cluster.ProbeUnknown, "started"
	})
	m.enter(phaseStarting)
	err := m.resource.Start(ctx, slices.Concat(m.env, []string{fmt.Sprintf("HAWSER_EPOCH=%d", order.Epoch)}))
	m.enter(phaseArmed) // even after an error: that nothing runs is only known when a stop has verified it
	switch {
	case errors.Is(err, resource.ErrKilled):
		m.cut = true // by the warden: the service did not fail
		return
	case err != nil:
		m.log.WithError(err).Warn("did not start")
		m.edit(func(r *cluster.InstanceReport) {
			r.State, r.Probe, r.Message, r.FailedAt = cluster.InstanceFailed, cluster.ProbeFailed, err.Error(), time.Now()
		})
		return
	}
	m.log.WithField("epoch", order.Epoch).Info("started")
	if m.prober == nil {
		m.edit(func(r *cluster.InstanceReport) {
			r.State, r.Probe, r.Message = cluster.InstanceActive, cluster.ProbeOff, "running"
		})
	}
}

// exited sees the end of a run that nobody asked for: the leader hears of it at once, and what is left of it is stopped
// (S6).
func (m *machine) exited(ctx context.Context, exit resource.Exit) {
	if exit.Requested {
		return
	}
	m.asked.cancel()
	m.edit(func(r *cluster.InstanceReport) {
		r.State, r.Probe, r.Message, r.FailedAt = cluster.InstanceFailed, cluster.ProbeFailed, exit.String(), exit.At
	})
	m.log.WithField("exit", exit.String()).Warn("ended by itself")
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), killBudget)
	defer cancel()
	if err := m.resource.Kill(bound); err != nil {
		m.log.WithError(err).Error("parts of it still run")
	}
}

// finish stops the service for the end of the daemon, verified; it tries again for a while.
func (m *machine) finish(ctx context.Context) error {
	limit := time.Now().Add(m.spec.StopBudget + finishWait)
	for {
		order, _, left := m.view()
		m.mustStop(ctx, order, left)
		if resting(m.status().State) {
			m.awaitProbe()
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("stop %s: %s", m.spec.Name, m.status().Message)
		}
		time.Sleep(time.Until(m.retry))
	}
}

// pause is how long nothing will be due: until the next probe, the next attempt to stop, until the lease must be given up,
// or a while.
func (m *machine) pause() time.Duration {
	wait := 200 * time.Millisecond
	switch state := m.status().State; {
	case m.cut || state == cluster.InstanceStopping:
		wait = min(wait, time.Until(m.retry))
	case m.prober != nil && (state == cluster.InstanceStarting || state == cluster.InstanceActive):
		wait = min(wait, time.Until(m.probeDue()))
	}
	if _, may, left := m.view(); may && m.spec.OnceOnly() {
		wait = min(wait, left-m.budget())
	}
	return max(wait, time.Millisecond)
}
