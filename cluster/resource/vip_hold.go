package resource

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
)

// hold is one time in which this node has the address.
type hold struct {
	options vipSettings
	gap     time.Duration // of the announcer
	log     *logrus.Entry
	report  func(Exit)

	kernel  kernel
	link    netlink.Link // as it was at the start
	device  string
	speak   dialect
	wire    *wire
	changes *nl.NetlinkSocket

	began     time.Time
	begun     atomic.Bool // the address was added
	requested atomic.Bool // a stop was asked for
	ended     chan struct{}
	end       sync.Once // guards ended and the report

	cancel context.CancelFunc
	tasks  sync.WaitGroup // the tender and the two readers
	news   chan string    // one: what comes while one waits says the same
	seen   chan change    // unbuffered: the reader waits, the kernel's buffer holds
	heard  chan claim     // unbuffered, likewise

	// What follows belongs to the tender once it runs.
	from      mac
	announcer announcer
	gateway   gatewayWatch
	silent    map[netip.Addr]bool // neighbours that did not answer
	defended  time.Time
	check     time.Time // when to look without being told
}

// claim is somebody's word that an address is his.
type claim struct {
	address netip.Addr
	by      mac
}

const (
	// checkEvery is how often a hold looks at address and interface without being told of a change.
	checkEvery = time.Second
	// defendEvery bounds the answers to another host with our address (RFC 5227, section 1.1: DEFEND_INTERVAL).
	defendEvery = 10 * time.Second
	// probes is how many questions a start asks about the address, and probeStep how long it listens at a time.
	probes    = 3
	probeStep = 20 * time.Millisecond
)

// newHold opens what a hold needs: all that can lack a privilege, before anything is changed. It owns k when it succeeds.
func (v *vip) newHold(k kernel, link netlink.Link) (*hold, error) {
	a := link.Attrs()
	from, _ := asMAC(a.HardwareAddr) // fit has looked
	h := &hold{
		options: v.options, gap: v.gap, log: v.log, report: v.report, kernel: k, link: link, device: a.Name, speak: dialectOf(v.own()),
		from: from, ended: make(chan struct{}), cancel: func() {},
		news: make(chan string, 1), seen: make(chan change), heard: make(chan claim), silent: map[netip.Addr]bool{},
	}
	err := k.handle.SetSocketTimeout(kernelWait) // it outlives the start's own limit
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	if h.wire, err = openWire(a.Index, v.own()); err != nil {
		return nil, err
	}
	if h.changes, err = subscribe(); err != nil {
		return nil, errors.Join(err, h.wire.close())
	}
	return h, nil
}

// conflict asks the link whether another host has the address. That none of our nodes has it is proven by the lease (S1,
// S2); this finds a stranger, or a machine that everybody took for dead. RFC 5227 would ask for five to nine seconds; a
// host on the same link answers within a millisecond, and one that is slower is found by the hold itself (claimed).
func (h *hold) conflict(ctx context.Context, killed <-chan struct{}) error {
	var other mac
	own, wait := h.options.prefix.Addr(), h.options.ConflictWait
	began := time.Now()
	for sent := 0; time.Since(began) < wait; {
		if closed(killed) || ctx.Err() != nil {
			return errors.Join(ErrKilled, context.Cause(ctx))
		}
		if sent < probes && time.Since(began) >= wait*time.Duration(sent)/probes {
			sent++
			if err := h.wire.send(h.speak.probe(h.from)); err != nil {
				return fmt.Errorf("ask on %s whether %s is free: %w", h.device, own, err)
			}
		}
		err := h.wire.listen(time.Now().Add(probeStep), func(frame []byte) bool {
			if a, by, ok := h.speak.claim(frame); ok && a == own && by != h.from {
				other = by
			}
			return other == mac{}
		})
		if err != nil {
			return fmt.Errorf("listen on %s whether %s is free: %w", h.device, own, err)
		}
		if other != (mac{}) {
			return fmt.Errorf("%s is in use: a host with MAC address %s on the network of %s has it: take it away there, or choose another address",
				own, other, h.device)
		}
	}
	return nil
}

