package heartbeat

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

// within is the limit for what must happen at all, on a loaded machine.
const within = 10 * time.Second

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func quiet() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

func testConfig(name string) Config {
	return Config{
		ClusterID: "c0ffee", Node: name, BootID: "boot-" + name,
		Incarnation: uint64(time.Now().UnixNano()), Keys: [][]byte{bytes.Repeat([]byte("k"), 32)},
		Links: []Link{{Index: 1, Name: "a", Listen: "127.0.0.1:0"}, {Index: 2, Name: "b", Listen: "127.0.0.1:0"}},
	}
}

func newMonitor(t testing.TB, cfg Config) *Monitor {
	t.Helper()
	m, err := New(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// startMonitor runs m; stop ends it and waits, as a crash would look.
func startMonitor(t testing.TB, m *Monitor, peers ...*Monitor) (stop func()) {
	t.Helper()
	var list []Peer
	for _, p := range peers {
		list = append(list, Peer{Name: p.cfg.Node, Addrs: p.Addrs()})
	}
	if err := m.SetPeers(list); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s of %s: %v", m, m.cfg.Node, err)
		}
	})
	t.Cleanup(stop)
	<-m.Ready()
	return stop
}

func mustPeer(t testing.TB, m *Monitor, name string) PeerReport {
	t.Helper()
	p, ok := m.Report().Peer(name)
	if !ok {
		t.Fatalf("%s does not watch %s", m.cfg.Node, name)
	}
	return p
}

func waitHeard(t testing.TB, m *Monitor, names ...string) {
	t.Helper()
	for _, n := range names {
		eventually(t, m.cfg.Node+" hears "+n, func() bool {
			p, _ := m.Report().Peer(n)
			return p.Heard && !p.Suspect
		})
	}
}

func TestThreeMonitors(t *testing.T) {
	n1, n2, n3 := newMonitor(t, testConfig("n1")), newMonitor(t, testConfig("n2")), newMonitor(t, testConfig("n3"))
	stop := startMonitor(t, n1, n2, n3)
	startMonitor(t, n2, n1, n3)
	startMonitor(t, n3, n1, n2)
	for _, m := range []*Monitor{n2, n3} {
		waitHeard(t, m, "n1")
	}
	waitHeard(t, n2, "n3")
	if err := n1.Say(Say{Leader: "n1", Holds: []Hold{{Service: "web", Epoch: 5}}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "n1's word at n2", func() bool {
		p := mustPeer(t, n2, "n1")
		return p.Leader == "n1" && len(p.Holds) == 1 && p.Holds[0].Epoch == 5
	})
	p := mustPeer(t, n2, "n1")
	if p.BootID != "boot-n1" || p.Incarnation != n1.cfg.Incarnation || len(p.Links) != 2 {
		t.Errorf("report %+v", p)
	}
	stop()
	eventually(t, "n1 is suspect at n2", func() bool { return mustPeer(t, n2, "n1").Suspect })
	p = mustPeer(t, n2, "n1")
	if p.Age < 400*time.Millisecond {
		t.Errorf("suspect %s after its last beat, too early", p.Age)
	}
	t.Logf("suspect %s after the last beat", p.Age)
	voters := []string{"n1", "n2", "n3"}
	eventually(t, "a majority says so", func() bool { return n2.SilentBy("n1", voters) == 2 && n3.SilentBy("n1", voters) == 2 })
	if late := n2.Report().LateTicks; late == 0 && p.Age > 10*n2.Report().Silence {
		t.Errorf("suspect only after %s", p.Age)
	}
}

func TestChangedSignals(t *testing.T) {
	n1, n2 := newMonitor(t, testConfig("n1")), newMonitor(t, testConfig("n2"))
	startMonitor(t, n1, n2)
	startMonitor(t, n2, n1)
	limit := time.After(within)
	waitSignal := func(what string, ok func() bool) {
		t.Helper()
		for !ok() {
			select {
			case <-n2.Changed():
			case <-limit:
				t.Fatalf("no signal for: %s", what)
			}
		}
	}
	waitSignal("heard", func() bool { return mustPeer(t, n2, "n1").Heard })
	if err := n1.Say(Say{Leaving: true}); err != nil {
		t.Fatal(err)
	}
	waitSignal("leaving", func() bool { return mustPeer(t, n2, "n1").Leaving })
	if err := n1.Say(Say{Leader: "n2"}); err != nil {
		t.Fatal(err)
	}
	waitSignal("leader", func() bool { return mustPeer(t, n2, "n1").Leader == "n2" })
	if err := n1.Say(Say{Leader: strings.Repeat("x", 64)}); err == nil {
		t.Error("took a name that fits into no beat")
	}
}

// proxy passes datagrams on to a target and may lose or record some.
type proxy struct {
	conn *net.UDPConn
	mu   sync.Mutex // guards what follows
	lose float64
	rng  *rand.Rand
	tape [][]byte
	seen int
	lost int
}

func startProxy(t testing.TB, target string) *proxy {
	t.Helper()
	conn, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to, err := resolve(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{conn: conn, rng: rand.New(rand.NewPCG(1, 2))}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 2*maxBeat)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			if p.pass(buf[:n]) {
				_, _ = conn.WriteToUDP(buf[:n], to)
			}
		}
	})
	t.Cleanup(func() { _ = conn.Close(); wg.Wait() })
	return p
}

