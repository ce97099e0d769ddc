package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib/snmp"
)

// delivery sends to one sink, in order, at most Window at a time, while this node leads.
type delivery struct {
	notifier *Notifier
	sink     cluster.Sink
	target   snmp.Target
	user     snmp.User
	cursors  *cursors
	log      *logrus.Entry

	status cluster.SinkStatus // only the delivery's own goroutine touches it
}

// Pace of an unanswered INFORM: it is sent again after 1 s, 2 s, 4 s ... 30 s.
const (
	informWait    = time.Second
	informWaitMax = 30 * time.Second
	// sinkFailedAfter is how long a sink may be silent before that is an event.
	sinkFailedAfter = 10 * time.Second
)

// run sends what lies behind the cursor, and what comes, until ctx ends.
func (d *delivery) run(ctx context.Context) {
	d.cursors.begin(d.sink.Name, d.status)
	for ctx.Err() == nil {
		changed := d.notifier.source.Changed()
		events, err := d.notifier.source.Events(d.status.Cursor, max(d.sink.Window, 1))
		if err != nil || len(events) == 0 {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		if d.sleptThrough(events[0]) {
			d.catchUp(ctx)
			continue
		}
		d.batch(ctx, events)
	}
}

// batch sends some events side by side and moves the cursor behind those that are done, in order.
func (d *delivery) batch(ctx context.Context, events []cluster.Event) {
	if first := events[0].Seq; first > d.status.Cursor+1 {
		d.status.Lost += uint64(first - d.status.Cursor - 1)
		d.log.WithField("from", d.status.Cursor+1).WithField("to", first-1).Error("events aged out before they could be sent")
	}
	prev, done := d.status.Cursor, make([]bool, len(events))
	var flight sync.WaitGroup
	for i, e := range events {
		if !d.wanted(e) {
			done[i] = true
			continue
		}
		before := prev
		prev = e.Seq
		flight.Go(func() { done[i] = d.deliver(ctx, e, before) })
	}
	flight.Wait()
	for i, e := range events {
		if !done[i] {
			break
		}
		d.status.Cursor = e.Seq
	}
	d.cursors.put(d.sink.Name, d.status)
}

// wanted is the sink's filter: its channel, and for stories a least severity.
func (d *delivery) wanted(e cluster.Event) bool {
	state := e.Type == cluster.EventAlarmRaised || e.Type == cluster.EventAlarmCleared
	switch d.sink.Channel {
	case cluster.ChannelState:
		return state
	case cluster.ChannelStory:
		return !state && e.Severity >= d.sink.MinSeverity
	}
	return state || e.Severity >= d.sink.MinSeverity
}

// deliver sends one event; true if it is done with: acknowledged, sent as a trap, or given up.
func (d *delivery) deliver(ctx context.Context, e cluster.Event, prev cluster.Seq) bool {
	n := d.notifier
	m := message{cluster: n.source.Snapshot().State, prev: prev, address: localAddress(d.target.Address), now: time.Now()}
	m.uptime = n.engine.Load().uptime()
	binds, ok := m.varbinds(e)
	if !ok {
		return true
	}
	n.counts.sent.Add(1)
	if d.sink.Kind == cluster.SinkTrap {
		if err := n.sender.Trap(ctx, d.target, d.user, binds); err != nil {
			d.log.WithError(err).Warn("trap was not sent")
			return ctx.Err() == nil // a trap is not repeated: nobody would know
		}
		d.cursors.sent(d.sink.Name)
		return true
	}
	return d.inform(ctx, e, m, binds)
}

// inform repeats until the sink acknowledges, the sink's patience ends, or this node leads no more.
func (d *delivery) inform(ctx context.Context, e cluster.Event, m message, binds []snmp.Varbind) bool {
	n := d.notifier
	for wait := informWait; ctx.Err() == nil; wait = min(2*wait, informWaitMax) {
		bound, cancel := context.WithTimeout(ctx, wait)
		err := n.sender.Inform(bound, d.target, d.user, binds)
		<-expired(bound, err)
		cancel()
		d.cursors.sent(d.sink.Name)
		if err == nil {
			n.counts.acked.Add(1)
			d.cursors.acked(d.sink.Name)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if d.sink.GiveUp > 0 && time.Since(e.Time) > d.sink.GiveUp {
			n.counts.lost.Add(1)
			d.cursors.lost(d.sink.Name, err)
			d.log.WithError(err).WithField("event", e.Seq).Error("gave up: the sink did not acknowledge in time")
			return true
		}
		n.counts.retries.Add(1)
		d.cursors.retried(d.sink.Name, err)
		m.now = time.Now()
		if again, ok := m.varbinds(e); ok {
			binds = again // hawserNotifyDelay tells the truth
		}
	}
	return false
}

// expired is closed at once after an acknowledgement, and else at the end of the wait: a sink that refuses at once is not
// asked in a tight loop.
func expired(ctx context.Context, err error) <-chan struct{} {
	if err == nil {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	return ctx.Done()
}

// localAddress is the address from which the kernel would send to the target: snmpTrapAddress is IPv4 by its syntax, an
// IPv6 sender shows 0.0.0.0 (RFC 3584 section 3.1).
func localAddress(target netip.AddrPort) netip.Addr {
	none := netip.AddrFrom4([4]byte{})
	conn, err := net.Dial("udp", target.String())
	if err != nil {
		return none
	}
	defer func() { _ = conn.Close() }() // nothing was sent on it
	addr, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil || !addr.Addr().Unmap().Is4() {
		return none
	}
	return addr.Addr().Unmap()
}

var errSinkSilent = errors.New("the sink does not acknowledge: check that its program runs and knows the user (hawser export users)")

// sinkEvent tells that a sink fell silent, or answers again.
func sinkEvent(name string, failed bool, silent time.Duration, cause string) cluster.Event {
	e := cluster.Event{
		ComponentType: cluster.ComponentSink, ComponentName: name, Reaction: cluster.ReactedNone,
		Result: cluster.ResultSucceeded, Duration: silent, AlarmKey: "sink/" + name,
	}
	if failed {
		e.Type, e.Severity, e.Raise = cluster.EventSinkFailed, cluster.SeverityMinor, cluster.SeverityMinor
		e.Error = fmt.Sprintf("%s; %s", errSinkSilent, cause)
		e.Summary = fmt.Sprintf("sink %s has not acknowledged for %s; its events wait", name, silent.Round(time.Second))
		return e
	}
	e.Type, e.Severity, e.Clear = cluster.EventSinkRestored, cluster.SeverityInfo, true
	e.Summary = "sink " + name + " acknowledges again"
	return e
}
