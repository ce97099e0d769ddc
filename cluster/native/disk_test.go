package native

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestADiskThatHangsCutsRaftOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards below
		var since time.Time
		var cuts []bool
		set := func(at time.Time) { mu.Lock(); since = at; mu.Unlock() }
		d := &disk{
			patience: 500 * time.Millisecond,
			pending: func() time.Duration {
				mu.Lock()
				defer mu.Unlock()
				if since.IsZero() {
					return 0
				}
				return time.Since(since)
			},
			cut: func(on bool) { cuts = append(cuts, on) },
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.watch(ctx, func(context.Context, bool, time.Duration) {}) }()
		set(time.Now())
		time.Sleep(400 * time.Millisecond)
		synctest.Wait()
		if d.stuck.Load() {
			t.Error("cut off although the operation is young")
		}
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		if !d.stuck.Load() {
			t.Error("not cut off")
		}
		set(time.Now()) // the next operation hangs too
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if !d.stuck.Load() {
			t.Error("let in again while operations are pending")
		}
		set(time.Time{})
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if d.stuck.Load() || !slices.Equal(cuts, []bool{true, false}) {
			t.Errorf("stuck %t, cuts %v", d.stuck.Load(), cuts)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
