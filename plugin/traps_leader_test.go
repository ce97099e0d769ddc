package plugin

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
)

// TestLeaderChange moves the leadership while events flow: the next leader goes on at the cursor, and its figures too.
func TestLeaderChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t, inform("nms"))
		wires := map[string]*fakeSender{"db1": {}, "db2": {}}
		n1, _ := startNotifier(t, m, "db1", wires["db1"])
		n2, _ := startNotifier(t, m, "db2", wires["db2"])
		for round := range 6 {
			leader := []string{"db1", "db2"}[round%2]
			m.lead(t, leader)
			for range 5 {
				m.event(t, story("x"))
				time.Sleep(30 * time.Millisecond)
			}
			time.Sleep(200 * time.Millisecond) // the cursor is recorded
		}
		var all []note
		for i, j := 0, 0; i < 15 || j < 15; {
			a, b := wires["db1"].acked(), wires["db2"].acked()
			if len(a) != 15 || len(b) != 15 {
				t.Fatalf("%d and %d notifications, want 15 each:\n%s\n%s", len(a), len(b), texts(a), texts(b))
			}
			if j == 15 || i < 15 && a[i].seq < b[j].seq {
				all, i = append(all, a[i]), i+1
			} else {
				all, j = append(all, b[j]), j+1
			}
		}
		for i, n := range all {
			if n.seq != cluster.Seq(i+1) || n.prev != cluster.Seq(i) {
				t.Errorf("notification %d is %v", i, n)
			}
		}
		if is := m.state().Sinks["nms"]; is.Sent != 30 || is.Acked != 30 || is.Cursor != 30 {
			t.Errorf("sink %+v, want counters that go on over all leaders", is)
		}
		if b1, b2 := n1.clusterEngine().Boots, n2.clusterEngine().Boots; b1 >= b2 || b2 != m.state().EngineBoots {
			t.Errorf("boots %d of the deposed and %d of the present leader, log says %d", b1, b2, m.state().EngineBoots)
		}
	})
}

// TestOneDeliveryPerSink changes the configuration while a notification waits for its acknowledgement.
func TestOneDeliveryPerSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		f.set(deaf)
		n, _ := startNotifier(t, m, "db1", f)
		m.event(t, story("x"))
		for range 5 {
			time.Sleep(500 * time.Millisecond)
			spec := m.state().Spec
			spec.Name += "x"
			m.mustApply(t, "db1", cluster.Decision{Config: &cluster.Config{Spec: spec}})
		}
		began := n.engine.Load().began
		f.set(nil)
		time.Sleep(time.Minute)
		if most := f.atOnce(); most != 1 {
			t.Errorf("%d deliveries to one sink at once", most)
		}
		if is := m.state().Sinks["nms"]; is.Cursor != m.state().LastEvent || is.Acked == 0 {
			t.Errorf("sink %+v, want all delivered", is)
		}
		if n.engine.Load().began != began || n.clusterEngine().Time < 60 {
			t.Error("the engine's clock began anew with a new configuration")
		}
	})
}

func TestFollowerSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		_, stop := startNotifier(t, m, "db2", f)
		m.event(t, story("x"))
		time.Sleep(time.Minute)
		stop()
		if len(f.sent()) != 0 || !f.closed {
			t.Errorf("a follower sent %s; closed: %v", texts(f.sent()), f.closed)
		}
	})
}

// TestSinkWithoutCredentials: this node's file lacks what a sink needs. It is reported, and the other sinks get theirs.
func TestSinkWithoutCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := inform("other")
		other.Address = "127.0.0.1:9163"
		m, f := newMemory(t, inform("nms"), other), &fakeSender{}
		view := member{m, "db1"}
		n, err := NewNotifier(Config{Sinks: []SinkConfig{
			{Name: "nms", Version: "v3", User: "nobody"}, {Name: "other", Version: "v2c", CommunityFile: "/nowhere"},
		}}, view, view, quietLog())
		if err != nil {
			t.Fatal(err)
		}
		if n.sinks["nms"].err == nil || n.sinks["other"].err == nil {
			t.Fatalf("credentials %+v, want an error for each", n.sinks)
		}
		_ = n.sender.Close()
		n.sender, n.sinks["other"] = f, credentials{}
		startTask(t, n.Run)
		m.event(t, story("x"))
		time.Sleep(time.Minute)
		is := m.state().Sinks["nms"]
		if is.State != cluster.SinkStateStopped || !strings.Contains(is.LastError, "nobody") || is.Cursor != 0 {
			t.Errorf("sink %+v, want stopped with the reason", is)
		}
		if !alarmStands(m.state(), "sink/nms") || len(m.eventsOf(cluster.EventSinkFailed)) != 1 {
			t.Errorf("want one alarm: %v", m.eventsOf(cluster.EventSinkFailed))
		}
		if is := m.state().Sinks["other"]; is.State != cluster.SinkStateOk || is.Cursor != m.state().LastEvent {
			t.Errorf("the other sink %+v, want all delivered", is)
		}
	})
}

func TestAlarmOfARemovedSinkIsCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		f.set(deaf)
		startNotifier(t, m, "db1", f)
		m.event(t, story("x"))
		time.Sleep(time.Minute)
		m.mustApply(t, "db1", cluster.Decision{Config: &cluster.Config{Spec: memorySpec()}})
		time.Sleep(time.Minute)
		if alarmStands(m.state(), "sink/nms") || len(m.eventsOf(cluster.EventSinkRestored)) != 1 {
			t.Errorf("the alarm of a sink that is configured no more: %v", m.eventsOf(cluster.EventSinkRestored))
		}
	})
}

// TestStuckLogHoldsNoDeliveryUp: a disk that hangs or is full delays no notification, and no end of the task.
func TestStuckLogHoldsNoDeliveryUp(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(m *memory)
	}{
		{"hangs", func(m *memory) { m.hang = true }},
		{"full", func(m *memory) { m.refuse = errors.New("no space left on device") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, f := newMemory(t, inform("nms")), &fakeSender{}
				_, stop := startNotifier(t, m, "db1", f)
				m.do(func() { test.do(m) })
				for range 50 {
					m.event(t, story("x"))
				}
				time.Sleep(100 * time.Millisecond)
				if got := len(f.acked()); got != 50 {
					t.Errorf("%d delivered while the log is stuck, want 50", got)
				}
				time.Sleep(time.Minute)
				if is := m.state().Sinks["nms"]; is.Cursor != 0 {
					t.Errorf("cursor %d though nothing could be recorded", is.Cursor)
				}
				m.do(func() { m.hang, m.refuse = false, nil })
				time.Sleep(10 * time.Second)
				if is := m.state().Sinks["nms"]; is.Cursor != 50 || is.Acked != 50 {
					t.Errorf("when the log works again: %+v, want all recorded", is)
				}
				m.do(func() { test.do(m) })
				m.event(t, story("x"))
				time.Sleep(time.Second)
				began := time.Now()
				stop()
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("the notifier took %v to end beside a stuck log", took)
				}
			})
		})
	}
}

// TestAlarmOfASinkIsNotForgotten: it could not be recorded at first.
func TestAlarmOfASinkIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		f.set(deaf)
		startNotifier(t, m, "db1", f)
		m.event(t, story("x"))
		m.do(func() { m.refuse = cluster.ErrNoLeader })
		time.Sleep(time.Minute)
		m.do(func() { m.refuse = nil })
		time.Sleep(time.Minute)
		if n := len(m.eventsOf(cluster.EventSinkFailed)); n != 1 {
			t.Errorf("SinkFailed %d times, want once", n)
		}
	})
}

// TestBoundedRecorder: every call of the recorder ends by itself.
func TestBoundedRecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		m.hang = true
		r := bounded{member{m, "db1"}}
		for name, call := range map[string]func(context.Context) error{
			"raise":     func(ctx context.Context) error { return r.Raise(ctx, story("x")) },
			"delivered": func(ctx context.Context) error { return r.Delivered(ctx, map[string]cluster.SinkStatus{"a": {}}) },
			"progress":  func(ctx context.Context) error { return r.Progress(ctx, cluster.JobIs{}) },
			"setting":   func(ctx context.Context) error { return r.Setting(ctx, cluster.SettingIs{}) },
		} {
			began := time.Now()
			if err := call(context.Background()); !errors.Is(err, cluster.ErrUnknownOutcome) || time.Since(began) != recordWait {
				t.Errorf("%s ended after %v with %v, want ErrUnknownOutcome after %v", name, time.Since(began), err, recordWait)
			}
		}
	})
}
