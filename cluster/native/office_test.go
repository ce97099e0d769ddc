package native

import (
	"errors"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

// TestALeaseComesFromThePresentOfficeAlone: a node that lost the leadership and won it again, before it noticed, may not yet
// have applied what the leader between has committed; its former office grants nothing (S1).
func TestALeaseComesFromThePresentOfficeAlone(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	node := tc.node(tc.leader())
	report := node.agent.report(1 << 40)
	if answer, err := node.lead.renew(t.Context(), report); err != nil || len(answer.Orders) != 1 || answer.Nonce != report.Nonce {
		t.Fatalf("the leader's answer: %+v, %v", answer, err)
	}
	move := func(by uint64) {
		node.lead.mu.Lock()
		defer node.lead.mu.Unlock()
		node.lead.office += by
	}
	move(^uint64(0)) // the office of the term before
	if answer, err := node.lead.renew(t.Context(), report); !errors.Is(err, cluster.ErrNoLeader) {
		t.Errorf("an office of another term granted %+v, %v", answer, err)
	}
	f := cluster.Fence{ID: 1, Node: "n9"}
	if err := node.lead.mayFence(t.Context(), f, node.raft.CurrentTerm()-1); !errors.Is(err, errNotAsked) || !strings.Contains(err.Error(), "another leadership") {
		t.Errorf("an office of another term may fence: %v", err)
	}
	if err := node.lead.mayFence(t.Context(), f, node.raft.CurrentTerm()); !errors.Is(err, errNotAsked) {
		t.Errorf("a fence without an intent in the log: %v", err)
	}
	move(1)
}

// TestAClusterLeavesNoGoroutinesBehind runs alone: others have theirs.
func TestAClusterLeavesNoGoroutinesBehind(t *testing.T) {
	count := func() int {
		runtime.GC()
		return runtime.NumGoroutine()
	}
	before := count()
	tc := startCluster(t, testOptions{})
	tc.stopAll()
	var left string
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if count() <= before {
			return
		}
		if time.Now().After(end) {
			break
		}
	}
	var stacks strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err == nil {
		left = stacks.String()
	}
	t.Errorf("%d goroutines, %d before:\n%s", count(), before, left)
}
