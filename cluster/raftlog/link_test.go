package raftlog

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// wire is a TCP proxy before one link of one node. It can swallow all bytes,
// as a cut cable does, or close all connections.
type wire struct {
	listener net.Listener
	target   string
	wg       sync.WaitGroup

	mu    sync.Mutex // guards what follows
	turn  *sync.Cond // dead or over changed
	dead  bool
	over  bool
	conns map[net.Conn]struct{}
}

func startWire(t testing.TB, target string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, target: target, conns: make(map[net.Conn]struct{})}
	w.turn = sync.NewCond(&w.mu)
	w.wg.Go(w.serve)
	t.Cleanup(func() {
		_ = l.Close()
		w.mu.Lock()
		w.over = true
		w.turn.Broadcast()
		w.mu.Unlock()
		w.breakAll()
		w.wg.Wait()
	})
	return w
}

func (w *wire) serve() {
	for {
		in, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.wg.Go(func() { w.forward(in) })
	}
}

func (w *wire) forward(in net.Conn) {
	defer in.Close() //nolint:errcheck // a test's proxy
	if !w.pass() {
		return
	}
	out, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer out.Close() //nolint:errcheck // a test's proxy
	w.mu.Lock()
	w.conns[in], w.conns[out] = struct{}{}, struct{}{}
	w.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { w.copy(out, in) })
	wg.Go(func() { w.copy(in, out) })
	wg.Wait()
}

func (w *wire) copy(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && w.pass() {
			_, err = to.Write(buf[:n])
		}
		if err != nil {
			_, _ = to.Close(), from.Close()
			return
		}
	}
}

// pass waits while the wire is dead; false when the test is over.
func (w *wire) pass() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.dead && !w.over {
		w.turn.Wait()
	}
	return !w.over
}

func (w *wire) setDead(dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = dead
	w.turn.Broadcast()
}

func (w *wire) breakAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		_ = c.Close()
	}
	clear(w.conns)
}

// wires stand before every link of every node of a book.
type wires struct {
	mu  sync.Mutex // guards all
	all map[int][]*wire
}

func newWires(t testing.TB, b *book) *wires {
	ws := &wires{all: make(map[int][]*wire)}
	b.via = func(_ string, link int, addr string) string {
		w := startWire(t, addr)
		ws.mu.Lock()
		defer ws.mu.Unlock()
		ws.all[link] = append(ws.all[link], w)
		return w.listener.Addr().String()
	}
	return ws
}

func (ws *wires) each(link int, do func(*wire)) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, w := range ws.all[link] {
		do(w)
	}
}

func (ws *wires) setDead(link int, dead bool) { ws.each(link, func(w *wire) { w.setDead(dead) }) }

// bonded reports whether every connection of the transport has n links.
func bonded(t *Transport, n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for b := range t.bonds {
		b.mu.Lock()
		have := len(b.strands)
		b.mu.Unlock()
		if have != n {
			return false
		}
	}
	return true
}

// strands are those of all connections of a transport.
func strands(t *Transport) []*strand {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*strand
	for b := range t.bonds {
		b.mu.Lock()
		out = append(out, b.strands...)
		b.mu.Unlock()
	}
	return out
}

// breakLink breaks one of two links of the only connection; the returned
// function waits until both ends have noticed and have restored it.
func (ws *wires) breakLink(t testing.TB, link int, ends ...*Transport) (restored func()) {
	t.Helper()
	before := make([][]*strand, len(ends))
	for i, end := range ends {
		before[i] = strands(end)
	}
	ws.each(link, (*wire).breakAll)
	return func() {
		t.Helper()
		for i, end := range ends {
			eventually(t, "the broken link is restored", func() bool {
				now := strands(end)
				kept := slices.DeleteFunc(slices.Clone(now), func(s *strand) bool { return !slices.Contains(before[i], s) })
				return len(now) == 2 && len(kept) == 1
			})
		}
	}
}

