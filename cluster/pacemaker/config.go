package pacemaker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

// Wire connects the hawsers of the cluster, authenticated both ways. raftlog.Transport is one; it is handed in, because this
// package is not to know of raft.
type Wire interface {
	// RPCListener accepts the calls of other nodes.
	RPCListener() net.Listener
	// DialRPC connects to the listener of a node.
	DialRPC(ctx context.Context, node string) (net.Conn, error)
	Close() error
}

// Config is what a Controller needs to know of itself and of the cluster.
type Config struct {
	ClusterID    string // as in the certificates
	Node         string // as Pacemaker calls it
	Version      string
	MachineUUID  string
	BootTime     time.Time
	EngineID     []byte // the cluster's snmpEngineID at its founding; empty: random
	NodeEngineID []byte
	DataDir      string
	// Spec holds name, nodes and sinks of the configuration file; stacks come from Pacemaker.
	Spec cluster.Spec
	// Layers overrides the layer of services by name.
	Layers map[string]cluster.Layer

	Programs Programs
	Period   time.Duration // between two readings without a hint; default 10 s

	Wire func() (Wire, error)
	// Peer is the verified name of the node at the other end of a connection of Wire.
	Peer func(net.Conn) string
	Log  *logrus.Entry
}

const (
	defaultPeriod   = 10 * time.Second
	defaultDeadline = 15 * time.Second
)

// Validate names all faults at once.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.ClusterID == "" || c.Node == "" {
		bad("cluster id and node name are needed")
	}
	if _, ok := c.Spec.Node(c.Node); !ok {
		bad("node %q is not among the nodes of the configuration: name them as `crm_node --list` does", c.Node)
	}
	if c.DataDir == "" {
		bad("a data folder is needed")
	}
	if c.Wire == nil || c.Peer == nil || c.Log == nil {
		bad("a transport between the nodes and a log are needed")
	}
	if l := len(c.EngineID); l != 0 && (l < 5 || l > 32) {
		bad("the engine id of the cluster has %d octets; 5 to 32 are taken (RFC 3411)", l)
	}
	if c.Period < 0 || c.Programs.Deadline < 0 {
		bad("periods and deadlines are not below zero")
	}
	return errors.Join(errs...)
}
