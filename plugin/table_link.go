package plugin

import (
	"cmp"
	"slices"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// linkRow is one direction of a link: its state by the log, and this node's figures where it has any.
type linkRow struct {
	node, peer uint32
	index      int
	state      cluster.LinkState
	live       cluster.LinkLive
	measured   bool
}

func renderLinks(s sight, r *rows) {
	for _, link := range linkRows(s) {
		r.row(link.node, link.peer, uint32(link.index))
		r.address(mib.HawserLinkLocalAddressType, mib.HawserLinkLocalAddress, link.live.LocalAddr)
		r.address(mib.HawserLinkPeerAddressType, mib.HawserLinkPeerAddress, link.live.PeerAddr)
		r.label(mib.HawserLinkState, int(link.state))
		if !link.measured {
			continue
		}
		if link.live.RTT > 0 {
			r.number(mib.HawserLinkRtt, link.live.RTT.Microseconds())
		}
		r.number(mib.HawserLinkLossPermille, int64(link.live.LossPermille))
		r.put(mib.HawserLinkBeatsSent, snmp.Counter64(link.live.Sent))
		r.put(mib.HawserLinkBeatsReceived, snmp.Counter64(link.live.Received))
		r.number(mib.HawserLinkFlaps, int64(link.live.Flaps))
		r.age(mib.HawserLinkLastChangeAge, s.now, link.live.LastChange)
	}
}

// linkRows lists every direction of every configured link, in the order of the indexes: the configuration says which
// there are, the log how the other ends see theirs, the snapshot how this node sees its own.
func linkRows(s sight) []linkRow {
	lives := map[string]cluster.LinkLive{}
	for _, live := range s.Links {
		lives[cluster.LinkKey(live.Node, live.Peer, live.Index)] = live
	}
	var out []linkRow
	for _, node := range s.known.Spec.Nodes {
		for _, peer := range s.known.Spec.Nodes {
			if node.Name == peer.Name {
				continue
			}
			for i := range min(len(node.Addresses), len(peer.Addresses)) {
				key := cluster.LinkKey(node.Name, peer.Name, i+1)
				out = append(out, s.linkRow(node, peer, i+1, lives[key], s.State.Links[key]))
			}
		}
	}
	out = slices.DeleteFunc(out, func(l linkRow) bool { return l.node == 0 || l.peer == 0 })
	slices.SortFunc(out, func(a, b linkRow) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.peer, b.peer), cmp.Compare(a.index, b.index))
	})
	return out
}

func (s sight) linkRow(node, peer cluster.NodeSpec, index int, live cluster.LinkLive, logged cluster.LinkState) linkRow {
	row := linkRow{
		node: s.known.Index(kindNode, node.Name), peer: s.known.Index(kindNode, peer.Name), index: index,
		state: logged, live: live, measured: live.Node != "" && !s.others(node.Name),
	}
	row.live.LocalAddr = cmp.Or(live.LocalAddr, node.Addresses[index-1])
	row.live.PeerAddr = cmp.Or(live.PeerAddr, peer.Addresses[index-1])
	switch {
	case s.others(node.Name):
		row.state = cluster.LinkUnknown
	case live.State != 0:
		row.state = live.State
	}
	return row
}
