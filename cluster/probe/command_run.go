package probe

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// outputLimit is how much of a plugin's output is kept; more is read and dropped, so that the plugin does not block.
	outputLimit = 64 << 10
	// pipeWait is how long the output of a plugin that has ended may be held open by what it left behind.
	pipeWait = 100 * time.Millisecond
	// deathWait is how long a killed process may take to be gone.
	deathWait = time.Second
	// pluginMarker names the probe in the environment of all that the plugin starts.
	pluginMarker = "HAWSER_PROBE"
)

// pluginRun is one life of a plugin. One goroutine waits for it, and os/exec has one for each pipe; they end with it.
type pluginRun struct {
	cmd            *exec.Cmd
	pid            int
	marker         string
	stdout, stderr *bounded
	ended          chan struct{} // closed when the plugin is gone and its output is read

	mu     sync.Mutex // guards reaped: no signal goes to a group whose number is free
	reaped bool
}

// start runs the plugin in a group of its own.
func (p *commandProber) start() (*pluginRun, error) {
	marker := fmt.Sprintf("%s=%d.%d.%d", pluginMarker, os.Getpid(), time.Now().UnixNano(), p.ticket.Add(1))
	r := &pluginRun{
		cmd: exec.Command(p.argv[0], p.argv[1:]...), marker: marker, stdout: &bounded{}, stderr: &bounded{}, ended: make(chan struct{}),
	}
	r.cmd.Dir, r.cmd.Env = p.dir, append(slices.Clone(p.env), marker)
	r.cmd.Stdout, r.cmd.Stderr = r.stdout, r.stderr
	r.cmd.WaitDelay = pipeWait
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.credential}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	r.pid = r.cmd.Process.Pid
	go r.wait()
	return r, nil
}

// wait ends the run: what the plugin left in its group is killed while the plugin, not yet reaped, holds the group's number.
func (r *pluginRun) wait() {
	defer close(r.ended)
	err := unix.EINTR
	for err == unix.EINTR {
		err, _ = unix.Waitid(unix.P_PID, r.pid, nil, unix.WEXITED|unix.WNOWAIT, nil).(unix.Errno)
	}
	r.mu.Lock()
	if err == 0 { // else somebody else reaped it, and the number is free
		_ = unix.Kill(-r.pid, unix.SIGKILL) // there may be nobody left
	}
	r.reaped = true
	r.mu.Unlock()
	if err := r.cmd.Wait(); errors.Is(err, exec.ErrWaitDelay) {
		r.sweep() // somebody outside of the group holds the output
	}
}

// kill ends the group and whatever of the plugin left it.
func (r *pluginRun) kill() {
	r.mu.Lock()
	if !r.reaped {
		_ = unix.Kill(-r.pid, unix.SIGKILL)
	}
	r.mu.Unlock()
	r.sweep()
}

// sweep kills the processes that carry this run's marker in their environment, until a look finds none. The number of a
// process may pass to another between look and signal; a pidfd that is opened before the look does not.
func (r *pluginRun) sweep() {
	const looks = 8 // something that forks faster than this is not a plugin
	for range looks {
		found := false
		folders, _ := filepath.Glob("/proc/[0-9]*") // its only error is a bad pattern
		for _, folder := range folders {
			pid, err := strconv.Atoi(filepath.Base(folder))
			if err == nil && pid != r.pid && pid != os.Getpid() && r.strike(pid, folder) {
				found = true
			}
		}
		if !found {
			return
		}
	}
}

// strike kills a process if it carries the marker.
func (r *pluginRun) strike(pid int, folder string) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false // it has ended
	}
	defer func() { _ = unix.Close(fd) }()
	env, err := os.ReadFile(filepath.Join(folder, "environ"))
	if err != nil || !slices.ContainsFunc(bytes.Split(env, []byte{0}), func(e []byte) bool { return string(e) == r.marker }) {
		return false
	}
	return unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil
}

func (r *pluginRun) endsWithin(d time.Duration) bool {
	select {
	case <-r.ended:
		return true
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.ended:
		return true
	case <-timer.C:
		return false
	}
}

// exit is the exit code, or the signal that ended the plugin; -1 if that is lost. It is asked after ended.
func (r *pluginRun) exit() (code int, signal syscall.Signal) {
	if r.cmd.ProcessState == nil {
		return -1, 0
	}
	status, ok := r.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 0, status.Signal()
	}
	return r.cmd.ProcessState.ExitCode(), 0
}

// said is the first line of what the plugin has printed so far.
func (r *pluginRun) said() string {
	if line := firstLine(r.stdout.text()); line != "" {
		return line
	}
	return firstLine(r.stderr.text())
}

// bounded keeps the beginning of an output and takes the rest without keeping it.
type bounded struct {
	mu   sync.Mutex // guards data
	data []byte
}

// Write never fails.
func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data = append(b.data, p[:min(len(p), outputLimit-len(b.data))]...)
	return len(p), nil
}

func (b *bounded) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.data)
}
