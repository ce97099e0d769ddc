package agent

import (
	"context"
	"errors"
	"net"
	"reflect"
	"strconv"
	"testing"
	"time"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

// setOf is a SET of the first policy value.
func setOf(v int32) snmp.Varbind {
	return snmp.Varbind{OID: testPolicy.Append(1, 0), Value: snmp.Integer(v)}
}

func statusOf(t *testing.T, err error) snmp.ErrorStatus {
	t.Helper()
	var failure *snmp.StatusError
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want an error-status", err)
	}
	return failure.Status
}

// sealSet makes the datagram of a SET as its user's manager would.
func sealSet(t *testing.T, a *Agent, seconds uint32, v int32) []byte {
	t.Helper()
	engine := a.Engine()
	keys, ok := a.users.Keys("policy01", engine.ID)
	if !ok {
		t.Fatal("no keys")
	}
	m := &snmp.Message{
		Version: snmp.V3, MsgID: 99, Flags: snmp.FlagAuth | snmp.FlagPriv | snmp.FlagReportable, EngineID: engine.ID,
		Boots: engine.Boots, Time: seconds, User: "policy01", ContextEngineID: engine.ID,
		PDU: snmp.PDU{Type: snmp.SetRequest, RequestID: 100, Varbinds: []snmp.Varbind{setOf(v)}},
	}
	packet, err := m.Seal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

// roundTrip sends a datagram and returns the answer.
func roundTrip(t *testing.T, a *Agent, packet []byte) []byte {
	t.Helper()
	conn, err := net.Dial("udp", a.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 65536)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

// open returns the PDU of an answer.
func open(t *testing.T, a *Agent, packet []byte) snmp.PDU {
	t.Helper()
	m, err := snmp.Parse(packet)
	if err != nil {
		t.Fatal(err)
	}
	keys, _ := a.users.Keys("policy01", a.Engine().ID)
	if err := m.Open(keys); err != nil {
		t.Fatal(err)
	}
	return m.PDU
}

func TestCapturedSetIsCarriedOutOnce(t *testing.T) {
	m := newMemory(testRows()...)
	a := startAgent(t, testConfig(t), m)
	packet := sealSet(t, a, a.Engine().Time, 42)
	first := open(t, a, roundTrip(t, a, packet))
	if _, err := newClient(t, a, "policy01").Set(t.Context(), setOf(43)); err != nil {
		t.Fatal(err)
	}
	for range 3 { // a thief sends it again, after the value was changed by its owner
		if again := open(t, a, roundTrip(t, a, packet)); !reflect.DeepEqual(again, first) {
			t.Errorf("the replay is answered %+v, the SET was answered %+v", again, first)
		}
	}
	if value := m.View().Get(testPolicy.Append(1, 0)); value.Int != 43 || m.committed() != 2 {
		t.Errorf("value %s after %d commits, want 43 after 2", value, m.committed())
	}
	if got := a.Stats().ReplaysRefused; got != 3 {
		t.Errorf("%d replays counted, want 3", got)
	}
}

func TestReplayOfASetUnderWay(t *testing.T) {
	m := newMemory(testRows()...)
	entered, release := make(chan struct{}), make(chan struct{})
	m.commit = func(context.Context) error {
		entered <- struct{}{}
		<-release
		return nil
	}
	a := startAgent(t, testConfig(t), m)
	packet := sealSet(t, a, a.Engine().Time, 42)
	answer := make(chan []byte, 1)
	go func() { answer <- roundTrip(t, a, packet) }()
	<-entered
	conn, err := net.Dial("udp", a.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the replay to be counted", func() bool { return a.Stats().ReplaysRefused == 1 })
	reader := newClient(t, a, "reader01")
	for range 20 { // other datagrams come through the same buffers meanwhile
		if _, err := reader.Get(t.Context(), testState.Append(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	first := open(t, a, <-answer)
	if again := open(t, a, roundTrip(t, a, packet)); !reflect.DeepEqual(again, first) || m.committed() != 1 {
		t.Errorf("answers %+v and %+v, %d commits, want 1", first, again, m.committed())
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

// TestReplaysExpireAfterTheWindow runs the memory of replays by hand: it forgets nothing that USM would still take.
func TestReplaysExpireAfterTheWindow(t *testing.T) {
	var s replays
	engine := snmp.Engine{Boots: 2, Time: 1000}
	for id := range maxReplays {
		known, v := s.begin(strconv.Itoa(id), 2, 1150, engine)
		if v != carryOut {
			t.Fatalf("message %d: verdict %d", id, v)
		}
		s.end(known, outcome{status: snmp.WrongType})
	}
	for _, c := range []struct {
		id   int
		now  snmp.Engine
		want verdict
	}{
		{maxReplays, snmp.Engine{Boots: 2, Time: 1000}, refuse},
		{maxReplays, snmp.Engine{Boots: 2, Time: 1150 + snmp.TimeWindow + replaySlack}, refuse},
		{maxReplays, snmp.Engine{Boots: 3, Time: replaySlack}, refuse},
		{0, snmp.Engine{Boots: 2, Time: 1000}, repeat},
		{maxReplays, snmp.Engine{Boots: 2, Time: 1150 + snmp.TimeWindow + replaySlack + 1}, carryOut},
		{maxReplays, snmp.Engine{Boots: 2, Time: 1150}, drop},
	} {
		if _, v := s.begin(strconv.Itoa(c.id), 2, 1150, c.now); v != c.want {
			t.Errorf("message %d at %+v: verdict %d, want %d", c.id, c.now, v, c.want)
		}
	}
	if len(s.seen) != 1 {
		t.Errorf("%d messages are remembered, want 1", len(s.seen))
	}
}

func TestSlowSet(t *testing.T) {
	hang := func(release chan struct{}) func(context.Context) error {
		return func(context.Context) error { <-release; return nil }
	}
	for _, c := range []struct {
		name    string
		hang    func(m *memory, f func(context.Context) error)
		want    snmp.ErrorStatus
		commits int // once the backend goes on
	}{
		{"in its test: nothing is changed", func(m *memory, f func(context.Context) error) { m.test = f }, snmp.ResourceUnavailable, 0},
		{"in its commit: nobody knows", func(m *memory, f func(context.Context) error) { m.commit = f }, snmp.UndoFailed, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, release := newMemory(testRows()...), make(chan struct{})
			c.hang(m, hang(release))
			cfg := testConfig(t)
			cfg.SetTimeout = DefaultSetTimeout
			a := startAgent(t, cfg, m)
			client := newClient(t, a, "policy01")
			answered := make(chan error, 1)
			go func() {
				_, err := client.Set(t.Context(), setOf(9))
				answered <- err
			}()
			if _, err := newClient(t, a, "reader01").Get(t.Context(), testState.Append(1, 0)); err != nil {
				t.Errorf("a read beside the slow SET: %v", err)
			}
			if got := statusOf(t, <-answered); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			close(release)
			waitFor(t, "the backend to end", func() bool { return len(a.setSlots) == 0 })
			if m.committed() != c.commits || a.Stats().SetsOverdue != 1 {
				t.Errorf("%d commits, %d overdue, want %d and 1", m.committed(), a.Stats().SetsOverdue, c.commits)
			}
		})
	}
}

func TestTooManySetsAtOnce(t *testing.T) {
	m, release := newMemory(testRows()...), make(chan struct{})
	m.commit = func(context.Context) error { <-release; return nil }
	a := startAgent(t, testConfig(t), m)
	client := newClient(t, a, "policy01")
	client.Timeout = 30 * time.Second
	answers := make(chan error, maxSets)
	for range maxSets {
		go func() {
			_, err := client.Set(t.Context(), setOf(9))
			answers <- err
		}()
	}
	waitFor(t, "all places to be taken", func() bool { return len(a.setSlots) == maxSets })
	_, err := client.Set(t.Context(), setOf(9))
	if got := statusOf(t, err); got != snmp.ResourceUnavailable {
		t.Errorf("one more SET: got %s, want resourceUnavailable", got)
	}
	close(release)
	for range maxSets {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

func TestCommitErrors(t *testing.T) {
	plain := errors.New("disk full")
	for _, c := range []struct {
		name   string
		err    error
		want   snmp.ErrorStatus
		undone int
	}{
		{"refused whole", &view.SetError{Status: snmp.InconsistentValue, Index: 1, Err: plain}, snmp.InconsistentValue, 0},
		{"no leader", &view.SetError{Status: snmp.ResourceUnavailable, Err: plain}, snmp.ResourceUnavailable, 0},
		{"outcome unknown", &view.SetError{Status: snmp.UndoFailed, Err: plain}, snmp.UndoFailed, 0},
		{"failed half way", plain, snmp.CommitFailed, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory(testRows()...)
			m.commit = func(context.Context) error { return c.err }
			a := startAgent(t, testConfig(t), m)
			_, err := newClient(t, a, "policy01").Set(t.Context(), setOf(9))
			got := statusOf(t, err)
			m.mu.Lock()
			defer m.mu.Unlock()
			if got != c.want || m.undone != c.undone {
				t.Errorf("got %s, undone %d times, want %s, %d", got, m.undone, c.want, c.undone)
			}
		})
	}
}

func TestEmptySet(t *testing.T) {
	m := newMemory(testRows()...)
	a := startAgent(t, testConfig(t), m)
	if _, err := newClient(t, a, "policy01").Set(t.Context()); err != nil || m.committed() != 0 {
		t.Errorf("got %v and %d commits, want none", err, m.committed())
	}
}

func TestSetterIsNamed(t *testing.T) {
	m := newMemory(testRows()...)
	a := startAgent(t, testConfig(t), m)
	if _, err := newClient(t, a, "policy01").Set(t.Context(), setOf(9)); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	want := view.Setter{User: "policy01", Address: "127.0.0.1", Via: view.ViaSNMP}
	if len(m.setters) != 1 || m.setters[0] != want {
		t.Errorf("got %v, want %v", m.setters, want)
	}
}

func TestPanicCostsItsRequestOnly(t *testing.T) {
	m := newMemory(testRows()...)
	m.test = func(context.Context) error { panic("a mistake") }
	a := startAgent(t, testConfig(t), m)
	client := newClient(t, a, "policy01")
	_, err := client.Set(t.Context(), setOf(9))
	if got := statusOf(t, err); got != snmp.GenErr {
		t.Errorf("got %s, want genErr", got)
	}
	if _, err := client.Get(t.Context(), testState.Append(1, 0)); err != nil || a.Stats().Panics != 1 {
		t.Errorf("then %v; %d panics counted, want 1", err, a.Stats().Panics)
	}
}
