package native

import (
	"context"
	"slices"
	"time"

	"hawser/cluster/heartbeat"
)

// elect lets this voter campaign when a majority is deaf to the leader: the lowest live voter at once, the next
// campaignStep later. Raft's own timeouts are the slow net below it.
func (n *Node) elect(ctx context.Context) error {
	tick := time.NewTicker(campaignStep)
	defer tick.Stop()
	var deaf time.Time // since when a majority is deaf to the leader, or there is none
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.beats.Changed():
			n.beatsChanged()
		case <-tick.C:
			n.say()
		}
		r := n.beats.Report()
		if !n.leaderGone(r) {
			deaf = time.Time{}
			continue
		}
		if deaf.IsZero() {
			deaf = time.Now()
		}
		wait := time.Duration(n.rank(r)) * campaignStep
		if time.Since(deaf) < wait || time.Since(last) < 5*campaignStep {
			continue
		}
		last = time.Now()
		if err := n.transport.Campaign(n.raft); err != nil {
			n.cfg.Log.WithError(err).Debug("did not campaign")
			continue
		}
		n.cfg.Log.WithField("rank", n.rank(r)).Info("campaign: a majority hears no leader")
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

// rank is this voter's place among the live ones.
func (n *Node) rank(r *heartbeat.Report) int {
	rank := 0
	for _, p := range r.Peers {
		if p.Heard && !p.Suspect && !p.Leaving && p.Name < n.cfg.Node {
			rank++
		}
	}
	return rank
}

func (n *Node) voterNames() []string {
	names := make([]string, 0, len(n.cfg.Spec.Nodes))
	for _, s := range n.cfg.Spec.Nodes {
		names = append(names, s.Name)
	}
	return names
}
