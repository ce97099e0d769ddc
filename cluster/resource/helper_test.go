package resource

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
)

// The test binary is every program of these tests: helperEnv says which.
const helperEnv = "HELPER"

// helpers are the programs. Each writes "ready" or what it found to the file HELPER_OUT when it is set up.
var helpers = map[string]func() int{
	"serve":    helpServe,
	"stubborn": helpStubborn,
	"exit":     func() int { return 3 },
	"escape":   helpEscape,
	"family":   helpFamily,
	"chatter":  helpChatter,
	"says":     helpSays,
	"session":  helpSession,
	"daemon":   helpDaemon,
}

func TestMain(m *testing.M) {
	if run, ok := helpers[os.Getenv(helperEnv)]; ok {
		os.Exit(run())
	}
	os.Exit(m.Run())
}

// lifetime ends helpers that a failed test left.
const lifetime = 60 * time.Second

func ready(text string) {
	path := os.Getenv("HELPER_OUT")
	if path == "" {
		return
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		panic(err)
	}
}

func helpServe() int { return serve("ready") }

// serve reports and ends on SIGTERM.
func serve(report string) int {
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	ready(report)
	select {
	case <-term:
		return 0
	case <-time.After(lifetime):
		return 9
	}
}

func helpStubborn() int {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	ready("ready")
	time.Sleep(lifetime)
	return 9
}

// spawn starts this binary as another helper.
func spawn(name, out string, attr *syscall.SysProcAttr, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), helperEnv+"="+name, "HELPER_OUT="+out), env...)
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	return cmd
}

// helpEscape forks a process that leaves group and session, then serves. The test reads the escapee's pid.
func helpEscape() int {
	child := spawn("stubborn", os.Getenv("HELPER_OUT")+".child", &syscall.SysProcAttr{Setsid: true})
	ready(strconv.Itoa(child.Process.Pid))
	time.Sleep(lifetime)
	return 9
}

// helpFamily leaves a stubborn grandchild in its group and a child that cleared its environment, and ends on SIGTERM.
func helpFamily() int {
	out := os.Getenv("HELPER_OUT")
	child := spawn("stubborn", out+".child", nil)
	bare := exec.Command("/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done")
	bare.Env = []string{}
	bare.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := bare.Start(); err != nil {
		panic(err)
	}
	return serve(fmt.Sprintf("%d %d", child.Process.Pid, bare.Process.Pid))
}

func helpChatter() int {
	line := strings.Repeat("x", 99) + "\n"
	for begin := time.Now(); time.Since(begin) < lifetime; {
		if _, err := io.WriteString(os.Stdout, line); err != nil {
			return 1
		}
		time.Sleep(20 * time.Microsecond)
	}
	return 0
}

func helpSays() int {
	fmt.Println("hello from stdout")
	fmt.Fprintln(os.Stderr, "hello from stderr")
	return 0
}

func helpSession() int {
	stat, err := readStat(os.Getpid())
	if err != nil {
		return 1
	}
	return serve(fmt.Sprintf("%d %d %s %s %s", stat.session, stat.pgrp, os.Getenv(markerName), os.Getenv("COLOUR"), os.Getenv("SECRET")))
}

// helpDaemon is a hawser daemon of which the test does kill -9: it starts the service in HELPER_SPEC and waits.
func helpDaemon() int {
	var spec Spec
	if err := json.Unmarshal([]byte(os.Getenv("HELPER_SPEC")), &spec); err != nil {
		panic(err)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	os.Unsetenv(helperEnv)
	service, err := New(spec, logrus.NewEntry(log))
	if err == nil {
		err = service.Start(context.Background(), []string{"HAWSER_EPOCH=7"})
	}
	if err != nil {
		panic(err)
	}
	ready(strconv.Itoa(service.PID()))
	time.Sleep(lifetime)
	return 9
}

// options of a process that runs the named helper.
func helper(name, out string, more ...string) map[string]any {
	// A program under the race detector sleeps for a second before it exits, unless told otherwise.
	env := append([]string{helperEnv + "=" + name, "HELPER_OUT=" + out, "GORACE=atexit_sleep_ms=0"}, more...)
	return map[string]any{"command": []string{os.Args[0]}, "environment": env, "log": map[string]any{"file": "service.log"}}
}

func newSpec(tb testing.TB, options map[string]any) Spec {
	tb.Helper()
	return Spec{Name: "web", Kind: "process", Dir: tb.TempDir(), Options: options, StopTimeout: 5 * time.Second}
}

// newResource builds a resource that is killed when the test ends.
func newResource(tb testing.TB, spec Spec) Resource {
	tb.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	r, err := New(spec, logrus.NewEntry(log))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Kill(ctx); err != nil {
			tb.Error(err)
		}
	})
	return r
}

func mustStart(tb testing.TB, r Resource, env ...string) {
	tb.Helper()
	if err := r.Start(tb.Context(), env); err != nil {
		tb.Fatal(err)
	}
}

// waitFile returns a helper's report.
func waitFile(tb testing.TB, path string) string {
	tb.Helper()
	var text string
	waitFor(tb, "file "+path, func() bool {
		raw, err := os.ReadFile(path)
		text = string(raw)
		return err == nil
	})
	return text
}

func waitFor(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(2 * time.Millisecond) {
		if condition() {
			return
		}
	}
	tb.Fatalf("%s: not within 20 s", what)
}

func waitExit(tb testing.TB, r Resource) Exit {
	tb.Helper()
	select {
	case exit := <-r.Exited():
		return exit
	case <-time.After(20 * time.Second):
		tb.Fatal("no exit was reported within 20 s")
		return Exit{}
	}
}

// running reports whether a process can still do anything.
func running(pid int) bool {
	stat, err := readStat(pid)
	return err == nil && stat.live()
}

func mustDead(tb testing.TB, pids ...int) {
	tb.Helper()
	for _, pid := range pids {
		if running(pid) {
			tb.Errorf("process %d lives after a verified stop", pid)
		}
	}
}

// mustPIDs reads the numbers in a helper's report.
func mustPIDs(tb testing.TB, text string) []int {
	tb.Helper()
	var pids []int
	for field := range strings.FieldsSeq(text) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			tb.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// startStranger runs a process that has nothing to do with the service, in a group of its own.
func startStranger(tb testing.TB) *exec.Cmd {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "stranger")
	cmd := spawn("serve", out, &syscall.SysProcAttr{Setpgid: true})
	tb.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			tb.Error(err)
		}
		_ = cmd.Wait() // killed: the status says so
	})
	waitFile(tb, out)
	return cmd
}

// countLines reads a log file.
func countLines(tb testing.TB, path string) int {
	tb.Helper()
	file, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	n := 0
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		n++
	}
	return n
}

// kill9 ends a process that the test started.
func kill9(tb testing.TB, pid int) {
	tb.Helper()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		tb.Fatal(err)
	}
}
