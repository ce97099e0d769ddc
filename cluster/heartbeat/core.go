package heartbeat

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// freshFor is how old an echoed timestamp of ours may be to prove that
	// the sender is live.
	freshFor = 5 * time.Second
	// roundGap is the least time between two rounds out of turn.
	roundGap = 10 * time.Millisecond
)

// Say is what this node's beats tell the others.
type Say struct {
	Leader  string // whom this node follows, "" for nobody
	Holds   []Hold
	Leaving bool
}

func (s Say) clone() Say {
	s.Holds = slices.Clone(s.Holds)
	for i := range s.Holds {
		s.Holds[i].Opaque = slices.Clone(s.Holds[i].Opaque)
	}
	return s
}

func (s Say) validate() error {
	if len(s.Leader) > maxName {
		return fmt.Errorf("leader %q: at most %d bytes", s.Leader, maxName)
	}
	for _, h := range s.Holds {
		if err := checkName("service", h.Service); err != nil {
			return err
		}
		if len(h.Opaque) > maxOpaque {
			return fmt.Errorf("service %s: %d bytes of its own, at most %d", h.Service, len(h.Opaque), maxOpaque)
		}
	}
	return nil
}

// noteKind says what a note is about.
type noteKind int

const (
	noteRefused noteKind = iota
	noteClone
	noteLate
	noteRead
)

// note is for a callback or the log, neither of which the owner waits for
// (S8).
type note struct {
	kind   noteKind
	node   string // of a clone; the link of a read error
	addr   string
	reason string
}

// core is the monitor's state. It reads no clock and does no I/O: one
// goroutine owns it and says what time it is.
type core struct {
	cfg     Config
	cluster [8]byte
	local   []string // bound address per link
	silence time.Duration

	start time.Time
	base  uint64 // our timestamps begin here; random, so that no other run's fit

	peers    map[string]*peer
	say      Say
	sequence uint64
	counts   Counters

	lastTurn   time.Time // when judge ran last
	nextRound  time.Time // when the next regular round is due
	lastUrgent time.Time
	urgent     bool // a round is wanted out of turn
	changed    bool // something worth a signal happened
	notes      []note

	ownTurns int // signs of another sender with this node's name
	ownAt    time.Time
}

func newCore(cfg Config, local []string, base uint64, now time.Time) *core {
	c := &core{
		cfg: cfg, cluster: clusterHash(cfg.ClusterID), local: local, silence: cfg.silence(),
		start: now, base: base, lastTurn: now, nextRound: now, peers: make(map[string]*peer),
	}
	c.setPeers(cfg.Peers, now)
	return c
}

// begin starts the watch.
func (c *core) begin(now time.Time) {
	c.lastTurn, c.nextRound = now, now
	for _, p := range c.peers {
		p.begin(now)
	}
}

// setPeers changes whom to watch; a peer that stays keeps its state.
func (c *core) setPeers(list []Peer, now time.Time) {
	next := make(map[string]*peer, len(list))
	for _, p := range list {
		known := c.peers[p.Name]
		if known == nil {
			known = newPeer(p, len(c.cfg.Links), now)
		} else {
			known.readdress(p)
		}
		next[p.Name] = known
	}
	c.peers = next
	c.changed, c.urgent = true, true
}

func (c *core) setSay(s Say) {
	c.say = s
	c.urgent = true
}

// stamp is our clock as beats carry it.
func (c *core) stamp(now time.Time) uint64 { return c.base + uint64(now.Sub(c.start)) }

// sinceStamp is the age of one of our stamps; false if this run did not send
// it lately.
func (c *core) sinceStamp(stamp uint64, now time.Time) (time.Duration, bool) {
	age := int64(c.stamp(now) - stamp)
	return time.Duration(age), stamp >= c.base && age >= 0 && age <= int64(freshFor)
}

// arrive takes an authentic beat from the link with that place.
func (c *core) arrive(b *beat, link int, from string, at time.Time) {
	if b.node == c.cfg.Node {
		c.ownName(b, from, at)
		return
	}
	p := c.peers[b.node]
	switch {
	case p == nil:
		c.refuse(&c.counts.UnknownNode, from, "node "+b.node+" is no peer; check the cluster's members")
	case b.flags&flagDaemon == 0:
		c.refuse(&c.counts.UnknownNode, from, "a beat of "+b.node+" that is not its daemon's")
	case p.proven && c.older(p, b):
		if b.boot != p.boot {
			p.rival(at)
		}
		c.refuse(&c.counts.Stale, from, "a beat of a former run of "+b.node)
	case !p.proven || b.incarnation > p.incarnation:
		c.newcomer(p, b, link, from, at)
	default:
		c.count(p, b, link, from, at)
	}
}

