package raftlog

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// queueSize is how many accepted connections may wait for their server.
const queueSize = 16

// queue is a net.Listener for connections that come from elsewhere.
type queue struct {
	addr  net.Addr
	conns chan net.Conn // queueSize
	done  chan struct{}
	once  sync.Once
}

func newQueue(addr net.Addr) *queue {
	return &queue{addr: addr, conns: make(chan net.Conn, queueSize), done: make(chan struct{})}
}

// offer hands a connection to the server behind the queue.
func (q *queue) offer(ctx context.Context, conn net.Conn) error {
	select {
	case <-q.done:
		return net.ErrClosed
	default:
	}
	select {
	case q.conns <- conn:
		return nil
	case <-q.done:
		return net.ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("the server takes no connections: %w", ctx.Err())
	}
}

// Accept waits for the next connection.
func (q *queue) Accept() (net.Conn, error) {
	select {
	case conn := <-q.conns:
		return conn, nil
	case <-q.done:
		return nil, net.ErrClosed
	}
}

// Addr is the node's name.
func (q *queue) Addr() net.Addr { return q.addr }

// Close ends Accept and closes what still waits.
func (q *queue) Close() error {
	q.once.Do(func() { close(q.done) })
	for {
		select {
		case conn := <-q.conns:
			_ = conn.Close()
		default:
			return nil
		}
	}
}

// stream is the raft.StreamLayer of a Transport.
type stream struct {
	*queue
	dial func(node string, timeout time.Duration) (net.Conn, error)
}

// Dial connects to a node by its name.
func (s *stream) Dial(node raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	return s.dial(string(node), timeout)
}
