package native

import (
	"context"
	"time"
)

// wardenStep bounds the warden's sleep: its timer stands still while the machine sleeps, the lease does not.
const wardenStep = 200 * time.Millisecond

// ward kills the service where the instance's own goroutine does not (S3): killBudget before the end of the lease, whatever
// call of the resource hangs; and a start that hangs as soon as a stop should begin. It ends with ctx; down is closed when
// the daemon stops.
func (s *instance) ward(ctx context.Context, down <-chan struct{}) {
	for {
		wait, kill := s.due(closed(down))
		if kill {
			bound, cancel := context.WithTimeout(ctx, killBudget)
			err := s.resource.Kill(bound)
			cancel()
			s.struck.wake()
			s.log.WithField("verified", err == nil).Warn("killed: a stop in time was not possible any more (S3)")
			wait = killBudget / 5
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.warned:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// due says how long the warden may sleep, or that it must kill now.
func (s *instance) due(down bool) (wait time.Duration, kill bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseStill {
		return time.Hour, false // enter wakes
	}
	starting := s.phase == phaseStarting
	if starting && (down || !s.order.Run) {
		return 0, true
	}
	if !s.spec.OnceOnly() {
		return time.Hour, false
	}
	left := s.lease - s.clock() - killBudget
	if starting {
		left = s.lease - s.clock() - s.budget() // there is nothing to ask: a stop is a kill
	}
	return min(left, wardenStep), left <= 0
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