func TestConnectionOutlivesEachLink(t *testing.T) {
	var b book
	ws := newWires(t, &b)
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	startEcho(t, n2)
	conn := mustDial(t, n1, "n2")
	mustEcho(t, conn, "n1\n", "both links")
	eventually(t, "both links carry", func() bool { return bonded(n1, 2) && bonded(n2, 2) })
	for round := range 3 {
		for link := range 2 {
			restored := ws.breakLink(t, link, n1, n2)
			mustEcho(t, conn, "", fmt.Sprintf("round %d without link %d", round, link))
			restored()
		}
	}
	// A silent cut: nothing is closed, bytes just do not come.
	for link := range 2 {
		ws.setDead(link, true)
		start := time.Now()
		mustEcho(t, conn, "", "a silent cut")
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("link %d silent: answer after %s", link, took)
		}
		mustEcho(t, conn, "", strings.Repeat("more than the queues hold ", 1<<17)) // 3.4 MB
		restored := ws.breakLink(t, link, n1, n2)
		ws.setDead(link, false)
		restored()
	}
}

// TestBreakBesideASilentLink loses what is under way on both links at once:
// one breaks, the other holds its bytes. The link that comes back gets them
// again.
func TestBreakBesideASilentLink(t *testing.T) {
	var b book
	ws := newWires(t, &b)
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	startEcho(t, n2)
	conn := mustDial(t, n1, "n2")
	mustEcho(t, conn, "n1\n", "both links")
	eventually(t, "both links carry", func() bool { return bonded(n1, 2) && bonded(n2, 2) })
	for round := range 4 {
		broken, silent := round%2, (round+1)%2
		ws.setDead(silent, true)
		ws.setDead(broken, true)
		if _, err := io.WriteString(conn, "swallowed"); err != nil {
			t.Fatal(err)
		}
		restored := ws.breakLink(t, broken, n1, n2)
		ws.setDead(broken, false)
		got := make([]byte, len("swallowed"))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != "swallowed" {
			t.Fatalf("round %d: got %q, %v", round, got, err)
		}
		ws.setDead(silent, false)
		restored()
		mustEcho(t, conn, "", "and on")
	}
}

func TestDialFindsTheLivingLink(t *testing.T) {
	var b book
	ws := newWires(t, &b)
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	startEcho(t, n2)
	ws.setDead(0, true)
	start := time.Now()
	mustEcho(t, mustDial(t, n1, "n2"), "n1\n", "over the second")
	t.Logf("first dial took %s", time.Since(start))
	start = time.Now()
	mustEcho(t, mustDial(t, n1, "n2"), "n1\n", "it remembers")
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("second dial took %s", took)
	}
	b.set("n3", []string{"127.0.0.1:1", "127.0.0.1:1"}) // nobody there
	if _, err := n1.DialRPC(t.Context(), "n3"); err == nil || strings.Count(err.Error(), "127.0.0.1:1") < 2 {
		t.Errorf("dial of a dead node: %v, want the reason for each link", err)
	}
}

// TestLinkCutChangesNoLeader is SAFETY's promise for raft: the cut of one
// link is not noticed. Raft's times are doubled, for machines under load.
func TestLinkCutChangesNoLeader(t *testing.T) {
	b := book{raftTimeout: 2 * time.Second} // lease 1 s
	ws := newWires(t, &b)
	all := startMembers(t, &b, 3, nil)
	leader := waitLeader(t, all)
	mustApply(t, leader, all, "before")
	term := leader.raft.CurrentTerm()
	for link := range 2 {
		eventually(t, "both links carry all connections", func() bool {
			return !slices.ContainsFunc(all, func(m *member) bool { return !bonded(m.transport, 2) })
		})
		ws.setDead(link, true)
		for i := range 4 { // longer together than the leader's lease of 1 s
			mustApply(t, leader, all, fmt.Sprintf("without link %d, %d", link, i))
			time.Sleep(300 * time.Millisecond)
		}
		ws.setDead(link, false) // what it held comes late and twice
	}
	if now := leader.raft.CurrentTerm(); now != term || leader.raft.State() != raft.Leader {
		t.Errorf("term %d became %d, %s is %s", term, now, leader.name, leader.raft.State())
	}
}

