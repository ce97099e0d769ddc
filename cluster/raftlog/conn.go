package raftlog

import (
	"errors"
	"io"
	"net"
	"sync"
)

// nodeAddr is the address of a connection's end: the node's name, as links
// come and go under it.
type nodeAddr string

// Network names the kind of address.
func (nodeAddr) Network() string { return "hawser" }

// String is the node's name.
func (a nodeAddr) String() string { return string(a) }

// peerConn is the user's end of a connection to a node.
type peerConn struct {
	net.Conn
	self, peer string
	failure    func() error // nil, or why the other end vanished
	closed     func()       // nil, or runs once, at the first Close
	once       sync.Once
}

// Read tells the peer's own end (io.EOF) from a lost connection.
func (c *peerConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) && c.failure != nil {
		if why := c.failure(); why != nil {
			return n, why
		}
	}
	return n, err
}

// LocalAddr is this node's name.
func (c *peerConn) LocalAddr() net.Addr { return nodeAddr(c.self) }

// RemoteAddr is the peer's name.
func (c *peerConn) RemoteAddr() net.Addr { return nodeAddr(c.peer) }

// Close ends the connection; the peer reads what was written before.
func (c *peerConn) Close() error {
	err := c.Conn.Close()
	if c.closed != nil {
		c.once.Do(c.closed)
	}
	return err
}

// PeerName is the verified name of the node at the other end of a connection
// of [Transport]; empty for any other connection. It suits
// http.Server.ConnContext.
func PeerName(conn net.Conn) string {
	if c, ok := conn.(*peerConn); ok {
		return c.peer
	}
	return ""
}
