package raftlog

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// strandQueue is how many frames a link may lag behind the user (1 MiB
	// at most) before the user waits for it.
	strandQueue = 64
	// stallTimeout is how long the user waits for a link that moves nothing
	// while another one does; then it is given up and dialled again. A dead
	// link takes bytes at first, faster than a good one: speed is no sign.
	stallTimeout = 250 * time.Millisecond
	// A link that joins gets the newest frames again, up to so many and so
	// many bytes: those that were under way on a link just lost.
	recentFrames = strandQueue / 2
	recentBytes  = 64 << 10
	// endTimeout bounds the sending of the last frame.
	endTimeout = time.Second
	// maxStrands bounds what a peer may open for one bond.
	maxStrands = 8
)

type bondID [16]byte

// bond is one connection over all links. The user holds one end of a pipe,
// which brings deadlines and back pressure; the bond works on the other end.
type bond struct {
	id    bondID
	peer  string
	proto string
	inner net.Conn
	order *order
	room  chan struct{} // 1: a strand took a frame, came, or went
	lost  chan struct{} // 1: a strand went; the dialling side restores it
	done  chan struct{} // closed by abort
	wg    *sync.WaitGroup

	mu      sync.Mutex // guards what follows
	strands []*strand
	recent  [][]byte // the newest frames sent, oldest first
	size    int      // their bytes
	ending  bool     // the user closed: no new strands
	over    bool     // aborted
	cause   error    // why it is over; errEnd when the peer's user closed
}

// strand is the bond's connection on one link.
type strand struct {
	link int
	conn net.Conn    // TLS
	raw  net.Conn    // TCP, below conn
	out  chan []byte // strandQueue
	gone chan struct{}

	moved time.Time // when it last wrote a frame; guarded by the bond's mu
}

// newBond starts a bond without strands; all its goroutines are in wg.
func newBond(id bondID, peer, proto string, wg *sync.WaitGroup) (b *bond, user net.Conn) {
	user, inner := net.Pipe()
	b = &bond{
		id: id, peer: peer, proto: proto, wg: wg,
		inner: inner,
		order: newOrder(inner),
		room:  make(chan struct{}, 1),
		lost:  make(chan struct{}, 1),
		done:  make(chan struct{}),
	}
	wg.Go(b.pump)
	return b, user
}

// pump sends what the user writes, until the user closes.
func (b *bond) pump() {
	buf := make([]byte, maxPayload)
	for seq := uint64(0); ; seq++ {
		n, err := b.inner.Read(buf)
		if errors.Is(err, io.EOF) {
			b.end(seq)
			return
		}
		if err != nil || !b.broadcast(newFrame(seq, buf[:n])) {
			return // aborted
		}
	}
}

// end sends the last frame and gives it a moment to get out; each strand
// closes itself behind it.
func (b *bond) end(seq uint64) {
	b.mu.Lock()
	b.ending = true
	b.mu.Unlock()
	late := time.AfterFunc(endTimeout, func() { b.abort(errEnd) })
	defer late.Stop()
	b.broadcast(newFrame(seq, nil))
	<-b.done
}

// broadcast queues a frame on every link, waiting for those that are full.
func (b *bond) broadcast(frame []byte) bool {
	full := b.offer(frame)
	if len(full) == 0 {
		return true
	}
	late := time.NewTicker(stallTimeout)
	defer late.Stop()
	for len(full) > 0 {
		select {
		case <-b.room:
		case <-late.C:
		case <-b.done:
			return false
		}
		full = b.retry(frame, full)
	}
	return true
}

// offer hands a new frame to all strands and returns those without room. A
// nil among them stands for the first strand to come, when there is none.
func (b *bond) offer(frame []byte) (full []*strand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keep(frame)
	if len(b.strands) == 0 {
		return []*strand{nil} // which gets the frame as a recent one
	}
	for _, s := range b.strands {
		if !s.offer(frame) {
			full = append(full, s)
		}
	}
	return full
}

// retry offers the frame again to those that had no room, and drops the ones
// that stall alone.
func (b *bond) retry(frame []byte, full []*strand) (still []*strand) {
	b.mu.Lock()
	var stalled []*strand
	for _, s := range full {
		switch {
		case s == nil:
			if len(b.strands) == 0 {
				still = append(still, s)
			}
		case !slices.Contains(b.strands, s) || s.offer(frame):
		case b.stallsAlone(s, time.Now()):
			stalled = append(stalled, s)
		default:
			still = append(still, s)
		}
	}
	b.mu.Unlock()
	for _, s := range stalled {
		b.drop(s)
	}
	return still
}

func (s *strand) offer(frame []byte) bool {
	select {
	case s.out <- frame:
		return true
	default:
		return false
	}
}

