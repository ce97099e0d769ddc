package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
)

func TestWindowOfOneKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		f.set(func(ctx context.Context, n note) error {
			time.Sleep(300 * time.Millisecond)
			return nil
		})
		_, stop := startNotifier(t, m, "db1", f)
		for i := range 10 {
			m.event(t, story(fmt.Sprint("event ", i)))
		}
		time.Sleep(10 * time.Second)
		stop()
		prev := cluster.Seq(0)
		for i, n := range f.acked() {
			if n.seq != prev+1 || n.prev != prev || n.summary != fmt.Sprint("event ", i) {
				t.Errorf("notification %d: %v %q, want %d after %d", i, n, n.summary, prev+1, prev)
			}
			prev = n.seq
		}
		if prev != 10 || f.atOnce() != 1 {
			t.Errorf("%d acknowledged, %d at once; want 10, 1 at once", prev, f.atOnce())
		}
		is := m.state().Sinks["nms"]
		if is.Cursor != 10 || is.Sent != 10 || is.Acked != 10 || is.Retries != 0 || is.State != cluster.SinkStateOk || is.LastAck.IsZero() {
			t.Errorf("sink %+v", is)
		}
	})
}

// TestWindowSlides lets the first of a window wait while those behind it are acknowledged out of order.
func TestWindowSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("manager")
		sink.Window = 4
		m, f := newMemory(t, sink), &fakeSender{}
		f.set(func(ctx context.Context, n note) error {
			if n.seq == 2 {
				return deaf(ctx, n)
			}
			time.Sleep(time.Duration(10-n.seq) * time.Millisecond)
			return nil
		})
		_, stop := startNotifier(t, m, "db1", f)
		for range 9 {
			m.event(t, story("x"))
		}
		time.Sleep(2500 * time.Millisecond)
		if got, want := texts(f.acked()), "serviceRestarted 1 after 0, serviceRestarted 5 after 4, serviceRestarted 4 after 3, serviceRestarted 3 after 2"; !sameWords(got, want) {
			t.Errorf("acknowledged %s; want those of the first window but 2: %s", got, want)
		}
		if is := m.state().Sinks["manager"]; is.Cursor != 1 {
			t.Errorf("cursor %d with 2 not acknowledged, want 1", is.Cursor)
		}
		stop() // half way
		if is := m.state().Sinks["manager"]; is.Cursor != 1 || is.Acked != 4 || is.Sent != 5 {
			t.Errorf("after the end: %+v; want cursor 1, 4 acknowledged, 5 sent", is)
		}
		if f.atOnce() > 4 {
			t.Errorf("%d at once, want at most 4", f.atOnce())
		}
		again := &fakeSender{}
		_, stop = startNotifier(t, m, "db1", again)
		time.Sleep(time.Second)
		stop()
		got := again.acked()
		slices.SortFunc(got, func(a, b note) int { return int(a.seq) - int(b.seq) })
		for i, n := range got {
			if n.seq != cluster.Seq(i+2) || n.prev != n.seq-1 || len(got) != 8 {
				t.Errorf("the next one sends %s; want 2 to 9, once each", texts(got))
			}
		}
		if is := m.state().Sinks["manager"]; is.Cursor != 9 || is.Acked != 12 || is.Sent != 13 {
			t.Errorf("in the end %+v; want cursor 9, counters that go on", is)
		}
	})
}

func sameWords(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func TestInformIsRepeatedWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		f.set(func(ctx context.Context, n note) error {
			if len(f.sent()) <= 7 {
				return deaf(ctx, n)
			}
			return nil
		})
		startNotifier(t, m, "db1", f)
		began := time.Now()
		m.event(t, story("x"))
		time.Sleep(3 * time.Minute)
		var at []time.Duration
		for _, n := range f.sent() {
			if n.seq == 1 {
				at = append(at, n.at.Sub(began))
				if n.delay != n.at.Sub(began) {
					t.Errorf("sent after %v with hawserNotifyDelay %v", n.at.Sub(began), n.delay)
				}
			}
		}
		s := time.Second
		if want := []time.Duration{0, 1 * s, 3 * s, 7 * s, 15 * s, 31 * s, 61 * s, 91 * s}; !slices.Equal(at, want) {
			t.Errorf("sent at %v, want %v", at, want)
		}
		if is := m.state().Sinks["nms"]; is.Retries != 7 || is.LastError != "" || is.State != cluster.SinkStateOk {
			t.Errorf("sink %+v, want 7 retries and no error in the end", is)
		}
	})
}

