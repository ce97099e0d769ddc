package heartbeat

import (
	"context"
	"fmt"
	"net"
	"time"
)

const (
	noteEvery = 10 * time.Second // one report per subject in this time
	noteKeys  = 256              // subjects remembered; beyond them all share one
)

// callBack runs the callbacks and writes the log, so that a slow one delays
// no beat.
func (m *Monitor) callBack(ctx context.Context) error {
	last := make(map[string]time.Time)
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-m.notes:
			if allow(last, n.key(), time.Now()) {
				m.tell(n)
			}
		}
	}
}

func (m *Monitor) tell(n note) {
	switch n.kind {
	case noteClone:
		if m.cfg.Clone != nil {
			m.cfg.Clone(n.node, n.addr, n.reason)
		}
	case noteRefused:
		if m.cfg.Refused != nil {
			m.cfg.Refused(n.addr, n.reason)
		}
	case noteLate:
		m.log.WithField("late", n.reason).Warn("heartbeat: this process was late, the interval is discarded")
	case noteRead:
		m.log.WithField("err", n.reason).WithField("link", n.node).Warn("heartbeat: read")
	}
}

// key is the subject: the sender's host of a refused beat, else what the note
// is about.
func (n note) key() string {
	if n.kind != noteRefused {
		return fmt.Sprint(n.kind, " ", n.node)
	}
	host, _, err := net.SplitHostPort(n.addr)
	if err != nil {
		host = n.addr
	}
	return "refused " + host
}

func allow(last map[string]time.Time, key string, now time.Time) bool {
	for k, t := range last {
		if now.Sub(t) >= noteEvery {
			delete(last, k)
		}
	}
	if _, known := last[key]; !known && len(last) >= noteKeys {
		key = ""
	}
	if _, known := last[key]; known {
		return false
	}
	last[key] = now
	return true
}
