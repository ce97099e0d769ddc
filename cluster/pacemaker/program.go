package pacemaker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Programs runs Pacemaker's command-line tools. Enter is put before each command, empty on a real machine.
type Programs struct {
	Enter    []string
	Deadline time.Duration // of one call
}

const (
	maxOutput = 16 << 20 // a CIB of a thousand resources is below 4 MB
	maxSaid   = 4 << 10
	killGrace = time.Second // from the kill of the group until its pipes are given up
)

// run runs one program: bounded in time and output, killed with all that it started.
func (p Programs) run(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline)
	defer cancel()
	cmd := p.command(ctx, args...)
	out, said := &bounded{limit: maxOutput}, &bounded{limit: maxSaid, cut: true}
	cmd.Stdout, cmd.Stderr = out, said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: no answer within %s: %w", args[0], p.Deadline, ctx.Err())
	case out.over:
		return nil, fmt.Errorf("%s: it prints more than %d bytes", args[0], maxOutput)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %s", args[0], err, strings.TrimSpace(said.buf.String()))
	}
	return out.buf.Bytes(), nil
}

// command prepares a program in a process group of its own, which ends with ctx.
func (p Programs) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append(append([]string{}, p.Enter...), args...)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return nil
		}
		return err
	}
	cmd.WaitDelay = killGrace
	return cmd
}

// bounded keeps what is written up to a limit. Beyond it the writer gets an error, or nothing if the rest may be cut.
type bounded struct {
	buf   bytes.Buffer
	limit int
	cut   bool
	over  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.limit - b.buf.Len()
	if len(p) <= room {
		return b.buf.Write(p)
	}
	b.over = true
	if !b.cut {
		return 0, errors.New("too much output")
	}
	b.buf.Write(p[:room])
	return len(p), nil
}
