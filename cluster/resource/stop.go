package resource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Stop implements Resource.
func (p *process) Stop(ctx context.Context) error { return p.stop(ctx, p.spec.StopTimeout) }

// Kill implements Resource. The group is frozen before the turn is waited for, and killed after killBlind whatever else is
// under way: a stop goes on to kill by itself, and a start takes itself back.
func (p *process) Kill(ctx context.Context) error {
	p.mu.Lock()
	if !closed(p.killed) {
		close(p.killed)
	}
	s := stopper{run: p.run}
	p.mu.Unlock()
	if s.run != nil {
		s.run.stopped.Store(true)
		s.kill()
	}
	defer time.AfterFunc(killBlind, s.killGroup).Stop()
	err := p.stop(ctx, 0)
	if err != nil {
		s.killGroup()
	}
	return err
}

// stop ends whatever there is: our own run, or what a former daemon left.
func (p *process) stop(ctx context.Context, grace time.Duration) error {
	err := p.takeTurn(ctx)
	if err == nil {
		defer p.endTurn()
		switch r := p.current(); {
		case r != nil:
			err = p.end(ctx, r, grace)
		case !p.clean:
			_, err = p.clear(ctx, grace)
		}
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w", p.spec.Name, err)
	}
	return nil
}

// end stops our own run; the caller holds the turn.
func (p *process) end(ctx context.Context, r *run, grace time.Duration) error {
	r.stopped.Store(true)
	s := stopper{census: r.census, run: r, ask: p.stopSignal, hurry: p.killedSoFar()}
	if err := s.stop(ctx, grace); err != nil {
		return err
	}
	if err := r.finish(); err != nil {
		p.log.WithError(err).Warn("service is stopped, its run was not tidied up")
	}
	p.mu.Lock()
	p.run = nil
	p.mu.Unlock()
	p.verified()
	return nil
}

// verified notes that nothing of the service runs. A record that stays names a process that is gone: it does no harm.
func (p *process) verified() {
	p.clean = true
	if err := removeRecord(p.record); err != nil {
		p.log.WithError(err).Warn("service is stopped, its runtime record stays")
	}
}

// killedSoFar returns what Kill closes, without arming it anew.
func (p *process) killedSoFar() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

// Recover implements Resource.
func (p *process) Recover(ctx context.Context) (found bool, err error) {
	if err = p.takeTurn(ctx); err == nil {
		defer p.endTurn()
		if r := p.current(); r != nil {
			err = fmt.Errorf("%w, started by this daemon", ErrRunning)
		} else {
			found, err = p.clear(ctx, p.spec.StopTimeout)
		}
	}
	if err != nil {
		return found, fmt.Errorf("recover %s: %w", p.spec.Name, err)
	}
	return found, nil
}

// clear stops what a former daemon left; the caller holds the turn.
func (p *process) clear(ctx context.Context, grace time.Duration) (found bool, err error) {
	left, live, err := p.leftovers()
	if err != nil {
		return len(live) > 0, err
	}
	if found = len(live) > 0; found {
		_, text := describe(live)
		p.log.WithField("reason", text).Warn("stopping what a former daemon left of the service (S9)")
	}
	s := stopper{census: left, ask: p.stopSignal, hurry: p.killedSoFar()}
	if err := s.stop(ctx, grace); err != nil {
		return found, err
	}
	p.verified()
	return found, nil
}

// leftovers looks for what a former daemon left. Processes of which it cannot be told whether they are the service's are an
// error: to kill them could hit a stranger, to pass them over could start the service twice.
func (p *process) leftovers() (*census, []procStat, error) {
	left, err := p.heritage()
	if err != nil {
		return nil, nil, err
	}
	live, err := left.take()
	if err != nil {
		return nil, nil, err
	}
	doubt, err := left.doubtful()
	if err != nil {
		return nil, nil, err
	}
	if pids, text := describe(doubt); len(pids) > 0 {
		return left, doubt, &NotStoppedError{PIDs: pids, Detail: text, Cause: errDoubtful}
	}
	return left, live, nil
}

var errDoubtful = errors.New("in the group of a former run, whose leader is gone, and not marked as this service's: " +
	"look at them and end them by hand if they are")

// heritage reads from the record what to look for. Without a usable one the marker alone tells.
func (p *process) heritage() (*census, error) {
	c := newCensus(p.key)
	rec, err := readRecord(p.record)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return c, nil
	case errors.Is(err, errBadRecord):
		p.log.WithError(err).Warn("looking for the service's processes by their marker alone")
		return c, nil
	case err != nil:
		return nil, err
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	if rec.PID == 0 || rec.Boot != boot {
		return c, nil
	}
	c.group, c.session, c.since = rec.Group, rec.Session, rec.Start
	stat, err := readStat(rec.PID)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err == nil && stat.start == rec.Start {
		c.known[stat.pid] = stat.start
	}
	return c, nil
}
