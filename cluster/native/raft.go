package native

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"

	"hawser/cluster/raftlog"
)

// storeFile holds the log, raft's own values and this node's counters.
const storeFile = "raft.db"

// openStore opens the store and takes this daemon's incarnation from it: higher than all before, also after the clock was
// set back.
func (n *Node) openStore() (err error) {
	if err := emptied(n.cfg.DataDir); err != nil {
		return err
	}
	if n.store, err = raftlog.Open(filepath.Join(n.cfg.DataDir, storeFile), raftlog.Options{Reserve: storeReserve}); err != nil {
		return err
	}
	err = n.store.Local("daemon").Update(func(tx *raftlog.LocalTx) error {
		const key = "incarnation"
		last, err := tx.GetUint64(key)
		if err != nil {
			return fmt.Errorf("read the last incarnation: %w", err)
		}
		n.incarnation = max(last+1, uint64(time.Now().UnixNano()))
		return tx.PutUint64(key, n.incarnation)
	})
	if err != nil {
		return err
	}
	return n.openOutbox()
}

// openRaft binds the transport and starts raft. The first start writes the voters of the configuration
// into the log; all nodes write the same.
func (n *Node) openRaft() (err error) {
	cfg := n.cfg
	snaps, err := raftlog.Snapshots(cfg.DataDir, cfg.Log)
	if err != nil {
		return err
	}
	complain := func(path string, err error) {
		cfg.Log.WithError(err).WithField("file", path).Error("a snapshot is damaged: an older one and the log take its place; check the disk under " + cfg.DataDir)
	}
	if err := checkSnapshots(n.store, snaps, cfg.DataDir, complain); err != nil {
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
	n.proposer = newProposer(cfg.Node, n.raft, n.store.Local("origin"), n.highestNumber)
	n.store.Endure()
	n.quorum = &quorum{raft: n.raft}
	n.disk = &disk{pending: n.store.Pending, cut: n.transport.Pause, patience: cmp.Or(cfg.DiskPatience, diskPatience), alarm: n.diskAlarm, left: n.diskAlarmLeft}
	if short := n.store.Shortage(); short != nil {
		cfg.Log.WithError(short).Warn("no space could be set aside for the log: should the disk get full, decisions wait for it; free space under " + cfg.DataDir)
	}
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
	if n.quorum != nil {
		n.quorum.tasks.Wait()
	}
	if n.store != nil {
		n.store.GiveUp() // Run has, but not every node that was opened has run
	}
	if n.raft != nil {
		bound, cancel := context.WithTimeout(context.Background(), finishWait)
		defer cancel()
		if err := await(bound, n.raft.Shutdown()); err != nil {
			log.WithError(err).Warn("raft did not shut down cleanly")
		}
	}
	if n.outbox != nil && !n.outbox.close(finishWait) {
		log.Error("the disk does not answer: the last events of this node may be lost; its files are left as they are, check the disk under " + n.cfg.DataDir)
		n.shelf, n.store = nil, nil // to close them would wait for the disk
	}
	if n.shelf != nil {
		if err := n.shelf.Close(); err != nil {
			log.WithError(err).Warn("outbox did not close cleanly")
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

// follows is the leader to turn to: raft's, but while this node is cut off from the log by its own disk (S8), or raft knows
// of none yet, the one that a majority of the voters names in its beats.
func (n *Node) follows() string {
	leader := n.leader()
	if leader != "" && !n.disk.stuck.Load() {
		return leader
	}
	named := map[string]int{}
	for _, p := range n.beats.Report().Peers {
		if p.Heard && !p.Suspect && p.Leader != n.cfg.Node {
			named[p.Leader]++
		}
	}
	delete(named, "")
	for name, count := range named {
		if count >= len(n.cfg.Spec.Nodes)/2+1 {
			return name
		}
	}
	return leader
}
