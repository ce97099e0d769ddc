package ask

import (
	"context"
	"math/bits"
	"time"

	"github.com/gosnmp/gosnmp"
)

const (
	firstTry     = 8                      // the part of the timeout that the first patient try waits for; each further one waits twice as long
	hurriedTries = 6                      // tries at the pace of the answers, before the patient ones
	minPace      = 40 * time.Millisecond  // an agent may be busy for a moment
	maxPace      = 200 * time.Millisecond // slower answers are waited for
)

// roundTrip is how soon an agent answers (after RFC 6298).
type roundTrip struct{ mean, deviation time.Duration }

// sample takes the time of an answer to a first try; that of a later one would be of an unknown try.
func (r *roundTrip) sample(took time.Duration) {
	if r.mean == 0 {
		r.mean, r.deviation = took, took/2
		return
	}
	r.deviation += ((took - r.mean).Abs() - r.deviation) / 4
	r.mean += (took - r.mean) / 8
}

// pace is when an answer is late; 0 when that is not known, or too late to hurry.
func (r *roundTrip) pace() time.Duration {
	if r.mean == 0 {
		return 0
	}
	if p := max(r.mean+4*r.deviation, minPace); p <= maxPace {
		return p
	}
	return 0
}

// read does a request that may be repeated. Where packets get lost, an agent that answers within milliseconds is asked again
// within tens of them; only then patiently, with pauses that grow, because a busy agent must not be pressed.
func (s *Session) read(ctx context.Context, request func() (*gosnmp.SnmpPacket, error)) (*gosnmp.SnmpPacket, error) {
	s.client.Context, s.client.Timeout, s.client.Retries = ctx, s.options.Timeout, 0
	if s.options.Retries == 0 {
		return request()
	}
	if pace := s.trip.pace(); pace > 0 {
		s.client.Timeout, s.client.Retries, s.client.ExponentialTimeout = pace, hurriedTries-1, false
		if answer, err := s.timed(request); err == nil || ctx.Err() != nil || !timedOut(err) {
			return answer, err
		}
	}
	tries := bits.Len(uint(s.options.Retries+1) * (firstTry - 2)) // 1 + 2 + 4 ... parts are about as long as the tries asked for
	s.client.Timeout, s.client.Retries, s.client.ExponentialTimeout = s.options.Timeout/firstTry, tries-1, true
	return s.timed(request)
}

func (s *Session) timed(request func() (*gosnmp.SnmpPacket, error)) (*gosnmp.SnmpPacket, error) {
	began := time.Now()
	answer, err := request()
	if took := time.Since(began); err == nil && took < s.client.Timeout {
		s.trip.sample(took)
	}
	return answer, err
}
