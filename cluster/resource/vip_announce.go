package resource

import (
	"net/netip"
	"time"
)

// Announcer is a Resource that its neighbours remember: who heals a network tells it, so that they learn anew.
type Announcer interface {
	// Announce tells the neighbours where the service is, if it is here. It does not wait.
	Announce(reason string)
}

// triggerGap is the least time between the beginnings of two rows of announcements: events may come in swarms.
const triggerGap = 2 * time.Second

// announcer says when neighbours are to be told: a row at once after each trigger, and one now and then in between, for
// those that a network has kept from hearing and that nobody can see come back.
type announcer struct {
	options announceOptions
	gap     time.Duration
	left    int       // of the present row, or of the one that begins at next
	again   bool      // another row follows the present one
	next    time.Time // zero: never
	row     time.Time // when the last row began
}

// trigger begins a row, now or as soon as the gap allows. A row that has begun goes on, and a whole one follows it.
func (a *announcer) trigger(now time.Time) {
	switch a.left {
	case 0:
		a.begin(now)
	case a.options.Count: // it is to begin
	default:
		a.again = true
	}
}

func (a *announcer) begin(now time.Time) {
	a.left, a.next = a.options.Count, now
	if soonest := a.row.Add(a.gap); !a.row.IsZero() && now.Before(soonest) {
		a.next = soonest
	}
}

// due says whether it is time, and counts.
func (a *announcer) due(now time.Time) bool {
	if a.next.IsZero() || now.Before(a.next) {
		return false
	}
	if a.left == a.options.Count {
		a.row = now
	}
	a.left = max(a.left-1, 0)
	switch {
	case a.left > 0:
		a.next = now.Add(a.options.Interval)
	case a.again:
		a.again = false
		a.begin(now.Add(a.options.Interval))
	case a.options.Refresh > 0:
		a.next = now.Add(a.options.Refresh)
	default:
		a.next = time.Time{}
	}
	return true
}

// gatewayWatch asks a neighbour and counts what it leaves unanswered.
type gatewayWatch struct {
	options gatewayOptions
	address netip.Addr // not valid: there is none to ask
	at      mac        // where it answered; zero: not known, all are asked
	next    time.Time
	asked   int // in a row without answer
}

// due is when to ask next; zero: never.
func (g *gatewayWatch) due() time.Time {
	if !g.address.IsValid() {
		return time.Time{}
	}
	return g.next
}

// ask says whether to ask now, or that the neighbour is lost.
func (g *gatewayWatch) ask(now time.Time) (ask, lost bool) {
	if !g.address.IsValid() || now.Before(g.next) {
		return false, false
	}
	if g.asked >= g.options.Misses {
		return false, true
	}
	if g.asked > 0 {
		g.at = mac{} // perhaps another machine has its address by now
	}
	g.asked++
	g.next = now.Add(g.options.Interval)
	return true, false
}

func (g *gatewayWatch) answered(by mac) { g.at, g.asked = by, 0 }
