package raftlog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// acceptPause is how long a listener rests after an error such as "too many
// open files".
const acceptPause = 50 * time.Millisecond

// accept serves one link until the transport closes.
func (t *Transport) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			t.cfg.Log.WithField("err", err).Warn("cluster transport: accept")
			if !sleep(t.ctx, acceptPause) {
				return
			}
			continue
		}
		select {
		case t.slots <- struct{}{}:
			t.wg.Go(func() {
				defer func() { <-t.slots }()
				t.welcome(conn)
			})
		default:
			t.reportRefused(conn.RemoteAddr().String(), fmt.Errorf("more than %d handshakes at once", maxHandshakes))
			_ = conn.Close()
		}
	}
}

// welcome brings an accepted connection into its bond, or closes it.
func (t *Transport) welcome(raw net.Conn) {
	ctx, cancel := context.WithTimeout(t.ctx, t.cfg.Timeout)
	defer cancel()
	err := t.greet(ctx, raw)
	if err == nil {
		return
	}
	_ = raw.Close()
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
		return // gone, or too slow: no peer to speak of
	}
	t.reportRefused(raw.RemoteAddr().String(), err)
}

func (t *Transport) greet(ctx context.Context, raw net.Conn) error {
	tune(raw)
	conn := tls.Server(raw, t.serverTLS())
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	id, err := readPreamble(conn)
	if err != nil {
		return fmt.Errorf("preamble: %w", err)
	}
	cs := conn.ConnectionState()
	peer, err := t.verifyPeer(cs, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return err
	}
	b, err := t.bondFor(ctx, id, peer, cs.NegotiatedProtocol)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", peer, err), writeVerdict(conn, err))
	}
	// The place comes before the verdict: behind it the peer may close its
	// other links and rely on this one.
	if !b.reserve(anyLink) {
		return net.ErrClosed // the bond ended meanwhile
	}
	err = writeVerdict(conn, nil)
	if err == nil && !stop() {
		err = ctx.Err()
	}
	if err == nil && !b.attach(anyLink, conn) {
		err = net.ErrClosed
	}
	if err != nil {
		b.forgo(err)
	}
	return err
}

// bondFor finds the bond of that id, or makes it and hands it to its server.
func (t *Transport) bondFor(ctx context.Context, id bondID, peer, proto string) (*bond, error) {
	if err := t.admit(proto); err != nil {
		return nil, err
	}
	if proto == protoRaft && t.cfg.Peers(peer) == nil {
		return nil, errNoMember
	}
	b, err := t.known(id, peer, proto)
	if b != nil || err != nil {
		return b, err
	}
	b, user, err := t.register(id, peer, proto, true)
	if err != nil {
		return nil, err
	}
	if err := t.queueOf(proto).offer(ctx, user); err != nil {
		b.abort(err)
		return nil, err
	}
	return b, nil
}

// sleep waits, or returns false when ctx ends.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
