package heartbeat

import (
	"errors"
	"fmt"
	"net"
	"time"
)

const (
	defaultInterval = 100 * time.Millisecond
	defaultMissed   = 4
	minInterval     = 10 * time.Millisecond
	maxLinks        = 8
	maxPeers        = maxHears

	// maxPeerBytes bounds the list of whom a node hears, so that half of a
	// beat is left for what it holds.
	maxPeerBytes = 600
)

// Link is one of this node's links. Links are named alike on all nodes by
// their place: the first link of a node talks to the first of its peers.
type Link struct {
	Index  int    // as reported; free to choose
	Name   string // for people
	Listen string // host:port; port 0 takes a free one
}

// Peer is another node.
type Peer struct {
	Name  string
	Addrs []string // ip:port, one per link in the order of Config.Links; "" where it has none
}

// Config of a monitor.
type Config struct {
	ClusterID   string
	Node        string
	BootID      string
	Incarnation uint64 // higher at each start of the daemon, such as Unix time in ns
	Keys        [][]byte
	Links       []Link
	Peers       []Peer
	Interval    time.Duration // default 100 ms
	Missed      int           // beats missed on a link that is down; default 4

	// Refused, if set, is told of a beat that was refused: of another
	// cluster, with a wrong key, malformed, recorded. One report per address
	// in 10 s.
	Refused func(addr, reason string)
	// Clone, if set, is told of two senders that go by one name, this node's
	// own included. One report per node in 10 s.
	Clone func(node, addr, detail string)
}

func (c Config) withDefaults() Config {
	if c.Interval == 0 {
		c.Interval = defaultInterval
	}
	if c.Missed == 0 {
		c.Missed = defaultMissed
	}
	return c
}

// silence is how long a link may be silent before it is down.
func (c *Config) silence() time.Duration { return time.Duration(c.Missed) * c.Interval }

// Validate lists all faults at once.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.ClusterID == "" {
		fault("no cluster id")
	}
	if err := checkName("node", c.Node); err != nil {
		errs = append(errs, err)
	}
	if err := checkName("boot id", c.BootID); err != nil {
		errs = append(errs, err)
	}
	if c.Incarnation == 0 {
		fault("incarnation 0; give one that grows with each start")
	}
	if _, err := newKeyring(c.Keys); err != nil {
		errs = append(errs, err)
	}
	if c.Interval < minInterval {
		fault("interval %s; give at least %s", c.Interval, minInterval)
	}
	if c.Missed < 2 {
		fault("%d missed beats; give at least 2", c.Missed)
	}
	if len(c.Links) == 0 || len(c.Links) > maxLinks {
		fault("%d links; give 1 to %d", len(c.Links), maxLinks)
	}
	if err := c.checkPeers(c.Peers); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *Config) checkPeers(peers []Peer) error {
	var errs []error
	if len(peers) > maxPeers {
		errs = append(errs, fmt.Errorf("%d peers, at most %d", len(peers), maxPeers))
	}
	bytes := 0
	seen := map[string]bool{c.Node: true}
	for _, p := range peers {
		if err := checkName("peer", p.Name); err != nil {
			errs = append(errs, err)
		}
		if seen[p.Name] {
			errs = append(errs, fmt.Errorf("peer %s: the name is taken", p.Name))
		}
		seen[p.Name] = true
		bytes += 1 + len(p.Name) + 2
		if len(p.Addrs) > len(c.Links) {
			errs = append(errs, fmt.Errorf("peer %s: %d addresses for %d links", p.Name, len(p.Addrs), len(c.Links)))
		}
		for i, a := range p.Addrs {
			if _, err := resolve(a); a != "" && err != nil {
				errs = append(errs, fmt.Errorf("peer %s: address %d: %w", p.Name, i+1, err))
			}
		}
	}
	if bytes > maxPeerBytes {
		errs = append(errs, fmt.Errorf("the names of %d peers take %d bytes of a beat, at most %d; give shorter names", len(peers), bytes, maxPeerBytes))
	}
	return errors.Join(errs...)
}

func checkName(what, s string) error {
	if s == "" || len(s) > maxName {
		return fmt.Errorf("%s %q: give 1 to %d bytes", what, s, maxName)
	}
	return nil
}

// resolve takes an IP address and port; names are not looked up, as a
// silent name server must not matter here (S8).
func resolve(addr string) (*net.UDPAddr, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%q: %w; give ip:port", addr, err)
	}
	if net.ParseIP(host) == nil {
		return nil, fmt.Errorf("%q: %q is not an IP address", addr, host)
	}
	return net.ResolveUDPAddr("udp", net.JoinHostPort(host, port))
}
