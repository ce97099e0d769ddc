package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

// Agent answers SNMP requests from a backend's view. New makes it, Run runs it once.
type Agent struct {
	cfg      Config
	backend  view.Backend
	log      *logrus.Entry
	clock    clock
	access   accessTable
	users    *snmp.Keyring
	security *snmp.Authority
	usm      *snmp.USMStats

	engine   atomic.Pointer[func() snmp.Engine] // set when boots are durable
	snapshot atomic.Pointer[snapshot]
	own      []view.Segment
	counters counters
	replays  replays
	setSlots chan struct{} // of size maxSets: that many SETs are carried out at once
	sets     sync.WaitGroup

	again time.Duration // between two tries at an address that cannot be bound
	ready chan struct{} // closed by Run when requests are answered
	mu    sync.Mutex    // guards addrs
	addrs []netip.AddrPort
}

// snapshot is a backend's view with the agent's own segments in it.
type snapshot struct{ base, whole *view.View }

// New checks the configuration and expands the users' passphrases. It opens nothing.
func New(cfg Config, backend view.Backend, log *logrus.Entry) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	users := make([]snmp.User, len(cfg.Users))
	for i, user := range cfg.Users {
		users[i] = user.User
	}
	keyring, err := snmp.NewKeyring(users...)
	if err != nil {
		return nil, fmt.Errorf("snmp agent: %w", err)
	}
	a := &Agent{
		cfg: cfg, backend: backend, log: log, clock: startClock(), access: newAccessTable(cfg, ownSubtrees()...),
		users: keyring, setSlots: make(chan struct{}, maxSets), ready: make(chan struct{}), again: listenAgain,
	}
	a.security = snmp.NewAuthority(a.Engine, keyring)
	a.usm = a.security.Stats()
	a.own = a.ownSegments()
	return a, nil
}

// String names the agent for the task group.
func (a *Agent) String() string { return "snmp agent" }

// Ready is closed when requests are answered, at one address at least.
func (a *Agent) Ready() <-chan struct{} { return a.ready }

// Addrs returns the addresses that are listened on, with the ports that the kernel chose; none before Ready. One that is bound
// later comes last.
func (a *Agent) Addrs() []netip.AddrPort {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.addrs)
}

// Engine returns the engine as it is now; its Boots is what others should remember of it. Before Ready it may be
// the zero Engine.
func (a *Agent) Engine() snmp.Engine {
	load := a.engine.Load()
	if load == nil {
		return snmp.Engine{}
	}
	engine := (*load)()
	engine.MaxSize = a.cfg.MaxSize
	return engine
}

// Run listens and answers until ctx ends, then waits for the SETs under way. An address that cannot be bound is tried again
// while the others answer. It returns an error only if its boots could not be kept.
func (a *Agent) Run(ctx context.Context) error {
	if err := a.start(); err != nil {
		return fmt.Errorf("snmp agent: %w", err)
	}
	var readers sync.WaitGroup
	listeners := a.listen(ctx, &readers)
	for _, l := range listeners {
		_ = l.conn.SetReadDeadline(time.Now()) // ends the readers; the sockets still send
	}
	readers.Wait()
	a.sets.Wait()
	if err := closeAll(listeners); err != nil {
		a.log.WithError(err).Warn("snmp sockets not closed cleanly")
	}
	return nil
}

func (a *Agent) start() error {
	engine := a.cfg.Engine
	if engine == nil {
		own, err := ownEngine(a.cfg, a.clock)
		if err != nil {
			return err
		}
		engine = own
	}
	a.engine.Store(&engine)
	return nil
}

func closeAll(listeners []*listener) (err error) {
	for _, l := range listeners {
		err = errors.Join(err, l.conn.Close())
	}
	return err
}

// serve is one reader of a socket.
func (a *Agent) serve(ctx context.Context, l *listener) {
	const controlSize = 128 // one pktinfo of either family fits
	packet, control := make([]byte, snmp.MaxMessageSize+1), make([]byte, controlSize)
	scratch := &scratch{}
	for ctx.Err() == nil {
		n, from, err := l.read(packet, control)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // the deadline of Run, or an ICMP error of an earlier answer
			continue
		}
		a.counters.inPackets.Add(1)
		if answer := a.handle(ctx, packet[:n], from, scratch); answer != nil {
			a.send(from, answer)
		}
	}
}

func (a *Agent) send(to peer, packet []byte) {
	if err := to.answer(packet); err != nil {
		a.counters.outErrors.Add(1)
		a.log.WithError(err).WithField("to", to.from).Debug("snmp answer not sent")
		return
	}
	a.counters.outPackets.Add(1)
}

// view returns the present snapshot with the agent's own groups.
func (a *Agent) view() *view.View {
	base := a.backend.View()
	if last := a.snapshot.Load(); last != nil && last.base == base {
		return last.whole
	}
	whole := base
	if whole == nil {
		whole = view.New(nil)
	}
	whole = whole.With(a.own...)
	a.snapshot.Store(&snapshot{base, whole})
	return whole
}
