package resource

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"
)

// vip is a Resource of kind vip: an address that this node has, or has not. It has no process. Its run is a hold: the time
// from the address's arrival until the address, its interface or its gateway is gone, or a stop was asked for.
type vip struct {
	spec    Spec
	options vipSettings
	gap     time.Duration // triggerGap, but in tests
	log     *logrus.Entry
	record  string // path of the runtime record
	exited  chan Exit

	// turn holds one token: who has it may start, stop or recover.
	turn chan struct{}

	mu     sync.Mutex // guards hold and killed
	hold   *hold      // nil when stopped, verified
	killed chan struct{}
}

func newVIP(spec Spec, log *logrus.Entry) (Resource, error) {
	o, err := parseVIP(spec.Options)
	if err != nil {
		return nil, err
	}
	return &vip{
		spec: spec, options: o, gap: triggerGap,
		log:    log.WithFields(logrus.Fields{"service": spec.Name, "address": o.prefix.String(), "interface": o.Interface}),
		record: filepath.Join(spec.Dir, spec.Name+".run"),
		exited: make(chan Exit, 1), // the latest; see Exited
		turn:   make(chan struct{}, 1),
		killed: make(chan struct{}),
	}, nil
}

// own is the virtual address.
func (v *vip) own() netip.Addr { return v.options.prefix.Addr() }

// Start implements Resource: when it returns nil the address is there, was announced once, and is watched.
func (v *vip) Start(ctx context.Context, env []string) error {
	if err := v.start(ctx, env); err != nil {
		return fmt.Errorf("start %s: %w", v.spec.Name, err)
	}
	return nil
}

func (v *vip) start(ctx context.Context, env []string) error {
	if err := v.takeTurn(ctx); err != nil {
		return err
	}
	defer v.endTurn()
	k, err := openKernel(ctx)
	if err != nil {
		return err
	}
	link, err := v.mayStart(k)
	if err != nil {
		k.close()
		return err
	}
	killed := v.armKill()
	h, err := v.newHold(k, link)
	if err != nil {
		k.close()
		return err
	}
	if err := v.take(ctx, h, env, killed); err != nil {
		return errors.Join(err, v.takeBack(h))
	}
	v.log.WithField("mac", h.from.String()).Info("virtual address is here")
	return nil
}

// mayStart refuses a bare start (S6), and an interface that cannot carry the address.
func (v *vip) mayStart(k kernel) (netlink.Link, error) {
	switch h := v.held(); {
	case h == nil:
	case h.begun.Load() && h.alive():
		return nil, fmt.Errorf("%w: stop it first", ErrRunning)
	default:
		return nil, fmt.Errorf("%w: its run ended: stop it first (S6)", ErrNotStopped)
	}
	if err := v.absent(k); err != nil {
		return nil, err
	}
	return v.carrierOf(k)
}

// stranger says that the address is there although this daemon did not add it.
func (v *vip) stranger(p placed) error {
	if _, ours, err := v.heritage(); err == nil && ours == v.own() {
		return fmt.Errorf("%w: %s was left by a former daemon: stop it first (S6)", ErrNotStopped, p)
	}
	return fmt.Errorf("%w: %s was not added by hawser: take it out of the machine's own network configuration, and remove it (`ip address del %s dev %s`): "+
		"nothing but hawser may bring it up (S9)", ErrNotStopped, p, p.IPNet, p.device)
}

// take asks whether the address is free, adds it, and watches it.
func (v *vip) take(ctx context.Context, h *hold, env []string, killed <-chan struct{}) error {
	if err := v.writeIntent(env); err != nil {
		return err
	}
	if err := h.conflict(ctx, killed); err != nil {
		return err
	}
	v.mu.Lock()
	v.hold = h // from here on Kill knows of it
	v.mu.Unlock()
	if closed(killed) || ctx.Err() != nil {
		return errors.Join(ErrKilled, context.Cause(ctx))
	}
	if err := h.kernel.add(h.link, v.options.prefix); err != nil {
		return err
	}
	h.begin()
	if note := h.kernel.dependents(h.link, v.options.prefix); note != "" {
		v.log.Warn(note)
	}
	if closed(killed) {
		return ErrKilled
	}
	return nil
}

