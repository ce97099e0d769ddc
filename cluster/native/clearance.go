package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"hawser/cluster"
)

// Clearance keeps a node free of active services for a hardware job, until done is called. Asked again for the job that has
// the reservation already, it goes on from there: a job may outlive its leader.
func (n *Node) Clearance(ctx context.Context, node, job string) (done func(), err error) {
	switch {
	case job == "":
		return nil, errors.New("a clearance needs the name of the job that asks")
	case n.role(node) == 0:
		return nil, fmt.Errorf("clearance for %s: it is no node of this cluster", node)
	}
	if why := inTheWay(n.ledger.State(), node, job); why != "" {
		return nil, fmt.Errorf("clearance for %s: %s", node, why)
	}
	done = func() { n.release(ctx, node, job) }
	boots := n.ledger.State().EngineBoots
	if err := n.reserve(ctx, node, job); err != nil {
		if errors.Is(err, cluster.ErrUnknownOutcome) {
			n.awaitReservation(ctx, node, job, boots)
			done()
		}
		return nil, fmt.Errorf("clearance for %s: %w", node, err)
	}
	if err := n.awaitIdle(ctx, node, job); err != nil {
		if !n.carriedOn(ctx, job) {
			done()
		}
		return nil, fmt.Errorf("clearance for %s: %w", node, err)
	}
	return done, nil
}

// carriedOn says whether the next leader goes on with a running hardware job of that name, under the same reservation: this
// node leads no more, or its caller has ended.
func (n *Node) carriedOn(ctx context.Context, job string) bool {
	if ctx.Err() == nil && n.leader() == n.cfg.Node {
		return false
	}
	for _, j := range n.ledger.State().HwJobs {
		if j.State == cluster.JobRunning && j.Name() == job {
			return true
		}
	}
	return false
}

// reserve puts the reservation into the log and waits until it shows here: the log refuses silently what it must.
func (n *Node) reserve(ctx context.Context, node, job string) error {
	if n.ledger.State().Nodes[node].ReservedBy == job {
		return nil
	}
	o, err := n.propose(ctx, cluster.Decision{Reserve: &cluster.Reserve{Node: node, By: job}})
	if err != nil {
		return err
	}
	if !n.awaitState(ctx, func(s *cluster.State) bool { return s.Applied >= o.Index }) {
		return fmt.Errorf("%w: %w", cluster.ErrUnknownOutcome, ctx.Err())
	}
	if s := n.ledger.State(); s.Nodes[node].ReservedBy != job {
		return errors.New(cmp.Or(inTheWay(s, node, job), "the reservation did not take hold: ask again"))
	}
	return nil
}

// awaitReservation waits until it is known what became of a reservation whose outcome is unknown: it shows here, or a later
// leader took office without it.
func (n *Node) awaitReservation(ctx context.Context, node, job string, boots uint32) {
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), proposeWait)
	defer cancel()
	n.awaitState(bound, func(s *cluster.State) bool { return s.Nodes[node].ReservedBy == job || s.EngineBoots > boots })
}

// release ends the reservation if it is this job's. It outlives the caller's context, and a change of leader.
func (n *Node) release(ctx context.Context, node, job string) {
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), reserveWait)
	defer cancel()
	err := n.insist(bound, func(s *cluster.State) []cluster.Decision {
		if s.Nodes[node].ReservedBy != job {
			return nil
		}
		return []cluster.Decision{{Reserve: &cluster.Reserve{Node: node, Of: job}}}
	})
	if err != nil {
		n.cfg.Log.WithError(err).WithField("node", node).Error("the node stays reserved: the log could not be written; ask for the clearance of " + job + " again to release it")
	}
}

// inTheWay says why a node cannot be kept free for a job; empty: it can.
func inTheWay(s *cluster.State, node, job string) string {
	if by := s.Nodes[node].ReservedBy; by != "" && by != job {
		return "it is reserved for " + by + ": wait until that has ended"
	}
	for name, sv := range s.Services {
		if sv.Holder.Node == node {
			return fmt.Sprintf("it carries the active service %s: move it first (SET hawserNodeAdminState to standby)", name)
		}
	}
	return ""
}

// awaitIdle waits until every instance on the reserved node is stopped, or the node is off.
func (n *Node) awaitIdle(ctx context.Context, node, job string) error {
	tick := time.NewTicker(campaignStep)
	defer tick.Stop()
	for {
		s := n.ledger.State()
		switch why := inTheWay(s, node, job); {
		case why != "":
			return errors.New(why)
		case s.Nodes[node].ReservedBy != job:
			return errors.New("the reservation was taken back")
		case idle(s, node):
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("its services did not stop: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func idle(s *cluster.State, node string) bool {
	for _, st := range s.Spec.Stacks {
		for _, sv := range st.Services {
			switch s.Instances[cluster.InstanceKey(sv.Name, node)].State {
			case cluster.InstanceActive, cluster.InstanceStarting, cluster.InstanceStopping, cluster.InstanceFailed:
				return false
			}
		}
	}
	return true
}
