package pacemaker

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// observer writes what the BMCs say into the ledger: the rows that changed.
type observer struct {
	c    *Controller
	wake poke

	mu     sync.Mutex // guards latest
	latest map[string]cluster.Hardware
}

const observeAgain = time.Second

func newObserver(c *Controller) *observer {
	return &observer{c: c, wake: newPoke(), latest: map[string]cluster.Hardware{}}
}

// Observe records what a BMC said. It does not wait; of two that come quickly the later counts.
func (c *Controller) Observe(hardware cluster.Hardware) {
	c.observer.mu.Lock()
	c.observer.latest[hardware.Node] = hardware
	c.observer.mu.Unlock()
	c.observer.wake.wake()
}

// run records until ctx ends. What could not be recorded is tried again, unless something newer came.
func (o *observer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
		}
		o.mu.Lock()
		todo := o.latest
		o.latest = map[string]cluster.Hardware{}
		o.mu.Unlock()
		failed := false
		for node, hw := range todo {
			old := o.c.ledger.State().Hardware[node]
			if old == nil {
				old = &cluster.Hardware{}
			}
			if _, err := o.c.propose(ctx, changes(*old, hw)...); err != nil {
				o.c.cfg.Log.WithError(err).WithField("node", node).Debug("hardware readings were not recorded; trying again")
				failed = true
				o.mu.Lock()
				if _, newer := o.latest[node]; !newer {
					o.latest[node] = hw
				}
				o.mu.Unlock()
			}
		}
		if !failed {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(observeAgain):
			o.wake.wake()
		}
	}
}

// changes are what differs between two readings: first what is gone, then what is new, because a key may come back as
// another kind. The first decision always comes, it carries the time of the reading.
func changes(old, now cluster.Hardware) []cluster.Decision {
	head := cluster.HardwareDiff{
		Node: now.Node, BMCState: now.BMCState, Collected: now.Collected, Problems: now.Problems, FenceReady: now.BMCState == "ok",
	}
	first := head
	if old.System != now.System {
		first.System = &now.System
	}
	part := func(p cluster.HardwarePart) string { return p.Key }
	sensor := func(s cluster.HardwareSensor) string { return s.Key }
	first.Gone = append(append(missing(old.Components, now.Components, part), missing(old.Sensors, now.Sensors, sensor)...),
		missing(old.Settings, now.Settings, ledger.SettingKey)...)
	dropped := map[string]bool{}
	for _, key := range first.Gone {
		dropped[key] = true
	}
	second := head
	second.Components = differing(old.Components, now.Components, dropped, part)
	second.Sensors = differing(old.Sensors, now.Sensors, dropped, sensor)
	second.Settings = differing(old.Settings, now.Settings, dropped, ledger.SettingKey)
	out := []cluster.Decision{{Hardware: &first}}
	if len(second.Components)+len(second.Sensors)+len(second.Settings) > 0 {
		out = append(out, cluster.Decision{Hardware: &second})
	}
	return out
}

// missing lists the keys of rows that are no more; a part that was not read at all (nil) stays as it was.
func missing[T any](old, now []T, key func(T) string) []string {
	if now == nil {
		return nil
	}
	present := map[string]bool{}
	for _, n := range now {
		present[key(n)] = true
	}
	var out []string
	for _, o := range old {
		if !present[key(o)] {
			out = append(out, key(o))
		}
	}
	return out
}

// differing lists the rows that are not in old as they are now, or that go with a key that is dropped.
func differing[T any](old, now []T, dropped map[string]bool, key func(T) string) []T {
	before := map[string]T{}
	for _, o := range old {
		before[key(o)] = o
	}
	var out []T
	for _, n := range now {
		o, ok := before[key(n)]
		if !ok || dropped[key(n)] || !reflect.DeepEqual(o, n) {
			out = append(out, n)
		}
	}
	return out
}

// Clearance lets a hardware job have a node that Pacemaker keeps free: in standby or away, with nothing active on it.
// Over Pacemaker hawser does not drain a node itself, and cannot reserve it.
func (c *Controller) Clearance(_ context.Context, node, job string) (done func(), err error) {
	seen := c.sight()
	if seen.view == nil || time.Since(seen.at) > c.stale() {
		return nil, fmt.Errorf("clearance for %s: Pacemaker does not answer: wait until it does", node)
	}
	fact, ok := seen.facts.Nodes[node]
	switch {
	case !ok:
		return nil, fmt.Errorf("clearance for %s: it is no node of this cluster", node)
	case fact.State != cluster.NodeStandby && fact.State != cluster.NodeOffline && fact.State != cluster.NodeFenced:
		return nil, fmt.Errorf("clearance for %s (%s): it is %s; set it to standby (crm_attribute --node %s --name standby --update on) and repeat", node, job, fact.State, node)
	}
	for _, r := range seen.view.Resources {
		if p := r.On(node); r.Service() && p.Role != roleStopped && p.Role != "" {
			return nil, fmt.Errorf("clearance for %s (%s): %s is %s there still", node, job, r.ID, p.Role)
		}
	}
	return func() {}, nil
}
