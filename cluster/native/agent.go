package native

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hawser/cluster"
	"hawser/cluster/probe"
	"hawser/cluster/resource"
)

// agent runs the services of this node and renews their leases at the leader.
type agent struct {
	node      *Node
	instances []*instance
	wake      poke
	clean     atomic.Bool // what a former daemon left is verified stopped (S9)
	leaving   atomic.Bool
	asking    asking

	mu      sync.Mutex // guards below
	renewed time.Time  // when the last renewal was answered
	behind  uint64     // how far the log was at the first one
	peers   map[string]*cluster.Report
}

func newAgent(n *Node) (*agent, error) {
	a := &agent{node: n, wake: newPoke(), peers: map[string]*cluster.Report{}}
	if spec, _ := n.cfg.Spec.Node(n.cfg.Node); spec.Role == cluster.RoleWitness {
		return a, nil
	}
	for _, st := range n.cfg.Spec.Stacks {
		for _, sv := range st.Services {
			in, err := a.build(sv)
			if err != nil {
				return nil, fmt.Errorf("service %s: %w", sv.Name, err)
			}
			a.instances = append(a.instances, in)
		}
	}
	return a, nil
}

func (a *agent) build(sv cluster.ServiceSpec) (*instance, error) {
	cfg := a.node.cfg
	log := cfg.Log.WithField("component", "service").WithField("service", sv.Name)
	env := append([]string{"HAWSER_NODE=" + cfg.Node, "HAWSER_BOOT_ID=" + cfg.Boot, "HAWSER_SERVICE=" + sv.Name}, cfg.ServiceEnv...)
	res, err := resource.New(resource.Spec{
		Name: sv.Name, Kind: sv.Kind, Dir: filepath.Join(cfg.DataDir, "run"), Env: env, Options: sv.Options, StopTimeout: sv.StopBudget,
	}, log)
	if err != nil {
		return nil, err
	}
	var prober probe.Prober
	if sv.Probe.Kind != "" {
		if prober, err = probe.New(sv.Probe.Kind, sv.Probe.Options); err != nil {
			return nil, err
		}
	}
	return newInstance(sv, env, res, prober, log, a.wake.wake), nil
}

// run recovers, then runs all instances; it ends when every service is verified stopped.
func (a *agent) run(ctx context.Context) error {
	var g errgroup.Group
	for _, in := range a.instances {
		g.Go(func() error { return in.recover(ctx) })
	}
	if err := g.Wait(); err != nil {
		return nil // only the end of ctx ends a recovery
	}
	a.clean.Store(true)
	a.wake.wake()
	var run errgroup.Group
	for _, in := range a.instances {
		run.Go(func() error { return in.run(ctx) })
	}
	return run.Wait()
}

// renew keeps reporting to the leader, at once when something changed, and hands the orders to the instances.
func (a *agent) renew(ctx context.Context) error {
	nonce := uint64(0)
	pause := renewEvery
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.wake:
		case <-time.After(pause):
		}
		nonce++
		if err := a.renewOnce(ctx, nonce); err != nil {
			a.node.cfg.Log.WithError(err).Debug("renewal had no answer")
			pause = renewEvery / 5
			continue
		}
		pause = renewEvery
	}
}

func (a *agent) renewOnce(ctx context.Context, nonce uint64) error {
	bound, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	leader := a.node.follows()
	if leader == "" {
		return cluster.ErrNoLeader
	}
	defer a.asking.begin(leader, cancel)()
	sent := boottime() // the holder counts from before it sent
	report := a.report(nonce)
	answer, err := a.node.renewAt(bound, leader, report)
	if err != nil {
		return err
	}
	if answer.Nonce != nonce {
		return errors.New("the answer is to another renewal") // A3
	}
	for _, order := range answer.Orders {
		i := slices.IndexFunc(a.instances, func(s *instance) bool { return s.spec.Name == order.Service })
		if i >= 0 {
			a.instances[i].give(order, sent+order.Lease)
		}
	}
	a.mu.Lock()
	if a.renewed.IsZero() {
		a.behind = answer.Applied
	}
	a.renewed, a.peers = time.Now(), answer.Peers
	a.mu.Unlock()
	a.node.notifier.notify()
	a.node.readyOnce.Do(func() { close(a.node.ready) })
	return nil
}

// report is what this node says of itself now.
func (a *agent) report(nonce uint64) *cluster.Report {
	n := a.node
	r := &cluster.Report{
		Node: n.cfg.Node, Boot: n.cfg.Boot, Incarnation: n.incarnation, Nonce: nonce, Clean: a.clean.Load(),
		Leaving: a.leaving.Load(), MachineUUID: n.cfg.MachineUUID, Emulated: n.cfg.Emulated, Version: n.cfg.Version,
		EngineID: n.cfg.NodeEngineID, BootTime: n.cfg.BootTime, Clock: time.Now(), Applied: n.ledger.State().Applied,
		Links: n.localLinks(),
	}
	for _, in := range a.instances {
		r.Instances = append(r.Instances, in.status())
		if left, ok := in.leaseLeft(); ok && (r.LeaseUntil == 0 || left < r.LeaseUntil) {
			r.LeaseUntil = max(left, 0)
		}
	}
	return r
}

// holds lists the once-only services that may be running here.
func (a *agent) holds() []cluster.InstanceReport {
	var out []cluster.InstanceReport
	for _, in := range a.instances {
		r := in.status()
		if in.spec.OnceOnly() && r.State != cluster.InstanceStopped && r.State != cluster.InstanceStandby {
			out = append(out, r)
		}
	}
	return out
}

// caughtUp says whether the state here is at least as new as the leader's was when this daemon first spoke to one: after a
// restart it begins where a snapshot ends.
func (a *agent) caughtUp() bool {
	a.mu.Lock()
	behind := a.behind
	a.mu.Unlock()
	return a.node.ledger.State().Applied >= behind
}

// last is when a renewal was last answered, and what the leader told of the other nodes then.
func (a *agent) last() (time.Time, map[string]*cluster.Report) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.renewed, a.peers
}