// takeBack ends a hold that must not be, and verifies that.
func (v *vip) takeBack(h *hold) error {
	// The caller's context may be what ended; the way back has its own limit.
	ctx, cancel := context.WithTimeout(context.Background(), kernelWait)
	defer cancel()
	return v.end(ctx, h)
}

// Stop implements Resource. There is nothing to ask: the address is removed at once.
func (v *vip) Stop(ctx context.Context) error { return v.stop(ctx, false) }

// Kill implements Resource. The address is removed before the turn is waited for: a start under way takes itself back.
func (v *vip) Kill(ctx context.Context) error {
	v.mu.Lock()
	if !closed(v.killed) {
		close(v.killed)
	}
	h := v.hold
	v.mu.Unlock()
	if h != nil {
		h.requested.Store(true)
	}
	return v.stop(ctx, h != nil)
}

// stop ends whatever there is: our own hold, or what a former daemon left. With now it removes the address before its turn.
func (v *vip) stop(ctx context.Context, now bool) error {
	if now {
		if err := v.clear(ctx, v.own()); err != nil {
			v.log.WithError(err).Warn("the address is not gone yet") // what follows tries again, and returns what it finds
		}
	}
	if err := v.takeTurn(ctx); err != nil {
		return fmt.Errorf("stop %s: %w", v.spec.Name, err)
	}
	defer v.endTurn()
	var err error
	if h := v.held(); h != nil {
		err = v.end(ctx, h)
	} else {
		_, err = v.inherit(ctx)
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w", v.spec.Name, err)
	}
	return nil
}

// end removes the address, verified, and then what watched it; the caller holds the turn.
func (v *vip) end(ctx context.Context, h *hold) error {
	h.requested.Store(true)
	if err := v.clear(ctx, v.own()); err != nil {
		return err
	}
	h.finish()
	v.mu.Lock()
	v.hold = nil
	v.mu.Unlock()
	v.verified()
	return nil
}

// clear removes an address from every interface, verified, through a socket of its own: that of the hold may be waiting.
func (v *vip) clear(ctx context.Context, a netip.Addr) error {
	k, err := openKernel(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotStopped, err)
	}
	defer k.close()
	_, err = k.remove(a)
	return err
}

// verified notes that the address is gone. A record that stays names an address that is gone: it does no harm.
func (v *vip) verified() {
	if err := removeRecord(v.record); err != nil {
		v.log.WithError(err).Warn("service is stopped, its runtime record stays")
	}
}

// Running implements Resource.
func (v *vip) Running() bool {
	h := v.current()
	return h != nil && h.alive()
}

// Exited implements Resource.
func (v *vip) Exited() <-chan Exit { return v.exited }

// PID implements Resource: a virtual address has no process.
func (v *vip) PID() int { return 0 }

// Announce implements Announcer.
func (v *vip) Announce(reason string) {
	if h := v.current(); h != nil {
		h.nudge(reason)
	}
}

// report hands an exit over; an older one gives way.
func (v *vip) report(exit Exit) {
	v.log.WithFields(logrus.Fields{"reason": exit.Reason, "requested": exit.Requested}).Info("virtual address is given up")
	for {
		select {
		case v.exited <- exit:
			return
		default:
		}
		select {
		case <-v.exited:
		default:
		}
	}
}

// held is the present hold, or one whose start could not be taken back.
func (v *vip) held() *hold {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.hold
}

// current is the present hold once it has begun.
func (v *vip) current() *hold {
	if h := v.held(); h != nil && h.begun.Load() {
		return h
	}
	return nil
}

func (v *vip) takeTurn(ctx context.Context) error {
	select {
	case v.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case v.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("another start or stop is under way: %w", context.Cause(ctx))
	}
}

func (v *vip) endTurn() { <-v.turn }

// armKill returns what the next Kill closes.
func (v *vip) armKill() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	if closed(v.killed) {
		v.killed = make(chan struct{})
	}
	return v.killed
}
