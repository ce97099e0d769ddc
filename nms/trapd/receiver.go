package trapd

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/net/ipv4"
	"golang.org/x/sync/errgroup"

	"hawser/mib/snmp"
	"hawser/nms/notify"
	"hawser/nms/report"
)

const (
	readBatchSize = 64   // datagrams per system call
	packetQueue   = 4096 // between readers and decoders: 0.1 s of 40,000 per second
	itemQueue     = 4096 // between decoders and committer, likewise
	commitSize    = 1000 // notifications per commit
	oobSize       = 128  // control messages beside a datagram: destination and drops
	commitTimeout = 30 * time.Second
)

// Config says where and from whom the Receiver takes notifications.
type Config struct {
	notify.Config
	Listen        []string     // address:port
	ReceiveBuffer int          // octets asked of the kernel per socket
	Trusted       []netip.Addr // sources with room of their own: the nodes of the clusters
	SourceRate    int          // notifications per second of one other source
	SourceBurst   int          // and at once
}

// Store keeps what was received; Append returns when it is durable. *journal.Journal satisfies it.
type Store interface {
	Append(ctx context.Context, batch report.Batch) (report.Outcome, error)
}

// Receiver receives notifications from New to the end of Run.
type Receiver struct {
	cfg      Config
	log      *logrus.Entry
	store    Store
	hint     func(clusterID string)
	engine   *Engine
	decoder  *notify.Decoder
	quota    *quota
	sockets  []*socket
	packets  chan packet
	items    chan item
	counters counters
	grumbles grumbles

	complained time.Time // that the journal fails; only the committer touches it
}

// packet is a datagram on its way to a decoder.
type packet struct {
	data []byte
	route
}

// New binds the sockets. hint is called, from the committer, after something of a cluster was stored; it must not wait.
// stored are the engines that the journal remembers. Run must follow: it closes the sockets.
func New(ctx context.Context, cfg Config, engine *Engine, store Store, stored []report.Engine, hint func(clusterID string), log *logrus.Entry) (*Receiver, error) {
	decoder, err := notify.New(cfg.Config, engine.now, stored)
	if err != nil {
		return nil, err
	}
	r := &Receiver{
		cfg: cfg, log: log, store: store, hint: hint, engine: engine, decoder: decoder, quota: newQuota(cfg.SourceRate, cfg.SourceBurst),
		packets: make(chan packet, packetQueue), items: make(chan item, itemQueue),
	}
	for _, addr := range cfg.Trusted {
		r.quota.trust(addr)
	}
	for _, address := range cfg.Listen {
		s, err := listen(ctx, address, cfg.ReceiveBuffer)
		if err != nil {
			r.Close()
			return nil, err
		}
		r.sockets = append(r.sockets, s)
		r.announce(s)
	}
	return r, nil
}

func (r *Receiver) announce(s *socket) {
	fields := logrus.Fields{"address": s.conn.LocalAddr(), "receive_buffer": s.granted, "engine_id": r.engine.Hex(), "boots": r.engine.Boots}
	if s.granted < r.cfg.ReceiveBuffer {
		r.log.WithFields(fields).WithField("wanted", r.cfg.ReceiveBuffer).Warn("receive buffer capped by the kernel; raise net.core.rmem_max or grant cap_net_admin, else a burst is lost")
		return
	}
	r.log.WithFields(fields).Info("listening for notifications")
}

// Addr is the address of the first socket, with the port that the kernel chose.
func (r *Receiver) Addr() netip.AddrPort {
	if len(r.sockets) == 0 {
		return netip.AddrPort{}
	}
	return r.sockets[0].conn.LocalAddr().(interface{ AddrPort() netip.AddrPort }).AddrPort()
}

// EngineID is the manager's engine, which receivers of INFORMs are configured with.
func (r *Receiver) EngineID() string { return r.engine.Hex() }

