package heartbeat

import (
	"maps"
	"net"
	"slices"
	"time"
)

const (
	// A link is lossy from lossyFrom permille on, counted over at least
	// lossyOver beats, and up again at lossyTo.
	lossyFrom = 50
	lossyTo   = 20
	lossyOver = 20

	// cloneSigns is how often two boots of one name must take turns within
	// cloneTime to be called clones: a quick reboot shows fewer.
	cloneSigns = 3
	cloneTime  = 10 * time.Second
)

// peer is what the core knows of another node.
type peer struct {
	name  string
	links []*peerLink

	// Whose beats count: the newest incarnation that proved to be live.
	proven      bool
	boot        string
	incarnation uint64

	// What its newest beat said.
	sequence uint64
	flags    byte
	leader   string
	hears    map[string]time.Duration
	silent   []string // of these, the ones over the limit
	holds    []Hold

	since    time.Time // when the watch began
	lastBeat time.Time
	quiet    time.Time // silence counts from here: last beat, plus what was forgiven
	suspect  bool

	rivalAt time.Time // an authentic beat of another boot, since the last beat that counted
	turns   int       // how often the two took turns
	turnAt  time.Time
}

// peerLink is the way to a peer on one link.
type peerLink struct {
	addr     *net.UDPAddr // nil: none
	window   window
	state    LinkState
	changed  time.Time
	lastBeat time.Time
	quiet    time.Time
	rtt      time.Duration
	flaps    uint64
	sent     uint64
	received uint64

	echo   uint64 // what to echo on this link
	echoAt time.Time
}

func newPeer(p Peer, links int, now time.Time) *peer {
	out := &peer{name: p.Name, since: now, quiet: now}
	for range links {
		out.links = append(out.links, &peerLink{quiet: now, changed: now})
	}
	out.readdress(p)
	return out
}

func (p *peer) readdress(to Peer) {
	for i, l := range p.links {
		l.addr = nil
		if i < len(to.Addrs) && to.Addrs[i] != "" {
			l.addr, _ = resolve(to.Addrs[i]) // checked by the configuration
		}
	}
}

// adopt begins a new incarnation.
func (p *peer) adopt(b *beat) {
	p.proven, p.boot, p.incarnation, p.sequence = true, b.boot, b.incarnation, 0
	p.hears, p.silent, p.holds = nil, nil, nil
	for _, l := range p.links {
		l.window = window{}
	}
}

// hear takes a beat that counts; it reports whether anything changed that
// others should know at once.
func (p *peer) hear(b *beat, silence time.Duration, now time.Time) (changed bool) {
	p.lastBeat, p.quiet = now, now
	if p.suspect {
		p.suspect, changed = false, true
	}
	if b.sequence <= p.sequence {
		return changed // its twin on another link was here first
	}
	p.sequence = b.sequence
	hears, silent := toHears(b.hears, silence)
	if b.leader != p.leader || (b.flags^p.flags)&flagLeaving != 0 || !slices.Equal(silent, p.silent) {
		changed = true
	}
	p.flags, p.leader, p.hears, p.silent, p.holds = b.flags, b.leader, hears, silent, b.holds
	return changed
}

func toHears(list []hears, silence time.Duration) (all map[string]time.Duration, silent []string) {
	all = make(map[string]time.Duration, len(list))
	for _, h := range list {
		age := time.Duration(h.ageMS) * time.Millisecond
		all[h.node] = age
		if age >= silence {
			silent = append(silent, h.node)
		}
	}
	slices.Sort(silent)
	return all, silent
}

// hear takes a beat's arrival on this link. Only a new one is a sign of life.
func (l *peerLink) hear(sequence uint64, interval time.Duration, now time.Time) (o order, changed bool) {
	o = l.window.take(sequence)
	if o == orderSeen {
		return o, false
	}
	l.received++
	if o == orderLate {
		return o, false
	}
	if l.state == LinkDown {
		l.window.first = sequence // the outage is a flap, not loss
	}
	l.lastBeat, l.quiet = now, now
	return o, l.setState(l.judge(interval, now), now)
}

// judge tells a lossy link from a good one.
func (l *peerLink) judge(interval time.Duration, now time.Time) LinkState {
	loss := l.loss(interval, now)
	switch {
	case loss >= lossyFrom && l.window.high-l.window.first >= lossyOver:
		return LinkLossy
	case loss > lossyTo && l.state == LinkLossy:
		return LinkLossy
	}
	return LinkUp
}

