package native

import (
	"context"
	"fmt"
	"time"

	"hawser/cluster"
)

// openOutbox opens the outbox, and takes in what a former daemon kept there.
func (n *Node) openOutbox() error {
	log := n.cfg.Log.WithField("component", "outbox")
	var damaged error
	var err error
	if n.shelf, damaged, err = openShelf(n.cfg.DataDir, log); err != nil {
		return err
	}
	n.outbox = &outbox{
		node: n.cfg.Node, log: log, shelf: shelf{local: n.shelf.Local("outbox")},
		numbers: &numbers{local: n.store.Local("origin"), floor: n.highestNumber},
		propose: func(ctx context.Context, decisions ...cluster.Decision) error {
			_, err := n.propose(ctx, decisions...)
			return err
		},
		mark: func() cluster.HandedMark { return n.ledger.State().Handed[n.cfg.Node] },
		work: newPoke(), wake: newPoke(),
	}
	if err := n.outbox.numbers.refill(); err != nil {
		return err
	}
	if err := n.outbox.open(n.incarnation); err != nil {
		return fmt.Errorf("outbox %s: %w; a later version wrote it: install that one, or move the file away and lose the events in it", n.shelf.Path(), err)
	}
	if damaged != nil {
		_, err = n.outbox.take(outboxLost(n.cfg.Node, damaged), 0)
	}
	return err
}

// outboxLost tells that the events of a damaged outbox are gone; nobody knows how many there were.
func outboxLost(node string, damaged error) cluster.Event {
	return cluster.Event{
		Time: time.Now(), Type: cluster.EventEventsLost, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentNode,
		ComponentName: node, NodeName: node, Error: damaged.Error(), Reaction: cluster.ReactedRecover, Result: cluster.ResultUnknown,
		Summary: "the outbox of node " + node + " was damaged and moved aside: events that it had not handed over are lost",
	}
}

// highestNumber is the highest event number of this node that the log is known to hold.
func (n *Node) highestNumber() uint64 {
	s := n.ledger.State()
	return max(s.Origins[n.cfg.Node], s.Handed[n.cfg.Node].Seq)
}

// Raise records an event that arose on this node. It is on this node's disk before it is handed to the leader, and handed
// over until it is seen in the log, whatever becomes of leaders and of this daemon. Raise waits for that, but not long, and
// without a leader for the disk alone. nil says that the event is taken: it will be told, unless this daemon is killed while its disk is full or hangs.
func (n *Node) Raise(ctx context.Context, event cluster.Event) error {
	if event.NodeName == "" {
		event.NodeName = n.cfg.Node
	}
	if event.Time.IsZero() {
		event.Time = time.Now()
	}
	l, err := n.outbox.take(event, n.officeOf(event))
	if err != nil {
		return err
	}
	timer := time.NewTimer(raiseWait)
	defer timer.Stop()
	safe := l.safe
	for {
		select {
		case <-safe:
			if n.follows() == "" {
				return nil // nobody can take it now
			}
			safe = nil
		case <-l.seen:
			return nil
		case <-ctx.Done():
			return nil
		case <-timer.C:
			return nil
		}
	}
}

// note records what this node saw of itself: it holds, whoever leads. It does not wait.
func (n *Node) note(event cluster.Event) {
	event.NodeName, event.Time = n.cfg.Node, time.Now()
	if _, err := n.outbox.take(event, 0); err != nil {
		n.cfg.Log.WithError(err).WithField("summary", event.Summary).Warn("event was not recorded")
	}
}

// officeOf is the office in which an event arose: what a leader sees of the cluster, of sinks and of the others' hardware
// is looked at anew by the next leader, so that a story that comes late must not touch alarms. 0: it is about this node.
func (n *Node) officeOf(e cluster.Event) uint32 {
	if e.ComponentType == cluster.ComponentNode && e.ComponentName == n.cfg.Node || !n.lead.inOffice() {
		return 0
	}
	return n.ledger.State().EngineBoots
}
