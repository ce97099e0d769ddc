package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// note is a notification as a receiver reads it.
type note struct {
	at      time.Time
	sink    string // its address
	trap    bool
	kind    cluster.EventType
	seq     cluster.Seq
	prev    cluster.Seq
	alarm   uint32
	delay   time.Duration
	summary string
}

func (n note) String() string {
	return fmt.Sprintf("%s %d after %d", n.kind, n.seq, n.prev)
}

// fakeSender is the wire and the receivers at its end.
type fakeSender struct {
	mu       sync.Mutex // guards what follows
	notes    []note
	flight   int // informs that wait
	most     int
	answer   func(ctx context.Context, n note) error // nil: acknowledges at once
	finished []note
	closed   bool
}

func (f *fakeSender) Inform(ctx context.Context, target snmp.Target, _ snmp.User, binds []snmp.Varbind) error {
	return f.receive(ctx, readNote(target, binds, false))
}

func (f *fakeSender) Trap(ctx context.Context, target snmp.Target, _ snmp.User, binds []snmp.Varbind) error {
	return f.receive(ctx, readNote(target, binds, true))
}

func (f *fakeSender) receive(ctx context.Context, n note) error {
	f.mu.Lock()
	f.notes = append(f.notes, n)
	f.flight++
	f.most = max(f.most, f.flight)
	answer := f.answer
	f.mu.Unlock()
	var err error
	if answer != nil {
		err = answer(ctx, n)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flight--
	if err == nil {
		f.finished = append(f.finished, n)
	}
	return err
}

func (f *fakeSender) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

func (f *fakeSender) set(answer func(ctx context.Context, n note) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

// sent are all notifications; acked those that were acknowledged, in this order.
func (f *fakeSender) sent() []note {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.notes)
}

func (f *fakeSender) acked() []note {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.finished)
}

// atOnce is how many notifications were under way at most.
func (f *fakeSender) atOnce() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.most
}

// deaf acknowledges nothing.
func deaf(ctx context.Context, _ note) error {
	<-ctx.Done()
	return ctx.Err()
}

func readNote(target snmp.Target, binds []snmp.Varbind, trap bool) note {
	n := note{at: time.Now(), sink: target.Address.String(), trap: trap}
	for i, name := range mib.NotifyOrder() {
		v := binds[i+2].Value
		switch name {
		case "hawserNotifyEventSeq":
			n.seq = cluster.Seq(v.Uint)
		case "hawserNotifyPrevSeq":
			n.prev = cluster.Seq(v.Uint)
		case "hawserEventType":
			n.kind = cluster.EventType(v.Int)
		case "hawserEventAlarmIndex":
			n.alarm = uint32(v.Uint)
		case "hawserNotifyDelay":
			n.delay = time.Duration(v.Uint) * time.Millisecond
		case "hawserEventSummary":
			n.summary = string(v.Bytes)
		}
	}
	return n
}

// inform is a sink that gets everything by INFORM.
func inform(name string) cluster.Sink {
	return cluster.Sink{
		Name: name, Address: "127.0.0.1:9162", Kind: cluster.SinkInform, Version: "v3", User: "traps", Channel: cluster.ChannelBoth,
		Backlog: cluster.BacklogAll, Window: 1, MinSeverity: cluster.SeverityInfo, GiveUp: 24 * time.Hour,
	}
}

// startNotifier runs the notifier of a node with a fake wire. The end of the test, or stop, ends it.
func startNotifier(t testing.TB, m *memory, node string, f *fakeSender) (n *Notifier, stop func()) {
	t.Helper()
	view := member{m, node}
	n, err := NewNotifier(Config{}, view, view, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.sender.Close(); err != nil {
		t.Fatal(err)
	}
	n.sender = f
	for _, sink := range m.state().Spec.Sinks {
		n.sinks[sink.Name] = credentials{user: snmp.User{Name: sink.User}}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("notifier ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return n, stop
}

// story is an event that raises no alarm.
func story(summary string) cluster.Event {
	return cluster.Event{
		Type: cluster.EventServiceRestarted, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentService, ComponentName: "app",
		Reaction: cluster.ReactedRestart, Result: cluster.ResultSucceeded, Summary: summary,
	}
}

// linkFault raises or clears the alarm of a link: a story, and an event of the state channel.
func linkFault(key string, clear bool) cluster.Event {
	e := cluster.Event{
		Type: cluster.EventLinkDown, Severity: cluster.SeverityMinor, ComponentType: cluster.ComponentLink, ComponentName: key,
		Reaction: cluster.ReactedNotify, Result: cluster.ResultNotDone, AlarmKey: "link/" + key, Raise: cluster.SeverityMinor,
		Summary: key + " is down",
	}
	if clear {
		e.Type, e.Severity, e.Raise, e.Clear, e.Summary = cluster.EventLinkUp, cluster.SeverityInfo, 0, true, key+" is up"
	}
	return e
}

func texts(notes []note) string {
	var out []string
	for _, n := range notes {
		out = append(out, n.String())
	}
	return strings.Join(out, ", ")
}
