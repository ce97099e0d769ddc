package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hawser/plugin"
	"hawser/plugin/socket"
)

// asker finds the local node: by its socket, or by its configuration, which names the data folder.
type asker struct{ config, socket string }

func (k *asker) flags(c *cobra.Command) {
	c.Flags().StringVar(&k.config, "config", defaultConfig, "configuration of the node to ask")
	c.Flags().StringVar(&k.socket, "socket", "", "local socket of the node to ask, instead of --config")
}

func (k *asker) client() (*socket.Client, error) {
	if k.socket != "" {
		return socket.Dial(k.socket), nil
	}
	cfg, _, err := nodeConfig(k.config) // a fault elsewhere in the file does not hinder a question
	if err != nil {
		return nil, fmt.Errorf("%w; name the node's configuration with --config or its socket with --socket", err)
	}
	return socket.Dial(filepath.Join(cfg.DataDir, socket.Name)), nil
}

func statusCommand(a *app) *cobra.Command {
	var k asker
	c := &cobra.Command{
		Use: "status", Short: "Who is active, why, since when, what happens next", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := k.client()
			if err != nil {
				return err
			}
			snap, err := client.Snapshot(c.Context())
			if err != nil {
				return err
			}
			s := plugin.StatusOf(snap)
			return a.print(s, func(w io.Writer) { showStatus(w, s) })
		},
	}
	k.flags(c)
	return c
}

func showStatus(w io.Writer, s plugin.Status) {
	fmt.Fprintf(w, "%s is %s, health %s%s\n", s.Cluster, s.State, s.Health, dash(s.Reason))
	fmt.Fprintf(w, "as %s sees it (view %s), leader %s, last event %d\n", s.Asked, s.View, cmp.Or(s.Leader, "none"), s.LastEvent)
	if s.Maintenance != "" {
		fmt.Fprintf(w, "maintenance by %s: nothing is restarted, moved or fenced\n", s.Maintenance)
	}
	for _, st := range s.Stacks {
		showStack(w, st)
	}
	fmt.Fprintln(w)
	row(w, "NODE", "STATE", "ADMIN", "LAST BEAT", "LEASE LEFT", "HARDWARE", "FENCE", "")
	for _, n := range s.Nodes {
		row(w, n.Name, n.State, n.Admin, millis(n.LastBeat), millis(n.LeaseLeft), n.Hardware, ready(n.FenceReady), remark(n))
	}
	fmt.Fprintln(w)
	row(w, "SERVICE", "LAYER", "MODE", "STATE", "ACTIVE ON", "REACTION", "")
	for _, v := range s.Services {
		row(w, v.Name, v.Layer, v.Mode, v.State, cmp.Or(strings.Join(v.ActiveOn, " "), "-"), v.Reaction, v.Trouble)
	}
	if len(s.Alarms) > 0 {
		fmt.Fprintln(w)
		row(w, "ALARM", "SEVERITY", "SINCE", "TEXT")
		for _, al := range s.Alarms {
			row(w, al.Index, al.Severity, clock(al.Raised), al.Text)
		}
	}
}

func showStack(w io.Writer, st plugin.StackStatus) {
	fmt.Fprintf(w, "\nstack %s is %s, active on %s%s\n", st.Name, st.State, cmp.Or(st.ActiveNode, "no node"), since(st.Since))
	fmt.Fprintf(w, "  why:  %s\n  next: %s\n", st.Why, st.Next)
	if st.BlockedReason != "" {
		fmt.Fprintf(w, "  it would not fail over now: %s\n", st.BlockedReason)
	}
}

func dash(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

func since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + clock(t)
}

func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05.000") }

// millis shows an age; -1 is none.
func millis(ms int64) string {
	if ms < 0 {
		return "-"
	}
	return strconv.FormatInt(ms, 10) + " ms"
}

func ready(yes bool) string {
	if yes {
		return "ready"
	}
	return "not ready"
}

func remark(n plugin.NodeStatus) string {
	var parts []string
	if n.Role != "resource" {
		parts = append(parts, n.Role)
	}
	if n.Emulated {
		parts = append(parts, "emulated machine")
	}
	if n.ReservedBy != "" {
		parts = append(parts, "reserved for "+n.ReservedBy)
	}
	return strings.Join(parts, ", ")
}
