package raftlog

import (
	"testing"

	"github.com/hashicorp/raft"
)

// startVoter is a node that grants every vote; raft itself is not needed.
func startVoter(t *testing.T, cfg TransportConfig, b *book) *Transport {
	t.Helper()
	tr := startTransport(t, cfg, b)
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			case rpc := <-tr.Raft().Consumer():
				rpc.Respond(&raft.RequestVoteResponse{RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax}, Granted: true}, nil)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-ended })
	return tr
}

// A voter that rebooted meanwhile is asked on a fresh connection: the kept ones died with its former life, and raft asks
// each voter only once.
func TestVoteGetsPastDeadConnections(t *testing.T) {
	ca, b := mustCA(t, testCluster), &book{}
	a := startTransport(t, b.config(t, ca, "a"), b)
	cfg := b.config(t, ca, "b")
	voter := startVoter(t, cfg, b)
	ask := func() error {
		var resp raft.RequestVoteResponse
		header := raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte("a"), Addr: []byte("a")}
		return a.Raft().RequestVote("b", "b", &raft.RequestVoteRequest{RPCHeader: header, Term: 7}, &resp)
	}
	if err := ask(); err != nil {
		t.Fatalf("the first vote: %v", err)
	}
	cfg.Listen = voter.Addrs()
	if err := voter.Close(); err != nil {
		t.Fatal(err)
	}
	startVoter(t, cfg, b)
	if err := ask(); err != nil {
		t.Errorf("the vote of a voter that rebooted: %v", err)
	}
}
