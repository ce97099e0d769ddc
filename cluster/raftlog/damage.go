package raftlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	bolterr "go.etcd.io/bbolt/errors"
)

// What can be wrong with a file; Open turns each into an error that names
// the file and the next step.
var (
	errNew     = errors.New("new file")
	errForeign = errors.New("a database, but not a hawser store")
	errTooNew  = errors.New("written by a newer hawser: format")
)

// ErrDamaged says that a file is not as it was written.
var ErrDamaged = errors.New("damaged")

// catchDamage makes errors of the panics and memory faults that a damaged
// file causes. Use: defer catchDamage(&err)().
func catchDamage(err *error) func() {
	old := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			*err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}
}

// explain names the file, what is wrong with it, and the next step.
func explain(path string, err error) error {
	switch {
	case errors.Is(err, bolterr.ErrTimeout):
		return fmt.Errorf("store %s: in use by %s; stop it, or configure another data folder", path, holder(path))
	case errors.Is(err, errTooNew):
		return fmt.Errorf("store %s: %w; start the hawser that wrote it, or a newer one", path, err)
	case errors.Is(err, errForeign):
		return fmt.Errorf("store %s: %w; check the configured data folder", path, err)
	case isDamage(err):
		if !errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return fmt.Errorf("store %s: %w; do not edit it: move the file away, then let the node join again with an empty store (hawser forget, hawser join)", path, err)
	}
	return fmt.Errorf("store %s: open: %w; check the file's owner and mode and the space on its disk", path, err)
}

func isDamage(err error) bool {
	for _, kind := range []error{
		ErrDamaged, bolterr.ErrInvalid, bolterr.ErrChecksum,
		bolterr.ErrVersionMismatch, bolterr.ErrInvalidMapping, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	// bbolt has no sentinel for a file shorter than its two meta pages.
	return strings.Contains(err.Error(), "file size too small")
}

// holder names the process that has the file locked, from /proc/locks.
func holder(path string) string {
	const unknown = "another process"
	info, err := os.Stat(path)
	if err != nil {
		return unknown
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return unknown
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return unknown
	}
	defer locks.Close() //nolint:errcheck // read only
	pid := lockHolder(locks, stat.Ino)
	if pid <= 0 {
		return unknown
	}
	return fmt.Sprintf("process %d%s", pid, programName(pid))
}

// lockHolder finds the pid in lines such as
// "1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF".
func lockHolder(locks io.Reader, inode uint64) int {
	lines := bufio.NewScanner(locks)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 6 || f[1] != "FLOCK" {
			continue
		}
		dev := strings.Split(f[5], ":")
		if n, err := strconv.ParseUint(dev[len(dev)-1], 10, 64); err != nil || n != inode {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil {
			return pid
		}
	}
	return 0
}

func programName(pid int) string {
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return " (" + strings.TrimSpace(string(comm)) + ")"
}
