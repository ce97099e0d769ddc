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
	node  *Node
	log   *logrus.Entry
	wake  poke
	pokes map[string]poke // by peer: it is asked to renew at once

	tasks sync.WaitGroup // fences and power-ons under way; they may outlive an office

	mu       sync.Mutex // guards below
	office   uint64     // the raft term in which this node leads and its Lead entry is committed; 0: it does not
	began    time.Time
	reports  map[string]*cluster.Report
	heard    map[string]time.Time // when each report came
	fencing  map[uint64]bool
	powering map[string]bool
	yielded  time.Time // when leadership was last offered to another
}

func newLead(n *Node) *lead {
	l := &lead{
		node: n, log: n.cfg.Log.WithField("component", "controller"), wake: newPoke(), pokes: map[string]poke{},
		reports: map[string]*cluster.Report{}, heard: map[string]time.Time{}, fencing: map[uint64]bool{}, powering: map[string]bool{},
	}
	for _, spec := range n.cfg.Spec.Nodes {
		if spec.Name != n.cfg.Node {
			l.pokes[spec.Name] = newPoke()
		}
	}
	return l
}

// run leads whenever raft says so. Raft's channel is only a hint: it tells the latest change alone, and an office that
// could not be taken, as during a transfer that came to nothing, is tried again.
func (l *lead) run(ctx context.Context) error {
	defer l.tasks.Wait()
	tick := time.NewTicker(campaignStep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.node.raft.LeaderCh():
		case <-tick.C:
		}
		if l.node.raft.State() != raft.Leader {
			continue
		}
		err := l.term(ctx)
		l.mu.Lock()
		l.office = 0
		l.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			l.log.WithError(err).Warn("leadership ended")
		}
	}
}

// term is one office: it ends with the raft term, or with an entry that could not be committed.
func (l *lead) term(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	term := l.node.raft.CurrentTerm()
	if err := await(ctx, l.node.raft.Barrier(proposeWait)); err != nil {
		return fmt.Errorf("wait for the log: %w", err)
	}
	for _, part := range split([][]cluster.Decision{l.inaugural()}) {
		if _, err := l.node.proposer.propose(ctx, part...); err != nil {
			return fmt.Errorf("take office: %w", err)
		}
	}
	if l.node.raft.CurrentTerm() != term {
		return nil // what the barrier promised holds for another term
	}
	l.mu.Lock()
	l.office, l.began = term, time.Now()
	l.reports, l.heard = map[string]*cluster.Report{}, map[string]time.Time{}
	l.mu.Unlock()
	l.log.Info("this node leads")
	l.pokeAll()
	tick := time.NewTicker(campaignStep)
	defer tick.Stop()
	for l.node.raft.State() == raft.Leader && l.node.raft.CurrentTerm() == term {
		if err := l.decide(ctx); err != nil {
			return err
		}
		l.handAway(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-l.node.raft.LeaderCh():
		case <-l.wake:
		case <-tick.C:
		}
	}
	return nil
}

// inOffice says whether this node leads, as far as it knows.
func (l *lead) inOffice() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.office != 0
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
	if spec := common(cfg.Spec); !sameSpec(s.Spec, spec) {
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
		var groups [][]cluster.Decision
		for _, a := range engine.Step(l.input()) {
			switch {
			case a.Fence != nil:
				l.fence(ctx, *a.Fence, a.Why)
			case a.PowerOn != "":
				l.powerOn(ctx, a.PowerOn, a.Why)
			case a.Yield:
				l.yield(ctx, a.Why)
			default:
				l.log.WithField("why", a.Why).Debug("decided")
				groups = append(groups, a.Commit)
			}
		}
		entries := split(groups)
		if len(entries) == 0 {
			return nil
		}
		for _, part := range entries {
			if _, err := l.node.proposer.propose(ctx, part...); err != nil {
				return fmt.Errorf("commit decisions: %w", err)
			}
		}
		l.pokeAll()
	}
	return nil
}

// committed wakes the engine after an entry from outside it.
func (l *lead) committed() { l.wake.wake() }

// pokeAll asks every node that is heard to renew at once, so that it gets its orders.
func (l *lead) pokeAll() {
	l.node.agent.turn()
	l.node.agent.wake.wake()
	beats := l.node.beats.Report()
	for peer, p := range l.pokes {
		if heard, ok := beats.Peer(peer); ok && heard.Suspect {
			continue
		}
		p.wake()
	}
}

// poker passes pokes on to one peer, one at a time: a peer that hangs delays nobody else, and holds one connection.
func (l *lead) poker(ctx context.Context, peer string) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.pokes[peer]:
			l.node.pokeNode(ctx, peer)
		}
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
		v := engine.NodeView{
			Heard: true, Boot: n.cfg.Boot, Incarnation: n.incarnation, Report: report,
			FencePath: n.cfg.Fence[spec.Name] != nil, Leaving: n.agent.leaving.Load(),
		}
		if p, ok := beats.Peer(spec.Name); ok {
			v.Heard, v.Silent, v.Suspect = p.Heard, time.Since(beats.At)+p.Age, p.Suspect
			v.Boot, v.Incarnation, v.Leaving = p.BootID, p.Incarnation, p.Leaving
			v.HeardByPeers = heardByPeers(beats, spec.Name)
		}
		if spec.Name != n.cfg.Node {
			v.Unanswered = unanswered(in.Now, l.began, l.heard[spec.Name])
		}
		in.Nodes[spec.Name] = v
	}
	return in
}

// unanswered is how long no renewal of a node has come: since the last one, or since this leader took office if none has.
func unanswered(now, office, last time.Time) time.Duration {
	if last.After(office) {
		return now.Sub(last)
	}
	return now.Sub(office)
}
