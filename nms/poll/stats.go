package poll

import (
	"sync"
	"time"
)

// Stats are counters since the start.
type Stats struct {
	Passed uint64        // passes over a cluster after which the journal is complete
	Failed uint64        // passes that were not
	Took   time.Duration // all of them together
}

// meter counts passes.
type meter struct {
	mu sync.Mutex // guards s
	s  Stats
}

func (m *meter) observe(took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s.Took += took
	if err != nil {
		m.s.Failed++
		return
	}
	m.s.Passed++
}

// Stats returns the counters as they stand.
func (p *Poller) Stats() Stats {
	p.meter.mu.Lock()
	defer p.meter.mu.Unlock()
	return p.meter.s
}
