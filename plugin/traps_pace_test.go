package plugin

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
)

// TestLossDoesNotSlowDown loses half of all INFORMs on a way that is otherwise good. Each of them is repeated every second,
// as long as the sink acknowledges others; with pauses that grow a thousand would take most of an hour.
func TestLossDoesNotSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const events = 300
		sink := inform("manager")
		sink.Window = 16
		m, f := newMemory(t, sink), &fakeSender{}
		var mu sync.Mutex // guards random
		random := rand.New(rand.NewPCG(1, 2))
		f.set(func(ctx context.Context, n note) error {
			mu.Lock()
			lost := random.IntN(2) == 0
			mu.Unlock()
			if lost {
				return deaf(ctx, n)
			}
			time.Sleep(10 * time.Millisecond)
			return nil
		})
		_, stop := startNotifier(t, m, "db1", f)
		for range events {
			m.event(t, story("x"))
		}
		began := time.Now()
		for m.state().Sinks["manager"].Cursor < events && time.Since(began) < time.Hour {
			time.Sleep(time.Second)
		}
		took := time.Since(began)
		stop()
		seen := map[cluster.Seq]int{}
		for _, n := range f.acked() {
			seen[n.seq]++
		}
		if len(seen) != events {
			t.Errorf("%d events of %d acknowledged", len(seen), events)
		}
		t.Logf("%d events in %s, %d sent", events, took, len(f.sent()))
		if took > 3*time.Minute {
			t.Errorf("took %s, want at most half a second each", took)
		}
	})
}
