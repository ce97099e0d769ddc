package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"hawser/cluster"
	"hawser/mib/snmp"
)

// Pace of an unanswered INFORM: it is sent again after 1 s, 2 s, 4 s ... 30 s.
const (
	informWait    = time.Second
	informWaitMax = 30 * time.Second
	// sinkFailedAfter is how long a sink may be silent before that is an event.
	sinkFailedAfter = 10 * time.Second
)

var errDeposed = errors.New("this node leads no more")

// deliver sends one event, again and again, until the sink acknowledges, its patience ends, it has slept too long, or ctx
// ends. A trap is done with when it was sent. A sink that gets states after an outage has nothing to be given up.
func (d *delivery) deliver(ctx context.Context, e cluster.Event, prev cluster.Seq) end {
	began := time.Now()
	for wait, again := informWait, false; ; again = true {
		err := d.attempt(ctx, e, prev, wait, again)
		switch {
		case err == nil:
			return delivered
		case ctx.Err() != nil:
			return interrupted
		case d.sink.GiveUp > 0 && time.Since(e.Time) > d.sink.GiveUp && !d.restates():
			d.notifier.counts.lost.Add(1)
			d.cursors.failed(d.sink.Name, err)
			d.cursors.lost(d.sink.Name, e.Seq, e.Seq)
			d.log.WithError(err).WithField("event", e.Seq).Error("gave up: the sink did not acknowledge in time")
			return givenUp
		}
		d.cursors.failed(d.sink.Name, err)
		if d.restates() && time.Since(began) > outage {
			return stale
		}
		wait = d.pace(wait)
	}
}

// pace is how long the next attempt waits. A sink that acknowledged something not long ago is there: packets were lost, and
// it is asked again soon; one that is silent is asked ever more rarely.
func (d *delivery) pace(wait time.Duration) time.Duration {
	if last := d.answered.Load(); last != nil && time.Since(*last) < sinkFailedAfter {
		return informWait
	}
	return min(2*wait, informWaitMax)
}

// attempt sends once, with the delay as it is now, and waits for the acknowledgement. After an error it lets the rest of
// the wait pass: a sink that refuses at once is not asked in a tight loop.
func (d *delivery) attempt(ctx context.Context, e cluster.Event, prev cluster.Seq, wait time.Duration, again bool) error {
	bound, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err := d.send(bound, e, prev, again)
	if err != nil {
		d.turn.Add(1)
		<-bound.Done()
		return err
	}
	if d.sink.Kind == cluster.SinkInform {
		d.notifier.counts.acked.Add(1)
		now := time.Now()
		d.answered.Store(&now)
	}
	d.cursors.acked(d.sink.Name, d.sink.Kind == cluster.SinkInform)
	return nil
}

func (d *delivery) send(ctx context.Context, e cluster.Event, prev cluster.Seq, again bool) error {
	n := d.notifier
	target, err := d.target(ctx)
	if err != nil {
		return err
	}
	snapshot := n.source.Snapshot()
	if !leadsWith(d.boots)(snapshot) {
		return errDeposed // our successor sends it
	}
	m := message{
		cluster: snapshot.State, prev: prev, uptime: n.engine.Load().uptime(),
		address: localAddress(target.Address), now: time.Now(), rows: n.rows,
	}
	d.count(again)
	if d.sink.Kind == cluster.SinkTrap {
		return n.sender.Trap(ctx, target, d.secret.user, m.varbinds(e))
	}
	return n.sender.Inform(ctx, target, d.secret.user, m.varbinds(e))
}

// count counts what goes on the wire.
func (d *delivery) count(again bool) {
	if again {
		d.notifier.counts.retries.Add(1)
		d.cursors.retried(d.sink.Name)
		return
	}
	d.notifier.counts.sent.Add(1)
	d.cursors.sent(d.sink.Name)
}

// target is where the sink is now; a name is looked up each time, because it may move.
func (d *delivery) target(ctx context.Context) (snmp.Target, error) {
	target := snmp.Target{Version: snmp.V3, Community: d.secret.community}
	if d.sink.Version == "v2c" {
		target.Version = snmp.V2c
	}
	var err error
	if target.Address, err = netip.ParseAddrPort(d.sink.Address); err == nil {
		return target, nil
	}
	target.Address, err = lookUp(ctx, d.sink.Address, d.turn.Load())
	return target, err
}

// lookUp finds the address of "host:port". Of many it is the turn of one.
func lookUp(ctx context.Context, address string, turn uint32) (netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q: %w: write it as 10.0.0.1:162", address, err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q: %w", address, err)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	switch {
	case err != nil:
		return netip.AddrPort{}, fmt.Errorf("address %q: %w: write it as a number, or repair the name service", address, err)
	case len(found) == 0:
		return netip.AddrPort{}, fmt.Errorf("address %q: %w", address, errors.New("the name has no address"))
	}
	return netip.AddrPortFrom(found[int(turn)%len(found)].Unmap(), uint16(port)), nil
}

// localAddress is the address from which the kernel would send to the target: snmpTrapAddress is IPv4 by its syntax, an
// IPv6 sender shows 0.0.0.0 (RFC 3584 section 3.1).
func localAddress(target netip.AddrPort) netip.Addr {
	none := netip.AddrFrom4([4]byte{})
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(target))
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
