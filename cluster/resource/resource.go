package resource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
)

// Spec is a service as this node is to run it.
type Spec struct {
	// Name is the service's name; it is unique on the node and part of file names.
	Name string
	// Kind is one of Kinds.
	Kind string
	// Dir is the node's folder for runtime state. It is part of a service's identity: a daemon finds only what was started
	// from the same Dir. It is created if missing.
	Dir string
	// Env holds NAME=value entries that every service of the node gets.
	Env []string
	// Options are those of the kind.
	Options map[string]any
	// StopTimeout is how long a service may take to stop before it is killed; DefaultStopTimeout if zero.
	StopTimeout time.Duration
}

// DefaultStopTimeout is used where a Spec names none.
const DefaultStopTimeout = 10 * time.Second

// Resource is one service on this node. Its methods may be called at the same time: Start, Stop and Recover run one after
// the other; Kill cuts a running Stop short and takes back a Start under way.
type Resource interface {
	// Start starts the service with env added to its environment and returns when its main process runs and is on record.
	// HAWSER_EPOCH in env goes into the record. It refuses with ErrRunning while the service runs, and with ErrNotStopped
	// while a former run is not verified as stopped (S6).
	Start(ctx context.Context, env []string) error
	// Stop asks the service to end, kills it when StopTimeout has passed or the context's deadline comes near, and returns
	// nil only when nothing of it runs any more. It may be repeated, also after an error; if nothing runs it returns nil.
	// The error is a NotStoppedError if processes live (S5: the caller escalates).
	Stop(ctx context.Context) error
	// Kill is Stop without asking. The service is frozen at once and killed within a tenth of a second, whatever else is
	// under way.
	Kill(ctx context.Context) error
	// Running reports whether the main process lives.
	Running() bool
	// Exited brings one Exit for each started run, when its main process ends. It holds one; an older one that nobody took
	// gives way. It is never closed.
	Exited() <-chan Exit
	// Recover finds what a former daemon left of this service and stops it, verified. It is called once, before Start.
	Recover(ctx context.Context) (found bool, err error)
	// PID is the main process, 0 if none lives or the service is none.
	PID() int
}

// Exit tells how a service's main process ended.
type Exit struct {
	// PID is the process that ended.
	PID int
	// Code is its exit code, -1 if a signal ended it or the code is not known.
	Code int
	// Signal is what ended it, 0 if it ended by itself.
	Signal syscall.Signal
	// Reason says why, where there is more to say than code and signal, as for a service without a process.
	Reason string
	// Requested is true if Stop or Kill was called before.
	Requested bool
	// At is when it was seen.
	At time.Time
	// Uptime is how long it ran.
	Uptime time.Duration
}

// String returns the reason, or "exit code 1", or "killed by signal 9 (killed)".
func (e Exit) String() string {
	if e.Reason != "" {
		return e.Reason
	}
	if e.Signal != 0 {
		return fmt.Sprintf("killed by signal %d (%s)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("exit code %d", e.Code)
}

// Errors that a caller tells apart.
var (
	// ErrRunning refuses to start what runs.
	ErrRunning = errors.New("it already runs")
	// ErrNotStopped says that a service is not verified as stopped.
	ErrNotStopped = errors.New("it is not verified as stopped")
	// ErrKilled says that Kill took a start back.
	ErrKilled = errors.New("it was killed while it started")
)

// NotStoppedError says which processes of a service live after a stop. It is ErrNotStopped.
type NotStoppedError struct {
	// PIDs are the living processes, at the last look.
	PIDs []int
	// Detail names each with its command and state.
	Detail string
	// Cause is why the stop gave up.
	Cause error
}

// Error names the processes, why they live, and the next step.
func (e *NotStoppedError) Error() string {
	return fmt.Sprintf("%v: %s: %v: kill it, and fence this node if that does not end it (S5)", ErrNotStopped, e.Detail, e.Cause)
}

// Unwrap returns ErrNotStopped and the cause.
func (e *NotStoppedError) Unwrap() []error { return []error{ErrNotStopped, e.Cause} }

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// New builds the resource that spec describes and starts nothing. The error joins one OptionError for each fault.
func New(spec Spec, log *logrus.Entry) (Resource, error) {
	kind, err := find(spec.Kind)
	if err != nil {
		return nil, err
	}
	var found faults
	if !namePattern.MatchString(spec.Name) {
		found.add("name", "use letters, digits, dot, hyphen and underscore, at most 64", "%q cannot name a service", spec.Name)
	}
	if !filepath.IsAbs(spec.Dir) {
		found.add("dir", "give the absolute path of the runtime state folder", "%q is not absolute", spec.Dir)
	}
	if spec.StopTimeout < 0 {
		found.add("stopTimeout", "write a duration above 0, as in 10s", "%s is negative", spec.StopTimeout)
	}
	checkEnv("env", spec.Env, &found)
	if err := found.err(); err != nil {
		return nil, err
	}
	if spec.StopTimeout == 0 {
		spec.StopTimeout = DefaultStopTimeout
	}
	return kind.build(spec, log)
}

// checkEnv names entries that are not NAME=value.
func checkEnv(path string, env []string, found *faults) {
	for i, entry := range env {
		name, _, ok := strings.Cut(entry, "=")
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !ok || name == "" || strings.ContainsAny(entry, "\x00"):
			found.add(at, "write NAME=value", "%q is not an environment entry", name)
		case name == markerName:
			found.add(at, "choose another name", "%s is set by hawser to find the service's processes", markerName)
		}
	}
}

// makeDir creates the runtime folder, for this user alone.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("runtime state folder: %w: make it writable", err)
	}
	return nil
}
