package agentx

import (
	"bufio"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBusy is how many requests may be in work at once; further ones are answered genErr, but for the ends of SETs.
	maxBusy = 8
	// maxEnds is how many ends of SETs may be slow above maxBusy while there still is a server that reads. snmpd carries
	// out one SET after another; beyond it reading waits for the first that is done.
	maxEnds = 2
	// handOver is after what another server goes on reading while a request is in work. Most take a few microseconds: so
	// there is no change of goroutines in them, and yet a slow one delays the next by this only.
	handOver = 5 * time.Millisecond
)

// turns lets one server at a time read from the connection. A server reads and answers on and on; when a request takes
// longer than handOver, the overseer gives the turn to another server.
type turns struct {
	token  chan struct{} // of size 1: who has it reads
	reader *bufio.Reader // of who has the turn

	mu      sync.Mutex // guards what follows
	current *job       // in work, of the server that has the turn
	slow    []*job     // in work, of servers that lost it
	watched bool       // the overseer looks
	active  bool       // since it last looked, something was begun
	wake    chan struct{}
}

func (t *turns) init(reader *bufio.Reader) {
	t.reader = reader
	t.token = make(chan struct{}, 1)
	t.token <- struct{}{}
	t.wake = make(chan struct{}, 1) // of size 1: one call is as good as many
}

// job is one request in work, and what its server uses again for the next.
type job struct {
	frame []byte
	pdu   PDU
	out   []byte
	last  []cursor

	began    time.Time
	lost     bool        // the turn; guarded by turns.mu
	answered atomic.Bool // whoever sets it answers; set from the beginning where there is no answer
}

// begin puts a job to work. False: too many are in work.
func (t *turns) begin(j *job, silent bool) bool {
	j.began, j.lost = time.Now(), false
	j.answered.Store(silent)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current, t.active = j, true
	if !t.watched {
		t.watched = true
		t.wake <- struct{}{}
	}
	return len(t.slow) < maxBusy
}

// finish takes a job out of work; false: its server lost the turn.
func (t *turns) finish(j *job) (mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !j.lost {
		t.current = nil
		return true
	}
	for i, other := range t.slow {
		if other == j {
			t.slow = append(t.slow[:i], t.slow[i+1:]...)
			break
		}
	}
	return false
}

// look is one look of the overseer: it gives the turn on, and returns whom to refuse because they are overdue. False: there
// is nothing to look at.
func (t *turns) look(now time.Time, timeout time.Duration) (overdue []Header, on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if j := t.current; j != nil && now.Sub(j.began) >= handOver {
		j.lost = true
		t.slow, t.current = append(t.slow, j), nil
		t.token <- struct{}{}
	}
	for _, j := range t.slow {
		if now.Sub(j.began) >= timeout && j.answered.CompareAndSwap(false, true) {
			overdue = append(overdue, j.pdu.Header)
		}
	}
	on = t.active || t.current != nil || len(t.slow) > 0
	t.active, t.watched = false, on
	return overdue, on
}

// oversee looks while something is in work, until the session ends.
func (s *session) oversee() {
	tick := time.NewTicker(handOver)
	defer tick.Stop()
	tick.Stop()
	for {
		select {
		case <-s.over:
			return
		case <-s.turns.wake:
			tick.Reset(handOver)
		case now := <-tick.C:
			overdue, on := s.turns.look(now, s.agent.cfg.Timeout)
			for _, h := range overdue {
				s.agent.counters.late.Add(1)
				s.refuse(h, lateStatus(h.Type), 1)
			}
			if !on {
				tick.Stop()
			}
		}
	}
}

// serve is one server.
func (s *session) serve() {
	j := &job{}
	for {
		select {
		case <-s.over:
			return
		case <-s.turns.token:
		}
		for s.next(j) {
			if !s.work(j) {
				break // another has the turn
			}
		}
		select {
		case <-s.over: // the turn dies with the session
			return
		default:
		}
	}
}

// next reads one message; false: the session is over.
func (s *session) next(j *job) bool {
	err := j.read(s.turns.reader)
	if err == nil {
		s.heard.Store(time.Now().UnixNano())
		return true
	}
	if !errors.Is(err, ErrMalformed) {
		err = disconnected(err)
	}
	s.end(err)
	return false
}

func (j *job) read(r *bufio.Reader) error {
	header, err := r.Peek(headerSize)
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return err
	}
	length, err := frameLength(header)
	if err != nil {
		return err
	}
	if cap(j.frame) < length {
		j.frame = make([]byte, length)
	}
	j.frame = j.frame[:length]
	_, err = io.ReadFull(r, j.frame)
	return err
}
