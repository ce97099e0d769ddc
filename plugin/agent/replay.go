package agent

import (
	"sync"

	"hawser/mib/snmp"
)

// Limits of what is remembered of SETs. Beyond them a SET is refused: to forget one would let it be replayed.
const (
	maxReplays  = 1 << 16
	firstSweep  = 1 << 10 // so many are remembered before the first look for what has expired
	replaySlack = 10      // seconds that a message may spend between the check of its time and the look-up here
)

// replays remembers each authenticated SET for as long as its time lies within the window, with its outcome. The
// answer is made anew from the replay, which holds the same varbinds. The zero value is ready.
type replays struct {
	mu    sync.Mutex         // guards what follows, and all replay values
	seen  map[string]*replay // by MAC
	sweep int                // look for what has expired when so many are remembered
}

// replay is one SET.
type replay struct {
	boots, expires uint32 // USM refuses the message under other boots, and when engine time is beyond expires
	ended          bool
	outcome        outcome
}

// verdict is what to do with a SET.
type verdict int

const (
	carryOut verdict = iota // it is new
	repeat                  // it has ended: give its outcome again
	drop                    // it is under way: its answer will come
	refuse                  // there is no room to remember it
)

// begin looks a message up by its MAC, and remembers it if it is new: then end must follow. boots and seconds are
// those in the message.
func (s *replays) begin(mac string, boots, seconds uint32, now snmp.Engine) (*replay, verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.seen[mac]; ok {
		if known.ended {
			return known, repeat
		}
		return known, drop
	}
	if len(s.seen) >= max(s.sweep, firstSweep) {
		s.expire(now)
		s.sweep = min(2*len(s.seen), maxReplays)
	}
	if len(s.seen) >= maxReplays {
		return nil, refuse
	}
	if s.seen == nil {
		s.seen = make(map[string]*replay)
	}
	added := &replay{boots: boots, expires: seconds + snmp.TimeWindow}
	s.seen[mac] = added
	return added, carryOut
}

// end keeps the outcome.
func (s *replays) end(known *replay, result outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known.ended, known.outcome = true, result
}

func (s *replays) expire(now snmp.Engine) {
	for mac, known := range s.seen {
		last := known.expires
		if known.boots != now.Boots {
			last = 0
		}
		if known.ended && last+replaySlack < now.Time {
			delete(s.seen, mac)
		}
	}
}
