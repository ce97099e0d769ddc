package native

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/fence"
)

// storiesOf lists the summaries of the events of one origin that begin with a word, as the log has them.
func (tc *testCluster) storiesOf(origin, word string) []string {
	var out []string
	for _, e := range tc.events(cluster.EventAuthFailure) {
		if e.Origin == origin && strings.HasPrefix(e.Summary, word) {
			out = append(out, e.Summary)
		}
	}
	return out
}

func (tc *testCluster) raise(node string, n int) {
	tc.t.Helper()
	e := story(n)
	e.ComponentName, e.NodeName = node, node
	if err := tc.node(node).Raise(tc.t.Context(), e); err != nil {
		tc.t.Errorf("%s: %v", node, err)
	}
}

func stories(from, to int) []string {
	var out []string
	for n := from; n <= to; n++ {
		out = append(out, fmt.Sprint("story ", n))
	}
	return out
}

// TestEventsOfEachNodeThroughLeaderChanges: three nodes raise events while the leadership goes round; each is in the log
// once, in the order in which it arose, under its own node's name.
func TestEventsOfEachNodeThroughLeaderChanges(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	var raising, changing sync.WaitGroup
	changing.Go(func() {
		for ctx.Err() == nil {
			if leader := tc.leader(); leader != "" {
				_ = tc.node(leader).raft.LeadershipTransfer().Error() // in vain while another is under way
			}
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
	})
	const each = 20
	for _, node := range tc.names {
		raising.Go(func() {
			for n := 1; n <= each; n++ {
				tc.raise(node, n)
			}
		})
	}
	raising.Wait()
	cancel()
	changing.Wait()
	for _, node := range tc.names {
		tc.wait("all stories of "+node, func() bool { return len(tc.storiesOf(node, "story")) >= each })
		if got := tc.storiesOf(node, "story"); !slices.Equal(got, stories(1, each)) {
			t.Errorf("of %s the log has %v", node, got)
		}
	}
}

// TestEventsOfANodeWithoutALeader: cut off, a node keeps what arises on it, over a restart too, and hands it over with its
// own time when it is back; that it was alone is a story of its own.
func TestEventsOfANodeWithoutALeader(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{wired: true})
	node := tc.others(tc.active())[0]
	if node == tc.leader() {
		node = tc.others(tc.active())[1]
	}
	tc.setPower(func(string) error { return fence.ErrNotConfirmed })
	tc.raise(node, 1)
	tc.isolate(node, true)
	tc.wait("it knows that it is alone", func() bool { return !tc.node(node).Snapshot().Quorate })
	began := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody waits
	for n := 2; n <= 4; n++ {
		if err := tc.node(node).Raise(ctx, story(n)); err != nil {
			t.Fatal(err)
		}
	}
	tc.wait("it tells that it is alone", func() bool {
		o := tc.node(node).outbox
		o.mu.Lock()
		defer o.mu.Unlock()
		return slices.ContainsFunc(o.letters, func(l *letter) bool { return l.handed.Event.Type == cluster.EventQuorumLost })
	})
	waited := time.Now()
	tc.node(node).cancel()
	<-tc.node(node).done
	tc.start(node)
	tc.isolate(node, false)
	tc.wait("all is told", func() bool {
		return len(tc.storiesOf(node, "story")) == 4 && len(tc.events(cluster.EventQuorumLost)) == 1
	})
	if got := tc.storiesOf(node, "story"); !slices.Equal(got, stories(1, 4)) {
		t.Errorf("told %v", got)
	}
	for _, e := range tc.events(0) {
		late := e.Type == cluster.EventAuthFailure && e.Summary != "story 1" || e.Type == cluster.EventQuorumLost
		if late && (e.Origin != node || e.NodeName == "" || e.Time.After(waited) || e.Time.Before(began.Add(-time.Minute))) {
			t.Errorf("%s has the time %s of %s; it arose between %s and %s", e.Summary, e.Time, e.Origin, began, waited)
		}
	}
}

// TestEventsAreRefusedFromOthers: no node hands over what another's name stands under.
func TestEventsAreRefusedFromOthers(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	leader := tc.leader()
	from := tc.others(leader)
	forged := story(1)
	forged.Origin, forged.OriginSeq = from[1], 7
	_, err := tc.node(from[0]).propose(t.Context(), cluster.Decision{Handed: &cluster.Handed{Life: 1, Event: forged}})
	if err == nil || !strings.Contains(err.Error(), "hands over an event of "+from[1]) {
		t.Errorf("taken: %v", err)
	}
}
