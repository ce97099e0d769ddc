package raftlog

import (
	"sync"
	"time"
)

const (
	reportEvery = 10 * time.Second // one report per key in this time
	reportKeys  = 256              // sources remembered; beyond them all share one
)

// limiter lets one report per key through in reportEvery, with bounded
// memory whatever comes from the network.
type limiter struct {
	mu   sync.Mutex // guards last
	last map[string]time.Time
}

func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = make(map[string]time.Time)
	}
	if _, known := l.last[key]; !known && len(l.last) >= reportKeys {
		l.forget(now)
		if len(l.last) >= reportKeys {
			key = ""
		}
	}
	if t, known := l.last[key]; known && now.Sub(t) < reportEvery {
		return false
	}
	l.last[key] = now
	return true
}

func (l *limiter) forget(now time.Time) {
	for key, t := range l.last {
		if now.Sub(t) >= reportEvery {
			delete(l.last, key)
		}
	}
}
