package native

import (
	"context"
	"sync/atomic"
	"time"
)

// disk watches the store (S8): a leader whose disk hangs stays leader and would freeze the whole cluster. While an
// operation is pending for too long this node's raft is cut off, so that the others elect another leader; its beats, its
// calls and its leases go on.
type disk struct {
	pending  func() time.Duration
	cut      func(on bool)
	patience time.Duration
	stuck    atomic.Bool
}

// watch runs until ctx ends; changed is told of each change.
func (d *disk) watch(ctx context.Context, changed func(stuck bool, pending time.Duration)) error {
	tick := time.NewTicker(d.patience / 5)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		pending := d.pending()
		stuck := pending > d.patience || (d.stuck.Load() && pending > 0)
		if stuck == d.stuck.Load() {
			continue
		}
		d.stuck.Store(stuck)
		d.cut(stuck)
		changed(stuck, pending)
	}
}

func (n *Node) diskChanged(stuck bool, pending time.Duration) {
	log := n.cfg.Log.WithField("component", "store").WithField("pending_ms", pending.Milliseconds())
	if stuck {
		log.Error("the disk hangs: this node leaves the log to the others until it answers (S8); check the disk under " + n.cfg.DataDir)
		return
	}
	log.Warn("the disk answers again: this node takes part in the log")
}
