package native

import (
	"context"
	"errors"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// Prepare tests a change against the state as it is here; it changes nothing.
func (n *Node) Prepare(change cluster.Change) (cluster.Plan, error) {
	if n.follows() == "" {
		return cluster.Plan{}, cluster.ErrNoLeader
	}
	s := n.ledger.State()
	if len(change.Token) == 0 { // a repetition by token is answered by the log alone, whatever the state is now
		if r := ledger.Check(s, change); r != nil {
			return cluster.Plan{}, r
		}
	}
	return cluster.Plan{Change: change, Serial: s.Serial}, nil
}

// Commit applies the change in one entry at the leader, and waits a moment until it shows here too.
func (n *Node) Commit(ctx context.Context, plan cluster.Plan) (cluster.Receipt, error) {
	change := plan.Change
	return n.change(ctx, cluster.Decision{Change: &change})
}

// Undo takes a change back by an entry of its own, if no other change came between.
func (n *Node) Undo(ctx context.Context, receipt cluster.Receipt) error {
	_, err := n.change(ctx, cluster.Decision{Undo: &cluster.Undo{ID: receipt.ID, Serial: receipt.Serial, Unknown: receipt.Unknown}})
	return err
}

// Release carries a held change out, and waits a moment until it shows here too.
func (n *Node) Release(ctx context.Context, receipt cluster.Receipt) error {
	_, err := n.change(ctx, cluster.Decision{Release: &cluster.ReleaseHold{ID: receipt.ID}})
	return err
}

// Refuse writes a refused change into the write log.
func (n *Node) Refuse(ctx context.Context, change cluster.Change, why cluster.Refusal) error {
	_, err := n.propose(ctx, cluster.Decision{Refuse: &cluster.Refuse{Change: change, Refusal: why}})
	return err
}

// showWait is how long an answer may wait for the change to show at this node: a follower hears of a commit within twice
// commitTimeout.
const showWait = 500 * time.Millisecond

func (n *Node) change(ctx context.Context, d cluster.Decision) (cluster.Receipt, error) {
	o, err := n.propose(ctx, d)
	switch {
	case err != nil:
		return cluster.Receipt{}, err
	case o.Refusal != nil:
		return cluster.Receipt{}, o.Refusal
	case o.Receipt == nil:
		return cluster.Receipt{}, errors.New("the leader gave no receipt: it runs another version")
	}
	n.awaitApplied(ctx, o.Index)
	return *o.Receipt, nil
}

// awaitApplied waits until the entry at a raft index shows here.
func (n *Node) awaitApplied(ctx context.Context, index uint64) {
	bound, cancel := context.WithTimeout(ctx, showWait)
	defer cancel()
	n.awaitState(bound, func(s *cluster.State) bool { return s.Applied >= index })
}

// Delivered records cursors and counters of sinks.
func (n *Node) Delivered(ctx context.Context, sinks map[string]cluster.SinkStatus) error {
	var ds []cluster.Decision
	for name, status := range sinks {
		ds = append(ds, cluster.Decision{Sink: &cluster.SinkIs{Name: name, Status: status}})
	}
	if len(ds) == 0 {
		return nil
	}
	_, err := n.propose(ctx, ds...)
	return err
}

// Progress records how far a job has come. Only the leader itself may: what another node, which led before, says of a job is
// cluster.ErrNoLeader, and a word about a job that has ended is a *cluster.Refusal.
func (n *Node) Progress(ctx context.Context, job cluster.JobIs) error {
	o, err := n.proposeAsLeader(ctx, cluster.Decision{Job: &job})
	if err == nil && o.Refusal != nil {
		return o.Refusal
	}
	return err
}

// Setting records how far desired hardware settings have come; only the leader itself may.
func (n *Node) Setting(ctx context.Context, settings ...cluster.SettingIs) error {
	var ds []cluster.Decision
	for _, s := range settings {
		ds = append(ds, cluster.Decision{Setting: &s})
	}
	if len(ds) == 0 {
		return nil
	}
	_, err := n.proposeAsLeader(ctx, ds...)
	return err
}
