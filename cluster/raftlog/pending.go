package raftlog

import (
	"sync"
	"time"
)

// pending remembers when each running operation began.
type pending struct {
	mu    sync.Mutex // guards next and began
	next  uint64
	began map[uint64]time.Time
}

// begin notes an operation; the returned function ends it.
func (p *pending) begin(now time.Time) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began == nil {
		p.began = make(map[uint64]time.Time)
	}
	id := p.next
	p.next++
	p.began[id] = now
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.began, id)
	}
}

// oldest is the age of the oldest running operation, 0 for none.
func (p *pending) oldest(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var age time.Duration
	for _, t := range p.began {
		age = max(age, now.Sub(t))
	}
	return age
}