func TestPauseCutsRaftOff(t *testing.T) {
	var b book
	all := startMembers(t, &b, 3, nil)
	leader := waitLeader(t, all)
	mustApply(t, leader, all, "before")
	rest := without(all, leader)
	leader.transport.Pause(true)
	if err := rest[0].transport.Campaign(rest[0].raft); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another leader", func() bool { l := leaderOf(rest); return l != nil })
	if err := leader.transport.Campaign(leader.raft); err == nil && leader.raft.State() != raft.Leader {
		t.Error("a paused node could campaign")
	}
	eventually(t, "the paused one steps down", func() bool { return leader.raft.State() != raft.Leader })
	startEcho(t, rest[0].transport)
	mustEcho(t, mustDial(t, leader.transport, rest[0].name), leader.name+"\n", "rpc goes on")
	leader.transport.Pause(false)
	next := waitLeader(t, all)
	mustApply(t, next, all, "after")
}

func TestClosedRaftLeavesRPC(t *testing.T) {
	var b book
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	startEcho(t, n2)
	if err := n2.CloseRaft(); err != nil {
		t.Fatal(err)
	}
	if _, err := n1.dial(t.Context(), "n2", protoRaft); err == nil || !strings.Contains(err.Error(), "raft is closed") {
		t.Errorf("dial of a closed raft: %v", err)
	}
	mustEcho(t, mustDial(t, n1, "n2"), "n1\n", "rpc goes on")
}

func TestOnlyMembersSpeakRaft(t *testing.T) {
	var b book
	var seen refusals
	ca := mustCA(t, testCluster)
	cfg := b.config(t, ca, "n2")
	cfg.Refused = seen.add
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, cfg, &b)
	startEcho(t, n2)
	b.set("n1", nil) // removed, its certificate is still good
	if _, err := n1.dial(t.Context(), "n2", protoRaft); err == nil || !strings.Contains(err.Error(), "not a member") {
		t.Errorf("raft of a removed node: %v", err)
	}
	eventually(t, "it is reported", func() bool { return seen.has("not a member") })
	mustEcho(t, mustDial(t, n1, "n2"), "n1\n", "it may ask to join")
}

// TestNothingIsLeft closes everything and looks for goroutines of ours.
func TestNothingIsLeft(t *testing.T) {
	var b book
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	for range 3 {
		mustDial(t, n1, "n2")
		mustDial(t, n2, "n2")
		if _, err := n1.dialRaft("n2", within); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(n1.Close(), n2.Close(), n1.Close()); err != nil {
		t.Error(err)
	}
	if _, err := n1.DialRPC(t.Context(), "n2"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial after Close: %v", err)
	}
	var left []string
	eventually(t, "no goroutine is left", func() bool {
		buf := make([]byte, 1<<20)
		left = slices.DeleteFunc(strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n"), func(s string) bool {
			return strings.Contains(s, "raftlog.Test") || !strings.Contains(s, "raftlog.(*") && !strings.Contains(s, "NetworkTransport")
		})
		return len(left) == 0
	})
}

