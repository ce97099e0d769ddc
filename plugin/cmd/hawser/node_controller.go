package main

import (
	"encoding/hex"
	"fmt"

	"github.com/sirupsen/logrus"

	"hawser/cluster/native"
	"hawser/cluster/pacemaker"
	"hawser/cluster/raftlog"
	"hawser/plugin"
	"hawser/redfish"
)

// nodeController is a cluster controller with what the daemon needs of it.
type nodeController interface {
	plugin.Controller
	plugin.Task
}

// newController makes the controller that the configuration names.
func newController(cfg plugin.Config, who identity, engineID []byte, bmcs map[string]*redfish.BMC, log *logrus.Entry) (nodeController, error) {
	if cfg.OverPacemaker() {
		pc, err := pacemakerConfig(cfg, who, engineID, log)
		if err != nil {
			return nil, err
		}
		return pacemaker.New(pc)
	}
	nc, err := nativeConfig(cfg, who, engineID, bmcs, log)
	if err != nil {
		return nil, err
	}
	return native.New(nc)
}

// pacemakerConfig is what the Pacemaker controller needs. The hawsers of its nodes talk over the transport of the native
// controller's log, with its certificates: no raft runs on it.
func pacemakerConfig(cfg plugin.Config, who identity, nodeEngine []byte, log *logrus.Entry) (pacemaker.Config, error) {
	clusterEngine, err := hex.DecodeString(cfg.Cluster.EngineID)
	if err != nil {
		return pacemaker.Config{}, fmt.Errorf("cluster.engineId: %w", err)
	}
	certs, err := newCertificates(cfg.Cluster, log)
	if err != nil {
		return pacemaker.Config{}, err
	}
	self, _ := cfg.Self()
	peers := cfg.RaftPeers()
	wire := func() (pacemaker.Wire, error) {
		return raftlog.NewTransport(raftlog.TransportConfig{
			Node: cfg.Node, ClusterID: cfg.Cluster.ID, Listen: self.Raft, Peers: func(node string) []string { return peers[node] },
			Cert: certs.certificate, Roots: certs.roots, Log: log.WithField("component", "transport"),
		})
	}
	return pacemaker.Config{
		ClusterID: cfg.Cluster.ID, Node: cfg.Node, Version: version().Version, MachineUUID: who.machine,
		BootTime: who.bootTime, EngineID: clusterEngine, NodeEngineID: nodeEngine, DataDir: cfg.DataDir, Spec: cfg.Spec(),
		Layers: cfg.Pacemaker.ServiceLayers(), Programs: pacemaker.Programs{Deadline: cfg.Pacemaker.Deadline},
		Period: cfg.Pacemaker.Period, Wire: wire, Peer: raftlog.PeerName, Log: log.WithField("component", "pacemaker"),
	}, nil
}
