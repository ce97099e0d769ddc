package nms

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"hawser/mib/snmp"
	"hawser/nms/ask"
	"hawser/nms/notify"
	"hawser/nms/poll"
	"hawser/nms/reconfig"
	"hawser/nms/trapd"
)

func (m *Manager) session() ask.Options {
	return ask.Options{Timeout: m.cfg.Poll.RequestTimeout, Retries: m.cfg.Poll.Retries}
}

func (m *Manager) pollConfig(last map[string]string) poll.Config {
	cfg := poll.Config{Workers: m.cfg.Poll.Workers, PassTimeout: m.cfg.Poll.PassTimeout, SilentAfter: m.cfg.Poll.SilentAfter, Session: m.session()}
	for _, c := range m.cfg.Clusters {
		cfg.Clusters = append(cfg.Clusters, poll.Cluster{Name: c.Name, ClusterID: c.ClusterID, LastID: last[c.Name], Addresses: c.Nodes, User: m.users[c.ReadUser]})
	}
	return cfg
}

func (m *Manager) reconfigConfig() (reconfig.Config, error) {
	g := m.cfg.Gates
	cfg := reconfig.Config{
		Manager: m.cfg.Name, Session: m.session(), AnswerTimeout: m.cfg.Reconfig.AnswerTimeout, VerifyTimeout: m.cfg.Reconfig.VerifyTimeout,
		ApplyTimeout: m.cfg.Reconfig.ApplyTimeout, PollEvery: m.cfg.Reconfig.PollEvery,
		Gates: reconfig.Gates{
			Off: g.Off, DryRun: g.DryRun, RatePerHour: g.RatePerHour, MaxClusters: g.MaxClusters, RequireQuorum: g.RequireQuorum,
			RequireStandby: g.RequireStandby, StateMaxAge: g.StateMaxAge, EventMaxAge: g.EventMaxAge,
		},
	}
	for _, w := range g.Windows {
		schedule, err := cron.ParseStandard(w.Schedule)
		if err != nil {
			return cfg, err
		}
		location, err := time.LoadLocation(w.Location)
		if err != nil {
			return cfg, err
		}
		cfg.Gates.Windows = append(cfg.Gates.Windows, reconfig.Window{Schedule: schedule, Duration: w.Duration, Location: location})
	}
	for _, c := range m.cfg.Clusters {
		cfg.Clusters = append(cfg.Clusters, reconfig.Cluster{Name: c.Name, Addresses: c.Nodes, PolicyUser: m.user(c.PolicyUser), HardwareUser: m.user(c.HardwareUser)})
	}
	return cfg, nil
}

func (m *Manager) user(name string) *snmp.User {
	u, ok := m.users[name]
	if !ok {
		return nil
	}
	return &u
}

func (m *Manager) trapConfig(last map[string]string) (trapd.Config, error) {
	cfg := trapd.Config{
		Config: notify.Config{AnyCommunity: m.cfg.Traps.AnyCommunity, Manager: m.cfg.Name},
		Listen: m.cfg.Listen.Traps, ReceiveBuffer: m.cfg.Traps.ReceiveBuffer, SourceRate: m.cfg.Traps.SourceRate, SourceBurst: m.cfg.Traps.SourceBurst,
	}
	for _, path := range m.cfg.Traps.CommunityFiles {
		community, err := readSecret(path)
		if err != nil {
			return cfg, err
		}
		cfg.Communities = append(cfg.Communities, community)
	}
	for _, u := range m.cfg.Users {
		cfg.Users = append(cfg.Users, notify.User{User: m.users[u.Name], Clusters: u.Clusters})
	}
	for _, c := range m.cfg.Clusters {
		known := notify.Known{Name: c.Name, ClusterID: cmp.Or(c.ClusterID, last[c.Name])}
		engine, err := c.engine()
		if err != nil {
			return cfg, err
		}
		if engine != nil {
			known.Engines = append(known.Engines, engine)
		}
		cfg.Clusters = append(cfg.Clusters, known)
		for _, node := range c.Nodes {
			if at, err := netip.ParseAddrPort(node); err == nil && !slices.Contains(cfg.Trusted, at.Addr()) {
				cfg.Trusted = append(cfg.Trusted, at.Addr())
			}
		}
	}
	return cfg, nil
}