// TestSnapshotReachesANewMember fills a log, compacts it, and adds a node
// that can only start from the snapshot.
func TestSnapshotReachesANewMember(t *testing.T) {
	var b book
	ca := mustCA(t, testCluster)
	n1 := startMember(t, &b, ca, "n1", nil)
	err := n1.raft.BootstrapCluster(raft.Configuration{Servers: []raft.Server{{ID: "n1", Address: "n1"}}}).Error()
	if err := errors.Join(err, n1.transport.Campaign(n1.raft)); err != nil {
		t.Fatal(err)
	}
	waitLeader(t, []*member{n1})
	for i := range 20 {
		mustApply(t, n1, []*member{n1}, fmt.Sprint("entry ", i))
	}
	cfg := n1.raft.ReloadableConfig()
	cfg.TrailingLogs = 1
	if err := errors.Join(n1.raft.ReloadConfig(cfg), n1.raft.Snapshot().Error()); err != nil {
		t.Fatal(err)
	}
	n2 := startMember(t, &b, ca, "n2", nil)
	if err := n1.raft.AddVoter("n2", "n2", 0, within).Error(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the snapshot at n2", func() bool { return n2.fsm.has("entry 0") && n2.fsm.has("entry 19") })
	mustApply(t, n1, []*member{n1, n2}, "after")
}

// pipeWriter collects what order writes.
type pipeWriter struct {
	io.WriteCloser
	mu  sync.Mutex // guards got
	got []byte
}

func (p *pipeWriter) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, b...)
	return len(b), nil
}

func TestOrderMergesCopies(t *testing.T) {
	var out pipeWriter
	o := newOrder(&out)
	var want []byte
	for i := range 200 {
		want = append(want, byte(i))
	}
	var wg sync.WaitGroup
	for link := range 3 { // link 2 joined late: it starts in the middle
		o.join()
		wg.Go(func() {
			for i := range 200 {
				if link == 2 && i < 100 {
					continue
				}
				if err := o.deliver(uint64(i), []byte{byte(i)}); err != nil {
					t.Errorf("link %d, frame %d: %v", link, i, err)
				}
			}
		})
	}
	wg.Wait()
	if string(out.got) != string(want) {
		t.Errorf("got %v", out.got)
	}
}

func TestOrderSeesAGap(t *testing.T) {
	o := newOrder(&pipeWriter{})
	o.join()
	o.join()
	if err := o.deliver(0, []byte("a")); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- o.deliver(2, []byte("c")) }() // 1 is on the other link
	if o.leave() {                                    // which dies
		if err := <-done; !errors.Is(err, errGap) {
			t.Errorf("frame behind a gap: %v", err)
		}
	} else if err := <-done; !errors.Is(err, errGap) {
		t.Errorf("frame behind a gap: %v", err)
	}
	o = newOrder(&pipeWriter{})
	o.join()
	o.join() // alive, but silent
	if err := o.deliver(2, []byte("c")); !errors.Is(err, errGap) {
		t.Errorf("frame behind a silent link: %v", err)
	}
	o = newOrder(&pipeWriter{})
	o.join()
	if err := o.deliver(0, nil); !errors.Is(err, errEnd) {
		t.Errorf("end of the stream: %v", err)
	}
}

func TestLimiter(t *testing.T) {
	var l limiter
	now := time.Unix(0, 0)
	if !l.allow("a", now) || l.allow("a", now.Add(reportEvery-1)) || !l.allow("a", now.Add(reportEvery)) {
		t.Error("a key is not limited to one report in its time")
	}
	passed := 0
	for i := range 10 * reportKeys {
		if l.allow(fmt.Sprint(i), now.Add(reportEvery)) {
			passed++
		}
	}
	if passed > reportKeys || len(l.last) > reportKeys+1 {
		t.Errorf("%d reports passed, %d keys remembered", passed, len(l.last))
	}
}

func FuzzReadFrames(f *testing.F) {
	f.Add(newFrame(7, []byte("payload")))
	f.Add(append([]byte{bondVersion}, make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := strings.NewReader(string(data))
		_, _ = readPreamble(r)
		r.Reset(string(data))
		_ = readVerdict(r)
		r.Reset(string(data))
		var buf [maxPayload]byte
		seq, payload, err := readFrame(r, &buf)
		if err == nil && string(newFrame(seq, payload)) != string(data[:frameHeader+len(payload)]) {
			t.Errorf("%x is not what was read: %d %x", data, seq, payload)
		}
	})
}
