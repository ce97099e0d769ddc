package plugin

import (
	"context"
	"net/netip"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/view"
	"hawser/plugin/agent"
	"hawser/plugin/agentx"
)

// AgentX shows a node through the snmpd of its machine: the subagent, and, if wanted, notifications through snmpd.
type AgentX struct {
	agent  *agentx.Agent
	notify bool
	source Source
	rows   *rows // template of an event's row
	log    *logrus.Entry
}

// NewAgentX builds the subagent over the monitor's view, so that both front ends show the same.
func NewAgentX(cfg Config, source Source, backend view.Backend, version string, log *logrus.Entry) (*AgentX, error) {
	log = log.WithField("component", "agentx")
	agent, err := agentx.New(cfg.agentX(version), backend, log)
	if err != nil {
		return nil, err
	}
	return &AgentX{agent: agent, notify: cfg.SNMP.AgentX.Notify, source: source, rows: newRows(mib.HawserEventTable), log: log}, nil
}

// String names the task.
func (x *AgentX) String() string { return x.agent.String() }

// Ready is closed when snmpd serves a subtree of ours for the first time; that may be never.
func (x *AgentX) Ready() <-chan struct{} { return x.agent.Ready() }

// Stats are the subagent's counters.
func (x *AgentX) Stats() agentx.Stats { return x.agent.Stats() }

// Run keeps the session with snmpd until ctx ends.
func (x *AgentX) Run(ctx context.Context) error {
	if !x.notify {
		return x.agent.Run(ctx)
	}
	return RunTasks(ctx, x.agent, agentXNotifier{x})
}

// agentXNotifier hands events to snmpd while this node leads. What happens while it does not, or while snmpd is away, is
// not told this way: the sinks of the cluster engine have it.
type agentXNotifier struct{ *AgentX }

// String names the task.
func (agentXNotifier) String() string { return "agentx notifier" }

// notifyBatch is how many events are read at once.
const notifyBatch = 64

// Run goes on from the newest event at its start, and at the start of each leadership.
func (n agentXNotifier) Run(ctx context.Context) error {
	first := n.source.Snapshot().State
	began, last, boots := time.Now(), first.LastEvent, first.EngineBoots
	for ctx.Err() == nil {
		changed := n.source.Changed()
		snap := n.source.Snapshot()
		if !leads(snap) || boots != snap.State.EngineBoots || last > snap.State.LastEvent { // the last: another generation
			last, boots = snap.State.LastEvent, snap.State.EngineBoots
		}
		if last < snap.State.LastEvent {
			last = n.send(snap, last, time.Since(began))
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return nil
}

// send tells the next events and returns the last that was told, or given up.
func (n agentXNotifier) send(snap *cluster.Snapshot, last cluster.Seq, uptime time.Duration) cluster.Seq {
	events, err := n.source.Events(last, notifyBatch)
	if err != nil || len(events) == 0 {
		n.log.WithError(err).Warn("events not read: they are not told through snmpd")
		return snap.State.LastEvent
	}
	for _, e := range events {
		m := message{
			cluster: snap.State, prev: last, uptime: uptime, address: netip.IPv4Unspecified(), now: time.Now(), rows: n.rows,
		}
		binds := m.varbinds(e)
		last = e.Seq
		// The first two are sysUpTime and snmpTrapOID, which snmpd has its own of; the last is the address of a sender, which
		// is snmpd.
		if err := n.agent.Notify(binds[1].Value.OID, binds[2:len(binds)-1]); err != nil {
			n.log.WithError(err).WithField("event", e.Seq).Debug("event not told through snmpd")
		}
	}
	return last
}

// Ready is closed at once: it has nothing to prepare.
func (n agentXNotifier) Ready() <-chan struct{} { return n.agent.Ready() }

// Below adds the subagent's figures to the counters of this daemon (hawserSelf...). Call it before Run.
func (m *Monitor) Below(stats func() agentx.Stats) { m.below = stats }

// addBelow adds what was asked through snmpd to what the embedded agent was asked.
func addBelow(s *agent.Stats, below agentx.Stats) {
	s.Gets, s.GetNexts, s.GetBulks, s.Sets = s.Gets+below.Gets, s.GetNexts+below.GetNexts, s.GetBulks+below.GetBulks, s.Sets+below.Sets
	for status, n := range below.ByStatus {
		s.Errors[status] += n
	}
	s.ParseErrors += below.Malformed
}

// Backend is what front ends serve.
func (m *Monitor) Backend() view.Backend { return m.backend }
