package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// initOptions are what a first configuration is made of.
type initOptions struct {
	name, dir, witness string
	nodes              []string
	manager            string
	port, snmpPort     int
}

func initCommand(a *app) *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use: "init --nodes a=10.0.0.1,b=10.0.0.2,c=10.0.0.3", Short: "Make keys, certificates, users and a first configuration",
		Args: cobra.NoArgs,
		Long: `Make what a new cluster needs, one folder per node: copy each to /etc/hawser of its node, add BMC and stacks, and
validate. The key of the certificate authority stays in the folder ca: keep it off the nodes. A node with an address on
each of two networks is written a=10.0.0.1/10.1.0.1.`,
		RunE: func(*cobra.Command, []string) error { return a.init(o) },
	}
	f := c.Flags()
	f.StringVar(&o.name, "name", "hawser", "name of the cluster")
	f.StringVar(&o.dir, "dir", "hawser-init", "folder to write to; it must not exist or be empty")
	f.StringSliceVar(&o.nodes, "nodes", nil, "nodes with their addresses")
	f.StringVar(&o.witness, "witness", "", "the node that votes and runs no services")
	f.StringVar(&o.manager, "manager", "", "host:port of a hawser manager, which gets the notifications")
	f.IntVar(&o.port, "port", 7946, "port of the log (TCP) and the beats (UDP)")
	f.IntVar(&o.snmpPort, "snmp-port", 161, "port of the SNMP agents (UDP)")
	if err := c.MarkFlagRequired("nodes"); err != nil {
		panic("hawser: " + err.Error())
	}
	return c
}

// initResult is what init made.
type initResult struct {
	Cluster  string     `json:"cluster"`
	ID       string     `json:"id"`
	EngineID string     `json:"engineId"`
	Dir      string     `json:"dir"`
	Nodes    []string   `json:"nodes"`
	Configs  []string   `json:"configs"`
	Manager  string     `json:"manager"`
	Users    []initUser `json:"users"`
}

func (a *app) init(o initOptions) error {
	nodes, err := parseNodes(o)
	if err != nil {
		return misuse{err}
	}
	if entries, err := os.ReadDir(o.dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty: choose another --dir, so that no key is overwritten", o.dir)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	made, err := foundWhole(o, nodes)
	if err != nil {
		return fmt.Errorf("init in %s: %w", o.dir, err)
	}
	return a.print(made, func(w io.Writer) {
		fmt.Fprintf(w, "cluster %s (%s) in %s\n", made.Cluster, made.ID, made.Dir)
		for _, path := range made.Configs {
			fmt.Fprintf(w, "  %s\n", path)
		}
		fmt.Fprintf(w, "  %s\n", made.Manager)
		fmt.Fprintln(w, "Next: copy each node's folder to /etc/hawser there, add bmc and stacks, then `hawser validate`, `hawser node`.")
		fmt.Fprintf(w, "Keep %s off the nodes.\n", filepath.Join(made.Dir, "ca", "ca.key"))
	})
}

// foundWhole makes the folder whole or not at all, and not with a configuration that would be refused.
func foundWhole(o initOptions, nodes []initNode) (initResult, error) {
	part := o
	part.dir = o.dir + ".part"
	if err := os.RemoveAll(part.dir); err != nil {
		return initResult{}, err
	}
	defer func() { _ = os.RemoveAll(part.dir) }() // gone already if all went well
	made, err := found(part, nodes)
	if err != nil {
		return made, err
	}
	for i, path := range made.Configs {
		if _, faults, err := nodeConfig(path); err != nil || len(faults) > 0 {
			return made, cmp.Or(err, faults.Err())
		}
		made.Configs[i] = filepath.Join(o.dir, nodes[i].Name, configName)
	}
	if _, faults, err := managerConfig(filepath.Join(part.dir, "manager", "manager.yaml")); err != nil || len(faults) > 0 {
		return made, cmp.Or(err, faults.Err())
	}
	made.Dir, made.Manager = o.dir, filepath.Join(o.dir, "manager", "manager.yaml")
	if err := os.Remove(o.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return made, err
	}
	return made, os.Rename(part.dir, o.dir)
}

// configName is the file of a node's configuration in its folder.
const configName = "hawser.yaml"

// initNode is a node of the first configuration.
type initNode struct {
	Name, Role string
	Hosts      []string // one per link
	Raft, Beat []string
	SNMP       string
}

func parseNodes(o initOptions) ([]initNode, error) {
	var nodes []initNode
	for _, text := range o.nodes {
		name, hosts, ok := strings.Cut(text, "=")
		if !ok || name == "" || hosts == "" {
			return nil, fmt.Errorf("--nodes %q: write it as NAME=ADDRESS", text)
		}
		n := initNode{Name: name, Role: "resource", Hosts: strings.Split(hosts, "/")}
		if name == o.witness {
			n.Role = "witness"
		}
		for _, host := range n.Hosts {
			address := net.JoinHostPort(host, strconv.Itoa(o.port))
			n.Raft, n.Beat = append(n.Raft, address), append(n.Beat, address)
		}
		n.SNMP = net.JoinHostPort(n.Hosts[0], strconv.Itoa(o.snmpPort))
		if len(nodes) > 0 && len(n.Hosts) != len(nodes[0].Hosts) {
			return nil, fmt.Errorf("--nodes %q: give every node an address on each link", text)
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}
