package native

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hawser/cluster"
	"hawser/cluster/engine"
	"hawser/cluster/fence"
)

// errNotAsked says that a fence was given up before the device was asked.
var errNotAsked = errors.New("the device was not asked")

// fence carries out a committed intent in a goroutine of its own, and commits the result.
func (l *lead) fence(ctx context.Context, f cluster.Fence, why string) {
	l.mu.Lock()
	l.fencing[f.ID] = true
	office := l.office
	l.mu.Unlock()
	log := l.log.WithField("node", f.Node).WithField("reason", f.Reason)
	log.Warn(why)
	l.tasks.Go(func() {
		// The request is under way to its deadline, whatever becomes of our office: its end must be waited for (A2).
		bound, cancel := context.WithDeadline(context.WithoutCancel(ctx), f.Deadline)
		defer cancel()
		err := l.mayFence(bound, f, office)
		if err == nil {
			err = l.off(bound, f)
		}
		entry := log.WithField("took_ms", time.Since(f.Intent).Milliseconds())
		switch {
		case errors.Is(err, errNotAsked):
			entry.WithError(err).Warn("fence given up; whoever leads decides anew")
		case err != nil:
			entry.WithError(err).Error("fence failed: check the BMC, or confirm by hand that the node is off")
		default:
			entry.Warn("fenced: off, read twice")
		}
		l.ended(ctx, f, err)
		l.mu.Lock()
		delete(l.fencing, f.ID)
		l.mu.Unlock()
		l.wake.wake()
	})
}

// mayFence verifies, just before the device is asked, that this node still leads in the same office and that the intent
// still stands (A19): a deposed leader fences nobody.
func (l *lead) mayFence(ctx context.Context, f cluster.Fence, office uint64) error {
	term, err := l.node.quorum.verify(ctx)
	switch now := l.node.ledger.State().Fences[f.Node]; {
	case err != nil:
		return fmt.Errorf("%w: %w", errNotAsked, err)
	case term != office:
		return fmt.Errorf("%w: another leadership began", errNotAsked)
	case now.ID != f.ID || !now.Open(time.Now()):
		return fmt.Errorf("%w: the intent does not stand any more", errNotAsked)
	case f.Node == l.node.cfg.Node:
		return fmt.Errorf("%w: a node does not fence itself", errNotAsked)
	}
	return nil
}

func (l *lead) off(ctx context.Context, f cluster.Fence) error {
	device := l.node.cfg.Fence[f.Node]
	if device == nil {
		return fmt.Errorf("fence %s: %w in the configuration of %s", f.Node, fence.ErrNoDevice, l.node.cfg.Node)
	}
	uuid := l.node.ledger.State().Nodes[f.Node].MachineUUID
	if uuid == "" {
		return fmt.Errorf("fence %s: its machine UUID is unknown, so its BMC cannot be told from another's", f.Node)
	}
	return device.Off(ctx, uuid)
}

// ended commits the end of a fence. Until it is in the log the intent blocks its node, so it is tried until the deadline,
// after which the intent is closed without a result; and at least for a while.
func (l *lead) ended(ctx context.Context, f cluster.Fence, result error) {
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(time.Until(f.Deadline), proposeWait))
	defer cancel()
	decisions := func(s *cluster.State) []cluster.Decision {
		if now := s.Fences[f.Node]; now.ID != f.ID || now.Done {
			return nil
		}
		if errors.Is(result, errNotAsked) { // no story: nothing was done
			return []cluster.Decision{{Fenced: &cluster.Fenced{Node: f.Node, ID: f.ID, Error: result.Error()}}}
		}
		return engine.FenceEnded(s, f, time.Now(), result)
	}
	if err := l.node.insist(bound, decisions); err != nil {
		l.log.WithError(err).WithField("node", f.Node).Error("the end of a fence could not be committed; its intent runs out at its deadline")
	}
}

// powerOn switches a fenced machine on again, in a goroutine of its own.
func (l *lead) powerOn(ctx context.Context, node, why string) {
	l.mu.Lock()
	l.powering[node] = true
	l.mu.Unlock()
	id := l.node.ledger.State().Fences[node].ID
	l.log.WithField("node", node).Info(why)
	l.tasks.Go(func() {
		if err := l.on(ctx, node, id); err != nil {
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

func (l *lead) on(ctx context.Context, node string, id uint64) error {
	bound, cancel := context.WithTimeout(ctx, l.node.cfg.Engine.FenceDeadline)
	defer cancel()
	device := l.node.cfg.Fence[node]
	if device == nil {
		return fmt.Errorf("switch %s on: %w", node, fence.ErrNoDevice)
	}
	if err := device.On(bound); err != nil {
		return err
	}
	return l.node.insist(bound, func(s *cluster.State) []cluster.Decision {
		if f := s.Fences[node]; f.ID != id || f.Powered {
			return nil
		}
		return []cluster.Decision{{Fenced: &cluster.Fenced{Node: node, ID: id, Off: true, Powered: true}}}
	})
}
