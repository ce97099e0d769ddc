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
			left:  func() bool { return false },
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

// TestAnAlarmOfAFormerLifeEnds: a daemon that was started anew while the alarm of its disk stood ends it, once, when the disk
// answers; one that raised the alarm itself has nothing left.
func TestAnAlarmOfAFormerLifeEnds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hangs time.Duration // at first
		left  time.Duration // when the state is known to hold the alarm; 0: never
		want  []bool
	}{
		{"none is left", 0, 0, nil},
		{"it is left", 0, time.Second, []bool{false}},
		{"it is left, and the disk hangs", 2 * time.Second, time.Second, []bool{false}},
		{"it is left, and raised again", diskAlarmAfter + time.Second, time.Second, []bool{true, false}},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var alarms []bool
			d := &disk{
				patience: 500 * time.Millisecond,
				pending: func() time.Duration {
					if since := time.Since(began); since < tt.hangs {
						return since
					}
					return 0
				},
				cut:   func(bool) {},
				alarm: func(on bool) { alarms = append(alarms, on) },
				left:  func() bool { return tt.left > 0 && time.Since(began) >= tt.left },
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := d.watch(ctx, func(context.Context, bool, time.Duration) {}); err != nil {
				t.Error(err)
			}
			if !slices.Equal(alarms, tt.want) {
				t.Errorf("%s: alarms %v, want %v", tt.name, alarms, tt.want)
			}
		})
	}
}

// TestADiskAlarmLeftInTheLogEnds over a restart of its node.
func TestADiskAlarmLeftInTheLogEnds(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	name := tc.others(tc.leader(), tc.active())[0]
	node := tc.node(name)
	node.diskAlarm(true)
	stands := func() bool { return diskAlarmStands(tc.state(), name) }
	tc.wait("the alarm stands", stands)
	node.cancel()
	<-node.done
	if !stands() {
		t.Fatal("the alarm ended with its node")
	}
	tc.start(name)
	tc.wait("the alarm ends", func() bool { return !stands() })
}
