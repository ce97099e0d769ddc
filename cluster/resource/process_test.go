package resource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestStartStop(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r := newResource(t, newSpec(t, helper("serve", out)))
	if r.Running() || r.PID() != 0 {
		t.Fatal("runs before it was started")
	}
	mustStart(t, r)
	waitFile(t, out)
	pid := r.PID()
	if !r.Running() || !running(pid) {
		t.Fatalf("process %d does not run after Start", pid)
	}
	if err := r.Start(t.Context(), nil); !errors.Is(err, ErrRunning) {
		t.Errorf("second start: got %v, want ErrRunning", err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustDead(t, pid)
	exit := waitExit(t, r)
	if exit.PID != pid || exit.Code != 0 || exit.Signal != 0 || !exit.Requested {
		t.Errorf("got exit %+v, want a requested one with code 0 of process %d", exit, pid)
	}
	if _, err := readStat(pid); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the main process is not reaped: %v", err)
	}
	for range 2 { // idempotent
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	mustStart(t, r)
	if again := r.PID(); again == pid || again == 0 {
		t.Errorf("restarted as process %d, it was %d", again, pid)
	}
}

func TestKillIsSeenAtOnce(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r := newResource(t, newSpec(t, helper("serve", out)))
	const rounds = 10
	var took, control []time.Duration
	for range rounds {
		control = append(control, timeToWait(t))
		mustStart(t, r)
		waitFile(t, out)
		begin := time.Now()
		kill9(t, r.PID())
		exit := waitExit(t, r)
		took = append(took, exit.At.Sub(begin))
		if exit.Signal != syscall.SIGKILL || exit.Code != -1 || exit.Requested {
			t.Fatalf("got %+v, want an unrequested end by SIGKILL", exit)
		}
		if r.Running() || r.PID() != 0 {
			t.Error("Running after the exit was reported")
		}
		if err := r.Start(t.Context(), nil); !errors.Is(err, ErrNotStopped) {
			t.Errorf("bare start after a crash: got %v, want ErrNotStopped (S6)", err)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(took)
	slices.Sort(control)
	t.Logf("seen after: median %s, worst %s; os/exec: median %s", took[rounds/2], took[rounds-1], control[rounds/2])
	// The machine may be busy: ten times what os/exec takes to see the same, in the same run.
	if limit := 10*control[rounds/2] + 10*time.Millisecond; took[rounds/2] > limit {
		t.Errorf("half of the kills were seen later than %s, the limit is %s", took[rounds/2], limit)
	}
}

// timeToWait is how long os/exec takes to see the kill of a process like a service.
func timeToWait(tb testing.TB) time.Duration {
	tb.Helper()
	cmd := startStranger(tb)
	begin := time.Now()
	kill9(tb, cmd.Process.Pid)
	_ = cmd.Wait() // killed: the status says so
	return time.Since(begin)
}

func TestExitCode(t *testing.T) {
	r := newResource(t, newSpec(t, helper("exit", "")))
	mustStart(t, r)
	exit := waitExit(t, r)
	if exit.Code != 3 || exit.Signal != 0 || exit.Requested || exit.Uptime <= 0 {
		t.Errorf("got %+v, want an unrequested exit with code 3", exit)
	}
	if got := exit.String(); got != "exit code 3" {
		t.Errorf("got %q", got)
	}
}

func TestExitedKeepsTheLatest(t *testing.T) {
	r := newResource(t, newSpec(t, helper("exit", "")))
	var last int
	for range 3 {
		mustStart(t, r)
		last = r.(*process).current().pid
		waitFor(t, "its end", func() bool { return !r.Running() })
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if exit := waitExit(t, r); exit.PID != last {
		t.Errorf("got the exit of process %d, want that of the latest, %d", exit.PID, last)
	}
}

func TestStubbornIsKilled(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	spec := newSpec(t, helper("stubborn", out))
	spec.StopTimeout = 100 * time.Millisecond
	r := newResource(t, spec)
	mustStart(t, r)
	waitFile(t, out)
	pid := r.PID()
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustDead(t, pid)
	if exit := waitExit(t, r); exit.Signal != syscall.SIGKILL || !exit.Requested {
		t.Errorf("got %+v, want a requested end by SIGKILL", exit)
	}
}

func TestStopKillsBeforeTheDeadline(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	spec := newSpec(t, helper("stubborn", out))
	spec.StopTimeout = time.Hour
	r := newResource(t, spec)
	mustStart(t, r)
	waitFile(t, out)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		t.Fatalf("a stop with a deadline has to kill before it: %v", err)
	}
}

func TestFrozenProcessHearsStop(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r := newResource(t, newSpec(t, helper("serve", out)))
	mustStart(t, r)
	waitFile(t, out)
	if err := unix.Kill(r.PID(), unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if exit := waitExit(t, r); exit.Code != 0 {
		t.Errorf("got %s, want an orderly end after SIGCONT", exit)
	}
}

func TestCancelledStopNamesWhatLives(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r := newResource(t, newSpec(t, helper("stubborn", out)))
	mustStart(t, r)
	waitFile(t, out)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := r.Stop(ctx)
	var living *NotStoppedError
	if !errors.As(err, &living) || !errors.Is(err, ErrNotStopped) || !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want a NotStoppedError", err)
	}
	if !slices.Contains(living.PIDs, r.PID()) || !strings.Contains(err.Error(), fmt.Sprint(r.PID())) {
		t.Errorf("%v does not name process %d", err, r.PID())
	}
	if err := r.Start(t.Context(), nil); !errors.Is(err, ErrRunning) {
		t.Errorf("start half way through a stop: got %v", err)
	}
	if err := r.Kill(t.Context()); err != nil {
		t.Errorf("a stop has to be safe half way: %v", err)
	}
}

func TestKillCutsStopShort(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	spec := newSpec(t, helper("stubborn", out))
	spec.StopTimeout = time.Hour
	r := newResource(t, spec)
	mustStart(t, r)
	waitFile(t, out)
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop(context.Background()) }()
	waitFor(t, "stop under way", func() bool { return r.(*process).current().stopped.Load() })
	if err := r.Kill(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestEscapedGrandchildIsFound(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	spec := newSpec(t, helper("escape", out))
	spec.StopTimeout = 100 * time.Millisecond
	r := newResource(t, spec)
	mustStart(t, r)
	child := mustPIDs(t, waitFile(t, out))[0]
	waitFile(t, out+".child")
	// The parent dies alone: only the marker leads to the escaped child now.
	kill9(t, r.PID())
	waitExit(t, r)
	if !running(child) {
		t.Fatal("the escaped child did not survive its parent: the test shows nothing")
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustDead(t, child)
}

func TestFamilyIsStopped(t *testing.T) {
	for _, tt := range []struct {
		name string
		stop func(Resource) error
		want Exit
	}{
		{"Stop", func(r Resource) error { return r.Stop(t.Context()) }, Exit{Code: 0}},
		{"Kill", func(r Resource) error { return r.Kill(t.Context()) }, Exit{Code: -1, Signal: syscall.SIGKILL}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			spec := newSpec(t, helper("family", out))
			spec.StopTimeout = 500 * time.Millisecond
			r := newResource(t, spec)
			mustStart(t, r)
			pids := mustPIDs(t, waitFile(t, out))
			waitFile(t, out+".child")
			if err := tt.stop(r); err != nil {
				t.Fatal(err)
			}
			mustDead(t, pids...)
			if exit := waitExit(t, r); exit.Code != tt.want.Code || exit.Signal != tt.want.Signal {
				t.Errorf("the main process ended with %s, want %s", exit, tt.want)
			}
		})
	}
}

func TestSessionGroupAndEnvironment(t *testing.T) {
	t.Setenv("SECRET", "of the daemon")
	out := filepath.Join(t.TempDir(), "out")
	spec := newSpec(t, helper("session", out, "COLOUR=option"))
	spec.Env = []string{"COLOUR=node"}
	r := newResource(t, spec)
	mustStart(t, r, "COLOUR=caller")
	got := strings.Fields(waitFile(t, out))
	own, err := unix.Getsid(0)
	if err != nil {
		t.Fatal(err)
	}
	key := r.(*process).key
	want := []string{fmt.Sprint(own), fmt.Sprint(r.PID()), key, "caller"}
	if len(got) != 4 || got[0] != want[0] || got[1] != want[1] || !strings.HasPrefix(got[2], key+".") || got[3] != want[3] {
		t.Errorf("got session, group, marker, colour, secret %q, want %q and no secret", got, want)
	}
}

func TestStartFault(t *testing.T) {
	spec := newSpec(t, map[string]any{"command": []string{"/nonexistent/program"}})
	r := newResource(t, spec)
	err := r.Start(t.Context(), nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "check command") {
		t.Errorf("got %v", err)
	}
	if r.Running() {
		t.Error("runs although it could not start")
	}
	if _, err := os.Stat(filepath.Join(spec.Dir, "web.run")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a record is left of what never ran: %v", err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStartAfterCancel(t *testing.T) {
	r := newResource(t, newSpec(t, helper("serve", "")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Start(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if r.Running() {
		t.Error("started by a cancelled call")
	}
}

func TestStartAndKillTogether(t *testing.T) {
	r := newResource(t, newSpec(t, helper("stubborn", "")))
	for range 20 {
		started := make(chan error, 1)
		go func() { started <- r.Start(context.Background(), nil) }()
		if err := r.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-started; err != nil && !errors.Is(err, ErrKilled) {
			t.Fatal(err)
		}
		if err := r.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r.Running() {
			t.Fatal("runs after Kill")
		}
	}
}
