package resource

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// startDaemon runs a daemon that starts the service, and returns the pids of both.
func startDaemon(tb testing.TB, spec Spec) (daemon, service int) {
	tb.Helper()
	raw, err := json.Marshal(spec)
	if err != nil {
		tb.Fatal(err)
	}
	out := filepath.Join(tb.TempDir(), "daemon")
	cmd := spawn("daemon", out, nil, "HELPER_SPEC="+string(raw))
	tb.Cleanup(func() { _ = cmd.Wait() }) // killed by the test: the status says so
	tb.Cleanup(func() { _ = cmd.Process.Kill() })
	service, err = strconv.Atoi(waitFile(tb, out))
	if err != nil {
		tb.Fatal(err)
	}
	return cmd.Process.Pid, service
}

func TestRecoverLeftoverOfKilledDaemon(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	spec := newSpec(t, helper("escape", out))
	spec.StopTimeout = 100 * time.Millisecond
	daemon, service := startDaemon(t, spec)
	escaped := mustPIDs(t, waitFile(t, out))[0]
	waitFile(t, out+".child")
	kill9(t, daemon)
	waitFor(t, "end of the daemon", func() bool { return !running(daemon) })
	if !running(service) || !running(escaped) {
		t.Fatal("the service did not survive its daemon: the test shows nothing")
	}

	r := newResource(t, spec)
	if err := r.Start(t.Context(), nil); !errors.Is(err, ErrNotStopped) {
		t.Errorf("start beside a leftover: got %v, want ErrNotStopped (S9)", err)
	}
	found, err := r.Recover(t.Context())
	if err != nil || !found {
		t.Fatalf("got found %v, error %v", found, err)
	}
	mustDead(t, service, escaped)
	if found, err := r.Recover(t.Context()); found || err != nil {
		t.Errorf("second recovery: got found %v, error %v", found, err)
	}
	mustStart(t, r)
}

func TestRecordHoldsWhatALaterDaemonNeeds(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	spec := newSpec(t, helper("serve", out))
	r := newResource(t, spec)
	mustStart(t, r, "HAWSER_EPOCH=7516192769")
	rec, err := readRecord(filepath.Join(spec.Dir, "web.run"))
	if err != nil {
		t.Fatal(err)
	}
	stat, err := readStat(r.PID())
	if err != nil {
		t.Fatal(err)
	}
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	if rec.PID != stat.pid || rec.Start != stat.start || rec.Group != stat.pgrp || rec.Boot != boot || rec.Epoch != "7516192769" {
		t.Errorf("got %+v, want process %+v, boot %s", rec, stat, boot)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := readRecord(filepath.Join(spec.Dir, "web.run")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the record outlives the service: %v", err)
	}
}

// TestRecoverAfterIntent: the daemon died after the fork, before the record knew the process.
func TestRecoverAfterIntent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(path string) error
	}{
		{"record without process", func(path string) error {
			rec, err := readRecord(path)
			rec.PID, rec.Start, rec.Group, rec.Session = 0, 0, 0, 0
			return errors.Join(err, writeRecord(path, rec))
		}},
		{"record lost", os.Remove},
		{"record damaged", func(path string) error { return os.WriteFile(path, []byte("{\"vers"), 0o600) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := newSpec(t, helper("stubborn", filepath.Join(t.TempDir(), "out")))
			spec.StopTimeout = 50 * time.Millisecond
			daemon, service := startDaemon(t, spec)
			kill9(t, daemon)
			if err := tt.damage(filepath.Join(spec.Dir, "web.run")); err != nil {
				t.Fatal(err)
			}
			found, err := newResource(t, spec).Recover(t.Context())
			if err != nil || !found {
				t.Fatalf("got found %v, error %v", found, err)
			}
			mustDead(t, service)
		})
	}
}

// TestRecoverSparesStrangers: the recorded number belongs to somebody else now.
func TestRecoverSparesStrangers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*record)
	}{
		{"number reused", func(r *record) { r.Start-- }},
		{"another boot", func(r *record) { r.Boot = "00000000-0000-0000-0000-000000000000" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stranger := startStranger(t).Process.Pid
			spec := newSpec(t, helper("serve", ""))
			stat, err := readStat(stranger)
			if err != nil {
				t.Fatal(err)
			}
			boot, err := bootID()
			if err != nil {
				t.Fatal(err)
			}
			rec := record{
				Version: recordVersion, Name: spec.Name, Boot: boot, PID: stranger, Start: stat.start,
				Group: stat.pgrp, Session: stat.session,
			}
			tt.change(&rec)
			if err := writeRecord(filepath.Join(spec.Dir, "web.run"), rec); err != nil {
				t.Fatal(err)
			}
			r := newResource(t, spec)
			if found, err := r.Recover(t.Context()); found || err != nil {
				t.Errorf("got found %v, error %v", found, err)
			}
			if !running(stranger) {
				t.Error("a stranger was killed")
			}
			mustStart(t, r)
		})
	}
}

// TestSignalSparesReusedNumber: the process looked at is gone and its number is another's when the signal is sent.
func TestSignalSparesReusedNumber(t *testing.T) {
	stranger := startStranger(t).Process.Pid
	stat, err := readStat(stranger)
	if err != nil {
		t.Fatal(err)
	}
	stat.start--
	if err := signalEach([]procStat{stat}, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !running(stranger) {
		t.Error("a stranger was killed")
	}
}

// TestRecoverSparesOtherServices: the same program, run for another service and from another folder.
func TestRecoverSparesOtherServices(t *testing.T) {
	spec := newSpec(t, helper("serve", ""))
	other := spec
	other.Name = "web2"
	elsewhere := spec
	elsewhere.Dir = t.TempDir()
	var pids []int
	for _, s := range []Spec{other, elsewhere} {
		r := newResource(t, s)
		mustStart(t, r)
		pids = append(pids, r.PID())
	}
	if found, err := newResource(t, spec).Recover(t.Context()); found || err != nil {
		t.Errorf("got found %v, error %v", found, err)
	}
	for _, pid := range pids {
		if !running(pid) {
			t.Error("another service was stopped")
		}
	}
}

// TestRecoverDoubts: a group of the recorded number without leader and marker may be ours: neither killed nor passed over.
func TestRecoverDoubts(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	leader := startStranger(t)
	stat, err := readStat(leader.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	member := spawn("serve", out, &unix.SysProcAttr{Setpgid: true, Pgid: stat.pgrp})
	t.Cleanup(func() { _ = member.Wait() }) // killed below: the status says so
	t.Cleanup(func() { _ = member.Process.Kill() })
	waitFile(t, out)
	kill9(t, leader.Process.Pid)
	_ = leader.Wait() // killed: the status says so
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	spec := newSpec(t, helper("serve", ""))
	rec := record{
		Version: recordVersion, Name: spec.Name, Boot: boot, PID: stat.pid, Start: stat.start,
		Group: stat.pgrp, Session: stat.session,
	}
	if err := writeRecord(filepath.Join(spec.Dir, "web.run"), rec); err != nil {
		t.Fatal(err)
	}
	r, err := New(spec, discard())
	if err != nil {
		t.Fatal(err)
	}
	var living *NotStoppedError
	if _, err := r.Recover(t.Context()); !errors.As(err, &living) || living.PIDs[0] != member.Process.Pid {
		t.Errorf("got %v, want an error that names process %d", err, member.Process.Pid)
	}
	if !running(member.Process.Pid) {
		t.Error("a process was killed that may be a stranger")
	}
	if err := r.Start(t.Context(), nil); !errors.Is(err, ErrNotStopped) {
		t.Errorf("start in doubt: got %v", err)
	}
}
