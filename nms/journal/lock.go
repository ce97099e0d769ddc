package journal

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fileLock keeps a second manager off the same journal. The kernel drops it when the process ends in any way.
type fileLock struct{ file *os.File }

// lockFile takes the lock beside the journal and writes our pid into it, so that the next one can name the holder.
func lockFile(path string) (*fileLock, error) {
	file, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w: check that the folder exists and that this user may write to it", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := lockHolder(file)
		_ = file.Close()
		return nil, fmt.Errorf("%w: %s is held by %s: stop it, or give this manager another dataDir", ErrLocked, path, holder)
	}
	err = file.Truncate(0)
	if err == nil {
		_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("write the journal's lock %s.lock: %w: free space or fix its mode", path, err)
	}
	return &fileLock{file: file}, nil
}

// lockHolder names the process that wrote the lock file.
func lockHolder(file *os.File) string {
	text := make([]byte, 32)
	n, _ := file.ReadAt(text, 0)
	pid := string(bytes.TrimSpace(text[:n]))
	if _, err := strconv.Atoi(pid); err != nil {
		return "another process"
	}
	line, err := os.ReadFile("/proc/" + pid + "/cmdline")
	if err != nil || len(line) == 0 {
		return "process " + pid
	}
	return fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " ")))
}

func (l *fileLock) release() error { return l.file.Close() }
