package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"hawser/cluster/engine"
	"hawser/cluster/native"
	"hawser/fixtures/bmc"
	"hawser/plugin"
	"hawser/plugin/socket"
	"hawser/redfish"
)

func nodeCommand(a *app) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "node", Short: "Run the daemon of a node", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadNode(path)
			if err != nil {
				return fmt.Errorf("%s:\n%w", path, err)
			}
			return explainHeld(a.node(c.Context(), cfg))
		},
	}
	c.Flags().StringVar(&path, "config", defaultConfig, "configuration of the node")
	return c
}

// node runs one node until ctx ends: the controller, then what shows it.
func (a *app) node(ctx context.Context, cfg plugin.Config) error {
	logger, flush := a.openLog(cfg.Log)
	defer flush()
	log := logger.WithField("node", cfg.Node)
	for _, w := range cfg.Warnings() {
		log.WithField("path", w.Path).Warn(w.Problem)
	}
	who, err := identify(cfg)
	if err != nil {
		return err
	}
	bmcs, err := openBMCs(cfg, log)
	if err != nil {
		return err
	}
	engineID, err := plugin.NodeEngineID(cfg.DataDir, who.engineOwner(cfg), log)
	if err != nil {
		return err
	}
	controller, err := newController(cfg, who, engineID, bmcs, log)
	if err != nil {
		return err
	}
	shown := &newest{}
	monitor := shown.watched(func() (*plugin.Monitor, error) {
		return plugin.New(cfg, controller, engineID, bmcs, version().Version, log)
	})
	local := func() (plugin.Task, error) {
		return socket.New(filepath.Join(cfg.DataDir, socket.Name), controller, log.WithField("component", "socket")), nil
	}
	log.WithField("boot", who.boot).Info("node starts")
	shows := append([]builder{monitor, local}, agentX(cfg, controller, shown, log)...)
	err = runNode(ctx, controller, log, append(shows, metricsBuilders(cfg, controller, log)...)...)
	log.Info("node ended")
	return err
}

func openBMCs(cfg plugin.Config, log *logrus.Entry) (map[string]*redfish.BMC, error) {
	configs, err := cfg.BMCs()
	if err != nil {
		return nil, err
	}
	bmcs := make(map[string]*redfish.BMC, len(configs))
	for node, bc := range configs {
		if bmcs[node], err = redfish.New(bc, log.WithFields(logrus.Fields{"component": "redfish", "bmc": node})); err != nil {
			return nil, err
		}
	}
	return bmcs, nil
}

// nativeConfig is what the native controller needs of the configuration and of this machine.
func nativeConfig(cfg plugin.Config, who identity, nodeEngine []byte, bmcs map[string]*redfish.BMC, log *logrus.Entry) (native.Config, error) {
	clusterEngine, err := hex.DecodeString(cfg.Cluster.EngineID)
	if err != nil {
		return native.Config{}, fmt.Errorf("cluster.engineId: %w", err)
	}
	self, _ := cfg.Self()
	nc := native.Config{
		ClusterID: cfg.Cluster.ID, Node: cfg.Node, Boot: who.boot, MachineUUID: who.machine, Emulated: cfg.Emulation.Used(),
		Version: version().Version, BootTime: who.bootTime, DataDir: cfg.DataDir, Spec: cfg.Spec(),
		EngineID: clusterEngine, NodeEngineID: nodeEngine, RaftListen: self.Raft, RaftPeers: cfg.RaftPeers(),
		BeatListen: self.Beat, BeatPeers: cfg.BeatPeers(), Engine: engineConfig(cfg.Fencing), Fence: plugin.FenceDevices(bmcs), Log: log,
	}
	if marker := os.Getenv(bmc.BootMarker); marker != "" && cfg.Emulation.Used() {
		nc.ServiceEnv = []string{bmc.BootMarker + "=" + marker} // by it the emulated BMC finds what left the session
	}
	for _, path := range cfg.Cluster.BeatKeyFiles {
		key, err := plugin.ReadBeatKey(path)
		if err != nil {
			return nc, err
		}
		nc.BeatKeys = append(nc.BeatKeys, key)
	}
	certs, err := newCertificates(cfg.Cluster, log)
	if err != nil {
		return nc, err
	}
	nc.Cert, nc.Roots = certs.certificate, certs.roots
	return nc, nil
}

func engineConfig(f plugin.FencingConfig) engine.Config {
	e := engine.DefaultConfig()
	e.FenceDeadline, e.AfterFence, e.CycleLimit, e.CycleWindow = f.Deadline, engine.AfterFence(f.AfterFence), f.CycleLimit, f.CycleWindow
	return e
}

// newLog is the daemon's log, on standard error.
func (a *app) newLog(cfg plugin.LogConfig) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(a.stderr)
	if level, err := logrus.ParseLevel(cfg.Level); err == nil { // Validate has refused any other
		log.SetLevel(level)
	}
	if cfg.Format == "json" {
		log.SetFormatter(&logrus.JSONFormatter{})
	} else {
		log.SetFormatter(&logrus.TextFormatter{FullTimestamp: true, TimestampFormat: "2006-01-02T15:04:05.000Z07:00", DisableColors: true})
	}
	return log
}
