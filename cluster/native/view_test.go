package native

import (
	"testing"
	"time"

	"hawser/cluster"
)

func TestViewOf(t *testing.T) {
	for _, c := range []struct {
		name             string
		leader, majority bool
		age              time.Duration
		want             cluster.ViewState
		quorate          bool
	}{
		{"renewed just now", true, true, time.Second, cluster.ViewCurrent, true},
		{"a moment without a leader", false, true, time.Second, cluster.ViewLagging, true},
		{"a leader that does not answer yet", true, true, viewStale, cluster.ViewLagging, true},
		{"no leader and nobody heard", false, false, time.Second, cluster.ViewIsolated, false},
		{"a leader by hearsay that never answers", true, true, 2 * viewStale, cluster.ViewIsolated, false},
		{"an election without end", false, true, 2 * viewStale, cluster.ViewIsolated, false},
	} {
		if view, quorate := viewOf(c.leader, c.majority, c.age); view != c.want || quorate != c.quorate {
			t.Errorf("%s: view %s, quorate %v, want %s, %v", c.name, view, quorate, c.want, c.quorate)
		}
	}
}