func (p *proxy) pass(data []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen++
	p.tape = append(p.tape, bytes.Clone(data))
	if p.rng.Float64() < p.lose {
		p.lost++
		return false
	}
	return true
}

func (p *proxy) setLoss(share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = share
}

func (p *proxy) counts() (seen, lost int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen, p.lost
}

func (p *proxy) recorded() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tape
}

func (p *proxy) addr() string { return p.conn.LocalAddr().String() }

// throughProxies starts n1 and n2; what n1 sends to n2 goes through the
// proxies, one per link. Beats come every 10 ms, 20 of them make a silence.
func throughProxies(t *testing.T) (n1, n2 *Monitor, a, b *proxy, stop1 func()) {
	t.Helper()
	cfg1, cfg2 := testConfig("n1"), testConfig("n2")
	cfg1.Interval, cfg2.Interval = 10*time.Millisecond, 10*time.Millisecond
	cfg1.Missed, cfg2.Missed = 20, 20
	n1, n2 = newMonitor(t, cfg1), newMonitor(t, cfg2)
	a, b = startProxy(t, n2.Addrs()[0]), startProxy(t, n2.Addrs()[1])
	startMonitor(t, n2, n1)
	stop1 = startMonitor(t, n1)
	if err := n1.SetPeers([]Peer{{Name: "n2", Addrs: []string{a.addr(), b.addr()}}}); err != nil {
		t.Fatal(err)
	}
	waitHeard(t, n2, "n1")
	return n1, n2, a, b, stop1
}

func TestLossyAndCutLink(t *testing.T) {
	_, n2, a, b, _ := throughProxies(t)
	a.setLoss(0.3)
	eventually(t, "150 beats on the lossy link", func() bool { seen, _ := a.counts(); return seen >= 150 })
	link := mustPeer(t, n2, "n1").Links[0]
	seen, lost := a.counts()
	t.Logf("lost %d of %d, reported %d permille, round trip %s", lost, seen, link.LossPermille, link.RTT)
	if link.LossPermille < 100 || link.LossPermille > 600 {
		t.Errorf("%d permille lost reported, the proxy lost %d of %d", link.LossPermille, lost, seen)
	}
	if link.RTT <= 0 || link.RTT > within {
		t.Errorf("round trip %s", link.RTT)
	}
	eventually(t, "the link is called lossy", func() bool { return mustPeer(t, n2, "n1").Links[0].State == LinkLossy })

	a.setLoss(1)
	before, _ := b.counts()
	eventually(t, "the cut link is down", func() bool { return mustPeer(t, n2, "n1").Links[0].State == LinkDown })
	eventually(t, "50 beats on the other link", func() bool { seen, _ := b.counts(); return seen >= before+50 })
	if p := mustPeer(t, n2, "n1"); p.Suspect && n2.Report().LateTicks == 0 {
		t.Error("one cut link made the node suspect")
	}
	a.setLoss(0)
	eventually(t, "the healed link is up", func() bool { return mustPeer(t, n2, "n1").Links[0].State == LinkUp })
}

