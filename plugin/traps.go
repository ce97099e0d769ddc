package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// Notifier sends the events of the log to the sinks, as the cluster engine, while this node leads. Each sink has a cursor
// in the replicated state, so that the next leader goes on where this one stopped.
type Notifier struct {
	source   Source
	recorder Recorder
	sinks    map[string]credentials // by name of the sink
	sender   sender
	rows     *rows // template of an event's row
	began    time.Time
	alone    *alone // nil: this node says nothing while it has no quorum
	log      *logrus.Entry
	ready    chan struct{}

	engine  atomic.Pointer[reign]
	cursors *cursors // of the present reign; only Run's goroutine touches it
	counts  notifierCounts
}

// sender puts notifications on the wire; snmp.Sender is one. Inform returns when the notification was acknowledged.
type sender interface {
	Inform(ctx context.Context, target snmp.Target, user snmp.User, binds []snmp.Varbind) error
	Trap(ctx context.Context, target snmp.Target, user snmp.User, binds []snmp.Varbind) error
	Close() error
}

// credentials are what a sink's notifications are secured with; secrets never enter the log, so each node has its own.
// With err this node has none, and cannot send to the sink while it leads.
type credentials struct {
	user      snmp.User
	community string
	err       error
}

// reign is the time for which this node is the cluster engine: its boots were committed by this node.
type reign struct {
	id    []byte
	boots uint32
	began time.Time
}

func (r *reign) uptime() time.Duration {
	if r == nil {
		return 0
	}
	return time.Since(r.began)
}

// NewNotifier prepares the sender for the sinks of the configuration. A sink whose credentials cannot be read is reported
// as stopped while this node leads; it keeps nobody from starting.
func NewNotifier(cfg Config, source Source, recorder Recorder, log *logrus.Entry) (*Notifier, error) {
	n := &Notifier{
		source: source, recorder: bounded{recorder}, sinks: map[string]credentials{}, log: log.WithField("component", "notifier"),
		rows: newRows(mib.HawserEventTable), ready: make(chan struct{}), began: time.Now(),
	}
	for _, s := range cfg.Sinks {
		n.sinks[s.Name] = credentialsOf(cfg, s)
	}
	sender, err := snmp.NewSender(snmp.SenderConfig{Engine: n.clusterEngine})
	if err != nil {
		return nil, fmt.Errorf("notifier: %w", err)
	}
	n.sender = sender
	return n, nil
}

func credentialsOf(cfg Config, s SinkConfig) (c credentials) {
	if s.Version == "v2c" {
		c.community, c.err = ReadSecret(s.CommunityFile)
		return c
	}
	for _, u := range cfg.SNMP.Users {
		if u.Name == s.User {
			c.user, c.err = u.USM()
			return c
		}
	}
	c.err = fmt.Errorf("user %q is not among snmp.users of this node's file", s.User)
	return c
}

// clusterEngine is the cluster's engine as this node may speak for it; the zero engine before it led. Deliveries run only
// while it leads, and a deposed one that does not know it yet has lower boots than its successor.
func (n *Notifier) clusterEngine() snmp.Engine {
	r := n.engine.Load()
	if r == nil {
		return snmp.Engine{}
	}
	return snmp.Engine{ID: r.id, Boots: r.boots, Time: uint32(r.uptime() / time.Second)}
}

// String names the task.
func (n *Notifier) String() string { return "notifier" }

// Ready is closed when the notifier runs.
func (n *Notifier) Ready() <-chan struct{} { return n.ready }

// Run sends while this node leads, until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	defer n.close()
	close(n.ready)
	for ctx.Err() == nil {
		if s := n.source.Snapshot(); leads(s) {
			n.lead(ctx, s)
			continue
		}
		n.waitAlone(ctx)
	}
	return nil
}

func (n *Notifier) close() {
	err := n.sender.Close()
	if n.alone != nil {
		err = errors.Join(err, n.alone.sender.Close())
	}
	if err != nil {
		n.log.WithError(err).Debug("sender did not close cleanly")
	}
}

// lead runs one delivery per sink until this node leads no more, or the sinks changed.
func (n *Notifier) lead(ctx context.Context, s *cluster.Snapshot) {
	n.enthrone(s.State)
	n.cursors.begin(s.State)
	parts := []func(context.Context){n.cursors.run}
	for _, sink := range s.State.Spec.Sinks {
		c, ok := n.sinks[sink.Name]
		if !ok {
			c.err = errors.New("the sink is in the log but not in this node's file")
		}
		if c.err != nil {
			n.log.WithError(c.err).WithField("sink", sink.Name).Error("this node cannot send to the sink: correct its configuration file")
			n.cursors.stopped(sink.Name, c.err)
			continue
		}
		parts = append(parts, newDelivery(n, sink, c).run)
	}
	holds, revision := leadsWith(s.State.EngineBoots), s.State.Revision
	while(ctx, n.source, func(now *cluster.Snapshot) bool { return holds(now) && now.State.Revision == revision }, parts...)
	// A deposed leader keeps its figures to itself: they could set back what its successor has recorded since.
	if leads(n.source.Snapshot()) {
		n.cursors.flush(ctx)
	}
}

// enthrone begins a reign, unless it goes on: its clock and its figures are kept while the boots are the same.
func (n *Notifier) enthrone(s *cluster.State) {
	if old := n.engine.Load(); old != nil && old.boots == s.EngineBoots {
		return
	}
	n.engine.Store(&reign{id: s.EngineID, boots: s.EngineBoots, began: time.Now()})
	n.cursors = newCursors(n.source, n.recorder, n.log)
}

// notifierCounts are the counters of the sender for the MIB's self group.
type notifierCounts struct {
	sent, acked, retries, lost atomic.Uint64
}

// Counters are the sender's figures by descriptor without "hawser".
func (n *Notifier) Counters() map[string]uint64 {
	return map[string]uint64{
		"SelfNotifySent": n.counts.sent.Load(), "SelfNotifyAcked": n.counts.acked.Load(),
		"SelfNotifyRetries": n.counts.retries.Load(), "SelfNotifyLost": n.counts.lost.Load(),
	}
}
