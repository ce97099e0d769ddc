package native

import (
	"context"
	"fmt"
	"maps"
	"time"

	"hawser/cluster"
	"hawser/cluster/heartbeat"
)

// renew takes a node's report and answers with its orders. The quorum is asked after the report came, so that a deposed
// leader grants nothing, and it must confirm the very term in which this node took office: only then does the state here
// hold all that was committed before (S1). The orders come from committed state alone.
func (l *lead) renew(ctx context.Context, report *cluster.Report) (renewal, error) {
	l.mu.Lock()
	office := l.office
	if office == 0 {
		l.mu.Unlock()
		return renewal{}, cluster.ErrNoLeader
	}
	if old := l.reports[report.Node]; old == nil || newer(old, report) {
		l.reports[report.Node], l.heard[report.Node] = report, time.Now()
	}
	peers := maps.Clone(l.reports)
	l.mu.Unlock()
	l.wake.wake()
	term, err := l.node.quorum.verify(ctx)
	if err != nil {
		return renewal{}, err
	}
	if term != office {
		return renewal{}, fmt.Errorf("%w: this node leads anew", cluster.ErrNoLeader)
	}
	s := l.node.ledger.State()
	return renewal{Nonce: report.Nonce, Orders: orders(s, report, time.Now()), Peers: peers, Applied: s.Applied}, nil
}

// newer says whether a report is later than another of the same node.
func newer(old, report *cluster.Report) bool {
	if old.Incarnation != report.Incarnation {
		return report.Incarnation > old.Incarnation
	}
	return report.Nonce > old.Nonce
}

// orders are what a node is to do with each service. A boot or daemon that has not joined, and one against which a fence
// may still strike, gets none: its leases run out (S4).
func orders(s *cluster.State, report *cluster.Report, now time.Time) []cluster.Order {
	n := s.Nodes[report.Node]
	if n.Boot == "" || n.Boot != report.Boot || n.Incarnation != report.Incarnation || n.State == cluster.NodeFenced || s.Fences[report.Node].Open(now) {
		return nil
	}
	var out []cluster.Order
	for _, st := range s.Spec.Stacks {
		for _, spec := range st.Services {
			if o, ok := orderFor(s, spec, report.Node); ok {
				out = append(out, o)
			}
		}
	}
	return out
}

func orderFor(s *cluster.State, spec cluster.ServiceSpec, node string) (cluster.Order, bool) {
	sv := s.Services[spec.Name]
	o := cluster.Order{
		Service: spec.Name, Policy: sv.Policy, Restart: s.Instances[cluster.InstanceKey(spec.Name, node)].Restart,
	}
	if spec.OnceOnly() {
		if h := sv.Holder; h.Node == node {
			o.Run, o.Epoch = !h.Withdrawn && h.Boot == s.Nodes[node].Boot, h.Epoch // S4
			if o.Run {
				o.Lease = spec.Lease()
			}
		}
		return o, true
	}
	if s.Nodes[node].Admin == cluster.NodeAdminMaintenance && s.Nodes[node].ReservedBy == "" {
		return o, false // in maintenance nothing is started or stopped
	}
	o.Run = s.Runs(node) && sv.Admin != cluster.ServiceAdminDisabled && sv.Quarantined.IsZero()
	return o, true
}

// heardByPeers says whether a node that we hear says that it hears this one.
func heardByPeers(r *heartbeat.Report, node string) bool {
	for _, p := range r.Peers {
		if p.Name == node || !p.Heard || p.Suspect {
			continue
		}
		if ago, ok := p.Hears[node]; ok && ago < r.Silence {
			return true
		}
	}
	return false
}
