package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

// The exit codes of a plugin (Monitoring Plugins Development Guidelines, "Plugin return codes").
const (
	pluginOK       = 0
	pluginWarning  = 1
	pluginCritical = 2
	pluginUnknown  = 3
)

// commandProber runs a plugin once per probe.
type commandProber struct {
	argv       []string
	dir        string
	env        []string
	credential *syscall.Credential // nil: as this process
	warning    State
	ticket     atomic.Uint64             // counts probes, for the marker of each
	stuck      atomic.Pointer[pluginRun] // a killed run that has not ended, nil: none
}

// Probe runs the plugin and reads its verdict. At the end of ctx the plugin and all that it started are killed.
func (p *commandProber) Probe(ctx context.Context) Result {
	start := time.Now()
	if former := p.stuck.Load(); former != nil && !former.endsWithin(0) {
		return verdict(start, Unknown, "%s: its former run, process %d, does not die, even killed: look what its disk or network file system waits for", p.argv[0], former.pid)
	}
	if ctx.Err() != nil {
		return verdict(start, Unknown, "%s: the probe was cancelled before it ran", p.argv[0])
	}
	run, err := p.start()
	if err != nil {
		return verdict(start, Unknown, "%s", cannotRun(p.argv[0], err))
	}
	select {
	case <-run.ended:
	case <-ctx.Done():
		run.kill()
		if !run.endsWithin(deathWait) {
			p.stuck.Store(run)
		}
		return p.late(ctx, start, run)
	}
	return p.judge(start, run)
}

// cannotRun says why the plugin did not start, and what to do.
func cannotRun(program string, err error) string {
	var missing *exec.Error
	switch {
	case errors.As(err, &missing), errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("%s is not installed, or its interpreter or working folder is missing (%v): install it, or correct command", program, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("%s may not be run (%v): make it executable for the user that runs it", program, err)
	}
	return fmt.Sprintf("%s could not be started: %v", program, err)
}

// late is the verdict on a plugin that did not end in time: what it said so far may help.
func (p *commandProber) late(ctx context.Context, start time.Time, run *pluginRun) Result {
	why := "did not end in time and was killed"
	if errors.Is(ctx.Err(), context.Canceled) {
		why = "was cancelled and killed"
	}
	if said := run.said(); said != "" {
		return verdict(start, Unknown, "%s %s; it said: %s", p.argv[0], why, said)
	}
	return verdict(start, Unknown, "%s %s", p.argv[0], why)
}

// judge turns the exit code and output of a plugin into a Result.
func (p *commandProber) judge(start time.Time, run *pluginRun) Result {
	out := parsePlugin(run.stdout.text())
	text := out.text
	if text == "" {
		text = firstLine(run.stderr.text())
	}
	var r Result
	switch code, signal := run.exit(); {
	case code < 0:
		return verdict(start, Unknown, "%s has ended, and how is lost: another part of this process took its end; %s", p.argv[0], orSilent(text))
	case signal != 0:
		return verdict(start, Unknown, "%s was ended by signal %d (%s); %s", p.argv[0], int(signal), signal, orSilent(text))
	case code == pluginOK:
		r = verdict(start, OK, "%s", orSilent(text))
	case code == pluginWarning:
		r = verdict(start, p.warning, "%s", named("WARNING", text))
	case code == pluginCritical:
		r = verdict(start, Failed, "%s", orSilent(text))
	case code == pluginUnknown:
		r = verdict(start, Unknown, "%s", named("UNKNOWN", text))
	default:
		r = verdict(start, Unknown, "%s ended with code %d, which is none of a plugin's (0 to 3); %s", p.argv[0], code, orSilent(text))
	}
	r.Perfdata = FormatPerfdata(out.metrics)
	return r
}

func orSilent(text string) string {
	if text == "" {
		return "it printed nothing"
	}
	return text
}

// named puts the word of a state before a text that does not say it itself.
func named(word, text string) string {
	if containsFold(text, word) {
		return text
	}
	return word + ": " + orSilent(text)
}
