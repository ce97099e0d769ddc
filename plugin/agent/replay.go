package agent

import (
	"sync"

	"hawser/mib/snmp"
)

// Limits of what is remembered of SETs. Beyond them a SET is refused: to forget one would let it be replayed.
const (
	maxReplays     = 4096
	maxReplayBytes = 16 << 20
	replaySlack    = 10 // seconds that a message may spend between the check of its time and the look-up here
)

// replays remembers each authenticated SET for as long as its time lies within the window, with the answer it got.
// The zero value is ready.
type replays struct {
	mu    sync.Mutex // guards what follows
	seen  map[string]*replay
	bytes int
}

// replay is one SET.
type replay struct {
	boots, expires uint32 // USM refuses the message under other boots, and when engine time is beyond expires
	answered       bool
	answer         []byte
}

// verdict is what to do with a SET.
type verdict int

const (
	carryOut verdict = iota // it is new
	repeat                  // it was answered: send the answer again
	drop                    // it is under way: its answer will come
	refuse                  // there is no room to remember it
)

// begin looks a message up, and remembers it if it is new.
func (s *replays) begin(m *snmp.Message, now snmp.Engine) (v verdict, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mac := string(m.MAC())
	if known, ok := s.seen[mac]; ok {
		if !known.answered {
			return drop, nil
		}
		return repeat, known.answer
	}
	if s.full() {
		s.expire(now)
		if s.full() {
			return refuse, nil
		}
	}
	if s.seen == nil {
		s.seen = make(map[string]*replay)
	}
	s.seen[mac] = &replay{boots: m.Boots, expires: m.Time + snmp.TimeWindow}
	return carryOut, nil
}

// end keeps the answer; nil if there was none to send.
func (s *replays) end(m *snmp.Message, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.seen[string(m.MAC())]; ok && !known.answered {
		known.answered, known.answer = true, answer
		s.bytes += len(answer)
	}
}

func (s *replays) full() bool { return len(s.seen) >= maxReplays || s.bytes >= maxReplayBytes }

func (s *replays) expire(now snmp.Engine) {
	for mac, known := range s.seen {
		end := known.expires
		if known.boots != now.Boots {
			end = 0
		}
		if known.answered && end+replaySlack < now.Time {
			s.bytes -= len(known.answer)
			delete(s.seen, mac)
		}
	}
}
