package agentx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// session is one connection to snmpd, with one AgentX session in it: net-snmp serves only the last one of a connection.
type session struct {
	agent *Agent
	conn  net.Conn
	id    atomic.Uint32 // 0 before Open
	turns turns
	sets  transactions

	packet atomic.Uint32 // the last packet id of ours
	heard  atomic.Int64  // when snmpd last sent something, Unix nanoseconds

	mu      sync.Mutex // guards what follows
	waiting map[uint32]chan PDU
	why     error // the first reason for the end

	over chan struct{} // closed at the end; guarded by mu
}

// errLeft ends a session that we leave.
var errLeft = errors.New("left")

func newSession(a *Agent, conn net.Conn) *session {
	s := &session{agent: a, conn: conn, waiting: map[uint32]chan PDU{}, over: make(chan struct{})}
	s.turns.init(bufio.NewReaderSize(conn, readBuffer))
	s.sets.open = map[uint32]*transaction{}
	return s
}

// readBuffer is what is read at once: many requests of the usual size.
const readBuffer = 32 << 10

// start runs servers and overseer.
func (s *session) start() {
	for range maxBusy + maxEnds + 1 {
		s.agent.tasks.Go(s.serve)
	}
	s.agent.tasks.Go(s.oversee)
}

// end ends the session for a reason; only the first one counts.
func (s *session) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.over:
		return
	default:
	}
	s.why = why
	close(s.over)
	_ = s.conn.Close() // it is of no more use, whatever it says
}

// leave closes the session as RFC 2741, section 7.1.2, wants it.
func (s *session) leave() {
	if id := s.id.Load(); id != 0 {
		p := PDU{Header: Header{Type: TypeClose, Flags: FlagNetworkByteOrder, Session: id, Packet: s.packet.Add(1)}, Reason: CloseShutdown}
		_ = s.send(p.Append(nil)) // a courtesy: snmpd sees the end of the connection, too
	}
	s.end(errLeft)
}

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// send writes one message. A connection writes one at a time.
func (s *session) send(message []byte) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeWithin)) // fails only on a closed connection, as the write then does
	if _, err := s.conn.Write(message); err != nil {
		err = fmt.Errorf("send to snmpd: %w", err)
		s.end(err)
		return err
	}
	return nil
}

// call sends a message of ours and waits for its answer.
func (s *session) call(p PDU, within time.Duration) (PDU, error) {
	answer := make(chan PDU, 1) // of size 1: who delivers does not wait
	p.Session, p.Packet = s.id.Load(), s.packet.Add(1)
	p.Flags |= FlagNetworkByteOrder
	s.mu.Lock()
	s.waiting[p.Packet] = answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, p.Packet)
	}()
	if err := s.send(p.Append(nil)); err != nil {
		return PDU{}, err
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case r := <-answer:
		return r, nil
	case <-s.over:
		return PDU{}, s.reason()
	case <-timer.C:
		return PDU{}, fmt.Errorf("%s: snmpd did not answer within %s: it is stopped or hangs; look at it and restart it", p.Type, within)
	}
}

// deliver gives an answer to who waits for it. Nobody may, any more.
func (s *session) deliver(p *PDU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if waiter, ok := s.waiting[p.Packet]; ok {
		r := *p
		r.Ranges, r.arena = nil, nil // they belong to the reader
		waiter <- r
		delete(s.waiting, p.Packet)
	}
}

// open opens the AgentX session (RFC 2741, section 7.1.1).
func (s *session) open() error {
	cfg := s.agent.cfg
	r, err := s.call(PDU{
		Header: Header{Type: TypeOpen}, Timeout: masterTimeout, ID: cfg.ID, Description: []byte(cfg.Description),
	}, callWithin)
	switch {
	case err != nil:
		return err
	case r.Error != 0:
		return fmt.Errorf("open: snmpd refuses the session with %s: see its log", r.Error)
	case r.Session == 0:
		return errors.New("open: snmpd gives session 0, which none can be: see its version")
	}
	s.id.Store(r.Session)
	return nil
}

// masterTimeout is what we ask snmpd to wait for an answer, in seconds: the least that the protocol can say. (net-snmp
// waits its own agentXTimeout, whatever it is told.)
const masterTimeout = 1

// keep registers, and keeps the session alive until it ends; it says why.
func (s *session) keep(ctx context.Context) error {
	r := newRegistry(s)
	known, wanted := make(chan map[place]bool, 1), make(chan []place)
	s.agent.tasks.Go(func() { s.lookout(known, wanted) })
	err := r.all()
	if err == nil {
		err = s.capabilities()
	}
	if err != nil {
		s.end(err)
	}
	ping, look := time.NewTicker(pingEvery), time.NewTimer(0)
	defer ping.Stop()
	defer look.Stop()
	for first := true; ; {
		err = nil
		select {
		case <-s.over:
			return s.reason()
		case <-ctx.Done():
			return nil
		case <-look.C:
			known <- r.registered() // of size 1, and it is empty: there is one look at a time
		case r.places = <-wanted:
			look.Reset(lookEvery)
			if err = r.all(); err == nil && first {
				r.announce()
				first = false
			}
		case <-ping.C:
			err = errors.Join(s.ping(), r.all())
		}
		if err != nil {
			s.end(err)
		}
	}
}

// ping makes sure that snmpd is there and knows the session. Whoever asks us is there.
func (s *session) ping() error {
	if time.Now().UnixNano()-s.heard.Load() < int64(pingEvery) {
		return nil
	}
	r, err := s.call(PDU{Header: Header{Type: TypePing}}, callWithin)
	if err == nil && r.Error != 0 {
		err = fmt.Errorf("ping: snmpd says %s: the session is lost and opened anew", r.Error)
	}
	return err
}

// disconnected says what the end of a connection means.
func disconnected(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("snmpd closed the connection: it ended, or restarts; see that it comes back")
	}
	return fmt.Errorf("read from snmpd: %w", err)
}
