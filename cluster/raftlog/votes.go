package raftlog

import (
	"time"

	"github.com/hashicorp/raft"
)

// voting is raft's transport with calls for votes that get past dead connections. Raft asks each voter once per election
// and keeps idle connections: one that died with a former life of the peer would cost the vote, and the election with it.
type voting struct{ *raft.NetworkTransport }

// RequestVote asks a peer for its vote.
func (v voting) RequestVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return pastDead(func() error { return v.NetworkTransport.RequestVote(id, target, args, resp) })
}

// RequestPreVote asks a peer whether it would vote.
func (v voting) RequestPreVote(id raft.ServerID, target raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return pastDead(func() error { return v.NetworkTransport.RequestPreVote(id, target, args, resp) })
}

// deadSoon is how soon a call fails that met a dead connection; a call that took longer waited for an answer.
const deadSoon = 100 * time.Millisecond

// pastDead repeats a call that fails at once, once for each connection that may be kept: a dead one is thrown away by the
// call itself. A vote may be asked for twice, it is given once.
func pastDead(call func() error) error {
	for range raftPool {
		begin := time.Now()
		if err := call(); err == nil || time.Since(begin) > deadSoon {
			return err
		}
	}
	return call()
}