// loss counts what is overdue as lost, but for the beat that may be on its
// way.
func (l *peerLink) loss(interval time.Duration, now time.Time) int {
	overdue := max(now.Sub(l.quiet)/interval-1, 0)
	return l.window.loss(uint64(overdue))
}

// watched is false for a link that the peer does not have.
func (l *peerLink) watched() bool { return l.addr != nil || l.state != LinkUnknown }

func (l *peerLink) setState(s LinkState, now time.Time) (changed bool) {
	if s == l.state {
		return false
	}
	if s == LinkDown && l.state != LinkUnknown {
		l.flaps++
	}
	l.state, l.changed = s, now
	return true
}

// measure takes a round trip; the mean moves by an eighth, as TCP's does
// (RFC 6298).
func (l *peerLink) measure(rtt time.Duration) {
	if rtt < 0 {
		return
	}
	if l.rtt == 0 {
		l.rtt = max(rtt, 1)
		return
	}
	l.rtt += (rtt - l.rtt) / 8
}

// judge finds links and the peer itself silent for too long.
func (p *peer) judge(silence time.Duration, now time.Time) (changed, suspected bool) {
	for _, l := range p.links {
		if l.watched() && now.Sub(l.quiet) >= silence {
			changed = l.setState(LinkDown, now) || changed
		}
	}
	if !p.suspect && now.Sub(p.quiet) >= silence {
		p.suspect = true
		return true, true
	}
	return changed, false
}

// deadline is when judge may next find something.
func (p *peer) deadline(silence time.Duration) (at time.Time, ok bool) {
	sooner := func(quiet time.Time) {
		if t := quiet.Add(silence); !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	if !p.suspect {
		sooner(p.quiet)
	}
	for _, l := range p.links {
		if l.watched() && l.state != LinkDown {
			sooner(l.quiet)
		}
	}
	return at, ok
}

// begin starts all clocks of silence anew.
func (p *peer) begin(now time.Time) {
	p.since, p.quiet = now, now
	for _, l := range p.links {
		l.quiet, l.changed = now, now
	}
}

// forgive shifts all clocks of silence.
func (p *peer) forgive(late time.Duration, now time.Time) {
	shift := func(t time.Time) time.Time {
		if t = t.Add(late); t.After(now) {
			return now
		}
		return t
	}
	p.quiet = shift(p.quiet)
	for _, l := range p.links {
		l.quiet = shift(l.quiet)
	}
}

// rival notes an authentic beat of another boot under this name.
func (p *peer) rival(now time.Time) { p.rivalAt = now }

// tookTurns reports, at a beat that counts, that two boots live under this
// name: they have taken turns several times.
func (p *peer) tookTurns(now time.Time) bool {
	if p.rivalAt.IsZero() {
		return false
	}
	p.rivalAt = time.Time{}
	if now.Sub(p.turnAt) > cloneTime {
		p.turns = 0
	}
	p.turnAt = now
	p.turns++
	return p.turns >= cloneSigns
}

func (p *peer) report(c *core, now time.Time) PeerReport {
	r := PeerReport{
		Name: p.name, BootID: p.boot, Incarnation: p.incarnation,
		Heard: p.proven, LastBeat: p.lastBeat, Since: p.since, Suspect: p.suspect,
		Leaving: p.flags&flagLeaving != 0, Leader: p.leader,
		Hears: maps.Clone(p.hears), Holds: slices.Clone(p.holds), HoldsCut: p.flags&flagHoldsCut != 0,
	}
	for i, l := range p.links {
		r.Links = append(r.Links, LinkStatus{
			Index: c.cfg.Links[i].Index, Name: c.cfg.Links[i].Name, State: l.state,
			RTT: l.rtt, LossPermille: l.loss(c.cfg.Interval, now),
			Sent: l.sent, Received: l.received, Flaps: l.flaps,
			LastBeat: l.lastBeat, LastChange: l.changed,
			Local: c.local[i], Remote: addrString(l.addr),
		})
	}
	return r
}

func addrString(a *net.UDPAddr) string {
	if a == nil {
		return ""
	}
	return a.String()
}
