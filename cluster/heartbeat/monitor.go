package heartbeat

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"
)

const (
	arrivalsQueue = 256 // a burst while the owner sends; then the readers wait
	notesQueue    = 64  // for callbacks; more are dropped

	// sendTimeout bounds a round on one link should its socket be full.
	sendTimeout = 5 * time.Millisecond
)

// Monitor sends this node's beats and watches its peers; see the package
// comment. Its methods may be called from several goroutines at once.
type Monitor struct {
	cfg   Config
	log   *logrus.Entry
	conns []*net.UDPConn
	core  *core // Run's alone, once it runs

	keys     atomic.Pointer[keyring]
	report   atomic.Pointer[Report]
	refused  refusedCounts
	arrivals chan arrival
	notes    chan note
	wake     chan struct{} // 1: inbox has something
	changed  chan struct{} // 1: coalesced
	ready    chan struct{} // closed after the first round

	mu    sync.Mutex // guards inbox
	inbox inbox
}

// inbox holds the newest of each thing that others want the owner to take.
type inbox struct {
	say   *Say
	peers *[]Peer
}

// refusedCounts are the readers' counters.
type refusedCounts struct{ malformed, otherCluster, wrongKey atomic.Uint64 }

// arrival is an authentic beat.
type arrival struct {
	beat beat
	link int
	from string
	at   time.Time
}

// New binds a socket per link. The caller must Run the monitor, or Close it.
func New(cfg Config, log *logrus.Entry) (*Monitor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("heartbeat: %w", err)
	}
	cfg = cfg.withDefaults()
	m := &Monitor{
		cfg: cfg, log: log,
		arrivals: make(chan arrival, arrivalsQueue),
		notes:    make(chan note, notesQueue),
		wake:     make(chan struct{}, 1),
		changed:  make(chan struct{}, 1),
		ready:    make(chan struct{}),
	}
	if err := m.SetKeys(cfg.Keys); err != nil {
		return nil, err
	}
	for _, l := range cfg.Links {
		conn, err := listen(l.Listen)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("heartbeat: link %s: listen on %s: %w; check that the address is this node's and the port free", l.Name, l.Listen, err), m.Close())
		}
		m.conns = append(m.conns, conn)
	}
	now := time.Now()
	m.core = newCore(cfg, m.Addrs(), randomBase(), now)
	m.report.Store(m.core.report(now))
	return m, nil
}

func listen(addr string) (*net.UDPConn, error) {
	conn, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

// randomBase leaves room for years of nanoseconds above it.
func randomBase() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])>>2 | 1<<32
}

// Addrs are the bound addresses, one per link in order.
func (m *Monitor) Addrs() []string {
	out := make([]string, 0, len(m.conns))
	for _, c := range m.conns {
		out = append(out, c.LocalAddr().String())
	}
	return out
}

// String names the task.
func (m *Monitor) String() string { return fmt.Sprintf("heartbeat on %d links", len(m.conns)) }

// Ready is closed once the first beats are sent.
func (m *Monitor) Ready() <-chan struct{} { return m.ready }

// Changed gets a signal when a peer fell silent, came back, leaves, has
// another leader or boot, reports another one silent, or when a link changed
// its state. Signals merge: read Report after each. It serves one reader.
func (m *Monitor) Changed() <-chan struct{} { return m.changed }

// Report is the newest state; each Age is as of now.
func (m *Monitor) Report() *Report {
	r := m.report.Load().copied()
	r.refresh(time.Now())
	r.Malformed += m.refused.malformed.Load()
	r.OtherCluster += m.refused.otherCluster.Load()
	r.WrongKey += m.refused.wrongKey.Load()
	return r
}

// SilentBy counts the voters that report a node silent; see Report.SilentBy.
func (m *Monitor) SilentBy(node string, voters []string) int {
	return m.report.Load().SilentBy(node, voters)
}

// Say sets what the beats tell, and sends it at once. It never blocks.
func (m *Monitor) Say(s Say) error {
	if err := s.validate(); err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	s = s.clone()
	m.post(func(in *inbox) { in.say = &s })
	return nil
}

// SetPeers changes whom to watch. It never blocks.
func (m *Monitor) SetPeers(peers []Peer) error {
	if err := m.cfg.checkPeers(peers); err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	peers = append([]Peer(nil), peers...)
	m.post(func(in *inbox) { in.peers = &peers })
	return nil
}

// SetKeys changes the keys: the first signs, all are accepted.
func (m *Monitor) SetKeys(keys [][]byte) error {
	ring, err := newKeyring(keys)
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	m.keys.Store(&ring)
	return nil
}

func (m *Monitor) post(set func(*inbox)) {
	m.mu.Lock()
	set(&m.inbox)
	m.mu.Unlock()
	notify(m.wake)
}

// Close releases the sockets of a monitor that is not run.
func (m *Monitor) Close() error {
	var errs []error
	for _, c := range m.conns {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run works until ctx ends, then says goodbye to nobody (see Say.Leaving),
// closes the sockets and returns nil.
func (m *Monitor) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, conn := range m.conns {
		group.Go(func() error { return m.read(ctx, i, conn) })
	}
	group.Go(func() error { return m.callBack(ctx) })
	group.Go(func() error {
		m.own(ctx)
		return m.Close() // ends the readers
	})
	return group.Wait()
}

// notify leaves a note for a reader that may be busy.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
