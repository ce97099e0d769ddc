package native

import (
	"context"
	"io"
	"sync"
	"time"

	"hawser/cluster"
	"hawser/cluster/probe"
)

const (
	// startProbe is the pace of probes until a started service answers.
	startProbe = 50 * time.Millisecond
	// probeGrace is how much later than its timeout a verdict may come before it counts as unknown.
	probeGrace = 250 * time.Millisecond
)

// asked is the probe under way. It has a goroutine of its own: a hanging service must not delay a stop.
type asked struct {
	task    sync.WaitGroup
	busy    bool
	late    bool // it was counted as unknown already
	expires time.Time
	stop    context.CancelFunc
}

// cancel ends the probe early: its verdict does not count any more.
func (a *asked) cancel() {
	if a.busy {
		a.stop()
	}
}

// verdict is the result of one probe, with the run that it was about.
type verdict struct {
	run    int
	result probe.Result
	at     time.Time
}

// probeDue is when there is something to do about probes; zero: nothing is waited for.
func (m *machine) probeDue() time.Time {
	if m.asked.busy {
		return m.asked.expires
	}
	return m.next
}

// probe asks once if it is time. A probe that does not return counts as unknown after its timeout, again and again.
func (m *machine) probe(ctx context.Context, order cluster.Order) {
	now := time.Now()
	if m.prober == nil || now.Before(m.probeDue()) {
		return
	}
	if m.asked.busy {
		m.asked.late = true
		m.asked.expires = now.Add(max(order.Policy.ProbeTimeout, m.interval(order)))
		m.count(verdict{run: m.runs, result: probe.Result{Message: "the probe did not return within its timeout"}, at: now})
		return
	}
	m.next = now.Add(m.interval(order))
	bound, cancel := context.WithTimeout(ctx, order.Policy.ProbeTimeout)
	m.asked.busy, m.asked.late, m.asked.stop = true, false, cancel
	m.asked.expires = now.Add(order.Policy.ProbeTimeout + probeGrace)
	run := m.runs
	m.asked.task.Go(func() {
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

// probed takes the verdict of the probe under way.
func (m *machine) probed(v verdict) {
	m.asked.busy = false
	if v.run == m.runs && !m.asked.late {
		m.count(v)
	}
}

// count counts a verdict about the present run. While the service starts, only a good one counts.
func (m *machine) count(v verdict) {
	m.edit(func(r *cluster.InstanceReport) {
		if r.State != cluster.InstanceStarting && r.State != cluster.InstanceActive {
			return
		}
		starting := r.State == cluster.InstanceStarting
		r.Count++
		r.LastProbe, r.Latency = v.at, v.result.Latency.Microseconds()
		r.Message, r.Perfdata = v.result.Message, v.result.Perfdata
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

// awaitProbe waits for the probe under way. One that ignores the end of its context is left behind, and named.
func (m *machine) awaitProbe() {
	if !m.asked.busy {
		return
	}
	m.asked.stop()
	select {
	case v := <-m.results:
		m.probed(v)
		m.asked.task.Wait()
	case <-time.After(finishWait):
		m.log.Error("the probe does not return; its goroutine is left behind")
	}
}

func (m *machine) closeProber() {
	c, ok := m.prober.(io.Closer)
	if !ok || m.asked.busy {
		return
	}
	if err := c.Close(); err != nil {
		m.log.WithError(err).Debug("probe did not close cleanly")
	}
}
