package native

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/cluster/engine"
)

// lead is the leader's part of a node: it answers renewals, steps the engine and carries its actions out. On a follower
// it rests.
type lead struct {
	node *Node
	log  *logrus.Entry
	wake poke

	tasks sync.WaitGroup // fences, power-ons and pokes under way; they may outlive a term

	mu       sync.Mutex // guards below
	leading  bool       // this node leads and its Lead entry is committed
	began    time.Time
	reports  map[string]*cluster.Report
	heard    map[string]time.Time // when each report came
	fencing  map[uint64]bool
	powering map[string]bool
}

func newLead(n *Node) *lead {
	return &lead{
		node: n, log: n.cfg.Log.WithField("component", "controller"), wake: newPoke(), reports: map[string]*cluster.Report{},
		heard: map[string]time.Time{}, fencing: map[uint64]bool{}, powering: map[string]bool{},
	}
}

// run waits for leadership and leads until it is lost.
func (l *lead) run(ctx context.Context) error {
	defer l.tasks.Wait()
	leads := false
	for {
		if !leads {
			select {
			case <-ctx.Done():
				return nil
			case leads = <-l.node.raft.LeaderCh():
				continue
			}
		}
		term, cancel := context.WithCancel(ctx)
		var err error
		leads, err = l.term(term)
		cancel()
		l.end()
		if err != nil && ctx.Err() == nil {
			l.log.WithError(err).Warn("leadership ended")
		}
	}
}

// term is one leadership. It says whether another one has begun already: raft tells only the latest change.
func (l *lead) term(ctx context.Context) (again bool, err error) {
	if err := l.node.raft.Barrier(proposeWait).Error(); err != nil {
		return false, fmt.Errorf("wait for the log: %w", err)
	}
	if _, err := l.node.proposer.propose(ctx, l.inaugural()...); err != nil {
		return false, fmt.Errorf("take office: %w", err)
	}
	l.mu.Lock()
	l.leading, l.began = true, time.Now()
	l.reports, l.heard = map[string]*cluster.Report{}, map[string]time.Time{}
	l.mu.Unlock()
	l.log.Info("this node leads")
	l.pokeAll(ctx)
	tick := time.NewTicker(campaignStep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case again = <-l.node.raft.LeaderCh():
			return again, nil
		case <-l.wake:
		case <-tick.C:
		}
		if err := l.decide(ctx); err != nil {
			return l.node.raft.State() == raft.Leader, err
		}
	}
}

func (l *lead) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leading = false
}

// inaugural is the first entry of a leadership: it founds the cluster if that is still to be done, takes the file's Spec
// over if it differs, raises the boots of the cluster engine and says who leads.
func (l *lead) inaugural() []cluster.Decision {
	cfg, s := l.node.cfg, l.node.ledger.State()
	var out []cluster.Decision
	if s.ClusterID == "" {
		out = append(out, cluster.Decision{Found: &cluster.Found{
			ClusterID: cfg.ClusterID, Generation: uint32(time.Now().Unix()), EngineID: l.node.foundingEngineID(),
		}})
	}
	if !sameSpec(s.Spec, cfg.Spec) {
		spec := cfg.Spec
		out = append(out, cluster.Decision{Config: &cluster.Config{Spec: spec}})
		if s.Revision > 0 {
			out = append(out, cluster.Decision{Event: &cluster.Event{
				Type: cluster.EventConfigChanged, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentCluster,
				ComponentName: spec.Name, NodeName: cfg.Node, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded,
				Setter: cfg.Node, Summary: "the configuration file of " + cfg.Node + " was taken over",
			}})
		}
	}
	reason := "the cluster had no leader"
	if s.EngineOwner != "" && s.EngineOwner != cfg.Node {
		reason = "leadership went from " + s.EngineOwner + " to " + cfg.Node
	}
	return append(out, cluster.Decision{Lead: &cluster.Lead{Node: cfg.Node}}, cluster.Decision{Event: &cluster.Event{
		Type: cluster.EventLeaderChanged, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentNode,
		ComponentName: cfg.Node, NodeName: cfg.Node, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded,
		Summary: reason,
	}})
}

// decide steps the engine until nothing is left to do.
func (l *lead) decide(ctx context.Context) error {
	const passes = 16 // a decision that never takes hold must not spin
	for range passes {
		actions := engine.Step(l.input())
		var entry []cluster.Decision
		for _, a := range actions {
			switch {
			case a.Fence != nil:
				l.fence(ctx, *a.Fence, a.Why)
			case a.PowerOn != "":
				l.powerOn(ctx, a.PowerOn, a.Why)
			default:
				l.log.WithField("why", a.Why).Debug("decided")
				entry = append(entry, a.Commit...)
			}
		}
		if len(entry) == 0 {
			return nil
		}
		for _, part := range split(entry) {
			if _, err := l.node.proposer.propose(ctx, part...); err != nil {
				return fmt.Errorf("commit decisions: %w", err)
			}
		}
		l.pokeAll(ctx)
	}
	return nil
}

// committed wakes the engine after an entry from outside it.
func (l *lead) committed() { l.wake.wake() }

// pokeAll asks every node that takes part to renew at once, so that it gets its orders.
func (l *lead) pokeAll(ctx context.Context) {
	for _, spec := range l.node.cfg.Spec.Nodes {
		if p, ok := l.node.beats.Report().Peer(spec.Name); ok && p.Suspect {
			continue
		}
		l.tasks.Go(func() { l.node.pokeNode(ctx, spec.Name) })
	}
}

// input is what the leader sees now.
func (l *lead) input() engine.Input {
	n := l.node
	in := engine.Input{
		Now: time.Now(), Self: n.cfg.Node, State: n.ledger.State(), Nodes: map[string]engine.NodeView{}, Config: n.cfg.Engine,
		Fencing: map[uint64]bool{}, PoweringOn: map[string]bool{},
	}
	beats := n.beats.Report()
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.fencing {
		in.Fencing[id] = true
	}
	for node := range l.powering {
		in.PoweringOn[node] = true
	}
	for _, spec := range n.cfg.Spec.Nodes {
		report := l.reports[spec.Name]
		if time.Since(l.heard[spec.Name]) > reportStale {
			report = nil // what a node said long ago is not how it is
		}
		v := engine.NodeView{Heard: true, Boot: n.cfg.Boot, Incarnation: n.incarnation, Report: report,
			FencePath: n.cfg.Fence[spec.Name] != nil, Leaving: n.agent.leaving.Load()}
		if p, ok := beats.Peer(spec.Name); ok {
			v.Heard, v.Silent, v.Suspect = p.Heard, time.Since(beats.At)+p.Age, p.Suspect
			v.Boot, v.Incarnation, v.Leaving = p.BootID, p.Incarnation, p.Leaving
			v.HeardByPeers = heardByPeers(beats, spec.Name)
		}
		in.Nodes[spec.Name] = v
	}
	return in
}
