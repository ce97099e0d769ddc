package native

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hawser/cluster"
)

// isolation decides when this node's loss of the quorum is a story. A node that just started has lost nothing, and one
// that was itself stopped for a while cannot tell (self-suspicion).
type isolation struct {
	had  bool
	lost time.Time // zero: it counts itself to a quorum
	last time.Time
}

// isolationTick is how often a node looks; a look that comes later than twice this was late itself.
const isolationTick = renewEvery

// look says what to tell: lost or restored, or neither.
func (i *isolation) look(now time.Time, quorate bool) (lost, restored bool, took time.Duration) {
	late := !i.last.IsZero() && now.Sub(i.last) > 2*isolationTick
	i.last = now
	switch {
	case quorate && !i.lost.IsZero():
		took = now.Sub(i.lost)
		i.lost = time.Time{}
		return false, true, took
	case quorate:
		i.had = true
	case i.had && i.lost.IsZero() && !late:
		i.lost = now
		return true, false, 0
	}
	return false, false, 0
}

// watchQuorum tells of this node, and of nothing else, that it was without a quorum. The story waits in the outbox until
// the node is back, and bears the time of this node's clock.
func (n *Node) watchQuorum(ctx context.Context) error {
	tick := time.NewTicker(isolationTick)
	defer tick.Stop()
	var i isolation
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if n.agent.leaving.Load() {
			continue
		}
		now := time.Now()
		_, quorate := n.viewAt(now)
		lost, restored, took := i.look(now, quorate)
		e := cluster.Event{
			ComponentType: cluster.ComponentNode, ComponentName: n.cfg.Node, Reaction: cluster.ReactedNone, Duration: took,
		}
		switch {
		case lost:
			e.Type, e.Severity, e.Result = cluster.EventQuorumLost, cluster.SeverityMajor, cluster.ResultPending
			e.Error = n.alone()
			e.Summary = fmt.Sprintf("%s is without a quorum%s", n.cfg.Node, n.givesUp())
			n.note(e)
		case restored:
			e.Type, e.Severity, e.Result = cluster.EventQuorumRestored, cluster.SeverityInfo, cluster.ResultSucceeded
			e.Summary = fmt.Sprintf("%s has a quorum again, after %s", n.cfg.Node, took.Round(time.Second))
			n.note(e)
		}
	}
}

// alone says whom this node does not hear.
func (n *Node) alone() string {
	var deaf []string
	for _, p := range n.beats.Report().Peers {
		if !p.Heard || p.Suspect {
			deaf = append(deaf, p.Name)
		}
	}
	if len(deaf) == 0 {
		return "it hears the others, but no leader answers its renewals"
	}
	slices.Sort(deaf)
	return "it does not hear " + strings.Join(deaf, ", ")
}

// givesUp names the once-only services that this node may run no more.
func (n *Node) givesUp() string {
	var held []string
	for name, sv := range n.ledger.State().Services {
		if sv.Holder.Node == n.cfg.Node {
			held = append(held, name)
		}
	}
	if len(held) == 0 {
		return ""
	}
	slices.Sort(held)
	return ": it stops " + strings.Join(held, ", ")
}
