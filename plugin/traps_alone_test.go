package plugin

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
)

// hermit is a member that may be cut off, with an outbox.
type hermit struct {
	member

	mu      sync.Mutex // guards what follows
	cutOff  bool
	changed chan struct{}
	letters []cluster.Event
}

func (h *hermit) Snapshot() *cluster.Snapshot {
	s := h.member.Snapshot()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cutOff {
		s.Quorate, s.View, s.Leader = false, cluster.ViewIsolated, ""
	}
	return s
}

func (h *hermit) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

func (h *hermit) Waiting() []cluster.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.letters
}

func (h *hermit) set(cutOff bool, letters ...cluster.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cutOff, h.letters = cutOff, letters // a quorum is lost by time: that is no change
}

// startHermit runs the notifier of a node that follows, with fake wires for both of its engines.
func startHermit(t *testing.T, sinks ...cluster.Sink) (h *hermit, asCluster, asNode *fakeSender) {
	t.Helper()
	h = &hermit{member: member{newMemory(t, sinks...), "db2"}, changed: make(chan struct{})}
	asCluster, asNode = &fakeSender{}, &fakeSender{}
	n, err := NewNotifier(Config{}, h, h, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.sender.Close(); err != nil {
		t.Fatal(err)
	}
	n.sender, n.alone = asCluster, &alone{outbox: h, sender: asNode}
	for _, sink := range sinks {
		n.sinks[sink.Name] = credentials{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if !asNode.closed {
			t.Error("the node's own socket stays open")
		}
	})
	return h, asCluster, asNode
}

func lostQuorum(seq uint64) cluster.Event {
	return cluster.Event{
		Origin: "db2", OriginSeq: seq, Time: time.Now(), Type: cluster.EventQuorumLost, Severity: cluster.SeverityMajor,
		ComponentType: cluster.ComponentNode, ComponentName: "db2", NodeName: "db2", Reaction: cluster.ReactedNone, Result: cluster.ResultPending,
		Summary: "db2 is without a quorum",
	}
}

func TestNodeWithoutQuorumSpeaksOfItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		traps := inform("traps")
		traps.Kind = cluster.SinkTrap
		h, asCluster, asNode := startHermit(t, inform("manager"), traps)
		time.Sleep(5 * time.Second)
		other := lostQuorum(7)
		other.Type = cluster.EventServiceFailed // waits for the log: only its own loss of the quorum is told before
		asNode.set(func(ctx context.Context, n note) error {
			if len(asNode.sent()) < 3 {
				return deaf(ctx, n)
			}
			return nil
		})
		h.set(true, other, lostQuorum(8))
		time.Sleep(time.Minute)
		if got := asNode.sent(); len(got) != 3 || got[0].kind != cluster.EventQuorumLost || got[0].seq != 0 || got[0].prev != 0 || got[0].trap {
			t.Fatalf("sent %v; want QuorumLost as 0, twice in vain and once more", got)
		}
		if acked := asNode.acked(); len(acked) != 1 || acked[0].delay < 2*time.Second || acked[0].delay > 5*time.Second {
			t.Errorf("acknowledged %v with delay %v, want the third, after some seconds", acked, acked)
		}
		h.set(true, other, lostQuorum(8), lostQuorum(9))
		time.Sleep(time.Minute)
		h.set(false)
		time.Sleep(time.Minute)
		if got := asNode.sent(); len(got) != 4 {
			t.Errorf("sent %v; want each once, and nothing with a quorum", got)
		}
		if got := asCluster.sent(); len(got) != 0 {
			t.Errorf("it spoke as the cluster: %v", got)
		}
	})
}
