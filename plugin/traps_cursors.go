package plugin

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

// cursors collects how delivery stands and commits it in batches: every 100 ms at the most (MIB.md, Delivery). It also
// tells once that a sink fell silent and once that it answers again. Deliveries never wait for it (S8).
type cursors struct {
	source   Source
	recorder Recorder
	log      *logrus.Entry
	wake     chan struct{}

	mu    sync.Mutex // guards sinks; never held during I/O
	sinks map[string]*sinkProgress
}

// sinkProgress is how delivery to one sink stands.
type sinkProgress struct {
	status  cluster.SinkStatus
	dirty   bool      // differs from what was recorded
	silent  time.Time // since when it does not acknowledge; zero: it does
	failed  bool      // it is silent for long, or stopped
	told    bool      // the alarm that says so stands
	gap     lostRange // not told yet
	toldGap time.Time
}

// lostRange is what was given up or aged out.
type lostRange struct {
	from, to cluster.Seq
	count    uint64
}

const (
	cursorEvery = 100 * time.Millisecond
	// cursorAgain is when a commit is tried again that failed.
	cursorAgain = time.Second
	// lossEvery bounds how often losses of a sink are an event: each such event is one more that the sink must get.
	lossEvery = time.Hour
)

func newCursors(source Source, recorder Recorder, log *logrus.Entry) *cursors {
	// One place: a wake-up that waits already covers all that comes before it is taken.
	return &cursors{source: source, recorder: recorder, log: log, wake: make(chan struct{}, 1), sinks: map[string]*sinkProgress{}}
}

// begin takes over what the state holds of its sinks. What this reign knows better, because it could not record it yet, is
// kept.
func (c *cursors) begin(s *cluster.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.sinks
	c.sinks = make(map[string]*sinkProgress, len(s.Spec.Sinks))
	for _, sink := range s.Spec.Sinks {
		p, ok := known[sink.Name]
		if status := s.Sinks[sink.Name]; !ok || status.Cursor > p.status.Cursor {
			p = &sinkProgress{status: status}
		}
		p.told = alarmStands(s, sinkAlarm(sink.Name))
		p.failed = p.told
		c.sinks[sink.Name] = p
	}
	c.poke()
}

// status is how the sink stands.
func (c *cursors) status(name string) cluster.SinkStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sinks[name].status
}

func (c *cursors) edit(name string, change func(*sinkProgress)) {
	c.mu.Lock()
	p := c.sinks[name]
	change(p)
	p.dirty = true
	c.mu.Unlock()
	c.poke()
}

func (c *cursors) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// moved says that all up to cursor is done with.
func (c *cursors) moved(name string, cursor cluster.Seq) {
	if c.status(name).Cursor != cursor {
		c.edit(name, func(p *sinkProgress) { p.status.Cursor = cursor })
	}
}

// sent counts a notification, not its repetitions.
func (c *cursors) sent(name string) { c.edit(name, func(p *sinkProgress) { p.status.Sent++ }) }

// retried counts a repetition.
func (c *cursors) retried(name string) { c.edit(name, func(p *sinkProgress) { p.status.Retries++ }) }

// acked says that the sink acknowledged, or that a trap could be sent to it.
func (c *cursors) acked(name string, inform bool) {
	c.edit(name, func(p *sinkProgress) {
		if inform {
			p.status.Acked++
			p.status.LastAck = time.Now()
		}
		p.status.State, p.status.LastError = cluster.SinkStateOk, ""
		p.silent, p.failed = time.Time{}, false
	})
}

// failed says that an attempt was in vain.
func (c *cursors) failed(name string, err error) {
	c.edit(name, func(p *sinkProgress) {
		p.status.State, p.status.LastError = cluster.SinkStateRetrying, sinkError(err)
		if p.silent.IsZero() {
			p.silent = time.Now()
		}
		p.failed = p.failed || time.Since(p.silent) > sinkFailedAfter
	})
}

// stopped says that this node cannot send to the sink at all.
func (c *cursors) stopped(name string, err error) {
	c.edit(name, func(p *sinkProgress) {
		p.status.State, p.status.LastError = cluster.SinkStateStopped, err.Error()
		p.silent, p.failed = time.Now(), true
	})
}

// lost counts events that the sink will not get.
func (c *cursors) lost(name string, from, to cluster.Seq) {
	c.edit(name, func(p *sinkProgress) {
		n := uint64(to - from + 1)
		p.status.Lost += n
		if p.gap.count == 0 {
			p.gap.from = from
		}
		p.gap.to, p.gap.count = to, p.gap.count+n
	})
}

// run commits until ctx ends; flush comes after it.
func (c *cursors) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-c.wake:
			next := cursorEvery
			if err := c.commit(ctx); err != nil && ctx.Err() == nil {
				c.log.WithError(err).Debug("cursors were not recorded; trying again")
				c.poke()
				next = cursorAgain
			}
			pause(ctx, next)
		}
	}
}

// flush commits once more when all deliveries have ended.
func (c *cursors) flush(ctx context.Context) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cursorAgain)
	defer cancel()
	if err := c.commit(last); err != nil {
		c.log.WithError(err).Debug("the last cursors were not recorded; the next leader sends a little again")
	}
}

// commit records what changed, then tells what became of the sinks. What fails is done again with the next.
func (c *cursors) commit(ctx context.Context) error {
	batch := c.batch()
	if len(batch) > 0 {
		if err := c.recorder.Delivered(ctx, batch); err != nil {
			c.again(batch)
			return err
		}
	}
	return errors.Join(c.tell(ctx), c.tellGone(ctx))
}

func (c *cursors) batch() map[string]cluster.SinkStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := map[string]cluster.SinkStatus{}
	for name, p := range c.sinks {
		if p.dirty {
			batch[name], p.dirty = p.status, false
		}
	}
	return batch
}

func (c *cursors) again(batch map[string]cluster.SinkStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range batch {
		c.sinks[name].dirty = true
	}
}

// tell raises the events that are due, outside the lock. Only this goroutine changes told, toldGap and takes gap.
func (c *cursors) tell(ctx context.Context) error {
	var errs []error
	for _, e := range c.due() {
		if err := c.recorder.Raise(ctx, e); err != nil {
			errs = append(errs, err)
			continue
		}
		c.mu.Lock()
		if p := c.sinks[e.ComponentName]; e.Type == cluster.EventEventsLost {
			p.gap, p.toldGap = lostRange{}, time.Now()
		} else {
			p.told = e.Type == cluster.EventSinkFailed
		}
		c.mu.Unlock()
	}
	return errors.Join(errs...)
}

func (c *cursors) due() (out []cluster.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, p := range c.sinks {
		if p.failed != p.told {
			out = append(out, sinkEvent(name, *p))
		}
		if p.gap.count > 0 && (!p.failed || time.Since(p.toldGap) > lossEvery) {
			out = append(out, lostEvent(name, p.gap))
		}
	}
	return out
}

// tellGone clears the alarms of sinks that are configured no more.
func (c *cursors) tellGone(ctx context.Context) error {
	var errs []error
	for _, a := range c.source.Snapshot().State.Alarms {
		name, ok := strings.CutPrefix(a.Key, sinkAlarm(""))
		c.mu.Lock()
		_, configured := c.sinks[name]
		c.mu.Unlock()
		if ok && !configured {
			errs = append(errs, c.recorder.Raise(ctx, goneEvent(name)))
		}
	}
	return errors.Join(errs...)
}
