package native

import (
	"context"
	"sync"
)

// asking is the renewal under way. One at a leader that was cut off would keep this node from the new leader, and from its
// orders, until its timeout: it is given up as soon as this node follows another. A lease exists only as the answer (A3), so
// that nothing is lost with it but a question.
type asking struct {
	mu     sync.Mutex // guards below
	leader string     // whom it asks; empty: none is under way
	cancel context.CancelFunc
}

// begin notes a renewal; the function that it returns ends it.
func (a *asking) begin(leader string, cancel context.CancelFunc) (end func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leader, a.cancel = leader, cancel
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.leader = ""
		cancel()
	}
}

// follow gives up a renewal at another leader than the one that this node follows now, and says whether it did; while it
// follows nobody, the one that is asked may still answer.
func (a *asking) follow(leader string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if leader == "" || a.leader == "" || a.leader == leader {
		return false
	}
	a.cancel()
	a.leader = ""
	return true
}

// turn makes this node ask the leader that it follows now, at once if it was asking another.
func (a *agent) turn() {
	if a.asking.follow(a.node.follows()) {
		a.wake.wake()
	}
}
