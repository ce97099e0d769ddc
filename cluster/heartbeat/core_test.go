package heartbeat

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// sim runs several cores on one imagined clock and wire.
type sim struct {
	t     *testing.T
	now   time.Time
	cores map[string]*core
	// lost, if set, says which datagrams do not arrive.
	lost func(from, to string, link int) bool
	// frozen nodes do not run.
	frozen map[string]bool
	wire   []onWire
}

type onWire struct {
	at       time.Time
	from, to string
	link     int
	beat     beat
}

const simDelay = 300 * time.Microsecond

func simConfig(name string, incarnation uint64, names ...string) Config {
	cfg := Config{
		ClusterID: "c0ffee", Node: name, BootID: "boot-" + name, Incarnation: incarnation,
		Links: []Link{{Index: 1, Name: "a"}, {Index: 2, Name: "b"}},
	}
	for _, n := range names {
		if n != name {
			cfg.Peers = append(cfg.Peers, Peer{Name: n, Addrs: []string{"192.0.2.1:1", "192.0.2.2:1"}})
		}
	}
	return cfg.withDefaults()
}

func newSim(t *testing.T, names ...string) *sim {
	s := &sim{t: t, now: time.Unix(1700000000, 0), cores: make(map[string]*core), frozen: make(map[string]bool)}
	for _, n := range names {
		s.start(n, 1, names...)
	}
	return s
}

func (s *sim) start(name string, incarnation uint64, names ...string) *core {
	c := newCore(simConfig(name, incarnation, names...), []string{"a", "b"}, 1<<40*incarnation+uint64(len(s.cores))<<50, s.now)
	s.cores[name] = c
	return c
}

// until lets the time go by, from event to event, until ok or the limit.
func (s *sim) until(limit time.Duration, ok func() bool) (took time.Duration, found bool) {
	start := s.now
	for {
		if ok() {
			return s.now.Sub(start), true
		}
		if !s.step(start.Add(limit)) {
			return limit, false
		}
	}
}

func (s *sim) run(d time.Duration) { s.until(d, func() bool { return false }) }

// step goes to the next event, or to the end and returns false.
func (s *sim) step(end time.Time) bool {
	at := end
	for _, w := range s.wire {
		if w.at.Before(at) && !s.frozen[w.to] {
			at = w.at
		}
	}
	for name, c := range s.cores {
		if due := c.next(); due.Before(at) && !s.frozen[name] {
			at = due
		}
	}
	if at.After(s.now) {
		s.now = at
	}
	if at.Equal(end) {
		return false
	}
	s.deliver()
	for name, c := range s.cores {
		due := c.next()
		if s.frozen[name] || s.now.Before(due) {
			continue
		}
		if late := s.now.Sub(due); late > c.cfg.Interval {
			c.late(late, s.now)
		}
		s.turn(c)
	}
	return true
}

func (s *sim) turn(c *core) {
	c.judge(s.now)
	for _, d := range c.round(s.now) {
		b, err := decode(d.body)
		if err != nil {
			s.t.Fatal(err)
		}
		to := c.names()[slices.IndexFunc(c.names(), func(n string) bool { return slices.Contains(c.peers[n].links, d.to) })]
		if s.lost == nil || !s.lost(c.cfg.Node, to, d.link) {
			s.wire = append(s.wire, onWire{s.now.Add(simDelay), c.cfg.Node, to, d.link, b})
		}
	}
}

func (s *sim) deliver() {
	var later []onWire
	due := s.wire
	s.wire = nil
	for _, w := range due {
		c := s.cores[w.to]
		switch {
		case w.at.After(s.now) || s.frozen[w.to]:
			later = append(later, w)
		case c != nil:
			c.arrive(&w.beat, w.link, w.from+":1", s.now)
			s.turn(c)
		}
	}
	s.wire = append(later, s.wire...)
}

func (s *sim) peer(at, of string) PeerReport {
	s.t.Helper()
	p, ok := s.cores[at].report(s.now).Peer(of)
	if !ok {
		s.t.Fatalf("%s does not watch %s", at, of)
	}
	return p
}

func (s *sim) mustHear(at, of string) {
	s.t.Helper()
	if p := s.peer(at, of); !p.Heard || p.Suspect {
		s.t.Fatalf("%s hears %s: %t, suspect %t", at, of, p.Heard, p.Suspect)
	}
}

func TestSilentNodeIsSuspect(t *testing.T) {
	s := newSim(t, "n1", "n2", "n3")
	s.run(time.Second)
	s.mustHear("n2", "n1")
	s.mustHear("n3", "n1")
	delete(s.cores, "n1")
	if _, ok := s.until(time.Second, func() bool { return s.peer("n2", "n1").Suspect }); !ok {
		t.Fatal("the silent node never became suspect")
	}
	if took := s.now.Sub(s.peer("n2", "n1").LastBeat); took < 399*time.Millisecond || took > 402*time.Millisecond {
		t.Errorf("suspect %s after the last beat, want 400ms", took)
	}
	// Opinions go out at once: the majority is known within milliseconds.
	took, ok := s.until(time.Second, func() bool {
		return s.cores["n2"].report(s.now).SilentBy("n1", []string{"n1", "n2", "n3"}) == 2
	})
	if !ok || took > 5*time.Millisecond {
		t.Errorf("majority known after a further %s (%t)", took, ok)
	}
	for _, l := range s.peer("n2", "n1").Links {
		if l.State != LinkDown || l.Flaps != 1 {
			t.Errorf("link %d is %s with %d flaps, want down with 1", l.Index, l.State, l.Flaps)
		}
	}
}

