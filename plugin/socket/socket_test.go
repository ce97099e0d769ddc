package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

// world is a source with fixed facts.
type world struct {
	snap    *cluster.Snapshot
	events  []cluster.Event
	refusal error
	held    chan string // a clearance was given
	freed   chan string // and ended
}

func newWorld() *world {
	state := &cluster.State{
		ClusterID: "c1", Generation: 7, LastEvent: 5,
		Spec:  cluster.Spec{Name: "harbour", Nodes: []cluster.NodeSpec{{Name: "a", Role: cluster.RoleResource}}},
		Nodes: map[string]cluster.Node{"a": {State: cluster.NodeOnline, Boot: "b1"}},
		Alarms: map[uint32]cluster.Alarm{
			3: {Index: 3, Severity: cluster.SeverityMajor, Type: cluster.EventNodeFailed, ComponentType: cluster.ComponentNode, Text: "x"},
		},
	}
	w := &world{
		snap: &cluster.Snapshot{State: state, Local: "a", Leader: "a", View: cluster.ViewCurrent, Quorate: true, Taken: time.Unix(1_700_000_000, 0).UTC()},
		held: make(chan string, 1), freed: make(chan string, 1), // one each: a test asks once
	}
	for i := range 5 {
		w.events = append(w.events, cluster.Event{Seq: cluster.Seq(i + 1), Type: cluster.EventNodeFailed, Severity: cluster.SeverityCritical, Summary: "event"})
	}
	return w
}

func (w *world) Snapshot() *cluster.Snapshot { return w.snap }

func (w *world) Events(after cluster.Seq, limit int) ([]cluster.Event, error) {
	rest := w.events[min(int(after), len(w.events)):]
	return rest[:min(limit, len(rest))], nil
}

func (w *world) Conditions(seq cluster.Seq) ([]cluster.Component, error) {
	if seq != 4 {
		return nil, errors.New("the condition of this event has aged out")
	}
	return []cluster.Component{{Type: cluster.ComponentNode, Name: "a", Node: "a", State: "online"}}, nil
}

func (w *world) Clearance(_ context.Context, node, job string) (func(), error) {
	if w.refusal != nil {
		return nil, w.refusal
	}
	w.held <- node + " for " + job
	return func() { w.freed <- node }, nil
}

func quiet() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

// startServer runs a server until the test ends.
func startServer(t *testing.T, path string, source Source) {
	t.Helper()
	s := New(path, source, quiet())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1) // one: the end of Run
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s stays behind: %v", path, err)
		}
	})
	select {
	case <-s.Ready():
	case err := <-done:
		done <- nil
		t.Fatal(err)
	}
}

func TestQuestions(t *testing.T) {
	path := filepath.Join(t.TempDir(), Name)
	w := newWorld()
	startServer(t, path, w)
	c := Dial(path)
	snap, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(snap, w.snap) {
		t.Errorf("got %+v\nwant %+v", snap, w.snap)
	}
	events, err := c.Events(t.Context(), 2, 2)
	if err != nil || !reflect.DeepEqual(events, w.events[2:4]) {
		t.Errorf("events after 2: %v, %v", events, err)
	}
	if events, err = c.Newest(t.Context(), 2); err != nil || !reflect.DeepEqual(events, w.events[3:]) {
		t.Errorf("the newest two: %v, %v", events, err)
	}
	if found, err := c.Conditions(t.Context(), 4); err != nil || len(found) != 1 || found[0].State != "online" {
		t.Errorf("conditions: %v, %v", found, err)
	}
	if _, err := c.Conditions(t.Context(), 5); err == nil || !strings.Contains(err.Error(), "aged out") {
		t.Errorf("conditions that are gone: %v", err)
	}
	if _, err := c.Events(t.Context(), 0, maxEvents+1); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("too many events: %v", err)
	}
}

func TestClearanceStandsUntilDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), Name)
	w := newWorld()
	startServer(t, path, w)
	done, err := Dial(path).Clearance(t.Context(), "a", "new firmware")
	if err != nil {
		t.Fatal(err)
	}
	if got := <-w.held; got != "a for new firmware" {
		t.Errorf("held %q", got)
	}
	select {
	case <-w.freed:
		t.Fatal("the clearance ended while it was needed")
	default:
	}
	done()
	if got := <-w.freed; got != "a" {
		t.Errorf("freed %q", got)
	}
}

func TestClearanceIsRefusedWithTheReason(t *testing.T) {
	path := filepath.Join(t.TempDir(), Name)
	w := newWorld()
	w.refusal = errors.New("a carries the active service app")
	startServer(t, path, w)
	if _, err := Dial(path).Clearance(t.Context(), "a", "x"); err == nil || !strings.Contains(err.Error(), "active service app") {
		t.Errorf("got %v", err)
	}
}

func TestOnlyTheOwnerMayAsk(t *testing.T) {
	path := filepath.Join(t.TempDir(), Name)
	startServer(t, path, newWorld())
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", maxPath))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, Name)
	startServer(t, path, newWorld())
	if _, err := Dial(path).Snapshot(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSocketThatADeadDaemonLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), Name)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	startServer(t, path, newWorld())
	if _, err := Dial(path).Snapshot(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTwoDaemonsDoNotShareAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), Name)
	startServer(t, path, newWorld())
	if err := New(path, newWorld(), quiet()).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "another node") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	_, err := Dial(filepath.Join(t.TempDir(), Name)).Snapshot(t.Context())
	if err == nil || !strings.Contains(err.Error(), "hawser node") {
		t.Errorf("got %v, want the next step", err)
	}
}
