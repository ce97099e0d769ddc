package plugin

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib/snmp"
)

// Notifier sends the events of the log to the sinks, as the cluster engine, while this node leads. Each sink has a cursor
// in the replicated state, so that the next leader goes on where this one stopped.
type Notifier struct {
	source   Source
	recorder Recorder
	sinks    map[string]credentials // by name of the sink
	sender   *snmp.Sender
	log      *logrus.Entry
	ready    chan struct{}

	engine atomic.Pointer[reign]
	counts notifierCounts
}

// credentials are what a sink's notifications are secured with; secrets never enter the log, so each node has its own.
type credentials struct {
	user      snmp.User
	community string
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

// NewNotifier prepares the sender for the sinks of the configuration.
func NewNotifier(cfg Config, source Source, recorder Recorder, log *logrus.Entry) (*Notifier, error) {
	n := &Notifier{
		source: source, recorder: recorder, sinks: map[string]credentials{}, log: log.WithField("component", "notifier"),
		ready: make(chan struct{}),
	}
	for _, s := range cfg.Sinks {
		c, err := credentialsOf(cfg, s)
		if err != nil {
			return nil, fmt.Errorf("sink %s: %w", s.Name, err)
		}
		n.sinks[s.Name] = c
	}
	sender, err := snmp.NewSender(snmp.SenderConfig{Engine: n.clusterEngine})
	if err != nil {
		return nil, err
	}
	n.sender = sender
	return n, nil
}

func credentialsOf(cfg Config, s SinkConfig) (credentials, error) {
	if s.Version == "v2c" {
		community, err := ReadSecret(s.CommunityFile)
		return credentials{community: community}, err
	}
	for _, u := range cfg.SNMP.Users {
		if u.Name == s.User {
			user, err := u.USM()
			return credentials{user: user}, err
		}
	}
	return credentials{}, fmt.Errorf("its user %q is not among snmp.users", s.User)
}

// clusterEngine is the cluster's engine as this node may speak for it; the zero engine while it does not lead.
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
	defer func() {
		if err := n.sender.Close(); err != nil {
			n.log.WithError(err).Debug("sender did not close cleanly")
		}
	}()
	close(n.ready)
	for ctx.Err() == nil {
		changed := n.source.Changed()
		if s := n.source.Snapshot(); leads(s) {
			n.lead(ctx, s)
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return nil
}

// leads says whether the node leads and has committed its right to speak as the cluster engine.
func leads(s *cluster.Snapshot) bool {
	return s.Leader == s.Local && s.State.EngineOwner == s.Local && s.State.EngineBoots > 0
}

// lead runs one delivery per sink until this node leads no more, or the sinks changed.
func (n *Notifier) lead(ctx context.Context, s *cluster.Snapshot) {
	boots, revision := s.State.EngineBoots, s.State.Revision
	if old := n.engine.Load(); old == nil || old.boots != boots {
		n.engine.Store(&reign{id: s.State.EngineID, boots: boots, began: time.Now()})
	}
	term, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	cursors := newCursors(n.recorder, n.log)
	tasks.Go(func() { cursors.run(term) })
	for _, sink := range s.State.Spec.Sinks {
		d, err := n.delivery(sink, s.State.Sinks[sink.Name], cursors)
		if err != nil {
			n.log.WithError(err).WithField("sink", sink.Name).Error("this node cannot send to the sink: correct its configuration file")
			continue
		}
		tasks.Go(func() { d.run(term) })
	}
	for ctx.Err() == nil {
		changed := n.source.Changed()
		now := n.source.Snapshot()
		if !leads(now) || now.State.EngineBoots != boots || now.State.Revision != revision {
			break
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	cancel()
	tasks.Wait()
}

func (n *Notifier) delivery(sink cluster.Sink, status cluster.SinkStatus, cursors *cursors) (*delivery, error) {
	c, ok := n.sinks[sink.Name]
	if !ok {
		return nil, fmt.Errorf("sink %s is in the log but not in this node's file", sink.Name)
	}
	address, err := netip.ParseAddrPort(sink.Address)
	if err != nil {
		return nil, fmt.Errorf("sink %s: address %q: %w", sink.Name, sink.Address, err)
	}
	target := snmp.Target{Address: address, Version: snmp.V3, Community: c.community}
	if sink.Version == "v2c" {
		target.Version = snmp.V2c
	}
	return &delivery{
		notifier: n, sink: sink, target: target, user: c.user, status: status, cursors: cursors,
		log: n.log.WithField("sink", sink.Name),
	}, nil
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