// begin announces the address, which was just added, and watches it.
func (h *hold) begin() {
	h.began = time.Now()
	h.announcer = announcer{options: h.options.Announce, gap: h.gap}
	h.gateway = gatewayWatch{options: h.options.Gateway, address: h.options.gateway, next: h.began}
	h.check = h.began.Add(checkEvery)
	h.begun.Store(true)
	h.announcer.trigger(h.began)
	h.announce(h.began)
	ctx, cancel := context.WithCancel(context.Background()) // until finish
	h.cancel = cancel
	h.tasks.Go(func() { h.tend(ctx) })
	h.tasks.Go(func() { h.follow(ctx) })
	h.tasks.Go(func() { h.listen(ctx) })
}

// finish ends what watched the address, which is gone, and says that it was asked to.
func (h *hold) finish() {
	h.cancel()
	_ = h.wire.close() // what it could fail at was for the address
	h.changes.Close()
	h.tasks.Wait()
	h.kernel.close()
	if h.begun.Load() {
		h.over("asked to stop")
	}
}

// over ends the run: it says so once.
func (h *hold) over(reason string) {
	h.end.Do(func() {
		close(h.ended)
		now := time.Now()
		h.report(Exit{Code: -1, Reason: reason, Requested: h.requested.Load(), At: now, Uptime: now.Sub(h.began)})
	})
}

func (h *hold) alive() bool { return !closed(h.ended) }

// nudge asks for announcements, because neighbours may remember another node.
func (h *hold) nudge(reason string) {
	select {
	case h.news <- reason:
	default:
	}
}

// tend keeps the neighbours told and sees the end of the hold.
func (h *hold) tend(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var cause error
		select {
		case <-ctx.Done():
			return
		case c := <-h.seen:
			cause = h.changed(c, time.Now())
		case c := <-h.heard:
			h.claimed(c, time.Now())
		case reason := <-h.news:
			h.again(reason, time.Now())
		case <-timer.C:
			cause = h.due(time.Now())
		}
		if cause != nil {
			h.over(cause.Error())
			return
		}
		timer.Reset(time.Until(h.next()))
	}
}

// next is when something is due.
func (h *hold) next() time.Time {
	next := h.check
	for _, t := range []time.Time{h.announcer.next, h.gateway.due()} {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	return next
}

// due does what it is time for; an error ends the hold.
func (h *hold) due(now time.Time) error {
	h.announce(now)
	if !now.Before(h.check) {
		h.check = now.Add(checkEvery)
		if err := h.verify(now); err != nil {
			return err
		}
	}
	ask, lost := h.gateway.ask(now)
	if lost {
		return fmt.Errorf("gateway %s does not answer on %s, %d times in a row", h.options.gateway, h.device, h.options.Gateway.Misses)
	}
	if ask {
		if err := h.wire.send(h.speak.solicit(h.from, h.gateway.at, h.options.gateway)); err != nil {
			h.log.WithError(err).Debug("the gateway could not be asked")
		}
	}
	return nil
}

// announce sends what is due.
func (h *hold) announce(now time.Time) {
	if !h.announcer.due(now) {
		return
	}
	if err := h.wire.send(h.speak.announce(h.from, h.options.prefix.Addr().Is6() && forwards(h.device))...); err != nil {
		h.log.WithError(err).Warn("neighbours could not be told where the virtual address is; trying again")
	}
}

// again begins a new row of announcements.
func (h *hold) again(reason string, now time.Time) {
	h.log.WithField("reason", reason).Debug("announcing the virtual address again")
	h.announcer.trigger(now)
}

// claimed takes somebody's word: the gateway's is its answer, and another host's with our address a conflict. We keep the
// address, for the lease says that it is ours, and tell the neighbours so (RFC 5227, section 2.4, case c).
func (h *hold) claimed(c claim, now time.Time) {
	if c.address == h.options.gateway {
		h.gateway.answered(c.by)
	}
	if c.address != h.options.prefix.Addr() || c.by == h.from || now.Sub(h.defended) < defendEvery {
		return
	}
	h.defended = now
	h.log.WithField("other", c.by.String()).Error("another host says that it has the virtual address: take it away there; announcing ours again")
	h.announcer.trigger(now)
}

// listen reads who claims which address.
func (h *hold) listen(ctx context.Context) {
	_ = h.wire.listen(time.Time{}, func(frame []byte) bool { // it ends when finish closes the wire
		a, by, ok := h.speak.claim(frame)
		if !ok || a != h.options.gateway && a != h.options.prefix.Addr() {
			return true
		}
		select {
		case h.heard <- claim{address: a, by: by}:
			return true
		case <-ctx.Done():
			return false
		}
	})
}
