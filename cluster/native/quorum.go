package native

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/raft"

	"hawser/cluster"
)

// quorum asks the majority whether this node still leads. Callers that come while a round is under way share the next one:
// each is answered by a round that began after it asked, and at most one goroutine waits for raft, however long that takes.
type quorum struct {
	raft *raft.Raft

	mu    sync.Mutex // guards below
	next  *round     // not begun yet
	busy  bool
	tasks sync.WaitGroup
}

// round is one question to the majority.
type round struct {
	done chan struct{} // closed when the fields below stand
	term uint64
	err  error
}

// verify gives the term in which this node led at a moment after the call. Raft's own answer names no term: a leadership
// that was lost and won again in between would pass for the old one.
func (q *quorum) verify(ctx context.Context) (term uint64, err error) {
	q.mu.Lock()
	if q.next == nil {
		q.next = &round{done: make(chan struct{})}
	}
	r := q.next
	if !q.busy {
		q.busy = true
		q.tasks.Go(q.rounds)
	}
	q.mu.Unlock()
	select {
	case <-r.done:
		return r.term, r.err
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: the quorum did not answer: %w", cluster.ErrNoLeader, ctx.Err())
	}
}

func (q *quorum) rounds() {
	for {
		q.mu.Lock()
		r := q.next
		q.next = nil
		q.busy = r != nil
		q.mu.Unlock()
		if r == nil {
			return
		}
		before := q.raft.CurrentTerm()
		err := q.raft.VerifyLeader().Error()
		r.term = q.raft.CurrentTerm()
		switch {
		case err != nil:
			r.err = fmt.Errorf("%w: the quorum did not confirm this leader: %w", cluster.ErrNoLeader, err)
		case r.term != before:
			r.err = fmt.Errorf("%w: the term changed from %d to %d meanwhile", cluster.ErrNoLeader, before, r.term)
		}
		close(r.done)
	}
}

// await waits for a future of raft or the end of ctx.
func await(ctx context.Context, future raft.Future) error {
	done := make(chan error, 1) // one: raft answers every future, also when nobody waits any more
	go func() { done <- future.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
