package agent

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// listenAgain is how long an address that could not be bound waits for the next try.
const listenAgain = 5 * time.Second

// place is where the agent is to answer.
type place struct {
	address string
	six     bool   // the IPv6 half of an address without a host: a machine without IPv6 has none
	said    string // why it could not be bound, as the log has it
}

// placesOf takes an address without a host apart, so that each family is bound by itself. With a port of the kernel's choice
// both are bound together, because both have the same one.
func placesOf(addresses []string) []*place {
	var out []*place
	for _, address := range addresses {
		host, port, err := net.SplitHostPort(address)
		if err != nil || host != "" || port == "0" || port == "" {
			out = append(out, &place{address: address})
			continue
		}
		out = append(out, &place{address: net.JoinHostPort("0.0.0.0", port)}, &place{address: net.JoinHostPort("::", port), six: true})
	}
	return out
}

// open binds a place: no socket and no error where there is no such family.
func (p *place) open(ctx context.Context) ([]*listener, error) {
	listeners, err := listen(ctx, p.address)
	if p.six && withoutFamily(err) {
		return nil, nil
	}
	return listeners, err
}

func withoutFamily(err error) bool {
	return errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

// listen binds every place, again and again until all are bound, and starts the readers of each. It returns all sockets when
// ctx ends.
func (a *Agent) listen(ctx context.Context, readers *sync.WaitGroup) (all []*listener) {
	again := time.NewTicker(a.again)
	defer again.Stop()
	for waiting := placesOf(a.cfg.Listen); ; {
		var opened []*listener
		opened, waiting = a.open(ctx, waiting)
		if len(opened) > 0 {
			all = append(all, opened...)
			a.attend(ctx, opened, readers)
		}
		if len(waiting) == 0 {
			again.Stop()
		}
		select {
		case <-ctx.Done():
			return all
		case <-again.C:
		}
	}
}

// open binds what can be bound. Why the rest cannot is said when it is new: once for each holder of a port.
func (a *Agent) open(ctx context.Context, places []*place) (opened []*listener, waiting []*place) {
	for _, p := range places {
		listeners, err := p.open(ctx)
		if err == nil {
			opened = append(opened, listeners...)
			continue
		}
		waiting = append(waiting, p)
		if p.said == err.Error() || ctx.Err() != nil {
			continue
		}
		p.said = err.Error()
		a.log.WithError(err).WithField("address", p.address).WithField("again_s", a.again.Seconds()).
			Error("snmp agent does not answer at this address until that is mended; all else of this node goes on")
	}
	return opened, waiting
}

// attend starts the readers of new sockets.
func (a *Agent) attend(ctx context.Context, listeners []*listener, readers *sync.WaitGroup) {
	for _, l := range listeners {
		for range max(2, runtime.GOMAXPROCS(0)) { // two: a segment that reads a disk must not stop the others
			readers.Go(func() { a.serve(ctx, l) })
		}
	}
	if a.bound(listeners) {
		close(a.ready)
	}
	a.log.WithField("addresses", a.Addrs()).WithField("boots", a.Engine().Boots).Info("snmp agent answers")
}

// bound notes the addresses of new sockets, and says whether they are the first.
func (a *Agent) bound(listeners []*listener) (first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	first = len(a.addrs) == 0
	for _, l := range listeners {
		a.addrs = append(a.addrs, localAddr(l.conn))
	}
	return first
}
