package trapd

import (
	"net/netip"
	"sync"
	"time"
)

// maxSources bounds the sources that are remembered; beyond it the idle ones are forgotten.
const maxSources = 16384

// quota limits what one source may send. Sources of known clusters have a larger one, and the queue's second half is
// theirs alone.
type quota struct {
	rate, burst int // per second, and at once; of a source that is not known
	knownFactor int // known sources may send so many times more

	mu      sync.Mutex // guards the fields below
	sources map[netip.Addr]*source
}

// source is a token bucket.
type source struct {
	known  bool
	tokens float64
	filled time.Time
}

func newQuota(rate, burst int) *quota {
	return &quota{rate: rate, burst: burst, knownFactor: 10, sources: map[netip.Addr]*source{}}
}

// trust marks a source as one of a known cluster.
func (q *quota) trust(addr netip.Addr) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.source(addr.Unmap(), time.Now()).known = true
}

// admit says whether a packet of this source may go on. crowded is true when the half of the queue that is open to
// everyone is full.
func (q *quota) admit(addr netip.Addr, crowded bool, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.source(addr.Unmap(), now)
	if crowded && !s.known {
		return false
	}
	factor := 1
	if s.known {
		factor = q.knownFactor
	}
	s.tokens = min(s.tokens+now.Sub(s.filled).Seconds()*float64(q.rate*factor), float64(q.burst*factor))
	s.filled = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}

// source finds or makes a bucket; the caller holds mu.
func (q *quota) source(addr netip.Addr, now time.Time) *source {
	s, ok := q.sources[addr]
	if ok {
		return s
	}
	if len(q.sources) >= maxSources {
		q.forget(now)
	}
	s = &source{tokens: float64(q.burst), filled: now}
	q.sources[addr] = s
	return s
}

// forget drops strangers that were idle for a minute, and if that does not help, any of them: an attacker may invent
// addresses without end. Known sources stay.
func (q *quota) forget(now time.Time) {
	for addr, s := range q.sources {
		if !s.known && now.Sub(s.filled) > time.Minute {
			delete(q.sources, addr)
		}
	}
	for addr, s := range q.sources {
		if len(q.sources) < maxSources/2 {
			return
		}
		if !s.known {
			delete(q.sources, addr)
		}
	}
}