// stallsAlone is for holders of mu.
func (b *bond) stallsAlone(s *strand, now time.Time) bool {
	stalls := func(s *strand) bool { return len(s.out) > 0 && now.Sub(s.moved) >= stallTimeout }
	return stalls(s) && slices.ContainsFunc(b.strands, func(other *strand) bool { return !stalls(other) })
}

// keep is for holders of mu.
func (b *bond) keep(frame []byte) {
	b.recent = append(b.recent, frame)
	b.size += len(frame)
	for len(b.recent) > recentFrames || b.size > recentBytes {
		b.size -= len(b.recent[0])
		b.recent[0] = nil // lets it go
		b.recent = b.recent[1:]
	}
}

// reserve makes room for a connection on one link, unless the bond is over
// or has one there already. From then on the bond does not end for want of
// links. attach or forgo must follow.
func (b *bond) reserve(link int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over || b.ending || b.has(link) || len(b.strands) >= maxStrands {
		return false
	}
	b.order.join()
	return true
}

// forgo gives a reserved place back.
func (b *bond) forgo(cause error) {
	if !b.order.leave() {
		b.abort(cause)
	}
}

// attach puts a connection on its reserved place, unless the bond is over.
func (b *bond) attach(link int, conn *tls.Conn) bool {
	s := &strand{link: link, conn: conn, raw: conn.NetConn(), out: make(chan []byte, strandQueue), gone: make(chan struct{}), moved: time.Now()}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over || b.ending {
		return false
	}
	for _, frame := range b.recent {
		s.out <- frame // there is room: recentFrames is below strandQueue
	}
	b.strands = append(b.strands, s)
	b.wg.Go(func() { b.send(s) })
	b.wg.Go(func() { b.receive(s) })
	notify(b.room)
	return true
}

// join is reserve and attach in one.
func (b *bond) join(link int, conn *tls.Conn) bool {
	if !b.reserve(link) {
		return false
	}
	if !b.attach(link, conn) {
		b.forgo(net.ErrClosed)
		return false
	}
	return true
}

// has is for holders of mu. An accepted strand has no link number (-1).
func (b *bond) has(link int) bool {
	for _, s := range b.strands {
		if link >= 0 && s.link == link {
			return true
		}
	}
	return false
}

// missing are the links below n on which the bond has no strand.
func (b *bond) missing(n int) []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []int
	for link := range n {
		if !b.over && !b.ending && !b.has(link) {
			out = append(out, link)
		}
	}
	return out
}

func (b *bond) send(s *strand) {
	for {
		select {
		case frame := <-s.out:
			if isEnd(frame) {
				_ = s.conn.SetWriteDeadline(time.Now().Add(endTimeout))
			}
			_, err := s.conn.Write(frame)
			if err != nil || isEnd(frame) {
				b.drop(s)
				return
			}
			b.progress(s)
		case <-s.gone:
			return
		}
	}
}

func (b *bond) progress(s *strand) {
	b.mu.Lock()
	s.moved = time.Now()
	b.mu.Unlock()
	notify(b.room)
}

func (b *bond) receive(s *strand) {
	var buf [maxPayload]byte
	var err error
	for err == nil {
		var seq uint64
		var payload []byte
		if seq, payload, err = readFrame(s.conn, &buf); err != nil {
			break
		}
		if err = b.order.deliver(seq, payload); err != nil {
			b.abort(err)
		}
	}
	b.drop(s)
	if !b.order.leave() {
		b.abort(err)
	}
}

// drop takes a strand out and closes it; safe to repeat.
func (b *bond) drop(s *strand) {
	b.mu.Lock()
	found := false
	if i := slices.Index(b.strands, s); i >= 0 {
		b.strands = slices.Concat(b.strands[:i], b.strands[i+1:])
		found = true
	}
	b.mu.Unlock()
	if !found {
		return
	}
	close(s.gone)
	_ = s.raw.Close() // not TLS's own close, which may wait for a dead link
	notify(b.room)
	notify(b.lost)
}

// abort ends the bond at once; safe to repeat, the first cause stays.
func (b *bond) abort(cause error) {
	b.mu.Lock()
	if b.over {
		b.mu.Unlock()
		return
	}
	b.over = true
	b.cause = cause
	strands := b.strands
	b.mu.Unlock()
	close(b.done)
	_ = b.inner.Close()
	b.order.stop()
	for _, s := range strands {
		b.drop(s)
	}
}

// failure is why a bond ended otherwise than by the peer's user.
func (b *bond) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cause == nil || errors.Is(b.cause, errEnd) {
		return nil
	}
	return fmt.Errorf("connection with %s lost on all links: %w", b.peer, b.cause)
}

// notify leaves a note for a reader that may be busy.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