func TestCutLinkIsNoSuspicion(t *testing.T) {
	s := newSim(t, "n1", "n2")
	s.run(time.Second)
	s.lost = func(_, _ string, link int) bool { return link == 0 }
	s.run(2 * time.Second)
	s.mustHear("n1", "n2")
	p := s.peer("n1", "n2")
	if p.Links[0].State != LinkDown || p.Links[1].State != LinkUp {
		t.Errorf("links are %s and %s, want down and up", p.Links[0].State, p.Links[1].State)
	}
	s.lost = nil
	s.run(500 * time.Millisecond)
	if p = s.peer("n1", "n2"); p.Links[0].State != LinkUp || p.Links[0].Flaps != 1 {
		t.Errorf("healed link is %s with %d flaps", p.Links[0].State, p.Links[0].Flaps)
	}
}

func TestLossAndRoundTrip(t *testing.T) {
	s := newSim(t, "n1", "n2")
	n := 0
	s.lost = func(_, _ string, link int) bool { n++; return link == 1 && n%5 == 0 }
	s.run(20 * time.Second)
	p := s.peer("n1", "n2")
	if l := p.Links[0]; l.State != LinkUp || l.LossPermille != 0 {
		t.Errorf("good link is %s with %d permille lost", l.State, l.LossPermille)
	}
	if l := p.Links[1]; l.State != LinkLossy || l.LossPermille < 100 || l.LossPermille > 600 {
		t.Errorf("bad link is %s with %d permille lost", l.State, l.LossPermille)
	}
	for _, l := range p.Links {
		if l.RTT < 2*simDelay || l.RTT > 2*simDelay+400*time.Microsecond {
			t.Errorf("link %d: round trip %s, the wire takes %s", l.Index, l.RTT, 2*simDelay)
		}
	}
}

func TestFrozenMonitorAccusesNobody(t *testing.T) {
	s := newSim(t, "n1", "n2", "n3")
	s.run(time.Second)
	s.frozen["n1"] = true
	s.run(5 * time.Second)
	if !s.peer("n2", "n1").Suspect {
		t.Error("the frozen node is not suspect")
	}
	// It wakes with an empty socket: its wire lost all meanwhile.
	s.wire = nil
	s.frozen["n1"] = false
	for end := s.now.Add(time.Second); s.step(end); {
		for _, of := range []string{"n2", "n3"} {
			if s.peer("n1", of).Suspect {
				t.Fatalf("the node that was frozen accuses %s", of)
			}
		}
	}
	if got := s.cores["n1"].counts.LateTicks; got != 1 {
		t.Errorf("%d late ticks, want 1", got)
	}
	s.mustHear("n2", "n1")
}

func TestRecordedBeatsRaiseNobody(t *testing.T) {
	s := newSim(t, "n1", "n2")
	var tape []onWire
	for end := s.now.Add(2 * time.Second); s.step(end); {
		for _, w := range s.wire {
			if w.from == "n1" {
				tape = append(tape, w)
			}
		}
	}
	s.mustHear("n2", "n1")
	delete(s.cores, "n1")
	s.run(time.Second)
	replay := func() {
		for i := range tape {
			b := tape[i].beat
			s.cores["n2"].arrive(&b, tape[i].link, "evil:1", s.now)
		}
	}
	replay()
	if !s.peer("n2", "n1").Suspect || s.cores["n2"].counts.Replayed == 0 {
		t.Error("replayed beats woke the dead")
	}
	// A monitor that has just started knows nothing, and still is not fooled.
	s.start("n2", 2, "n1", "n2")
	replay()
	if p := s.peer("n2", "n1"); p.Heard || s.cores["n2"].counts.Unproven == 0 {
		t.Error("recorded beats fooled a new monitor")
	}
}

func TestRestartedDaemonIsHeardAgain(t *testing.T) {
	s := newSim(t, "n1", "n2")
	s.run(time.Second)
	s.start("n1", 2, "n1", "n2")
	took, ok := s.until(time.Second, func() bool { return s.peer("n2", "n1").Incarnation == 2 })
	if !ok || took > 50*time.Millisecond {
		t.Fatalf("the restarted daemon counts after %s (%t)", took, ok)
	}
	old := sampleBeat()
	old.node, old.boot, old.incarnation, old.sequence = "n1", "boot-n1", 1, 1<<40
	s.cores["n2"].arrive(&old, 0, "old:1", s.now)
	if got := s.cores["n2"].counts.Stale; got != 1 {
		t.Errorf("%d stale beats, want 1", got)
	}
	s.mustHear("n2", "n1")
}

