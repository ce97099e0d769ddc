package agentx

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hawser/mib/snmp"
)

// master is a master agent of the test's own, which says what a test wants to hear of nobody else. It grants whatever it is
// asked, unless a test says otherwise, and belongs into a synctest bubble.
type master struct {
	t       *testing.T
	agent   *Agent
	answers chan PDU // of the subagent

	mu     sync.Mutex // guards what follows
	conn   net.Conn
	refuse map[Type]Status
	deaf   bool // it answers nothing
	asked  []PDU
	dials  int
	packet uint32
}

const masterSession = 77

// inBubble runs a test against a master of its own.
func inBubble(t *testing.T, b *stock, change func(*Config), test func(t *testing.T, m *master)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &master{t: t, answers: make(chan PDU, 64), refuse: map[Type]Status{}}
		cfg := testConfig("/nowhere")
		if change != nil {
			change(&cfg)
		}
		a, err := New(cfg, b, quiet())
		if err != nil {
			t.Fatal(err)
		}
		a.dial, m.agent = m.dial, a
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		synctest.Wait()
		test(t, m)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		m.hangUp()
		synctest.Wait()
	})
}

func (m *master) dial(context.Context) (net.Conn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dials++
	if m.refuse[TypeOpen] == OpenFailed {
		return nil, errors.New("nobody there")
	}
	ours, theirs := net.Pipe()
	m.conn = ours
	go m.read(ours)
	return theirs, nil
}

// read grants what the subagent asks and keeps what it answers.
func (m *master) read(conn net.Conn) {
	r, j := bufio.NewReader(conn), &job{}
	for j.read(r) == nil {
		var p PDU
		if err := p.Decode(j.frame); err != nil {
			m.t.Errorf("the subagent says %x: %v", j.frame, err)
			return
		}
		if p.Type == TypeResponse {
			m.answers <- p
			continue
		}
		m.mu.Lock()
		m.asked = append(m.asked, p)
		deaf, status := m.deaf, m.refuse[p.Type]
		m.mu.Unlock()
		if deaf || p.Type == TypeClose {
			continue
		}
		head := answerHeader(p.Header)
		head.Session = masterSession
		grant := PDU{Header: head, Error: status}
		if _, err := conn.Write(grant.Append(nil)); err != nil {
			return
		}
	}
}

func (m *master) do(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *master) hangUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn != nil {
		_ = m.conn.Close()
	}
}

// send sends a message in network byte order unless it has flags, and returns its packet id.
func (m *master) send(p PDU) uint32 {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.Session == 0 {
		p.Session = masterSession
	}
	if p.Packet == 0 {
		m.packet++
		p.Packet = m.packet
	}
	if p.Flags == 0 {
		p.Flags = FlagNetworkByteOrder
	}
	if _, err := m.conn.Write(p.Append(nil)); err != nil {
		m.t.Errorf("the subagent does not read: %v", err)
	}
	return p.Packet
}

// ask sends a message and waits for its answer.
func (m *master) ask(p PDU) PDU {
	m.t.Helper()
	return m.answer(m.send(p))
}

func (m *master) answer(packet uint32) PDU {
	m.t.Helper()
	select {
	case p := <-m.answers:
		if p.Packet != packet {
			m.t.Errorf("an answer to message %d, want %d", p.Packet, packet)
		}
		return p
	case <-time.After(time.Minute):
		m.t.Fatalf("message %d was not answered", packet)
		return PDU{}
	}
}

// count is how often a message of the subagent's came.
func (m *master) count(kind Type) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.asked {
		if p.Type == kind {
			n++
		}
	}
	return n
}

func get(oids ...snmp.OID) PDU {
	p := PDU{Header: Header{Type: TypeGet, Transaction: 1}}
	for _, oid := range oids {
		p.Ranges = append(p.Ranges, SearchRange{Start: oid})
	}
	return p
}
