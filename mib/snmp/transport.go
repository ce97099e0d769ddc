package snmp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// transport sends datagrams over one UDP socket and hands each answer to whoever waits for its id.
type transport struct {
	conn *net.UDPConn
	done chan struct{} // closed when the reading goroutine has ended

	mu      sync.Mutex // guards waiting
	waiting map[int32]waiter
}

type waiter struct {
	answers chan *Message // of size 1: one answer per id is enough, later ones are duplicates
	accept  func(from netip.AddrPort, m *Message) bool
}

// newTransport opens the socket; the zero AddrPort means any address, any port.
func newTransport(local netip.AddrPort) (*transport, error) {
	var address *net.UDPAddr
	if local.IsValid() {
		address = net.UDPAddrFromAddrPort(local)
	}
	conn, err := net.ListenUDP("udp", address)
	if err != nil {
		return nil, fmt.Errorf("open a socket to send from: %w: choose an address of this machine", err)
	}
	t := &transport{conn: conn, done: make(chan struct{}), waiting: make(map[int32]waiter)}
	go t.read()
	return t, nil
}

// close ends the reading goroutine and waits for it.
func (t *transport) close() error {
	err := t.conn.Close()
	<-t.done
	return err
}

func (t *transport) send(to netip.AddrPort, packet []byte) error {
	_, err := t.conn.WriteToUDPAddrPort(packet, to)
	return err
}

// expect says that an answer with this id is wanted. forget must follow.
func (t *transport) expect(id int32, accept func(netip.AddrPort, *Message) bool) <-chan *Message {
	answers := make(chan *Message, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting[id] = waiter{answers, accept}
	return answers
}

func (t *transport) forget(id int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, id)
}

func (t *transport) read() {
	defer close(t.done)
	buf := make([]byte, MaxMessageSize+1)
	for {
		n, from, err := t.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // an ICMP error of an earlier send: the sender's deadline decides
			continue
		}
		t.deliver(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), buf[:n])
	}
}

// deliver gives a datagram to its waiter. accept runs here, on the reading goroutine, while buf is still intact:
// it opens the message, so that what reaches the waiter is authenticated and owns its bytes.
func (t *transport) deliver(from netip.AddrPort, packet []byte) {
	m, err := Parse(packet)
	if err != nil {
		return
	}
	id := m.MsgID
	if m.Version != V3 {
		id = m.PDU.RequestID
	}
	t.mu.Lock()
	w, ok := t.waiting[id]
	t.mu.Unlock()
	if !ok || !w.accept(from, m) {
		return
	}
	m.wire = wire{}
	select {
	case w.answers <- m:
	default:
	}
}
