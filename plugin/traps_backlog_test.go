package plugin

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
)

// outageStory lets a sink sleep through ten minutes in which alarms come, go and change, and gives what it gets then.
func outageStory(t *testing.T, sink cluster.Sink, during func(m *memory, f *fakeSender)) (m *memory, after []note) {
	t.Helper()
	m, f := newMemory(t, sink), &fakeSender{}
	startNotifier(t, m, "db1", f)
	m.event(t, linkFault("before", false))
	m.event(t, linkFault("gone", false))
	time.Sleep(time.Second)
	f.set(deaf)
	m.event(t, story("first of the outage"))
	m.event(t, linkFault("passing", false))
	m.event(t, linkFault("passing", true))
	m.event(t, linkFault("new", false))
	m.event(t, linkFault("gone", true))
	time.Sleep(10 * time.Minute)
	during(m, f)
	before := len(f.acked())
	f.set(nil)
	time.Sleep(2 * time.Minute)
	return m, f.acked()[before:]
}

func summariesOf(notes []note) (out []string) {
	for _, n := range notes {
		out = append(out, n.kind.String()+" "+n.summary)
	}
	return out
}

func TestStatesInsteadOfStoriesAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("nms")
		sink.Backlog = cluster.BacklogState
		m, after := outageStory(t, sink, func(*memory, *fakeSender) {})
		if len(after) == 0 || after[0].kind != cluster.EventResync || after[0].seq != 0 {
			t.Fatalf("first came %v, want a Resync that is not in the log", after)
		}
		got := summariesOf(after[1:])
		want := []string{"alarmRaised new is down", "alarmCleared gone is up"}
		if !slices.Equal(got[:2], want) {
			t.Errorf("then came %q, want %q", got[:2], want)
		}
		for _, text := range got {
			if text == "alarmRaised passing is down" || text == "alarmRaised before is down" || text == "serviceRestarted first of the outage" {
				t.Errorf("%q came after the outage: it is over or known", text)
			}
		}
		if is := m.state().Sinks["nms"]; is.Cursor != m.state().LastEvent {
			t.Errorf("cursor %d, want %d", is.Cursor, m.state().LastEvent)
		}
	})
}

func TestAllAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, after := outageStory(t, inform("manager"), func(*memory, *fakeSender) {})
		prev := after[0].prev
		for _, n := range after {
			if n.seq != prev+1 || n.prev != prev {
				t.Fatalf("came %v, want each event once and in order: %s", n, texts(after))
			}
			prev = n.seq
		}
		if after[0].seq != 5 || prev < 12 {
			t.Errorf("came %d to %d, want all of the outage", after[0].seq, prev)
		}
	})
}

// TestStatesAreAsTheyAreAtTheEnd: an alarm that ends while the Resync is being repeated is told as it is when the sink
// answers.
func TestStatesAreAsTheyAreAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("nms")
		sink.Backlog = cluster.BacklogState
		_, after := outageStory(t, sink, func(m *memory, _ *fakeSender) {
			m.event(t, linkFault("new", true))
			m.event(t, linkFault("late", false))
			time.Sleep(time.Minute)
		})
		got := summariesOf(after)
		if slices.Contains(got, "alarmRaised new is down") || !slices.Contains(got, "alarmRaised late is down") {
			t.Errorf("came %q; want late, and nothing of new", got)
		}
	})
}

// TestPossiblySeenAlarmIsCleared: the INFORM of a raised alarm whose acknowledgement got lost.
func TestPossiblySeenAlarmIsCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("nms")
		sink.Backlog, sink.Channel = cluster.BacklogState, cluster.ChannelState
		m, f := newMemory(t, sink), &fakeSender{}
		startNotifier(t, m, "db1", f)
		f.set(deaf)
		m.event(t, linkFault("seen", false)) // sent, and perhaps received
		time.Sleep(30 * time.Second)
		m.event(t, linkFault("seen", true))
		m.event(t, linkFault("unseen", false))
		m.event(t, linkFault("unseen", true))
		time.Sleep(5 * time.Minute)
		f.set(nil)
		time.Sleep(time.Minute)
		got := summariesOf(f.acked())
		if !slices.Contains(got, "alarmCleared seen is up") || slices.Contains(got, "alarmCleared unseen is up") {
			t.Errorf("came %q; want seen cleared, and nothing of unseen", got)
		}
	})
}

// TestNewLeaderFindsAnOutage: the outage began under another leader.
func TestNewLeaderFindsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("nms")
		sink.Backlog = cluster.BacklogState
		m, f := newMemory(t, sink), &fakeSender{}
		m.event(t, linkFault("a", false))
		m.event(t, linkFault("a", true))
		m.event(t, linkFault("b", false))
		time.Sleep(2 * time.Minute)
		m.lead(t, "db2")
		startNotifier(t, m, "db2", f)
		time.Sleep(time.Second)
		if got, want := summariesOf(f.acked()), []string{
			"resync events 1 to 6 were left out after an outage; alarms follow as they are", "alarmRaised b is down",
		}; !slices.Equal(got, want) {
			t.Errorf("came %q, want %q", got, want)
		}
	})
}

// TestFreshBacklogIsNoOutage: after a short change of leader the stories go on.
func TestFreshBacklogIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := inform("nms")
		sink.Backlog = cluster.BacklogState
		m, f := newMemory(t, sink), &fakeSender{}
		m.event(t, story("1"))
		time.Sleep(20 * time.Second)
		startNotifier(t, m, "db1", f)
		time.Sleep(time.Second)
		if got, want := texts(f.acked()), "serviceRestarted 1 after 0"; got != want {
			t.Errorf("came %s, want %s", got, want)
		}
	})
}
