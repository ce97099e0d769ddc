package raftlog

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hawser/fixtures/need"
)

// onSmallDisk runs the test that calls it once more, in a process of its own that alone sees a small disk at the folder
// which it is given there; elsewhere it returns an empty name, and the test is over.
func onSmallDisk(t *testing.T, size string) (folder string) {
	t.Helper()
	const variable = "RAFTLOG_SMALL_DISK"
	if folder = os.Getenv(variable); folder != "" {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size="+size); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	need.Root(t)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), variable+"="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return ""
}

// fillDisk leaves no space; the returned function gives it back.
func fillDisk(t *testing.T, folder string) (free func()) {
	t.Helper()
	path := filepath.Join(folder, "filler")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(file.Close(), os.Remove(path)); err != nil {
			t.Error(err)
		}
	}
}

// storeUntil stores entries until an error comes, at most limit of them.
func storeUntil(s *Store, next *uint64, limit int) error {
	for range limit {
		if err := s.StoreLog(entry(*next, strings.Repeat("x", 1000))); err != nil {
			return err
		}
		*next++
	}
	return nil
}

func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within the limit: " + what)
		}
	}
}

// TestAFullDisk: the space that was set aside takes entries; when it is used up a write fails, naming file and cause, or
// waits, and goes on when there is space again; nothing that was stored is lost.
func TestAFullDisk(t *testing.T) {
	folder := onSmallDisk(t, "12m")
	if folder == "" {
		return
	}
	path := filepath.Join(folder, "raft.db")
	const reserve = 4 << 20
	s, err := Open(path, Options{Reserve: reserve})
	if err != nil {
		t.Fatal(err)
	}
	if short := s.Shortage(); short != nil {
		t.Fatal(short)
	}
	free := fillDisk(t, folder)
	next := uint64(1)
	if err := storeUntil(s, &next, 500); err != nil {
		t.Fatalf("entry %d: the space set aside was not there: %v", next, err)
	}
	err = storeUntil(s, &next, 20*reserve/1000)
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), path) {
		t.Fatalf("entry %d: %v", next, err)
	}
	if s.Shortage() == nil {
		t.Error("it does not know that it is short of space")
	}
	wantRange := func() {
		t.Helper()
		if last, err := s.LastIndex(); err != nil || last != next-1 {
			t.Errorf("the log ends at %d, want %d (%v)", last, next-1, err)
		}
	}
	wantRange()
	s.Endure()
	done := make(chan error, 1) // one: the end of the write
	go func() { done <- storeUntil(s, &next, 1) }()
	waitUntil(t, "the write waits", func() bool { return s.Trouble() != nil && s.Pending() > 0 })
	if !errors.Is(s.Trouble(), unix.ENOSPC) {
		t.Errorf("trouble: %v", s.Trouble())
	}
	free()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s.Trouble() != nil || s.Pending() != 0 {
		t.Errorf("after the end: %v, pending %s", s.Trouble(), s.Pending())
	}
	wantRange()
	t.Logf("%d entries", next-1)

	free = fillDisk(t, folder)
	go func() { done <- storeUntil(s, &next, 20*reserve/1000) }()
	waitUntil(t, "the write waits", func() bool { return s.Trouble() != nil })
	s.GiveUp()
	if err := <-done; !errors.Is(err, unix.ENOSPC) {
		t.Errorf("given up: %v", err)
	}
	free()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path) // reads it all
	wantRange()
	wantEntries(t, s, next-1)
}

func wantEntries(t *testing.T, s *Store, last uint64) {
	t.Helper()
	for i := uint64(1); i <= last; i++ {
		if err := s.GetLog(i, entry(i, "")); err != nil {
			t.Fatal(fmt.Errorf("entry %d: %w", i, err))
		}
	}
}

// TestSpaceIsSetAside: the file takes its reserve at once, and more as it is used.
func TestSpaceIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raft.db")
	const reserve = 1 << 20
	s, err := Open(path, Options{Reserve: reserve})
	if err != nil {
		t.Fatal(err)
	}
	if s.Shortage() != nil {
		need.Missing(t, "file system: it cannot set space aside: "+s.Shortage().Error())
	}
	blocks := func() int64 {
		var stat unix.Stat_t
		if err := unix.Stat(path, &stat); err != nil {
			t.Fatal(err)
		}
		return stat.Blocks * 512
	}
	if got := blocks(); got < reserve {
		t.Errorf("%d bytes of the disk, want %d", got, reserve)
	}
	next := uint64(1)
	if err := storeUntil(s, &next, 1000); err != nil {
		t.Fatal(err)
	}
	if got := blocks(); got < 1000*1000+reserve/2 {
		t.Errorf("%d bytes of the disk after 1000 entries", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mustRead := openStore(t, path)
	wantEntries(t, mustRead, 1000)
}
