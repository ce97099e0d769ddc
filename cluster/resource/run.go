package resource

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// run is one life of a service's main process. The process stays a zombie from its end until the stop is verified, so that
// its number, which is also its group's, cannot be given to another.
type run struct {
	cmd     *exec.Cmd
	pid     int
	pidfd   int
	began   time.Time
	out     output
	census  *census
	tasks   sync.WaitGroup // the waiter
	ended   chan struct{}  // closed by the waiter when the main process has ended
	stopped atomic.Bool    // a stop was asked for

	mu     sync.Mutex // guards reaped, so that no signal goes to a group whose number is free
	reaped bool
}

// fork starts the program. The child is in a group of its own and in our session.
func fork(command, env []string, dir string, credential *syscall.Credential, out output) (*run, error) {
	r := &run{pidfd: -1, out: out, ended: make(chan struct{})}
	r.cmd = exec.Command(command[0], command[1:]...)
	r.cmd.Env, r.cmd.Dir = env, dir
	r.cmd.Stdout, r.cmd.Stderr = out.file(), out.file()
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, PidFD: &r.pidfd, Credential: credential}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	r.began = time.Now()
	r.pid = r.cmd.Process.Pid
	return r, nil
}

// watch waits for the main process to end, tells it to report, and leaves it unreaped.
func (r *run) watch(report func(Exit)) {
	r.tasks.Go(func() {
		exit := r.wait()
		exit.At = time.Now()
		exit.Uptime = exit.At.Sub(r.began)
		exit.Requested = r.stopped.Load()
		close(r.ended)
		report(exit)
	})
}

// wait blocks until the main process is a zombie.
func (r *run) wait() Exit {
	idType, id := unix.P_PIDFD, r.pidfd
	if r.pidfd < 0 { // a kernel before 5.4; the unreaped child holds its number
		idType, id = unix.P_PID, r.pid
	}
	exit := Exit{PID: r.pid, Code: -1}
	for {
		var info unix.Siginfo
		err := unix.Waitid(idType, id, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			// Somebody else reaped our child. It has ended, how is lost.
			return exit
		}
		exit.decode(&info)
		return exit
	}
}

// Codes of SIGCHLD in siginfo (sigaction(2)).
const (
	childExited = 1
	childKilled = 2
	childDumped = 3
)

// decode reads si_code and si_status. The fields after si_code begin at the alignment of a pointer: si_pid, si_uid,
// si_status, each of four bytes.
func (e *Exit) decode(info *unix.Siginfo) {
	const align = unsafe.Sizeof(uintptr(0))
	const fields = (3*4 + align - 1) &^ (align - 1)
	raw := (*[unsafe.Sizeof(unix.Siginfo{})]byte)(unsafe.Pointer(info))
	status := int(int32(binary.NativeEndian.Uint32(raw[fields+8:])))
	switch info.Code {
	case childExited:
		e.Code = status
	case childKilled, childDumped:
		e.Signal = syscall.Signal(status)
	}
}

// signal sends to the whole group, as long as the group is surely ours.
func (r *run) signal(signals ...syscall.Signal) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reaped {
		return nil
	}
	for _, sig := range signals {
		if err := unix.Kill(-r.pid, sig); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("signal group %d: %w", r.pid, err)
		}
	}
	return nil
}

// finish reaps the main process and waits for all that tends the run. It is called when nothing of the service lives.
func (r *run) finish() error {
	r.tasks.Wait()
	r.mu.Lock()
	r.reaped = true
	err := r.cmd.Wait()
	r.mu.Unlock()
	var status *exec.ExitError
	if errors.As(err, &status) || errors.Is(err, unix.ECHILD) {
		err = nil
	}
	if r.pidfd >= 0 {
		err = errors.Join(err, os.NewSyscallError("close", unix.Close(r.pidfd)))
	}
	return errors.Join(err, r.out.close())
}

// alive reports whether the main process has not ended.
func (r *run) alive() bool {
	select {
	case <-r.ended:
		return false
	default:
		return true
	}
}
