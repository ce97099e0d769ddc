package agent

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"hawser/fixtures/need"
	"hawser/mib/snmp"
)

// relay stands between a manager and the agent and keeps what the manager sends, as someone on the wire would.
type relay struct {
	address netip.AddrPort
	mu      sync.Mutex // guards taken
	taken   [][]byte
}

func startRelay(t *testing.T, agent netip.AddrPort) *relay {
	t.Helper()
	front, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(agent))
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: front.LocalAddr().(*net.UDPAddr).AddrPort()}
	managers := make(chan netip.AddrPort, 1000) // one for each datagram of a short test
	var pumps sync.WaitGroup
	pumps.Go(func() {
		for buf := make([]byte, 65536); ; {
			n, from, err := front.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			r.keep(buf[:n])
			managers <- from
			_, _ = back.Write(buf[:n])
		}
	})
	pumps.Go(func() {
		for buf := make([]byte, 65536); ; {
			n, err := back.Read(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				_, _ = front.WriteToUDPAddrPort(buf[:n], <-managers)
			}
		}
	})
	t.Cleanup(func() {
		_, _ = front.Close(), back.Close()
		pumps.Wait()
	})
	return r
}

func (r *relay) keep(packet []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken = append(r.taken, slices.Clone(packet))
}

// TestReplayOfSnmpset captures a SET of net-snmp's snmpset on the wire and sends it again from elsewhere.
func TestReplayOfSnmpset(t *testing.T) {
	need.Program(t, "snmpset")
	m := newMemory(testRows()...)
	a := startAgent(t, testConfig(t), m)
	r := startRelay(t, a.Addrs()[0])
	object := testPolicy.Append(1, 0)
	if out, ok := netsnmp(t, "snmpset", as("policy01"), r.address, object.String(), "i", "31"); !ok {
		t.Fatal(out)
	}
	if _, err := newClient(t, a, "policy01").Set(t.Context(), snmp.Varbind{OID: object, Value: snmp.Integer(32)}); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	captured := r.taken[len(r.taken)-1]
	r.mu.Unlock()
	thief, err := net.Dial("udp", a.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = thief.Close() }()
	for n := range uint64(5) {
		if _, err := thief.Write(captured); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the replay to be counted", func() bool { return a.Stats().ReplaysRefused == n+1 })
	}
	if value := m.View().Get(object); value.Int != 32 || m.committed() != 2 {
		t.Errorf("value %s after %d commits, want 32 after 2", value, m.committed())
	}
	if err := thief.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := thief.Read(make([]byte, 65536)); err != nil || n == 0 {
		t.Errorf("the replay is not answered: %v", err)
	}
}
