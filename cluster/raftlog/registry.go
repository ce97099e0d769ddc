package raftlog

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
)

var (
	errPaused    = errors.New("raft is paused on this node, its disk does not answer")
	errNoMember  = errors.New("not a member of this cluster; let it join first (hawser join)")
	errOtherBond = errors.New("bond of another node or protocol")
)

// admit says whether connections of that protocol are wanted now.
func (t *Transport) admit(proto string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return net.ErrClosed
	case proto == protoRaft && t.paused:
		return errPaused
	case proto == protoRaft && t.net.IsShutdown():
		return fmt.Errorf("raft is closed on this node: %w", net.ErrClosed)
	}
	return nil
}

// enter keeps Close waiting for a caller's work, until wg.Done; false when
// the transport is closed.
func (t *Transport) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.wg.Add(1)
	}
	return !t.closed
}

// newDialled makes a bond for a dial.
func (t *Transport) newDialled(peer, proto string) (*bond, *peerConn, error) {
	var id bondID
	rand.Read(id[:]) // never fails
	return t.register(id, peer, proto, false)
}

// register makes a bond that Close knows of.
func (t *Transport) register(id bondID, peer, proto string, accepted bool) (*bond, *peerConn, error) {
	if err := t.admit(proto); err != nil {
		return nil, nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, nil, net.ErrClosed
	}
	b, user := newBond(id, peer, proto, &t.wg)
	t.bonds[b] = struct{}{}
	if accepted {
		t.byID[id] = b
	}
	t.wg.Go(func() {
		<-b.done
		t.forget(b)
	})
	return b, &peerConn{Conn: user, self: t.cfg.Node, peer: peer, failure: b.failure}, nil
}

func (t *Transport) forget(b *bond) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.bonds, b)
	if t.byID[b.id] == b {
		delete(t.byID, b.id)
	}
}

// known finds the accepted bond that a further link asks for; nil for a new
// bond.
func (t *Transport) known(id bondID, peer, proto string) (*bond, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.byID[id]
	if b != nil && (b.peer != peer || b.proto != proto) {
		return nil, errOtherBond
	}
	return b, nil
}

// abort ends all connections of a protocol.
func (t *Transport) abort(proto string, cause error) {
	t.mu.Lock()
	var bonds []*bond
	for b := range t.bonds {
		if b.proto == proto {
			bonds = append(bonds, b)
		}
	}
	var pipes []*peerConn
	for c, p := range t.pipes {
		if p == proto {
			pipes = append(pipes, c)
		}
	}
	t.mu.Unlock()
	for _, b := range bonds {
		b.abort(cause)
	}
	for _, c := range pipes {
		_ = c.Close()
	}
}

// dialSelf connects this node to itself by a pipe.
func (t *Transport) dialSelf(ctx context.Context, proto string) (net.Conn, error) {
	if err := t.admit(proto); err != nil {
		return nil, err
	}
	a, b := net.Pipe()
	near, far := t.pipeEnd(a, proto), t.pipeEnd(b, proto)
	if err := t.queueOf(proto).offer(ctx, far); err != nil {
		return nil, errors.Join(err, near.Close(), far.Close())
	}
	return near, nil
}

func (t *Transport) pipeEnd(c net.Conn, proto string) *peerConn {
	p := &peerConn{Conn: c, self: t.cfg.Node, peer: t.cfg.Node}
	p.closed = func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.pipes, p)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pipes[p] = proto
	return p
}

func (t *Transport) queueOf(proto string) *queue {
	if proto == protoRaft {
		return t.raft
	}
	return t.rpc
}