func TestClonesAreReported(t *testing.T) {
	s := newSim(t, "n1", "n2")
	s.run(time.Second)
	clone := sampleBeat()
	clone.node, clone.boot, clone.incarnation, clone.flags = "n1", "another", 9, flagDaemon
	c := s.cores["n2"]
	for i := range 5 {
		clone.sequence = uint64(i + 1)
		c.arrive(&clone, 0, "clone:1", s.now)
		s.run(100 * time.Millisecond)
	}
	if !slices.ContainsFunc(c.notes, func(n note) bool { return n.kind == noteClone && n.node == "n1" }) {
		t.Errorf("no report of the clone among %v", c.notes)
	}
	if p := s.peer("n2", "n1"); p.BootID != "boot-n1" || p.Suspect {
		t.Errorf("the clone took over: boot %s", p.BootID)
	}
	c.notes = nil
	clone.node = "n2"
	for range 5 {
		c.arrive(&clone, 0, "clone:1", s.now)
	}
	if !slices.ContainsFunc(c.notes, func(n note) bool { return n.kind == noteClone && n.node == "n2" }) || c.counts.OwnName != 5 {
		t.Errorf("own name from elsewhere: %d counted, notes %v", c.counts.OwnName, c.notes)
	}
}

func TestQuickRebootIsNoClone(t *testing.T) {
	s := newSim(t, "n1", "n2")
	s.run(time.Second)
	c := s.start("n1", 2, "n1", "n2")
	c.cfg.BootID = "next"
	s.run(time.Second)
	if p := s.peer("n2", "n1"); p.BootID != "next" {
		t.Errorf("boot %s, want next", p.BootID)
	}
	for _, n := range s.cores["n2"].notes {
		if n.kind == noteClone {
			t.Errorf("a reboot was called a clone: %v", n)
		}
	}
}

func TestWhatIsSaidArrives(t *testing.T) {
	s := newSim(t, "n1", "n2")
	s.run(time.Second)
	s.cores["n2"].changed = false
	s.cores["n1"].setSay(Say{Leader: "n2", Leaving: true, Holds: []Hold{{Service: "db", Epoch: 3}}})
	took, ok := s.until(time.Second, func() bool { return s.peer("n2", "n1").Leaving })
	if !ok || took > 15*time.Millisecond {
		t.Errorf("it took %s (%t)", took, ok)
	}
	p := s.peer("n2", "n1")
	if p.Leader != "n2" || fmt.Sprint(p.Holds) != "[{db 3 []}]" || !s.cores["n2"].changed {
		t.Errorf("got leader %q holds %v, changed %t", p.Leader, p.Holds, s.cores["n2"].changed)
	}
}

func TestStrangersAndPeersThatChange(t *testing.T) {
	s := newSim(t, "n1", "n2", "n3")
	c := s.cores["n1"]
	c.setPeers(simConfig("n1", 1, "n1", "n2").Peers, s.now)
	s.run(time.Second)
	s.mustHear("n1", "n2")
	if c.counts.UnknownNode == 0 {
		t.Error("the removed peer's beats are not counted as a stranger's")
	}
	if _, ok := c.report(s.now).Peer("n3"); ok {
		t.Error("a removed peer is still reported")
	}
}

func TestNewMonitorAccusesNobody(t *testing.T) {
	s := newSim(t, "n1", "n2")
	s.lost = func(string, string, int) bool { return true }
	for end := s.now.Add(399 * time.Millisecond); s.step(end); {
		if s.peer("n1", "n2").Suspect {
			t.Fatal("suspect before the time was up")
		}
	}
	s.run(10 * time.Millisecond)
	if p := s.peer("n1", "n2"); !p.Suspect || p.Heard {
		t.Errorf("never heard: suspect %t, heard %t", p.Suspect, p.Heard)
	}
}

func TestSilentBy(t *testing.T) {
	const silence = 400 * time.Millisecond
	voter := func(name string, suspect bool, age time.Duration) PeerReport {
		return PeerReport{Name: name, Heard: true, Suspect: suspect, Hears: map[string]time.Duration{"n1": age}}
	}
	all := []string{"n1", "n2", "n3", "n4"}
	tests := []struct {
		name  string
		peers []PeerReport
		want  int
	}{
		{"all hear it", []PeerReport{voter("n1", false, 0), voter("n3", false, 50*time.Millisecond), voter("n4", false, 0)}, 0},
		{"only we do not", []PeerReport{voter("n1", true, 0), voter("n3", false, 50*time.Millisecond), voter("n4", false, 0)}, 1},
		{"all say so", []PeerReport{voter("n1", true, time.Hour), voter("n3", false, silence), voter("n4", false, time.Hour)}, 3},
		{"a suspect voter's word is void", []PeerReport{voter("n1", true, 0), voter("n3", true, silence), voter("n4", false, silence)}, 2},
		{"a voter that does not watch it", []PeerReport{voter("n1", true, 0), {Name: "n3", Heard: true}, {Name: "n4"}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Report{Node: "n2", Silence: silence, Peers: tt.peers}
			if got := r.SilentBy("n1", all); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
