package raftlog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"github.com/sirupsen/logrus"
)

const (
	defaultTimeout = 2 * time.Second
	// raftPool is how many idle connections raft keeps per peer.
	raftPool = 3
	// maxHandshakes bounds what strangers can make us work on at a time.
	maxHandshakes = 64
)

// TransportConfig says who this node is and how to reach the others. All
// functions may be called from several goroutines at once.
type TransportConfig struct {
	Node      string   // this node's name
	ClusterID string   // as in the certificates
	Listen    []string // one address per link, in order; port 0 takes a free one

	// Peers returns the addresses of a node, one per link in order; nil for
	// a node that is no member, whose raft connections are then refused.
	Peers func(node string) []string

	Cert  func() (*tls.Certificate, error) // read per handshake
	Roots func() *x509.CertPool            // read per handshake

	Log     *logrus.Entry
	Timeout time.Duration // of a handshake, a dial, one raft request; default 2 s

	// Refused, if set, is told of a peer that was refused; one report per
	// address in 10 s. It must not block.
	Refused func(addr, reason string)
	// Expired, if set, is told of a peer whose certificate is out of its
	// dates and was accepted all the same; one report per node in 10 s. It
	// must not block.
	Expired func(node string, notAfter time.Time)
}

func (c *TransportConfig) validate() error {
	var errs []error
	if _, err := identity(c.ClusterID, c.Node); err != nil {
		errs = append(errs, err)
	}
	if len(c.Listen) == 0 || len(c.Listen) > maxStrands {
		errs = append(errs, fmt.Errorf("%d listen addresses; give one per link, 1 to %d", len(c.Listen), maxStrands))
	}
	if c.Peers == nil || c.Cert == nil || c.Roots == nil || c.Log == nil {
		errs = append(errs, errors.New("one of Peers, Cert, Roots, Log is not set"))
	}
	return errors.Join(errs...)
}

// Transport carries raft and the node-to-node calls; see the package comment.
type Transport struct {
	cfg       TransportConfig
	listeners []net.Listener
	slots     chan struct{} // one token per handshake of a stranger
	reports   limiter

	raft *queue // accepted connections for raft
	rpc  *queue // and for the RPC server
	net  *raft.NetworkTransport

	ctx  context.Context // ends with Close; for work that no caller waits for
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	bonds  map[*bond]struct{}
	byID   map[bondID]*bond // accepted bonds
	pipes  map[*peerConn]string
	good   map[string]int // the link that last answered, by node
	paused bool
	closed bool
}

// NewTransport binds the listeners and starts to accept. The caller must
// Close the transport.
func NewTransport(cfg TransportConfig) (*Transport, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("cluster transport: %w", err)
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if _, err := cfg.Cert(); err != nil {
		return nil, fmt.Errorf("cluster transport: own certificate: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &Transport{
		cfg: cfg, ctx: ctx, stop: stop,
		slots: make(chan struct{}, maxHandshakes),
		raft:  newQueue(nodeAddr(cfg.Node)),
		rpc:   newQueue(nodeAddr(cfg.Node)),
		bonds: make(map[*bond]struct{}),
		byID:  make(map[bondID]*bond),
		pipes: make(map[*peerConn]string),
		good:  make(map[string]int),
	}
	for i, addr := range cfg.Listen {
		l, err := listenConfig().Listen(ctx, "tcp", addr)
		if err != nil {
			stop()
			return nil, errors.Join(fmt.Errorf("cluster transport: link %d: listen on %s: %w; check that the address is this node's and the port free", i, addr, err), t.closeListeners())
		}
		t.listeners = append(t.listeners, l)
	}
	t.net = raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream:                  &stream{queue: t.raft, dial: t.dialRaft},
		Logger:                  NewLogger(cfg.Log.WithField("component", "raft")),
		MaxPool:                 raftPool,
		Timeout:                 cfg.Timeout,
		MsgpackUseNewTimeFormat: true,
	})
	for _, l := range t.listeners {
		t.wg.Go(func() { t.accept(l) })
	}
	return t, nil
}

// Addrs are the bound addresses, one per link in order.
func (t *Transport) Addrs() []string {
	out := make([]string, 0, len(t.listeners))
	for _, l := range t.listeners {
		out = append(out, l.Addr().String())
	}
	return out
}

// Raft is the transport for raft.NewRaft; ServerID and ServerAddress are both
// the node's name. raft.Shutdown closes it, as CloseRaft does.
func (t *Transport) Raft() raft.Transport { return voting{t.net} }

// RPCListener accepts the other nodes' calls, each from a verified node:
// PeerName tells which. It also accepts nodes that are no members yet: what
// they may ask is the server's to decide.
func (t *Transport) RPCListener() net.Listener { return t.rpc }

// DialRPC connects to a node's RPC listener. A dial to this node itself is a
// pipe within the process.
func (t *Transport) DialRPC(ctx context.Context, node string) (net.Conn, error) {
	return t.dial(ctx, node, protoRPC)
}

// NotAfter is when this node's own certificate ends.
func (t *Transport) NotAfter() (time.Time, error) {
	cert, err := t.cfg.Cert()
	if err != nil {
		return time.Time{}, fmt.Errorf("own certificate: %w", err)
	}
	leaf := cert.Leaf
	if leaf == nil {
		if leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
			return time.Time{}, fmt.Errorf("own certificate: %w", err)
		}
	}
	return leaf.NotAfter, nil
}

// Pause cuts this node's raft off (S8, a hung disk): its connections close,
// and until Pause(false) none is made or taken. RPC goes on.
func (t *Transport) Pause(on bool) {
	t.mu.Lock()
	t.paused = on
	t.mu.Unlock()
	if on {
		t.net.CloseStreams()
		t.abort(protoRaft, errPaused)
	}
}

// CloseRaft closes raft's connections for good. RPC goes on.
func (t *Transport) CloseRaft() error {
	err := t.net.Close()
	t.net.CloseStreams()
	t.abort(protoRaft, net.ErrClosed)
	return err
}

// Close closes everything and waits until no goroutine is left.
func (t *Transport) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.stop()
	err := errors.Join(t.closeListeners(), t.CloseRaft(), t.rpc.Close())
	t.abort(protoRPC, net.ErrClosed)
	t.wg.Wait()
	return err
}

func (t *Transport) closeListeners() error {
	var errs []error
	for _, l := range t.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, fmt.Errorf("cluster transport: close %s: %w", l.Addr(), err))
		}
	}
	return errors.Join(errs...)
}

func (t *Transport) reportRefused(addr string, err error) {
	host, _, splitErr := net.SplitHostPort(addr)
	if splitErr != nil {
		host = addr
	}
	if t.cfg.Refused != nil && t.reports.allow("refused "+host, time.Now()) {
		t.cfg.Refused(addr, err.Error())
	}
}

func (t *Transport) reportExpired(node string, notAfter time.Time) {
	if t.cfg.Expired != nil && t.reports.allow("expired "+node, time.Now()) {
		t.cfg.Expired(node, notAfter)
	}
}
