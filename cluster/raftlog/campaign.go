package raftlog

import (
	"fmt"

	"github.com/hashicorp/raft"
)

// Campaign lets the local raft stand for election at once, without waiting
// for its timeouts: see the package comment. It returns when raft has taken
// the request; who wins is raft's to say (raft.LeaderCh). It refuses a node
// that leads already or that has shut down.
func (t *Transport) Campaign(r *raft.Raft) error {
	switch state := r.State(); state {
	case raft.Follower, raft.Candidate:
	case raft.Leader, raft.Shutdown:
		return fmt.Errorf("campaign: this node is %s already", state)
	}
	self := []byte(t.cfg.Node)
	req := &raft.TimeoutNowRequest{RPCHeader: raft.RPCHeader{
		ProtocolVersion: raft.ProtocolVersionMax,
		ID:              self,
		Addr:            self,
	}}
	var resp raft.TimeoutNowResponse
	if err := t.net.TimeoutNow(raft.ServerID(t.cfg.Node), raft.ServerAddress(t.cfg.Node), req, &resp); err != nil {
		return fmt.Errorf("campaign: %w", err)
	}
	return nil
}