// TestRefusalIsNotAskedInATightLoop: a receiver that answers with an error at once.
func TestRefusalIsNotAskedInATightLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		f.set(func(context.Context, note) error { return errors.New("unknown user") })
		startNotifier(t, m, "db1", f)
		m.event(t, story("x"))
		time.Sleep(14 * time.Second)
		if got := len(f.sent()); got != 4 {
			t.Errorf("sent %d times in 14 s, want 4", got)
		}
	})
}

func TestSilentSinkIsToldOnceAndRestoredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		f.set(deaf)
		startNotifier(t, m, "db1", f)
		m.event(t, story("x"))
		time.Sleep(5 * time.Second)
		if is := m.state().Sinks["nms"]; is.State != cluster.SinkStateRetrying || is.LastError == "" {
			t.Errorf("after 5 s: %+v, want retrying with an error", is)
		}
		if n := len(m.eventsOf(cluster.EventSinkFailed)); n != 0 {
			t.Errorf("after 5 s: SinkFailed %d times, want none before 10 s", n)
		}
		time.Sleep(10 * time.Minute)
		failed := m.eventsOf(cluster.EventSinkFailed)
		if len(failed) != 1 || failed[0].AlarmIndex == 0 || !alarmStands(m.state(), "sink/nms") {
			t.Fatalf("SinkFailed %v, want one with an alarm", failed)
		}
		f.set(nil)
		time.Sleep(time.Minute)
		if restored := m.eventsOf(cluster.EventSinkRestored); len(restored) != 1 || restored[0].AlarmIndex != failed[0].AlarmIndex {
			t.Errorf("SinkRestored %v, want one for alarm %d", restored, failed[0].AlarmIndex)
		}
		if alarmStands(m.state(), "sink/nms") {
			t.Error("the alarm stands though the sink acknowledges")
		}
		if got, want := m.state().Sinks["nms"].Cursor, m.state().LastEvent; got != want {
			t.Errorf("cursor %d, want %d: its own alarm goes to it, too", got, want)
		}
	})
}

// TestGivesUp: a sink that wants all and is silent for longer than its patience.
func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("nms")
		sink.GiveUp = time.Hour
		m, f := newMemory(t, sink), &fakeSender{}
		f.set(deaf)
		n, _ := startNotifier(t, m, "db1", f)
		m.event(t, story("never seen"))
		time.Sleep(70 * time.Minute)
		is := m.state().Sinks["nms"]
		if is.Lost == 0 || is.Cursor < 1 || n.Counters()["SelfNotifyLost"] != is.Lost {
			t.Errorf("after its patience: %+v and counter %d, want it lost and passed", is, n.Counters()["SelfNotifyLost"])
		}
		if !alarmStands(m.state(), "sink/nms") {
			t.Error("no alarm stands")
		}
		lost := m.eventsOf(cluster.EventEventsLost)
		if len(lost) != 1 || lost[0].Severity != cluster.SeverityMajor {
			t.Fatalf("EventsLost %v, want one", lost)
		}
		time.Sleep(6 * time.Hour)
		if n := len(m.eventsOf(cluster.EventEventsLost)); n > 7 {
			t.Errorf("EventsLost %d times in six hours: each is one more to lose", n)
		}
		f.set(nil)
		time.Sleep(2 * time.Minute)
		if is := m.state().Sinks["nms"]; is.State != cluster.SinkStateOk || is.Cursor != m.state().LastEvent {
			t.Errorf("when it answers again: %+v, want all that is left delivered", is)
		}
	})
}

func TestAgedOutEventsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t, inform("nms")), &fakeSender{}
		for range 20 {
			m.event(t, story("old"))
		}
		time.Sleep(31 * 24 * time.Hour) // the log keeps 30 days
		for range 3 {
			m.event(t, story("new"))
		}
		startNotifier(t, m, "db1", f)
		time.Sleep(time.Second)
		if is := m.state().Sinks["nms"]; is.Lost != 20 || is.Cursor != m.state().LastEvent {
			t.Errorf("sink %+v, want the 20 oldest lost and the rest delivered", is)
		}
		if first := f.acked()[0]; first.seq != 21 || first.prev != 0 {
			t.Errorf("first %v, want 21 after 0", first)
		}
		if lost := m.eventsOf(cluster.EventEventsLost); len(lost) != 1 {
			t.Errorf("EventsLost %d times, want once", len(lost))
		}
	})
}