// Learn takes what a poll found: the id of the cluster configured under name, its engines, and where its nodes send from.
func (r *Receiver) Learn(name, clusterID string, engines [][]byte, sources []netip.Addr) {
	r.decoder.Learn(name, clusterID, engines)
	for _, addr := range sources {
		r.quota.trust(addr)
	}
}

// String names the task.
func (r *Receiver) String() string { return "trap receiver" }

// Run receives until ctx ends. What has been read by then is still committed and answered.
func (r *Receiver) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() {
		for _, s := range r.sockets { // wakes the readers; answers may still leave
			_ = s.conn.SetReadDeadline(time.Now())
		}
	})
	defer stop()
	defer r.Close()
	var readers, decoders sync.WaitGroup
	for _, s := range r.sockets {
		readers.Add(1)
		group.Go(func() error { defer readers.Done(); return r.read(ctx, s) })
	}
	for range runtime.GOMAXPROCS(0) {
		decoders.Add(1)
		group.Go(func() error { defer decoders.Done(); r.decode(); return nil })
	}
	group.Go(func() error { readers.Wait(); close(r.packets); return nil })
	group.Go(func() error { decoders.Wait(); close(r.items); return nil })
	group.Go(func() error { r.commitAll(); return nil })
	return group.Wait()
}

// Close closes the sockets of a Receiver that was never run; Run does it by itself.
func (r *Receiver) Close() {
	for _, s := range r.sockets {
		_ = s.conn.Close()
	}
}

// read takes datagrams from one socket until ctx ends.
func (r *Receiver) read(ctx context.Context, s *socket) error {
	messages := make([]ipv4.Message, readBatchSize)
	for i := range messages {
		messages[i] = ipv4.Message{Buffers: [][]byte{make([]byte, snmp.MaxMessageSize)}, OOB: make([]byte, oobSize)}
	}
	var dropped uint32
	for {
		n, err := s.readBatch(messages)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("receive notifications at %s: %w", s.conn.LocalAddr(), err)
		}
		r.counters.received.Add(uint64(n))
		now := time.Now()
		for i := range messages[:n] {
			p, drops := s.packet(&messages[i])
			if drops != dropped && drops != 0 {
				r.counters.kernelDrops.Add(uint64(drops - dropped)) // wraps as the kernel's counter does
				dropped = drops
			}
			if !r.quota.admit(p.from.Addr(), len(r.packets) > packetQueue/2, now) {
				r.counters.overQuota.Add(1)
				r.grumble(p.from.Addr().String(), "over its quota", "dropped a notification: its source sends too many; raise traps.sourceRate if that is right")
				continue
			}
			r.packets <- p
		}
	}
}

// packet copies a datagram out of the read buffer.
func (s *socket) packet(m *ipv4.Message) (p packet, drops uint32) {
	to, iface, drops := control(m.OOB[:m.NN])
	from := m.Addr.(interface{ AddrPort() netip.AddrPort }).AddrPort()
	data := make([]byte, m.N)
	copy(data, m.Buffers[0])
	return packet{data: data, route: route{socket: s, from: from, to: to, iface: iface}}, drops
}

// grumbles keep a flood of bad packets from becoming a flood of log lines.
type grumbles struct {
	mu   sync.Mutex // guards last
	last map[string]time.Time
}

const (
	grumbleEvery = time.Minute
	maxGrumbles  = 1024
)

// grumble logs a refusal, at most once a minute per subject and kind.
func (r *Receiver) grumble(subject, kind, what string) {
	r.grumbles.mu.Lock()
	defer r.grumbles.mu.Unlock()
	key, now := subject+" "+kind, time.Now()
	if now.Sub(r.grumbles.last[key]) < grumbleEvery {
		return
	}
	if r.grumbles.last == nil || len(r.grumbles.last) >= maxGrumbles {
		r.grumbles.last = map[string]time.Time{}
	}
	r.grumbles.last[key] = now
	r.log.WithFields(logrus.Fields{"source": subject, "reason": kind}).Warn(what)
}
