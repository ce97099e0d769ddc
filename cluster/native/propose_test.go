package native

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/hashicorp/raft"

	"hawser/cluster"
	"hawser/cluster/raftlog"
)

// TestEventNumbersAreNeverGivenTwice: a proposer that crashed begins behind all that the former could have used.
func TestEventNumbersAreNeverGivenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raft.db")
	highest := uint64(0)
	for range 3 { // lives of the daemon
		store, err := raftlog.Open(path, raftlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := newProposer("a", nil, store.Local("origin"), func() uint64 { return 0 })
		for range 700 {
			const need = 4
			if p.next+need > p.end {
				if err := p.reserve(need); err != nil {
					t.Fatal(err)
				}
			}
			if p.next <= highest {
				t.Fatalf("number %d is given again", p.next)
			}
			p.next += need
			highest = p.next - 1
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABlockThatIsNotOnDiskIsNotUsed(t *testing.T) {
	store, err := raftlog.Open(filepath.Join(t.TempDir(), "raft.db"), raftlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	p := newProposer("a", nil, store.Local("origin"), func() uint64 { return 0 })
	if err := p.reserve(2); err == nil || p.end != 0 {
		t.Errorf("a block up to %d was set aside without a disk: %v", p.end, err)
	}
}

func TestWhichErrorsOfRaftAreCertain(t *testing.T) {
	for _, test := range []struct{ err, want error }{
		{raft.ErrNotLeader, cluster.ErrNoLeader},
		{raft.ErrEnqueueTimeout, cluster.ErrNoLeader},
		{raft.ErrLeadershipTransferInProgress, cluster.ErrNoLeader},
		{raft.ErrLeadershipLost, cluster.ErrUnknownOutcome}, // A24
		{raft.ErrRaftShutdown, cluster.ErrUnknownOutcome},
		{context.DeadlineExceeded, cluster.ErrUnknownOutcome},
	} {
		if got := refusedOrUnknown(test.err); !errors.Is(got, test.want) || !errors.Is(got, test.err) {
			t.Errorf("%v is told as %v", test.err, got)
		}
	}
}