// older is also true of another boot that claims the same incarnation.
func (c *core) older(p *peer, b *beat) bool {
	return b.incarnation < p.incarnation || b.incarnation == p.incarnation && b.boot != p.boot
}

// newcomer handles the first beats of an incarnation: they count once they
// echo one of our own timestamps. Our next beat, sent at once, carries what
// the peer needs for the same.
func (c *core) newcomer(p *peer, b *beat, link int, from string, at time.Time) {
	if _, fresh := c.sinceStamp(b.echo, at); !fresh {
		c.counts.Unproven++
		if p.proven && b.boot != p.boot {
			p.rival(at)
		}
		p.links[link].echo, p.links[link].echoAt = b.sent, at
		c.urgent = true
		return
	}
	p.adopt(b)
	c.changed, c.urgent = true, true
	c.count(p, b, link, from, at)
}

// count takes a beat of the incarnation that counts.
func (c *core) count(p *peer, b *beat, link int, from string, at time.Time) {
	l := p.links[link]
	o, changed := l.hear(b.sequence, c.cfg.Interval, at)
	switch o {
	case orderSeen:
		c.refuse(&c.counts.Replayed, from, "a beat of "+p.name+" that came before")
		return
	case orderLate:
		return
	case orderNew:
	}
	if rtt, fresh := c.sinceStamp(b.echo, at); fresh && b.hold >= 0 {
		l.measure(rtt - b.hold)
	}
	l.echo, l.echoAt = b.sent, at
	wasSuspect := p.suspect
	if p.hear(b, c.silence, at) || changed {
		c.changed = true
	}
	if wasSuspect {
		c.urgent = true
	}
	if p.tookTurns(at) {
		c.notes = append(c.notes, note{kind: noteClone, node: p.name, addr: from, reason: "two machines send beats under this name; stop the copy"})
	}
}

// ownName handles a beat that carries this node's name: our own come back, or
// another machine that goes by it.
func (c *core) ownName(b *beat, from string, at time.Time) {
	c.counts.OwnName++
	if b.boot == c.cfg.BootID && b.incarnation == c.cfg.Incarnation {
		return
	}
	if at.Sub(c.ownAt) > cloneTime {
		c.ownTurns = 0
	}
	c.ownAt = at
	if c.ownTurns++; c.ownTurns >= cloneSigns {
		c.notes = append(c.notes, note{kind: noteClone, node: b.node, addr: from, reason: "another machine sends beats under this node's name; stop the copy"})
	}
}

func (c *core) refuse(counter *uint64, from, reason string) {
	*counter++
	c.notes = append(c.notes, note{addr: from, reason: reason})
}

// late discards the time in which this process did not run: nobody's silence
// counts for it.
func (c *core) late(by time.Duration, now time.Time) {
	c.counts.LateTicks++
	for _, p := range c.peers {
		p.forgive(by, now)
	}
}

// judge finds whoever has been silent for too long.
func (c *core) judge(now time.Time) {
	c.lastTurn = now
	for _, p := range c.peers {
		changed, suspected := p.judge(c.silence, now)
		c.changed = c.changed || changed
		c.urgent = c.urgent || suspected
	}
}

// next is when the core wants to run again, not before its last turn.
func (c *core) next() time.Time {
	at := c.nextRound
	if soon := c.lastUrgent.Add(roundGap); c.urgent && soon.Before(at) {
		at = soon
	}
	for _, p := range c.peers {
		if t, ok := p.deadline(c.silence); ok && t.Before(at) {
			at = t
		}
	}
	if at.Before(c.lastTurn) {
		return c.lastTurn
	}
	return at
}

func (c *core) names() []string { return slices.Sorted(maps.Keys(c.peers)) }

func (c *core) report(now time.Time) *Report {
	r := &Report{At: now, Node: c.cfg.Node, Silence: c.silence, Counters: c.counts}
	for _, name := range c.names() {
		r.Peers = append(r.Peers, c.peers[name].report(c, now))
	}
	r.refresh(now)
	return r
}
