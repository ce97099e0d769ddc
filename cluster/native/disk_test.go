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
		var cuts, alarms []bool
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
			cut:   func(on bool) { cuts = append(cuts, on) },
			alarm: func(on bool) { alarms = append(alarms, on) },
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
		if d.stuck.Load() || !slices.Equal(cuts, []bool{true, false}) || len(alarms) != 0 {
			t.Errorf("stuck %t, cuts %v, alarms %v", d.stuck.Load(), cuts, alarms)
		}
		set(time.Now())
		time.Sleep(diskAlarmAfter + time.Second)
		synctest.Wait()
		set(time.Now()) // the next operation hangs too
		time.Sleep(time.Second)
		synctest.Wait()
		if !slices.Equal(alarms, []bool{true}) {
			t.Errorf("after %s: alarms %v", diskAlarmAfter, alarms)
		}
		set(time.Time{})
		time.Sleep(time.Second)
		synctest.Wait()
		if !slices.Equal(alarms, []bool{true, false}) {
			t.Errorf("after the end: alarms %v", alarms)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
