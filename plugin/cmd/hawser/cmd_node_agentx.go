package main

import (
	"context"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
	"hawser/mib/view"
	"hawser/plugin"
	"hawser/plugin/agentx"
)

// newest is the backend of the monitor that was built last: when the monitor is built anew, because its boots could not be read, the
// subagent goes on with the new one's, and each monitor counts what the subagent is asked.
type newest struct {
	monitor atomic.Pointer[plugin.Monitor]
	below   atomic.Pointer[plugin.AgentX]
}

// stats are the subagent's counters, none where it is off.
func (n *newest) stats() agentx.Stats {
	if x := n.below.Load(); x != nil {
		return x.Stats()
	}
	return agentx.Stats{}
}

// watched is a builder of monitors that lets newest know each.
func (n *newest) watched(build func() (*plugin.Monitor, error)) builder {
	return func() (plugin.Task, error) {
		m, err := build()
		if err != nil {
			return nil, err
		}
		m.Below(n.stats)
		n.monitor.Store(m)
		return m, nil
	}
}

func (n *newest) backend() view.Backend { return n.monitor.Load().Backend() }

// View returns the present snapshot.
func (n *newest) View() *view.View { return n.backend().View() }

// Test checks a whole SET.
func (n *newest) Test(ctx context.Context, by view.Setter, binds []snmp.Varbind) (view.Pending, error) {
	return n.backend().Test(ctx, by, binds)
}

// Contexts lists the contexts beside the default one.
func (n *newest) Contexts() []string {
	if c, ok := n.backend().(view.Contexts); ok {
		return c.Contexts()
	}
	return nil
}

// Context returns the present snapshot of a context.
func (n *newest) Context(name string) (*view.View, bool) {
	if c, ok := n.backend().(view.Contexts); ok {
		return c.Context(name)
	}
	return nil, false
}

// agentX builds the subagent over the newest monitor, which is built before it. None is built where it is off.
func agentX(cfg plugin.Config, source plugin.Source, n *newest, log *logrus.Entry) []builder {
	if !cfg.SNMP.AgentX.On() {
		return nil
	}
	return []builder{func() (plugin.Task, error) {
		x, err := plugin.NewAgentX(cfg, source, n, version().Version, log)
		if err != nil {
			return nil, err
		}
		n.below.Store(x)
		return x, nil
	}}
}
