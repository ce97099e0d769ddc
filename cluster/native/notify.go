package native

import "sync"

// notifier tells any number of waiters that something changed.
type notifier struct {
	mu sync.Mutex // guards ch
	ch chan struct{}
}

// changed is closed at the next notify.
func (n *notifier) changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}

func (n *notifier) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
}

// poke is a wake-up for one goroutine; pokes that come while it is awake melt into one.
type poke chan struct{}

func newPoke() poke { return make(poke, 1) } // one: a wake-up that is under way already is enough

func (p poke) wake() {
	select {
	case p <- struct{}{}:
	default:
	}
}
