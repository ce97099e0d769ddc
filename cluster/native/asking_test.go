package native

import (
	"context"
	"testing"
	"time"

	"hawser/cluster/fence"
)

func TestARenewalAtAFormerLeaderIsGivenUp(t *testing.T) {
	var a asking
	for _, tt := range []struct {
		name, asked, follows string
		want                 bool
	}{
		{"the same leader", "n1", "n1", false},
		{"no leader known", "n1", "", false},
		{"another leader", "n1", "n2", true},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		end := a.begin(tt.asked, cancel)
		if got := a.follow(tt.follows); got != tt.want || (ctx.Err() != nil) != tt.want {
			t.Errorf("%s: given up %t, want %t; context %v", tt.name, got, tt.want, ctx.Err())
		}
		if a.follow("n3") == tt.want {
			t.Errorf("%s: given up twice, or not at all", tt.name)
		}
		end()
	}
	if a.follow("n2") {
		t.Error("nothing is under way")
	}
}

// TestAFollowerTurnsToANewLeaderAtOnce: the former leader is cut off without a word, so that questions to it have no answer;
// the others are asked by a renewal of their own within less than the timeout of one.
func TestAFollowerTurnsToANewLeaderAtOnce(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{wired: true})
	old := tc.leader()
	tc.setPower(func(string) error { return fence.ErrNotConfirmed })
	tc.isolate(old, true)
	var lead string
	tc.wait("another leader", func() bool { lead = tc.leader(old); return lead != "" })
	took := time.Now()
	tc.wait("every node that is left has reported to it", func() bool {
		n := tc.node(lead)
		n.lead.mu.Lock()
		defer n.lead.mu.Unlock()
		for _, name := range tc.names {
			if name != old && n.lead.reports[name] == nil {
				return false
			}
		}
		return true
	})
	t.Logf("all had turned to the new leader %s after it led", time.Since(took))
	tc.isolate(old, false)
	tc.wait("all are well", func() bool { return tc.active() != "" })
}
