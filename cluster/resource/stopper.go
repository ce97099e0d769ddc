package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// killWait is how long killed processes may take to vanish: one in an uninterruptible wait may never.
	killWait = 5 * time.Second
	// killReserve is how much of the context's time is kept for the kill, a quarter at most.
	killReserve = time.Second
	// killBlind is how much later than due the kill of the group may come because of a look.
	killBlind = 100 * time.Millisecond
	// looks is how many consecutive looks must find nothing.
	looks = 2
	// lookSoon and lookLate bound the pause between two looks; it doubles from one to the other.
	lookSoon = time.Millisecond
	lookLate = 50 * time.Millisecond
)

// stopper stops the processes of one service: it asks, waits, kills, and looks until nothing is left.
type stopper struct {
	census *census
	run    *run            // nil for what a former daemon left
	ask    syscall.Signal  // asks the service to end
	hurry  <-chan struct{} // closed when waiting is over

	asked   bool
	killing bool
	limit   <-chan time.Time // when killing gives up
	live    []procStat       // the last look
}

// stop returns nil when nothing lives. A grace of 0 kills at once.
func (s *stopper) stop(ctx context.Context, grace time.Duration) error {
	grace = withinDeadline(ctx, grace)
	patience := time.NewTimer(grace)
	defer patience.Stop()
	defer time.AfterFunc(grace+killBlind, s.killGroup).Stop()
	if grace <= 0 || closed(s.hurry) {
		s.kill()
	}
	nothing, pause := 0, lookSoon
	for {
		var err error
		if s.live, err = s.census.take(); err != nil {
			return fmt.Errorf("%w: %w", ErrNotStopped, err)
		}
		if len(s.live) == 0 {
			if nothing++; nothing == looks {
				return nil
			}
			time.Sleep(lookSoon)
			continue
		}
		nothing = 0
		signalErr := s.signal()
		if cause := s.wait(ctx, patience.C, pause); cause != nil {
			pids, text := describe(s.live)
			return &NotStoppedError{PIDs: pids, Detail: text, Cause: errors.Join(cause, signalErr)}
		}
		pause = min(2*pause, lookLate)
	}
}

// withinDeadline shortens a grace so that killing and looking still fit before the context's deadline.
func withinDeadline(ctx context.Context, grace time.Duration) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return grace
	}
	left := max(time.Until(deadline), 0)
	return min(grace, left-min(killReserve, left/4))
}

// kill begins the second half. It freezes the group first: what is stopped does no more harm, and its children, by which
// processes outside the group are found, keep their parent until the next look.
func (s *stopper) kill() {
	s.killing = true
	s.limit = time.After(killWait)
	s.hurry = nil
	if s.run != nil {
		_ = s.run.signal(unix.SIGSTOP) // the kill after the next look reports what this would
	}
}

// killGroup kills the group of our own run without a look. To look may take long: an environment is read under a lock that
// a process in an uninterruptible wait can hold.
func (s *stopper) killGroup() {
	if s.run != nil {
		_ = s.run.signal(unix.SIGKILL) // the stop goes on and reports what lives
	}
}

// signal asks once, or kills at each look. A stopped process (SIGSTOP) must be continued to hear that it is asked.
func (s *stopper) signal() error {
	signals := []syscall.Signal{s.ask, unix.SIGCONT}
	switch {
	case s.killing:
		signals = []syscall.Signal{unix.SIGKILL}
	case s.asked:
		return nil
	}
	s.asked = true
	if s.run == nil {
		return signalEach(s.live, signals...)
	}
	outside := slices.DeleteFunc(slices.Clone(s.live), func(p procStat) bool { return p.pgrp == s.run.pid })
	return errors.Join(s.run.signal(signals...), signalEach(outside, signals...))
}

// wait returns when it is time to look again; an error says that it is time to give up. When several things are due, the
// kill comes before giving up.
func (s *stopper) wait(ctx context.Context, patience <-chan time.Time, pause time.Duration) error {
	var ended <-chan struct{}
	if s.run != nil && s.run.alive() {
		ended = s.run.ended
	}
	select {
	case <-patience:
		s.kill()
		return nil
	case <-s.hurry:
		s.kill()
		return nil
	default:
	}
	select {
	case <-ended:
	case <-time.After(pause):
	case <-patience:
		s.kill()
	case <-s.hurry:
		s.kill()
	case <-s.limit:
		return fmt.Errorf("still there %s after SIGKILL", killWait)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.killGroup() // there was no time left to wait for it
		}
		return context.Cause(ctx)
	}
	return nil
}
