package native

import (
	"fmt"
	"path/filepath"

	"github.com/hashicorp/raft"

	"hawser/cluster/raftlog"
)

// openRaft opens the store, binds the transport and starts raft. The first start writes the voters of the configuration
// into the log; all nodes write the same.
func (n *Node) openRaft() (err error) {
	cfg := n.cfg
	if n.store, err = raftlog.Open(filepath.Join(cfg.DataDir, "raft.db"), raftlog.Options{}); err != nil {
		return err
	}
	snaps, err := raftlog.Snapshots(cfg.DataDir, cfg.Log)
	if err != nil {
		return err
	}
	n.transport, err = raftlog.NewTransport(raftlog.TransportConfig{
		Node: cfg.Node, ClusterID: cfg.ClusterID, Listen: cfg.RaftListen,
		Peers: func(node string) []string { return cfg.RaftPeers[node] },
		Cert:  cfg.Cert, Roots: cfg.Roots, Log: cfg.Log.WithField("component", "transport"), Refused: cfg.Refused,
	})
	if err != nil {
		return err
	}
	rc := raft.DefaultConfig()
	rc.LocalID = raft.ServerID(cfg.Node)
	rc.HeartbeatTimeout, rc.ElectionTimeout = raftTimeout, raftTimeout
	rc.LeaderLeaseTimeout, rc.CommitTimeout = raftLease, commitTimeout
	rc.Logger = raftlog.NewLogger(cfg.Log.WithField("component", "raft"))
	rc.ShutdownOnRemove = false
	has, err := raft.HasExistingState(n.store, n.store, snaps)
	if err != nil {
		return fmt.Errorf("read raft store %s: %w", n.store.Path(), err)
	}
	if !has {
		if err := raft.BootstrapCluster(rc, n.store, n.store, snaps, n.transport.Raft(), n.voters()); err != nil {
			return fmt.Errorf("write the first voters into %s: %w", n.store.Path(), err)
		}
	}
	machine := &fsm{ledger: n.ledger, notify: n.ledgerChanged, fatal: n.fatal}
	if n.raft, err = raft.NewRaft(rc, machine, n.store, n.store, snaps, n.transport.Raft()); err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	n.proposer = &proposer{node: cfg.Node, raft: n.raft, local: n.store.Local("origin")}
	return nil
}

func (n *Node) voters() raft.Configuration {
	var c raft.Configuration
	for _, spec := range n.cfg.Spec.Nodes {
		c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(spec.Name), Address: raft.ServerAddress(spec.Name)})
	}
	return c
}

// closeRaft ends raft and releases what openRaft opened; parts that were not opened are nil.
func (n *Node) closeRaft() {
	log := n.cfg.Log
	if n.raft != nil {
		if err := n.raft.Shutdown().Error(); err != nil {
			log.WithError(err).Warn("raft did not shut down cleanly")
		}
	}
	if n.transport != nil {
		if err := n.transport.Close(); err != nil {
			log.WithError(err).Warn("transport did not close cleanly")
		}
	}
	if n.store != nil {
		if err := n.store.Close(); err != nil {
			log.WithError(err).Warn("store did not close cleanly")
		}
	}
}

// leader is the node that raft follows, empty if there is none.
func (n *Node) leader() string {
	_, id := n.raft.LeaderWithID()
	return string(id)
}
