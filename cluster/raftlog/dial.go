package raftlog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// dialStagger is the head start of a link over the next one.
	dialStagger = 50 * time.Millisecond

	// A lost link is dialled again after restoreFirst, then ever later.
	restoreFirst = 500 * time.Millisecond
	restoreLast  = 10 * time.Second

	// anyLink stands for the link of an accepted strand: the dialling side
	// takes care that there is one per link.
	anyLink = -1

	// silentAfter ends a TCP connection whose peer acknowledges nothing. The
	// other links carry on meanwhile, so it need not be short.
	silentAfter = 3 * time.Second
)

func (t *Transport) dialRaft(node string, timeout time.Duration) (net.Conn, error) {
	if timeout <= 0 {
		timeout = t.cfg.Timeout
	}
	ctx, cancel := context.WithTimeout(t.ctx, timeout)
	defer cancel()
	return t.dial(ctx, node, protoRaft)
}

// dial opens a bond to a node: it returns as soon as one link answers, the
// others join behind it.
func (t *Transport) dial(ctx context.Context, node, proto string) (net.Conn, error) {
	if !t.enter() {
		return nil, fmt.Errorf("dial %s: %w", node, net.ErrClosed)
	}
	defer t.wg.Done()
	if node == t.cfg.Node {
		return t.dialSelf(ctx, proto)
	}
	addrs := t.cfg.Peers(node)
	if len(addrs) == 0 {
		return nil, fmt.Errorf("dial %s: no address known; check the cluster's members", node)
	}
	b, user, err := t.newDialled(node, proto)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", node, err)
	}
	link, conn, err := t.race(ctx, b, addrs)
	if err != nil {
		b.abort(err)
		return nil, fmt.Errorf("dial %s: %w", node, err)
	}
	if !b.join(link, conn) {
		return nil, errors.Join(fmt.Errorf("dial %s: %w", node, net.ErrClosed), conn.NetConn().Close())
	}
	t.remember(node, link)
	t.wg.Go(func() { t.restore(b) })
	return user, nil
}

type dialled struct {
	link int
	conn *tls.Conn
	err  error
}

// race dials the links in order, the one that answered last first, each a
// moment after the one before or at once when that failed. The first that
// is through wins; race returns when all attempts have ended.
func (t *Transport) race(ctx context.Context, b *bond, addrs []string) (int, *tls.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan dialled, len(addrs)) // no attempt waits for the reader
	order := t.order(b.peer, len(addrs))
	started, ended := 0, 0
	launch := func() {
		link := order[started]
		started++
		t.wg.Go(func() {
			conn, err := t.dialLink(ctx, b, addrs[link])
			results <- dialled{link, conn, err}
		})
	}
	launch()
	next := time.NewTicker(dialStagger)
	defer next.Stop()
	var errs []error
	for ended < len(addrs) {
		select {
		case r := <-results:
			ended++
			if r.err == nil {
				cancel()
				t.wg.Go(func() { discard(results, started-ended) })
				return r.link, r.conn, nil
			}
			errs = append(errs, r.err)
			if started < len(addrs) {
				launch()
			}
		case <-next.C:
			if started < len(addrs) {
				launch()
			}
		}
	}
	return 0, nil, errors.Join(errs...)
}

// discard closes what came through too late.
func discard(results <-chan dialled, n int) {
	for range n {
		if r := <-results; r.err == nil {
			_ = r.conn.NetConn().Close()
		}
	}
}

// dialLink connects, proves both sides, and asks to be part of the bond.
func (t *Transport) dialLink(ctx context.Context, b *bond, addr string) (*tls.Conn, error) {
	dialer := net.Dialer{KeepAliveConfig: keepAlive()}
	raw, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	tune(raw)
	conn := tls.Client(raw, t.clientTLS(b.peer, b.proto, addr))
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	err = conn.HandshakeContext(ctx)
	if err == nil {
		err = writePreamble(conn, b.id)
	}
	if err == nil {
		err = readVerdict(conn)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("%s: %w", addr, err)
	}
	return conn, nil
}

// restore gives the bond its missing links, at once and whenever one is lost.
func (t *Transport) restore(b *bond) {
	wait := restoreFirst
	for {
		addrs := t.cfg.Peers(b.peer)
		missing := b.missing(len(addrs))
		for _, link := range missing {
			if !t.restoreLink(b, link, addrs[link]) {
				continue
			}
			wait = restoreFirst
		}
		var retry <-chan time.Time
		if len(b.missing(len(addrs))) > 0 {
			retry = time.After(wait)
			wait = min(2*wait, restoreLast)
		}
		select {
		case <-b.done:
			return
		case <-b.lost:
			if !sleep(t.ctx, dialStagger) { // not faster than this, whatever happens
				return
			}
		case <-retry:
		}
	}
}

func (t *Transport) restoreLink(b *bond, link int, addr string) bool {
	ctx, cancel := context.WithTimeout(t.ctx, t.cfg.Timeout)
	defer cancel()
	stop := make(chan struct{})
	defer close(stop)
	t.wg.Go(func() { // a bond that ends takes its dial with it
		select {
		case <-b.done:
			cancel()
		case <-stop:
		}
	})
	conn, err := t.dialLink(ctx, b, addr)
	if err != nil {
		return false
	}
	if !b.join(link, conn) {
		_ = conn.NetConn().Close()
		return false
	}
	return true
}

// order lists the links of a node, the one that answered last first.
func (t *Transport) order(node string, n int) []int {
	t.mu.Lock()
	good := t.good[node]
	t.mu.Unlock()
	order := make([]int, 0, n)
	for link := range n {
		order = append(order, link)
	}
	if good < n {
		order = slices.Insert(slices.Delete(order, good, good+1), 0, good)
	}
	return order
}

func (t *Transport) remember(node string, link int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.good[node] = link
}

// clientTLS is the configuration for a dial to a node.
func (t *Transport) clientTLS(node, proto, addr string) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{proto},
		SessionTicketsDisabled: true,
		InsecureSkipVerify:     true, // by DNS name; VerifyConnection checks chain and identity
		GetClientCertificate:   func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.cfg.Cert() },
		VerifyConnection: func(cs tls.ConnectionState) error {
			met, err := t.verifyPeer(cs, x509.ExtKeyUsageServerAuth)
			if err == nil && met != node {
				err = fmt.Errorf("dialled %s and met %s; check the addresses of both", node, met)
			}
			if err != nil {
				t.reportRefused(addr, err)
			}
			return err
		},
	}
}

func listenConfig() *net.ListenConfig { return &net.ListenConfig{KeepAliveConfig: keepAlive()} }

func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 3}
}

// tune bounds how long unacknowledged data may wait (TCP_USER_TIMEOUT).
func tune(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // best effort: keepalive is the net below it
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silentAfter.Milliseconds()))
	})
}