func TestReplayOverTheWire(t *testing.T) {
	_, n2, a, _, stop1 := throughProxies(t)
	eventually(t, "some beats on tape", func() bool { return len(a.recorded()) > 20 })
	stop1()
	eventually(t, "n1 is suspect", func() bool { return mustPeer(t, n2, "n1").Suspect })
	tape := a.recorded()
	evil, err := net.Dial("udp", n2.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer evil.Close() //nolint:errcheck // only written to
	for _, d := range tape {
		if _, err := evil.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the replay is counted", func() bool { return n2.Report().Replayed >= uint64(len(tape)/2) })
	if !mustPeer(t, n2, "n1").Suspect {
		t.Error("a recording woke the dead")
	}
}

func TestRefusedBeats(t *testing.T) {
	type refusal struct{ addr, reason string }
	refused := make(chan refusal, 16)
	cfg := testConfig("n1")
	cfg.Refused = func(addr, reason string) { refused <- refusal{addr, reason} }
	n1 := newMonitor(t, cfg)
	startMonitor(t, n1)
	key, _ := newKeyring(cfg.Keys)
	wrong, _ := newKeyring([][]byte{bytes.Repeat([]byte("w"), 32)})
	b := sampleBeat()
	b.node, b.link = "n2", 0
	alien := b
	alien.cluster = clusterHash("other")
	crossed := b
	crossed.link = 1
	tests := []struct {
		name  string
		data  []byte
		count func(*Report) uint64
	}{
		{"wrong key", wrong.sign(b.encode()), func(r *Report) uint64 { return r.WrongKey }},
		{"other cluster", key.sign(alien.encode()), func(r *Report) uint64 { return r.OtherCluster }},
		{"junk", []byte("junk"), func(r *Report) uint64 { return r.Malformed }},
		{"signed junk", key.sign(append(b.encode(), 1, 2, 3)), func(r *Report) uint64 { return r.Malformed - 1 }},
		{"crossed links", key.sign(crossed.encode()), func(r *Report) uint64 { return r.Malformed - 2 }},
		{"no peer", key.sign(b.encode()), func(r *Report) uint64 { return r.UnknownNode }},
	}
	conn, err := net.Dial("udp", n1.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // only written to
	for _, tt := range tests {
		if _, err := conn.Write(tt.data); err != nil {
			t.Fatal(err)
		}
		eventually(t, tt.name+" is counted", func() bool { return tt.count(n1.Report()) == 1 })
	}
	if got := <-refused; got.addr != conn.LocalAddr().String() || !strings.Contains(got.reason, "unknown key") {
		t.Errorf("reported %+v", got)
	}
	if len(refused) != 0 {
		t.Errorf("%d more reports of one address at once", len(refused))
	}
}

func TestKeyRotation(t *testing.T) {
	n1, n2 := newMonitor(t, testConfig("n1")), newMonitor(t, testConfig("n2"))
	startMonitor(t, n1, n2)
	startMonitor(t, n2, n1)
	waitHeard(t, n2, "n1")
	oldKey, newKey := n1.cfg.Keys[0], bytes.Repeat([]byte("n"), 32)
	for _, step := range []struct {
		m    *Monitor
		keys [][]byte
	}{
		{n2, [][]byte{oldKey, newKey}},
		{n1, [][]byte{newKey, oldKey}},
		{n2, [][]byte{newKey}},
		{n1, [][]byte{newKey}},
	} {
		if err := step.m.SetKeys(step.keys); err != nil {
			t.Fatal(err)
		}
		before := mustPeer(t, n2, "n1").Links[0].Received
		eventually(t, "beats go on", func() bool { return mustPeer(t, n2, "n1").Links[0].Received > before+1 })
	}
	if err := n1.SetKeys(nil); err == nil {
		t.Error("took an empty list of keys")
	}
}

func TestSlowCallbackDelaysNothing(t *testing.T) {
	release := make(chan struct{})
	cfg := testConfig("n1")
	cfg.Refused = func(string, string) { <-release }
	n1, n2 := newMonitor(t, cfg), newMonitor(t, testConfig("n2"))
	startMonitor(t, n1, n2)
	startMonitor(t, n2, n1)
	defer close(release)
	conn, err := net.Dial("udp", n1.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // only written to
	for range 3 * notesQueue {
		if _, err := conn.Write([]byte("junk")); err != nil {
			t.Fatal(err)
		}
	}
	waitHeard(t, n2, "n1")
	before := mustPeer(t, n2, "n1").Links[0].Received
	eventually(t, "beats go on", func() bool { return mustPeer(t, n2, "n1").Links[0].Received > before+5 })
}

func TestConfigFaultsAreNamed(t *testing.T) {
	cfg := testConfig("")
	cfg.Keys = nil
	cfg.Missed = 1
	cfg.Links = nil
	cfg.Peers = []Peer{{Name: "n2", Addrs: []string{"host.example:1"}}, {Name: "n2"}}
	_, err := New(cfg, quiet())
	for _, want := range []string{`node ""`, "no beat key", "1 missed beats", "0 links", "1 addresses for 0 links", "host.example", "name is taken"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error does not name %q: %v", want, err)
		}
	}
	n1 := newMonitor(t, testConfig("n1"))
	cfg = testConfig("n2")
	cfg.Links[1].Listen = n1.Addrs()[0]
	if _, err := New(cfg, quiet()); err == nil || !strings.Contains(err.Error(), "link b") || !strings.Contains(err.Error(), n1.Addrs()[0]) {
		t.Errorf("held port: %v", err)
	}
	if got := fmt.Sprint(n1); got != "heartbeat on 2 links" {
		t.Errorf("String is %q", got)
	}
}

func TestNotesAreLimited(t *testing.T) {
	last := make(map[string]time.Time)
	now := time.Unix(0, 0)
	if !allow(last, "a", now) || allow(last, "a", now.Add(noteEvery-1)) || !allow(last, "a", now.Add(noteEvery)) {
		t.Error("a subject is not limited to one in its time")
	}
	passed := 0
	for i := range 10 * noteKeys {
		if allow(last, fmt.Sprint(i), now.Add(noteEvery)) {
			passed++
		}
	}
	if passed > noteKeys || len(last) > noteKeys+1 {
		t.Errorf("%d reports passed, %d subjects remembered", passed, len(last))
	}
}
