package plugin

import (
	"maps"
	"time"

	"hawser/cluster"
)

// readTimes reads the times of the events that receivers wait for, and says whether there are others than before. It may
// take as long as the log's store takes, so no view waits for it.
func (p *Publisher) readTimes() (news bool) {
	state := p.cfg.Source.Snapshot().State
	times := map[cluster.Seq]time.Time{}
	for _, sink := range state.Spec.Sinks {
		is := state.Sinks[sink.Name]
		if pending(state, is) == 0 {
			continue
		}
		seq := oldestPending(state, is)
		if then, ok := p.eventTime(seq); ok {
			times[seq] = then
			continue
		}
		events, err := p.cfg.Source.Events(seq-1, 1)
		if err != nil {
			p.cfg.Log.WithError(err).WithField("event", seq).Debug("time of a pending event not read")
			continue
		}
		if len(events) == 1 && events[0].Seq == seq {
			times[seq] = events[0].Time
		}
	}
	p.timesMu.Lock()
	defer p.timesMu.Unlock()
	news = !maps.Equal(p.times, times)
	p.times = times
	return news
}

func (p *Publisher) eventTime(seq cluster.Seq) (time.Time, bool) {
	p.timesMu.Lock()
	defer p.timesMu.Unlock()
	then, ok := p.times[seq]
	return then, ok
}
