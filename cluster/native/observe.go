package native

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
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

func (o *observer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
		}
		o.mu.Lock()
		latest := o.latest
		o.latest = map[string]cluster.Hardware{}
		o.mu.Unlock()
		for _, hw := range latest {
			o.record(ctx, hw)
		}
	}
}

func (o *observer) record(ctx context.Context, hw cluster.Hardware) {
	old := o.node.ledger.State().Hardware[hw.Node]
	if old == nil {
		old = &cluster.Hardware{}
	}
	var decisions []cluster.Decision
	for _, d := range hardwareDiff(*old, hw) {
		decisions = append(decisions, cluster.Decision{Hardware: &d})
	}
	for _, part := range split(decisions) {
		if _, err := o.node.propose(ctx, part...); err != nil {
			o.node.cfg.Log.WithError(err).WithField("node", hw.Node).Warn("hardware readings were not recorded; the next collection brings them again")
			return
		}
	}
}

// rowsPerDiff keeps a diff below the size of an entry.
const rowsPerDiff = 16

// hardwareDiff lists what changed, in portions. The first portion always comes: it carries the time of the reading.
func hardwareDiff(old, now cluster.Hardware) []cluster.HardwareDiff {
	head := cluster.HardwareDiff{
		Node: now.Node, BMCState: now.BMCState, Collected: now.Collected, Problems: now.Problems, FenceReady: now.BMCState == "ok",
	}
	first := head
	if old.System != now.System {
		first.System = &now.System
	}
	first.Gone = slices.Concat(
		gone(old.Components, now.Components, func(c cluster.HardwarePart) string { return c.Key }),
		gone(old.Sensors, now.Sensors, func(c cluster.HardwareSensor) string { return c.Key }),
		gone(old.Settings, now.Settings, ledger.SettingKey))
	out := []cluster.HardwareDiff{first}
	for part := range slices.Chunk(differing(old.Components, now.Components, func(c cluster.HardwarePart) string { return c.Key }), rowsPerDiff) {
		d := head
		d.Components = part
		out = append(out, d)
	}
	for part := range slices.Chunk(differing(old.Sensors, now.Sensors, func(c cluster.HardwareSensor) string { return c.Key }), rowsPerDiff) {
		d := head
		d.Sensors = part
		out = append(out, d)
	}
	for part := range slices.Chunk(differing(old.Settings, now.Settings, ledger.SettingKey), rowsPerDiff) {
		d := head
		d.Settings = part
		out = append(out, d)
	}
	return out
}

// gone lists the keys of rows that are no more. A part that was not read at all (nil) is kept as it was.
func gone[T any](old, now []T, key func(T) string) []string {
	if now == nil {
		return nil
	}
	var out []string
	for _, o := range old {
		if !slices.ContainsFunc(now, func(n T) bool { return key(n) == key(o) }) {
			out = append(out, key(o))
		}
	}
	return out
}

func differing[T any](old, now []T, key func(T) string) []T {
	before := make(map[string]T, len(old))
	for _, o := range old {
		before[key(o)] = o
	}
	var out []T
	for _, n := range now {
		if o, ok := before[key(n)]; !ok || !reflect.DeepEqual(o, n) {
			out = append(out, n)
		}
	}
	return out
}

// Clearance keeps a node free of active services for a hardware job, until done is called.
func (n *Node) Clearance(ctx context.Context, node, job string) (done func(), err error) {
	if why := n.carries(node); why != "" {
		return nil, fmt.Errorf("clearance for %s: %s", node, why)
	}
	if _, err := n.propose(ctx, cluster.Decision{Reserve: &cluster.Reserve{Node: node, By: job}}); err != nil {
		return nil, fmt.Errorf("clearance for %s: %w", node, err)
	}
	done = func() {
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), proposeWait)
		defer cancel()
		if _, err := n.propose(bound, cluster.Decision{Reserve: &cluster.Reserve{Node: node}}); err != nil {
			n.cfg.Log.WithError(err).WithField("node", node).Error("the node stays reserved; set its AdminState to release it")
		}
	}
	if err := n.awaitIdle(ctx, node); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// carries says which once-only service is in the way.
func (n *Node) carries(node string) string {
	for name, sv := range n.ledger.State().Services {
		if sv.Holder.Node == node {
			return fmt.Sprintf("it carries the active service %s: move it first (SET hawserNodeAdminState to standby)", name)
		}
	}
	return ""
}

// awaitIdle waits until the reservation holds and every instance on the node is stopped, or the node is off.
func (n *Node) awaitIdle(ctx context.Context, node string) error {
	tick := time.NewTicker(campaignStep)
	defer tick.Stop()
	for {
		s := n.ledger.State()
		if why := n.carries(node); why != "" {
			return fmt.Errorf("clearance for %s: %s", node, why)
		}
		if s.Nodes[node].ReservedBy != "" && idle(s, node) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("clearance for %s: its services did not stop: %w", node, ctx.Err())
		case <-tick.C:
		}
	}
}

func idle(s *cluster.State, node string) bool {
	for _, st := range s.Spec.Stacks {
		for _, sv := range st.Services {
			switch s.Instances[cluster.InstanceKey(sv.Name, node)].State {
			case cluster.InstanceActive, cluster.InstanceStarting, cluster.InstanceStopping:
				return false
			}
		}
	}
	return true
}
