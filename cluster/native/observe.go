package native

import (
	"context"
	"sync"
	"time"

	"hawser/cluster"
)

// observer writes what the BMCs say into the log: only what changed, in entries below the size limit.
type observer struct {
	node *Node
	wake poke

	mu     sync.Mutex // guards latest
	latest map[string]cluster.Hardware
}

func newObserver(n *Node) *observer {
	return &observer{node: n, wake: newPoke(), latest: map[string]cluster.Hardware{}}
}

// Observe records what a BMC said. It does not wait; of two that come quickly the later counts.
func (n *Node) Observe(hardware cluster.Hardware) {
	n.observer.mu.Lock()
	n.observer.latest[hardware.Node] = hardware
	n.observer.mu.Unlock()
	n.observer.wake.wake()
}

// run records until ctx ends. What could not be recorded is tried again, unless something newer came.
func (o *observer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
		}
		failed := false
		for _, hw := range o.take() {
			if err := o.record(ctx, hw); err != nil {
				o.node.cfg.Log.WithError(err).WithField("node", hw.Node).Debug("hardware readings were not recorded; trying again")
				o.putBack(hw)
				failed = true
			}
		}
		if !failed {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(renewEvery):
			o.wake.wake()
		}
	}
}

func (o *observer) take() map[string]cluster.Hardware {
	o.mu.Lock()
	defer o.mu.Unlock()
	latest := o.latest
	o.latest = map[string]cluster.Hardware{}
	return latest
}

func (o *observer) putBack(hw cluster.Hardware) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, newer := o.latest[hw.Node]; !newer {
		o.latest[hw.Node] = hw
	}
}

func (o *observer) record(ctx context.Context, hw cluster.Hardware) error {
	old := o.node.ledger.State().Hardware[hw.Node]
	if old == nil {
		old = &cluster.Hardware{}
	}
	var groups [][]cluster.Decision
	for _, d := range hardwareDiff(*old, hw) {
		groups = append(groups, []cluster.Decision{{Hardware: &d}})
	}
	for _, part := range split(groups) {
		bound, cancel := context.WithTimeout(ctx, proposeWait)
		_, err := o.node.propose(bound, part...)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}
