package native

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/raft"

	"hawser/cluster"
)

// insist commits decisions that must not get lost with a leader. They are made anew before each attempt, from the state as
// it is then; none means that nothing is left to do. After an unknown outcome it waits until the state shows that it was
// committed, or until a later leader has taken office: then it was lost, because that leader's first entry stands behind
// whatever survived. So no event is doubled.
func (n *Node) insist(ctx context.Context, decisions func(*cluster.State) []cluster.Decision) error {
	for {
		s := n.ledger.State()
		ds := decisions(s)
		if len(ds) == 0 {
			return nil
		}
		_, err := n.propose(ctx, ds...)
		switch {
		case err == nil:
			return nil
		case n.raft.State() == raft.Shutdown:
			return err // this daemon ends: who insists now would only hold it up
		case errors.Is(err, cluster.ErrUnknownOutcome):
			n.awaitState(ctx, func(now *cluster.State) bool {
				return now.EngineBoots > s.EngineBoots || len(decisions(now)) == 0
			})
		case !errors.Is(err, cluster.ErrNoLeader):
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(campaignStep):
		}
	}
}

// awaitState waits until the state fulfils a condition; it says whether it does.
func (n *Node) awaitState(ctx context.Context, ok func(*cluster.State) bool) bool {
	for {
		changed := n.ledger.Changed()
		if ok(n.ledger.State()) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}
