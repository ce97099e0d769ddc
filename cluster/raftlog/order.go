package raftlog

import (
	"errors"
	"io"
	"sync"
	"time"
)

var (
	errGap = errors.New("bytes lost with a cut link")
	errEnd = errors.New("ended by the peer")
)

// gapTimeout is how long a frame may wait for one before it that is under way
// on another link. A silent link can hold it for as long as TCP lets it.
const gapTimeout = time.Second

// order merges the copies of a stream that come in on several links: each
// frame goes to out once, in sequence.
type order struct {
	out io.WriteCloser

	mu      sync.Mutex // guards what follows; never held while writing
	turn    *sync.Cond // the next frame may have become another
	next    uint64
	busy    bool // a frame is being written to out
	live    int  // links that still read
	waiting int  // of these, how many hold a frame that is too early
	broken  bool
}

func newOrder(out io.WriteCloser) *order {
	o := &order{out: out}
	o.turn = sync.NewCond(&o.mu)
	return o
}

func (o *order) join() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.live++
}

// leave reports whether the stream can go on without this link: not when it
// was the last, nor when all others wait for a frame that only it had.
func (o *order) leave() (alive bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.live--
	o.turn.Broadcast()
	return !o.broken && !o.stuck()
}

func (o *order) stuck() bool { return !o.busy && o.waiting == o.live }

// stop ends all waiting.
func (o *order) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken = true
	o.turn.Broadcast()
}

// deliver takes a frame from one link. A copy of an old frame is dropped, an
// early one waits for the other links. errEnd says that the stream is over,
// any other error that it broke.
func (o *order) deliver(seq uint64, payload []byte) error {
	if mine, err := o.claim(seq); !mine {
		return err
	}
	var err error
	if len(payload) == 0 {
		err = errEnd
	} else if _, werr := o.out.Write(payload); werr != nil {
		err = werr
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy = false
	o.turn.Broadcast()
	return err
}

// wait is for holders of mu. It breaks the stream should nothing move for
// gapTimeout, unless it is the user who does not read.
func (o *order) wait() {
	next := o.next
	late := time.AfterFunc(gapTimeout, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.next == next && !o.busy {
			o.broken = true
			o.turn.Broadcast()
		}
	})
	defer late.Stop()
	o.turn.Wait()
}

// claim waits for the turn of seq and takes it, unless another link had it.
func (o *order) claim(seq uint64) (mine bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting++
	defer func() { o.waiting-- }()
	for !o.broken && (seq > o.next || seq == o.next && o.busy) {
		if o.stuck() {
			o.broken = true
			o.turn.Broadcast()
			return false, errGap
		}
		o.wait()
	}
	switch {
	case o.broken:
		return false, errGap
	case seq < o.next:
		return false, nil
	}
	o.next++
	o.busy = true
	return true, nil
}
