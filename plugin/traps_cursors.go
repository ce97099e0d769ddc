package plugin

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

// cursors collects how delivery stands and commits it in batches: every 100 ms at the most (MIB.md, Delivery).
type cursors struct {
	recorder Recorder
	log      *logrus.Entry
	wake     chan struct{}

	mu    sync.Mutex // guards sinks
	sinks map[string]*sinkProgress
}

// sinkProgress is one sink's figures since the last commit, added to what the state held.
type sinkProgress struct {
	status  cluster.SinkStatus
	cursor  cluster.Seq
	failing time.Time
	told    bool
	dirty   bool
	raise   *cluster.Event
}

const cursorEvery = 100 * time.Millisecond

func newCursors(recorder Recorder, log *logrus.Entry) *cursors {
	// One place: a wake-up that waits already covers all that comes before it is taken.
	return &cursors{recorder: recorder, log: log, wake: make(chan struct{}, 1), sinks: map[string]*sinkProgress{}}
}

func (c *cursors) edit(name string, f func(*sinkProgress)) {
	c.mu.Lock()
	p, ok := c.sinks[name]
	if !ok {
		p = &sinkProgress{}
		c.sinks[name] = p
	}
	f(p)
	p.dirty = true
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// put moves the cursor; the first put of a sink brings the figures that the state held.
func (c *cursors) put(name string, status cluster.SinkStatus) {
	c.edit(name, func(p *sinkProgress) {
		p.status.Cursor = status.Cursor
		p.status.Lost = max(p.status.Lost, status.Lost)
	})
}

// begin takes over what the state held.
func (c *cursors) begin(name string, status cluster.SinkStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &sinkProgress{status: status}
	if status.State == cluster.SinkStateRetrying {
		p.failing, p.told = status.LastAck, true
	}
	c.sinks[name] = p
}

func (c *cursors) sent(name string) {
	c.edit(name, func(p *sinkProgress) { p.status.Sent++ })
}

func (c *cursors) acked(name string) {
	c.edit(name, func(p *sinkProgress) {
		p.status.Acked++
		p.status.LastAck, p.status.State, p.status.LastError = time.Now(), cluster.SinkStateOk, ""
		if p.told {
			e := sinkEvent(name, false, time.Since(p.failing), "")
			p.raise, p.told = &e, false
		}
		p.failing = time.Time{}
	})
}

func (c *cursors) retried(name string, err error) {
	c.edit(name, func(p *sinkProgress) {
		p.status.Retries++
		p.status.LastError = err.Error()
		if p.failing.IsZero() {
			p.failing = time.Now()
		}
		if !p.told && time.Since(p.failing) > sinkFailedAfter {
			e := sinkEvent(name, true, time.Since(p.failing), err.Error())
			p.raise, p.told = &e, true
			p.status.State = cluster.SinkStateRetrying
		}
	})
}

func (c *cursors) lost(name string, err error) {
	c.edit(name, func(p *sinkProgress) {
		p.status.Lost++
		p.status.LastError = err.Error()
	})
}

// run commits until ctx ends, and once more then.
func (c *cursors) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			c.commit(last)
			cancel()
			return
		case <-c.wake:
			c.commit(ctx)
			pause(ctx, cursorEvery)
		}
	}
}

func (c *cursors) commit(ctx context.Context) {
	batch, raise := map[string]cluster.SinkStatus{}, []cluster.Event{}
	c.mu.Lock()
	for name, p := range maps.All(c.sinks) {
		if p.dirty {
			batch[name] = p.status
			p.dirty = false
		}
		if p.raise != nil {
			raise = append(raise, *p.raise)
			p.raise = nil
		}
	}
	c.mu.Unlock()
	if len(batch) > 0 {
		if err := c.recorder.Delivered(ctx, batch); err != nil {
			c.log.WithError(err).Debug("cursors were not recorded; they go with the next")
		}
	}
	for _, e := range raise {
		if err := c.recorder.Raise(ctx, e); err != nil {
			c.log.WithError(err).Warn("could not record the state of a sink")
		}
	}
}
