package heartbeat

import (
	"context"
	"time"
)

// own is the loop of the one goroutine that holds the core.
func (m *Monitor) own(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	m.core.begin(time.Now())
	for {
		due := m.core.next()
		timer.Reset(time.Until(due))
		var got *arrival
		select {
		case <-ctx.Done():
			return
		case a := <-m.arrivals:
			got = &a
		case <-m.wake:
		case <-timer.C:
		}
		m.step(due, got)
		m.announce()
	}
}

// announce closes Ready once.
func (m *Monitor) announce() {
	select {
	case <-m.ready:
	default:
		close(m.ready)
	}
}

// step does what is due now; due is when the loop wanted to run at the
// latest.
func (m *Monitor) step(due time.Time, got *arrival) {
	now := time.Now()
	if late := now.Sub(due); late > m.cfg.Interval {
		m.core.late(late, now)
		m.note(note{kind: noteLate, reason: late.Round(time.Millisecond).String()})
	}
	m.takeInbox(now)
	m.take(got)
	m.core.judge(now)
	m.send(m.core.round(now))
	for _, n := range m.core.notes {
		m.note(n)
	}
	m.core.notes = m.core.notes[:0]
	m.report.Store(m.core.report(now))
	if m.core.changed {
		m.core.changed = false
		notify(m.changed)
	}
}

// take hears everybody whose beat is here already before anyone is judged.
func (m *Monitor) take(got *arrival) {
	for range arrivalsQueue {
		if got != nil {
			m.core.arrive(&got.beat, got.link, got.from, got.at)
		}
		select {
		case a := <-m.arrivals:
			got = &a
		default:
			return
		}
	}
}

func (m *Monitor) takeInbox(now time.Time) {
	m.mu.Lock()
	in := m.inbox
	m.inbox = inbox{}
	m.mu.Unlock()
	if in.say != nil {
		m.core.setSay(*in.say)
	}
	if in.peers != nil {
		m.core.setPeers(*in.peers, now)
	}
}

// send writes a round. A full socket costs sendTimeout at most, for all of
// them together.
func (m *Monitor) send(round []datagram) {
	if len(round) == 0 {
		return
	}
	keys := *m.keys.Load()
	limit := time.Now().Add(sendTimeout)
	for _, conn := range m.conns {
		_ = conn.SetWriteDeadline(limit) // fails only when closed; then the write says so
	}
	for _, d := range round {
		if _, err := m.conns[d.link].WriteToUDP(keys.sign(d.body), d.to.addr); err != nil {
			m.core.counts.SendErrors++
			continue
		}
		d.to.sent++
	}
}
