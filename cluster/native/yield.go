package native

import (
	"context"
	"time"

	"github.com/hashicorp/raft"

	"hawser/cluster"
	"hawser/cluster/heartbeat"
)

// yieldEvery is the least time between two offers of the leadership.
const yieldEvery = 5 * time.Second

// yield hands leadership to a node that can lead better: what is to be done, this one cannot do.
func (l *lead) yield(ctx context.Context, why string) {
	to := l.successor()
	if to == "" || time.Since(l.yielded) < yieldEvery {
		return
	}
	l.yielded = time.Now()
	log := l.log.WithField("to", to)
	log.Warn("leadership is handed over: " + why)
	err := await(ctx, l.node.raft.LeadershipTransferToServer(raft.ServerID(to), raft.ServerAddress(to)))
	if err != nil {
		log.WithError(err).Warn("leadership was not handed over; it stays here")
	}
}

// handAway lets a witness lead only while nobody else can (A22): it has no way to fence, perhaps, and stands beside the
// NMS.
func (l *lead) handAway(ctx context.Context) {
	if l.node.role(l.node.cfg.Node) == cluster.RoleWitness && time.Since(l.began) > time.Second {
		l.yield(ctx, "this node is a witness")
	}
}

// successor is the first node that runs services, is heard and stays; empty if there is none.
func (l *lead) successor() string {
	beats := l.node.beats.Report()
	for _, spec := range l.node.cfg.Spec.Nodes {
		if p, ok := beats.Peer(spec.Name); ok && spec.Role != cluster.RoleWitness && stays(p) {
			return spec.Name
		}
	}
	return ""
}

// stays says whether a peer is heard and does not say goodbye.
func stays(p heartbeat.PeerReport) bool { return p.Heard && !p.Suspect && !p.Leaving }

func (n *Node) role(node string) cluster.NodeRole {
	spec, _ := n.cfg.Spec.Node(node)
	return spec.Role
}
