package pacemaker

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// reader reads the cluster when there is a hint that it changed, in quick turns until it is still, and now and then anyway.
type reader struct {
	programs Programs
	period   time.Duration
	log      *logrus.Entry
	hint     poke
	busy     atomic.Bool   // something is under way whose end is awaited
	took     func(reading) // called for each reading, in order, by one goroutine
}

// reading is one answer of Pacemaker, or its silence.
type reading struct {
	view *View
	at   time.Time
	err  error
}

const (
	turn      = 200 * time.Millisecond // between two readings while the cluster is at work
	tries     = 4                      // at a moment in which the CIB stands still
	hintAgain = time.Second            // until a crm_mon that ended is started again
)

// run reads until ctx ends.
func (r *reader) run(ctx context.Context) error {
	var version Version
	var moved time.Time
	for ctx.Err() == nil {
		now := r.read(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if now.err == nil && now.view.Version != version {
			version, moved = now.view.Version, now.at
		}
		r.took(now)
		pause := r.period
		if now.err != nil || r.busy.Load() || time.Since(moved) < still+2*turn {
			pause = turn
		}
		r.pause(ctx, pause)
	}
	return nil
}

func (r *reader) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-r.hint:
	case <-time.After(d):
	}
}

// read takes both documents of one moment: the CIB is the same before and after crm_mon. While it never stands still the
// last pair is taken; the next turn follows at once.
func (r *reader) read(ctx context.Context) reading {
	cib, err := r.programs.run(ctx, "cibadmin", "--query")
	if err != nil {
		return reading{at: time.Now(), err: err}
	}
	for range tries {
		mon, err := r.programs.run(ctx, "crm_mon", "--output-as=xml")
		if err != nil {
			return reading{at: time.Now(), err: err}
		}
		at := time.Now()
		after, err := r.programs.run(ctx, "cibadmin", "--query")
		if err != nil {
			return reading{at: time.Now(), err: err}
		}
		before, errBefore := ParseVersion(cib)
		now, errNow := ParseVersion(after)
		if errBefore == nil && errNow == nil && before == now {
			view, err := Parse(after, mon)
			return reading{view: view, at: at, err: err}
		}
		cib = after
	}
	mon, err := r.programs.run(ctx, "crm_mon", "--output-as=xml")
	if err != nil {
		return reading{at: time.Now(), err: err}
	}
	view, err := Parse(cib, mon)
	return reading{view: view, at: time.Now(), err: err}
}

// watch keeps a crm_mon connected that prints whenever the CIB changes; what it prints is not read, only that it does.
func (r *reader) watch(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := r.listen(ctx); err != nil && ctx.Err() == nil {
			r.log.WithError(err).Debug("crm_mon does not tell of changes; it is started again, and readings come by the period")
		}
		select {
		case <-ctx.Done():
		case <-time.After(hintAgain):
		}
	}
	return nil
}

func (r *reader) listen(ctx context.Context) error {
	cmd := r.programs.command(ctx, "crm_mon", "--output-as=text", "--disable-ncurses", "--interval=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	buf := make([]byte, 4<<10)
	for {
		n, err := out.Read(buf)
		if n > 0 {
			r.hint.wake()
		}
		if err != nil {
			wait := cmd.Wait()
			if err == io.EOF {
				return wait
			}
			return err
		}
	}
}

// poke is a wake-up for one goroutine; pokes that come while it is awake melt into one.
type poke chan struct{}

func newPoke() poke { return make(poke, 1) } // one: a wake-up that is under way already is enough

func (p poke) wake() {
	select {
	case p <- struct{}{}:
	default:
	}
}
