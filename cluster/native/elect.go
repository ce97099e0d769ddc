package native

import (
	"context"
	"slices"
	"time"

	"hawser/cluster/heartbeat"
)

// campaignSlot is the time that a voter has for itself when it campaigns: as long as a loaded machine may take to write its
// own vote to disk and ask for the others'. Two candidates at once split the votes, and raft lets both wait for a second or
// two before they may try again.
const campaignSlot = 3 * campaignStep

// elect lets this voter campaign when a majority is deaf to the leader: the lowest live voter at once, the next one
// campaignSlot later, and again in turn. Raft's own timeouts are the slow net below it.
func (n *Node) elect(ctx context.Context) error {
	tick := time.NewTicker(campaignStep)
	defer tick.Stop()
	var healed heals
	var deaf time.Time // since when a majority is deaf to the leader, or there is none
	tries := 0         // campaigns since then
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.beats.Changed():
			n.lead.wake.wake()
			n.notifier.notify()
		case <-tick.C:
		}
		n.say()
		n.agent.turn()
		r := n.beats.Report()
		if back := healed.saw(r); back != "" {
			n.agent.announce(back)
		}
		if n.agent.leaving.Load() || n.disk.stuck.Load() || !n.leaderGone(r) {
			deaf, tries = time.Time{}, 0
			continue
		}
		if deaf.IsZero() {
			deaf = time.Now()
		}
		rank, live := n.rank(r)
		if time.Since(deaf) < time.Duration(rank+tries*live)*campaignSlot {
			continue
		}
		tries++
		if err := n.transport.Campaign(n.raft); err != nil {
			n.cfg.Log.WithError(err).Debug("did not campaign")
			continue
		}
		n.cfg.Log.WithField("rank", rank).Info("campaign: a majority hears no leader")
	}
}

// leaderGone says whether a majority of the voters, this one included, is deaf to the leader, or follows none.
func (n *Node) leaderGone(r *heartbeat.Report) bool {
	voters := n.voterNames()
	leader := n.leader()
	if leader == n.cfg.Node {
		return false
	}
	majority := len(voters)/2 + 1
	if leader != "" {
		return r.SilentBy(leader, voters) >= majority
	}
	without := 1
	for _, p := range r.Peers {
		if p.Heard && !p.Suspect && p.Leader == "" && slices.Contains(voters, p.Name) {
			without++
		}
	}
	return without >= majority
}

// rank is this voter's place among the live ones, a witness last (A22), and live is how many there are.
func (n *Node) rank(r *heartbeat.Report) (rank, live int) {
	live = 1
	mine := n.role(n.cfg.Node)
	for _, p := range r.Peers {
		if !stays(p) {
			continue
		}
		live++
		its := n.role(p.Name)
		if its < mine || (its == mine && p.Name < n.cfg.Node) {
			rank++
		}
	}
	return rank, live
}

func (n *Node) voterNames() []string {
	names := make([]string, 0, len(n.cfg.Spec.Nodes))
	for _, s := range n.cfg.Spec.Nodes {
		names = append(names, s.Name)
	}
	return names
}
