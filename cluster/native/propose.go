package native

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"hawser/cluster"
	"hawser/cluster/ledger"
	"hawser/cluster/raftlog"
)

// proposer writes entries into the log. The events that arise with an entry get origin sequence numbers from blocks that
// are set aside durably, so that none is ever given twice, at the cost of one disk write in a thousand.
type proposer struct {
	node  string
	raft  *raft.Raft
	local *raftlog.Local
	floor func() uint64 // the highest number of this node that the log is known to hold

	// turn holds one token: who has it may use next and end, and enqueue; so entries keep the order of their numbers.
	turn chan struct{}
	next uint64
	end  uint64
}

func newProposer(node string, r *raft.Raft, local *raftlog.Local, floor func() uint64) *proposer {
	return &proposer{node: node, raft: r, local: local, floor: floor, turn: make(chan struct{}, 1)}
}

// propose commits decisions as one entry, and waits until it is applied here. cluster.ErrNoLeader: nothing was proposed;
// cluster.ErrUnknownOutcome: it may have been.
func (p *proposer) propose(ctx context.Context, decisions ...cluster.Decision) (applied, error) {
	future, err := p.enqueue(ctx, decisions)
	if err != nil {
		return applied{}, err
	}
	if err := await(ctx, future); err != nil {
		return applied{}, refusedOrUnknown(err)
	}
	a := future.Response().(applied)
	if a.err != nil {
		return applied{}, fmt.Errorf("%w: %w", cluster.ErrUnknownOutcome, a.err)
	}
	return a, nil
}

// refusedOrUnknown tells the errors before which nothing was written from the others: raft.ErrLeadershipLost, too, means
// that a later leader may still commit the entry (A24).
func refusedOrUnknown(err error) error {
	if errors.Is(err, raft.ErrNotLeader) || errors.Is(err, raft.ErrEnqueueTimeout) || errors.Is(err, raft.ErrLeadershipTransferInProgress) {
		return fmt.Errorf("%w (%w)", cluster.ErrNoLeader, err)
	}
	return fmt.Errorf("%w (%w)", cluster.ErrUnknownOutcome, err)
}

func (p *proposer) enqueue(ctx context.Context, decisions []cluster.Decision) (raft.ApplyFuture, error) {
	for i, d := range decisions {
		if err := whole(d); err != nil {
			return nil, fmt.Errorf("decision %d: %w", i, err)
		}
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w (others wait too: %w)", cluster.ErrNoLeader, ctx.Err())
	}
	need := uint64(ledger.EventsPerDecision * len(decisions))
	if p.next+need > p.end {
		if err := p.reserve(need); err != nil {
			return nil, err
		}
	}
	data, err := ledger.Encode(cluster.Entry{At: time.Now(), By: p.node, Origin: p.next, Decisions: decisions})
	if err != nil {
		return nil, err
	}
	wait := proposeWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline))
	}
	if wait <= 0 { // to raft it would mean no limit
		return nil, fmt.Errorf("%w (no time left)", cluster.ErrNoLeader)
	}
	p.next += need
	return p.raft.Apply(data, wait), nil
}

func (p *proposer) reserve(need uint64) error {
	start, end, err := reserveNumbers(p.local, p.floor(), need)
	if err == nil {
		p.next, p.end = start, end+1
	}
	return err
}
