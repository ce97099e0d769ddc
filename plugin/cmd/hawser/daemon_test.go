package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/plugin"
)

// part is a task that does what its function says.
type part struct {
	run   func(context.Context) error
	ready chan struct{}
}

func (p part) Run(ctx context.Context) error { return p.run(ctx) }
func (p part) Ready() <-chan struct{}        { return p.ready }
func (part) String() string                  { return "part" }

func until(ctx context.Context) error { <-ctx.Done(); return nil }

func quietLog() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

// TestControllerOutlivesWhatShowsIt is S8 for the daemon: an SNMP port that is taken stops no service.
func TestControllerOutlivesWhatShowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var tries atomic.Int32
		controllerEnded := false
		controller := part{run: func(ctx context.Context) error { <-ctx.Done(); controllerEnded = true; return nil }}
		show := func() (plugin.Task, error) {
			return part{run: func(ctx context.Context) error {
				if tries.Add(1) < 3 {
					return errors.New("the port is held by another program")
				}
				return until(ctx)
			}}, nil
		}
		done := make(chan error, 1) // one: the end
		go func() { done <- runNode(ctx, controller, quietLog(), show) }()
		time.Sleep(3 * againAfter)
		synctest.Wait()
		if tries.Load() != 3 || controllerEnded {
			t.Errorf("%d tries, controller ended: %v", tries.Load(), controllerEnded)
		}
		stop()
		if err := <-done; err != nil || !controllerEnded {
			t.Errorf("end: %v, controller ended: %v", err, controllerEnded)
		}
	})
}

// TestLeavingCanBeWatched: what shows the node ends after the controller.
func TestLeavingCanBeWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		left := false
		controller := part{run: func(ctx context.Context) error { <-ctx.Done(); time.Sleep(time.Second); left = true; return nil }}
		seen := false
		show := func() (plugin.Task, error) {
			return part{run: func(ctx context.Context) error { <-ctx.Done(); seen = left; return nil }}, nil
		}
		stop()
		if err := runNode(ctx, controller, quietLog(), show); err != nil || !seen {
			t.Errorf("%v, shown to the end: %v", err, seen)
		}
	})
}

func TestControllersFaultEndsTheNode(t *testing.T) {
	want := errors.New("an entry that this program does not know")
	controller := part{run: func(context.Context) error { return want }}
	show := func() (plugin.Task, error) { return part{run: until}, nil }
	if err := runNode(t.Context(), controller, quietLog(), show); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

// TestAHeldPortStopsNoNode: a part that binds its port when it is made is made later; a wrong configuration still ends all.
func TestAHeldPortStopsNoNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		held := &net.OpError{Op: "listen", Net: "tcp", Err: syscall.EADDRINUSE}
		tries, shown := 0, false
		show := func() (plugin.Task, error) {
			if tries++; tries < 3 {
				return nil, fmt.Errorf("metrics: %w", held)
			}
			return part{run: func(ctx context.Context) error { shown = true; return until(ctx) }}, nil
		}
		done := make(chan error, 1) // one: the end
		go func() { done <- runNode(ctx, part{run: until}, quietLog(), show) }()
		time.Sleep(3 * againAfter)
		synctest.Wait()
		if tries != 3 || !shown {
			t.Errorf("%d tries, shown %t", tries, shown)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	want := errors.New("no such schedule")
	wrong := func() (plugin.Task, error) { return nil, want }
	if err := runNode(t.Context(), part{run: until}, quietLog(), wrong); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

// TestHoldersAreNamed: of any port, by number and name of the process.
func TestHoldersAreNamed(t *testing.T) {
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	_, err = net.Listen("tcp", holder.Addr().String())
	got := explainHeld(fmt.Errorf("node a: %w", err)).Error()
	for _, want := range []string{"node a: ", holder.Addr().String(), fmt.Sprintf("held by process %d (", os.Getpid()), "stop that, or"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	if other := errors.New("other"); !errors.Is(explainHeld(other), other) || explainHeld(nil) != nil {
		t.Error("another error became one of a port")
	}
}
