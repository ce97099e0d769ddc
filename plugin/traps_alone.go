package plugin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hawser/cluster"
	"hawser/mib/snmp"
)

// Outbox is a Source that keeps what arose on this node until it is in the log.
type Outbox interface {
	// Waiting are the events of this node that are not in the log yet, in their order.
	Waiting() []cluster.Event
}

// lookAtOutbox is how often a node without a quorum looks for what it has to say of itself.
const lookAtOutbox = 250 * time.Millisecond

// alone is what speaks for a node that has no quorum: as the node's own engine, of this node alone, and of events that are
// not in the log yet. Their EventSeq is 0; a receiver joins them with what comes later by origin and origin's sequence.
type alone struct {
	outbox Outbox
	sender sender
}

// speakAlone lets the notifier speak as the node's own engine while there is no quorum. A source that keeps no outbox has
// nothing to say then.
func (n *Notifier) speakAlone(engine func() snmp.Engine) error {
	outbox, ok := n.source.(Outbox)
	if !ok {
		return nil
	}
	s, err := snmp.NewSender(snmp.SenderConfig{Engine: engine})
	if err != nil {
		return fmt.Errorf("notifier: %w", err)
	}
	n.alone = &alone{outbox: outbox, sender: s}
	return nil
}

// isolated says whether the node has no quorum, and so nobody else may know of it.
func isolated(s *cluster.Snapshot) bool { return !s.Quorate && s.State.ClusterID != "" }

// waitAlone waits until this node leads, and speaks of itself meanwhile, whenever it is isolated.
func (n *Notifier) waitAlone(ctx context.Context) {
	parts := []func(context.Context){}
	if n.alone != nil {
		parts = append(parts, n.speakWhenAlone)
	}
	while(ctx, n.source, func(s *cluster.Snapshot) bool { return !leads(s) }, parts...)
}

// speakWhenAlone looks again and again: a quorum is lost by time alone, which is no change that anybody tells.
func (n *Notifier) speakWhenAlone(ctx context.Context) {
	for ctx.Err() == nil {
		if s := n.source.Snapshot(); isolated(s) {
			n.speak(ctx, s.State)
		}
		pause(ctx, lookAtOutbox)
	}
}

// speak tells every sink that INFORMs can be sent to, until the quorum is back; a sink of traps is told by whoever leads,
// once that is in the log.
func (n *Notifier) speak(ctx context.Context, s *cluster.State) {
	var tasks sync.WaitGroup
	for _, sink := range s.Spec.Sinks {
		c, ok := n.sinks[sink.Name]
		if !ok || c.err != nil || sink.Kind != cluster.SinkInform || sink.Channel == cluster.ChannelState {
			continue
		}
		d := &delivery{notifier: n, sink: sink, secret: c, log: n.log.WithField("sink", sink.Name)}
		tasks.Go(func() { n.speakTo(ctx, d) })
	}
	tasks.Wait()
}

// speakTo tells one sink, until the quorum is back or ctx ends.
func (n *Notifier) speakTo(ctx context.Context, d *delivery) {
	done := map[uint64]bool{}
	for wait := informWait; ctx.Err() == nil && isolated(n.source.Snapshot()); {
		e, ok := n.untold(d, done)
		if !ok {
			pause(ctx, lookAtOutbox)
			continue
		}
		if err := n.sayAlone(ctx, d, e, wait); err != nil {
			d.log.WithError(err).Debug("this node has no quorum, and the sink does not answer it either")
			wait = min(2*wait, informWaitMax)
			continue
		}
		done[e.OriginSeq], wait = true, informWait
		d.log.WithField("event", e.Summary).Info("told the sink what this node without a quorum says of itself")
	}
}

// untold is the first event of this node's loss of the quorum that the sink does not know.
func (n *Notifier) untold(d *delivery, done map[uint64]bool) (cluster.Event, bool) {
	for _, e := range n.alone.outbox.Waiting() {
		if e.Type == cluster.EventQuorumLost && !done[e.OriginSeq] && d.wanted(e) {
			return e, true
		}
	}
	return cluster.Event{}, false
}

// sayAlone makes one attempt; after an error the rest of the wait passes.
func (n *Notifier) sayAlone(ctx context.Context, d *delivery, e cluster.Event, wait time.Duration) error {
	bound, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	target, err := d.target(bound)
	if err == nil {
		e.Facts = cluster.Facts{ClusterState: cluster.ClusterNoQuorum} // it knows nothing of the others
		m := message{
			cluster: n.source.Snapshot().State, uptime: time.Since(n.began), address: localAddress(target.Address), now: time.Now(), rows: n.rows,
		}
		n.counts.sent.Add(1)
		err = n.alone.sender.Inform(bound, target, d.secret.user, m.varbinds(e))
	}
	if err != nil {
		d.turn.Add(1)
		<-bound.Done()
		return err
	}
	n.counts.acked.Add(1)
	return nil
}
