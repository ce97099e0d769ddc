package native

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"hawser/cluster"
	"hawser/cluster/ledger"
	"hawser/cluster/raftlog"
)

// proposer writes entries into the log. The events of an entry get origin sequence numbers from blocks that are set aside
// durably, so that none is ever given twice, at the cost of one disk write in a thousand.
type proposer struct {
	node  string
	raft  *raft.Raft
	local *raftlog.Local

	mu   sync.Mutex // guards next and end, and keeps the entries in the order of their numbers
	next uint64
	end  uint64
}

const originBlock = 1000

// propose commits decisions as one entry, and waits until it is applied here. cluster.ErrNoLeader: nothing was proposed;
// cluster.ErrUnknownOutcome: it may have been.
func (p *proposer) propose(ctx context.Context, decisions ...cluster.Decision) (applied, error) {
	future, err := p.enqueue(decisions)
	if err != nil {
		return applied{}, err
	}
	done := make(chan error, 1) // one: the sender must not hang if the context ends first
	go func() { done <- future.Error() }()
	select {
	case err := <-done:
		return answer(future, err)
	case <-ctx.Done():
		return applied{}, fmt.Errorf("%w: %w", cluster.ErrUnknownOutcome, ctx.Err())
	}
}

func answer(future raft.ApplyFuture, err error) (applied, error) {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrEnqueueTimeout), errors.Is(err, raft.ErrRaftShutdown),
		errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return applied{}, fmt.Errorf("%w (%w)", cluster.ErrNoLeader, err)
	case err != nil: // ErrLeadershipLost means unknown, not failed
		return applied{}, fmt.Errorf("%w (%w)", cluster.ErrUnknownOutcome, err)
	}
	a := future.Response().(applied)
	return a, a.err
}

func (p *proposer) enqueue(decisions []cluster.Decision) (raft.ApplyFuture, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	need := uint64(2 * len(decisions)) // a decision makes at most two events
	if p.next+need > p.end {
		if err := p.reserve(need); err != nil {
			return nil, err
		}
	}
	data, err := ledger.Encode(cluster.Entry{At: time.Now(), By: p.node, Origin: p.next, Decisions: decisions})
	if err != nil {
		return nil, err
	}
	p.next += need
	return p.raft.Apply(data, proposeWait), nil
}

func (p *proposer) reserve(need uint64) error {
	const key = "end"
	return p.local.Update(func(tx *raftlog.LocalTx) error {
		last, err := tx.GetUint64(key)
		if err != nil {
			return fmt.Errorf("reserve event numbers: %w", err)
		}
		start := last + 1
		end := start + max(need, originBlock)
		if err := tx.PutUint64(key, end); err != nil {
			return fmt.Errorf("reserve event numbers: %w", err)
		}
		p.next, p.end = start, end
		return nil
	})
}

// split cuts decisions into entries that stay below the size limit; a decision that is too large alone goes alone.
func split(decisions []cluster.Decision) [][]cluster.Decision {
	var out [][]cluster.Decision
	size := 0
	for _, d := range decisions {
		data, err := ledger.Encode(cluster.Entry{Decisions: []cluster.Decision{d}})
		if err != nil {
			panic("native: a decision does not encode: " + err.Error())
		}
		if len(out) == 0 || size+len(data) > maxEntry {
			out, size = append(out, nil), 0
		}
		out[len(out)-1] = append(out[len(out)-1], d)
		size += len(data)
	}
	return out
}
