package native

import (
	"context"
	"fmt"
	"time"

	"hawser/cluster"
	"hawser/cluster/engine"
)

// fence carries out a committed intent in a goroutine of its own, and commits the result. Leadership is verified just
// before: a deposed leader fences nobody.
func (l *lead) fence(ctx context.Context, f cluster.Fence, why string) {
	l.mu.Lock()
	l.fencing[f.ID] = true
	l.mu.Unlock()
	log := l.log.WithField("node", f.Node).WithField("reason", f.Reason)
	log.Warn(why)
	l.tasks.Go(func() {
		// The request is under way to its deadline, whatever becomes of our term: its end must be waited for (A2).
		bound, cancel := context.WithDeadline(context.WithoutCancel(ctx), f.Deadline)
		defer cancel()
		err := l.node.raft.VerifyLeader().Error()
		if err == nil {
			err = l.off(bound, f)
		}
		decisions := engine.FenceEnded(l.node.ledger.State(), f, time.Now(), err)
		entry := log.WithField("took_ms", time.Since(f.Intent).Milliseconds())
		if err != nil {
			entry.WithError(err).Error("fence failed: check the BMC, or confirm by hand that the node is off")
		} else {
			entry.Warn("fenced: off, read twice")
		}
		if _, err := l.node.propose(bound, decisions...); err != nil {
			entry.WithError(err).Warn("could not commit the end of a fence")
		}
		l.mu.Lock()
		delete(l.fencing, f.ID)
		l.mu.Unlock()
		l.wake.wake()
	})
}

func (l *lead) off(ctx context.Context, f cluster.Fence) error {
	device := l.node.cfg.Fence[f.Node]
	uuid := l.node.ledger.State().Nodes[f.Node].MachineUUID
	if uuid == "" {
		return fmt.Errorf("fence %s: its machine UUID is unknown, so its BMC cannot be told from another's", f.Node)
	}
	return device.Off(ctx, uuid)
}

// powerOn switches a fenced machine on again, in a goroutine of its own.
func (l *lead) powerOn(ctx context.Context, node, why string) {
	l.mu.Lock()
	l.powering[node] = true
	l.mu.Unlock()
	id := l.node.ledger.State().Fences[node].ID
	l.log.WithField("node", node).Info(why)
	l.tasks.Go(func() {
		bound, cancel := context.WithTimeout(ctx, l.node.cfg.Engine.FenceDeadline)
		defer cancel()
		err := l.node.cfg.Fence[node].On(bound)
		if err == nil {
			_, err = l.node.propose(bound, cluster.Decision{Fenced: &cluster.Fenced{Node: node, ID: id, Off: true, Powered: true}})
		}
		if err != nil {
			l.log.WithError(err).WithField("node", node).Warn("could not switch it on again; will try later")
			select {
			case <-ctx.Done():
			case <-time.After(raftTimeout):
			}
		}
		l.mu.Lock()
		delete(l.powering, node)
		l.mu.Unlock()
		l.wake.wake()
	})
}
