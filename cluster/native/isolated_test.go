package native

import (
	"testing"
	"time"
)

func TestIsolationIsToldOnce(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	var i isolation
	for n, step := range []struct {
		after          time.Duration
		quorate        bool
		lost, restored bool
		took           time.Duration
	}{
		{0, false, false, false, 0}, // just started
		{isolationTick, true, false, false, 0},
		{isolationTick, false, true, false, 0},
		{isolationTick, false, false, false, 0},
		{isolationTick, true, false, true, 2 * isolationTick},
		{isolationTick, true, false, false, 0},
		{time.Minute, false, false, false, 0}, // this node itself was stopped
		{isolationTick, false, true, false, 0},
		{time.Minute, true, false, true, time.Minute},
	} {
		now = now.Add(step.after)
		if lost, restored, took := i.look(now, step.quorate); lost != step.lost || restored != step.restored || took != step.took {
			t.Errorf("step %d: lost %t, restored %t after %s", n, lost, restored, took)
		}
	}
}