func TestFilters(t *testing.T) {
	raised := cluster.Event{Type: cluster.EventAlarmRaised, Severity: cluster.SeverityMinor}
	cleared := cluster.Event{Type: cluster.EventAlarmCleared, Severity: cluster.SeverityCleared}
	info := cluster.Event{Type: cluster.EventLinkUp, Severity: cluster.SeverityInfo}
	major := cluster.Event{Type: cluster.EventNodeFailed, Severity: cluster.SeverityMajor}
	odd := cluster.Event{Type: 99, Severity: cluster.SeverityMajor}
	tests := []struct {
		name    string
		channel cluster.SinkChannel
		least   cluster.Severity
		want    []cluster.Event
	}{
		{"state", cluster.ChannelState, cluster.SeverityInfo, []cluster.Event{raised, cleared}},
		{"story", cluster.ChannelStory, cluster.SeverityInfo, []cluster.Event{info, major}},
		{"story from major", cluster.ChannelStory, cluster.SeverityMajor, []cluster.Event{major}},
		{"both", cluster.ChannelBoth, cluster.SeverityInfo, []cluster.Event{raised, cleared, info, major}},
		{"both from critical", cluster.ChannelBoth, cluster.SeverityCritical, []cluster.Event{raised, cleared}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := delivery{sink: cluster.Sink{Channel: test.channel, MinSeverity: test.least}}
			for _, e := range []cluster.Event{raised, cleared, info, major, odd} {
				if got, want := d.wanted(e), slices.Contains(test.want, e); got != want {
					t.Errorf("%s %s: wanted %v, want %v", e.Type, e.Severity, got, want)
				}
			}
		})
	}
}

// TestFilteredEventsMoveTheCursor: what is not for a sink keeps nothing waiting, and prev names what was sent.
func TestFilteredEventsMoveTheCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("nms")
		sink.Channel = cluster.ChannelState
		m, f := newMemory(t, sink), &fakeSender{}
		_, stop := startNotifier(t, m, "db1", f)
		m.event(t, linkFault("a", false)) // 1 story, 2 raised
		m.event(t, story("3"))
		time.Sleep(time.Second)
		if got, want := texts(f.acked()), "alarmRaised 2 after 0"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if is := m.state().Sinks["nms"]; is.Cursor != 3 {
			t.Errorf("cursor %d, want 3", is.Cursor)
		}
		stop()
		_, _ = startNotifier(t, m, "db1", f)
		m.event(t, linkFault("a", true)) // 4 story, 5 cleared
		time.Sleep(time.Second)
		if got, want := texts(f.acked()), "alarmRaised 2 after 0, alarmCleared 5 after 2"; got != want {
			t.Errorf("after a restart got %s, want %s", got, want)
		}
	})
}

func TestTrapsAreSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("old")
		sink.Kind, sink.Backlog = cluster.SinkTrap, cluster.BacklogState
		m, f := newMemory(t, sink), &fakeSender{}
		f.set(func(context.Context, note) error { return errors.New("network is unreachable") })
		startNotifier(t, m, "db1", f)
		m.event(t, story("1"))
		time.Sleep(2 * time.Second)
		if len(f.acked()) != 0 || m.state().Sinks["old"].Cursor != 0 {
			t.Errorf("a trap that was never sent counts as sent: %+v", m.state().Sinks["old"])
		}
		f.set(nil)
		m.event(t, story("2"))
		time.Sleep(time.Minute)
		if got, want := texts(f.acked()), "serviceRestarted 1 after 0, serviceRestarted 2 after 1"; got != want || !f.acked()[0].trap {
			t.Errorf("got %s, want as traps %s", got, want)
		}
		if is := m.state().Sinks["old"]; is.Cursor != 2 || is.Sent != 2 || is.Acked != 0 || !is.LastAck.IsZero() {
			t.Errorf("sink %+v, want 2 sent and none acknowledged", is)
		}
	})
}
