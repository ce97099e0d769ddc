package plugin

import (
	"fmt"
	"net"

	"hawser/cluster"
	"hawser/mib/snmp"
	"hawser/redfish"
)

// Spec is the cluster's part of the file, as it goes into the log: no secret, and no path to one.
func (c Config) Spec() cluster.Spec {
	spec := cluster.Spec{Name: c.Cluster.Name}
	for _, n := range c.Nodes {
		node := cluster.NodeSpec{Name: n.Name, Role: n.Role, HasBMC: n.HasBMC()}
		for _, address := range n.Beat {
			host, _, _ := net.SplitHostPort(address)
			node.Addresses = append(node.Addresses, host)
		}
		spec.Nodes = append(spec.Nodes, node)
	}
	for _, st := range c.Stacks {
		stack := cluster.StackSpec{Name: st.Name, PreferredNode: st.PreferredNode, Failback: st.Failback}
		for _, sv := range st.Services {
			stack.Services = append(stack.Services, sv.spec())
		}
		spec.Stacks = append(spec.Stacks, stack)
	}
	for _, s := range c.Sinks {
		spec.Sinks = append(spec.Sinks, cluster.Sink{
			Name: s.Name, Address: s.Address, Kind: s.Kind, Version: s.Version, User: s.User, Channel: s.Channel,
			Backlog: s.Backlog, Window: s.Window, MinSeverity: s.MinSeverity, GiveUp: s.GiveUp,
		})
	}
	return spec
}

func (s ServiceConfig) spec() cluster.ServiceSpec {
	return cluster.ServiceSpec{
		Name: s.Name, Layer: s.Layer, Kind: s.Kind, Mode: s.Mode, Options: s.Options,
		Probe: cluster.ProbeSpec(s.Probe), Policy: cluster.Policy(s.Policy), StartTimeout: s.StartTimeout, StopBudget: s.StopBudget,
	}
}

// RaftPeers are the addresses of the log, by node, one per link.
func (c Config) RaftPeers() map[string][]string {
	return c.peers(func(n NodeConfig) []string { return n.Raft })
}

// BeatPeers are the addresses of the beats, by node, one per link.
func (c Config) BeatPeers() map[string][]string {
	return c.peers(func(n NodeConfig) []string { return n.Beat })
}

func (c Config) peers(addresses func(NodeConfig) []string) map[string][]string {
	peers := make(map[string][]string, len(c.Nodes))
	for _, n := range c.Nodes {
		peers[n.Name] = addresses(n)
	}
	return peers
}

// BMCs are the configurations of the nodes' BMCs, by node; a node without one is left out.
func (c Config) BMCs() (map[string]redfish.Config, error) {
	out := make(map[string]redfish.Config)
	for _, n := range c.Nodes {
		if !n.HasBMC() {
			continue
		}
		bmc, err := c.bmc(n)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", n.Name, err)
		}
		out[n.Name] = bmc
	}
	return out, nil
}

func (c Config) bmc(n NodeConfig) (redfish.Config, error) {
	h, user := c.Hardware, n.BMC.Username
	if n.BMC.UsernameFile != "" {
		var err error
		if user, err = ReadSecret(n.BMC.UsernameFile); err != nil {
			return redfish.Config{}, err
		}
	}
	return redfish.Config{
		Name: n.Name, URL: n.BMC.URL, Username: user, PasswordFile: n.BMC.PasswordFile, CAFile: n.BMC.CAFile,
		Fingerprint: n.BMC.Fingerprint, SystemID: n.BMC.SystemID, Timeout: h.Timeout, MaxConcurrent: h.MaxConcurrent,
		Poll: h.Poll, StageTimeout: h.StageTimeout, ApplyTimeout: h.ApplyTimeout, Settle: h.Settle, OffTimeout: h.OffTimeout,
		ResetTimeout: h.ResetTimeout,
	}, nil
}

// USM is the user with its passphrases, read from their files.
func (u UserConfig) USM() (snmp.User, error) {
	auth, err := snmp.ParseAuthProtocol(u.AuthProtocol)
	if err != nil {
		return snmp.User{}, fmt.Errorf("user %s: %w", u.Name, err)
	}
	priv, err := snmp.ParsePrivProtocol(u.PrivProtocol)
	if err != nil {
		return snmp.User{}, fmt.Errorf("user %s: %w", u.Name, err)
	}
	user := snmp.User{Name: u.Name, Auth: auth, Priv: priv}
	if user.AuthPassphrase, err = ReadSecret(u.AuthPassphraseFile); err != nil {
		return snmp.User{}, fmt.Errorf("user %s: %w", u.Name, err)
	}
	if user.PrivPassphrase, err = ReadSecret(u.PrivPassphraseFile); err != nil {
		return snmp.User{}, fmt.Errorf("user %s: %w", u.Name, err)
	}
	return user, nil
}
