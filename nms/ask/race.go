package ask

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// race asks several nodes at once. It belongs to one call of Freshest, which waits for all its goroutines.
type race struct {
	cluster  *Cluster
	ctx      context.Context // of that call
	expectID string
	started  map[string]*Session // by address; nil where no session could be made
	pending  map[string]*Session
	results  chan candidate // room for every node: none waits to deliver
	found    []candidate
	errs     []error
}

// candidate is what one node answered.
type candidate struct {
	address string
	session *Session
	scalars Scalars
	err     error
}

func (c *Cluster) newRace(ctx context.Context, expectID string) *race {
	return &race{
		cluster: c, ctx: ctx, expectID: expectID, started: map[string]*Session{}, pending: map[string]*Session{},
		results: make(chan candidate, len(c.addresses)),
	}
}

func (r *race) running() int { return len(r.pending) }

// start asks the nodes that were not asked yet.
func (r *race) start(addresses []string) {
	for _, address := range addresses {
		if _, twice := r.started[address]; twice {
			continue
		}
		s, err := r.cluster.session(address)
		r.started[address] = s
		if err != nil {
			r.errs = append(r.errs, err)
			continue
		}
		r.pending[address] = s
		go func() {
			one := candidate{address: address, session: s}
			_, one.err = ReadScalars(r.ctx, s, &one.scalars)
			r.results <- one
		}()
	}
}

// take notes what a node answered, and says whether it is good enough to look no further.
func (r *race) take(one candidate) (enough bool) {
	delete(r.pending, one.address)
	c := r.cluster
	switch {
	case one.err != nil:
		c.drop(one.address)
		r.errs = append(r.errs, one.err)
		return false
	case one.scalars.ClusterID == "":
		r.errs = append(r.errs, fmt.Errorf("ask %s: %w: it shows no hawserClusterId to user %q: is this a hawser node, and has the user a role there?", one.address, ErrHidden, c.user.Name))
		return false
	case r.expectID != "" && one.scalars.ClusterID != r.expectID:
		r.errs = append(r.errs, fmt.Errorf("ask %s: it belongs to cluster %s (%s), not to %s: correct the addresses of cluster %s",
			one.address, one.scalars.ClusterID, one.scalars.ClusterName, r.expectID, c.name))
		return false
	}
	r.found = append(r.found, one)
	return one.scalars.ViewState == "current" && one.scalars.ViewAge <= freshEnough
}

// winner is the node with the best view of those that answered; it is asked first next time.
func (r *race) winner() (*Session, Scalars, error) {
	best := slices.MinFunc(r.found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(viewRank(a.scalars.ViewState), viewRank(b.scalars.ViewState)), -cmp.Compare(a.scalars.Generation, b.scalars.Generation),
			cmp.Compare(a.scalars.ViewAge, b.scalars.ViewAge), -cmp.Compare(a.scalars.LastEventSeq, b.scalars.LastEventSeq))
	})
	r.cluster.prefer(best.address)
	return best.session, best.scalars, nil
}

// end breaks off the nodes that did not answer yet, and waits for their goroutines.
func (r *race) end() {
	for _, s := range r.pending {
		s.interrupt()
	}
	for range len(r.pending) {
		one := <-r.results
		r.cluster.drop(one.address)
	}
}
