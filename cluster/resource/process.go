package resource

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
)

// epochName is the environment entry of Start that goes into the record.
const epochName = "HAWSER_EPOCH"

// inherited are the entries of the daemon's environment that a service gets; the rest may hold what is not its business.
var inherited = []string{"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"}

// process is a Resource of kind process.
type process struct {
	spec       Spec
	options    processOptions
	log        *logrus.Entry
	credential *syscall.Credential
	stopSignal syscall.Signal
	key        string // begins every marker of this service
	record     string // path of the runtime record
	exited     chan Exit

	// turn holds one token: who has it may start, stop or recover. It guards clean.
	turn  chan struct{}
	clean bool // nothing of the service runs, as was verified

	mu     sync.Mutex // guards run and killed
	run    *run       // nil when stopped, verified
	killed chan struct{}
}

func newProcess(spec Spec, log *logrus.Entry) (Resource, error) {
	o, err := parseProcess(spec.Options)
	if err != nil {
		return nil, err
	}
	p := &process{
		spec: spec, options: o, log: log.WithField("service", spec.Name),
		stopSignal: unix.SignalNum(o.StopSignal),
		key:        serviceKey(spec.Dir, spec.Name),
		record:     filepath.Join(spec.Dir, spec.Name+".run"),
		exited:     make(chan Exit, 1), // the latest; see Exited
		turn:       make(chan struct{}, 1),
		killed:     make(chan struct{}),
	}
	if o.User != "" {
		if p.credential, err = o.credential(); err != nil {
			return nil, fmt.Errorf("user: %w", err)
		}
	}
	return p, nil
}

// serviceKey is the same for every daemon that runs this service from this folder, and for no other service.
func serviceKey(dir, name string) string {
	sum := sha256.Sum256([]byte(filepath.Clean(dir) + "\x00" + name))
	return hex.EncodeToString(sum[:8])
}

// Start implements Resource.
func (p *process) Start(ctx context.Context, env []string) error {
	if err := p.start(ctx, env); err != nil {
		return fmt.Errorf("start %s: %w", p.spec.Name, err)
	}
	return nil
}

func (p *process) start(ctx context.Context, env []string) error {
	if err := p.takeTurn(ctx); err != nil {
		return err
	}
	defer p.endTurn()
	if err := p.mayStart(env); err != nil {
		return err
	}
	killed := p.armKill()
	rec, err := p.intent(env)
	if err != nil {
		return err
	}
	if closed(killed) || ctx.Err() != nil {
		return errors.Join(ErrKilled, context.Cause(ctx), removeRecord(p.record))
	}
	r, err := p.launch(rec, env)
	if err != nil {
		return errors.Join(err, removeRecord(p.record))
	}
	p.clean = false
	p.adopt(r)
	if err := p.confirm(r, rec); err != nil {
		return p.takeBack(r, err)
	}
	if closed(killed) {
		return p.takeBack(r, ErrKilled)
	}
	p.log.WithField("pid", r.pid).Info("service process started")
	return nil
}

// mayStart refuses a bare start (S6).
func (p *process) mayStart(env []string) error {
	var found faults
	if checkEnv("env", env, &found); found != nil {
		return found.err()
	}
	if r := p.current(); r != nil {
		if r.alive() {
			return fmt.Errorf("%w as process %d: stop it first", ErrRunning, r.pid)
		}
		return fmt.Errorf("%w: its process %d ended: stop it first (S6)", ErrNotStopped, r.pid)
	}
	if p.clean {
		return nil
	}
	_, live, err := p.leftovers()
	if err != nil {
		return err
	}
	if pids, text := describe(live); len(pids) > 0 {
		return &NotStoppedError{PIDs: pids, Detail: text, Cause: errors.New("left by a former daemon")}
	}
	return nil
}

// intent puts the marker of the coming run on disk.
func (p *process) intent(env []string) (record, error) {
	boot, err := bootID()
	if err != nil {
		return record{}, err
	}
	if err := makeDir(p.spec.Dir); err != nil {
		return record{}, err
	}
	unique := make([]byte, 8)
	_, _ = rand.Read(unique) // it never returns an error
	rec := record{
		Version: recordVersion, Name: p.spec.Name, Instance: p.key + "." + hex.EncodeToString(unique),
		Boot: boot, Epoch: lookup(env, epochName), Command: p.options.Command, Written: time.Now().UTC(),
	}
	return rec, writeRecord(p.record, rec)
}

// launch opens the output and forks.
func (p *process) launch(rec record, env []string) (*run, error) {
	out, err := openOutput(p.options.Log, p.spec.Dir, p.log)
	if err != nil {
		return nil, err
	}
	r, err := fork(p.options.Command, p.environ(rec.Instance, env), p.options.Dir, p.credential, out)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: check command, dir and user", err), out.close())
	}
	out.started()
	return r, nil
}

// environ is the daemon's for a few names, then the node's, the options', the caller's; later ones win.
func (p *process) environ(instance string, env []string) []string {
	var all []string
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			all = append(all, name+"="+value)
		}
	}
	all = append(all, p.spec.Env...)
	all = append(all, p.options.Environment...)
	all = append(all, env...)
	return append(all, markerName+"="+instance)
}

// adopt makes r the current run and watches it.
func (p *process) adopt(r *run) {
	c := newCensus(p.key)
	c.group, c.groupHeld = r.pid, true
	r.census = c
	p.mu.Lock()
	p.run = r
	p.mu.Unlock()
	r.watch(p.report)
}

// confirm completes the record. The child is unreaped, so its state can be read even if it has ended.
func (p *process) confirm(r *run, rec record) error {
	stat, err := readStat(r.pid)
	if err != nil {
		return fmt.Errorf("read its state: %w", err)
	}
	r.census.since = stat.start
	rec.PID, rec.Start, rec.Group, rec.Session = r.pid, stat.start, r.pid, stat.session
	return writeRecord(p.record, rec)
}

// takeBack ends a run that must not be.
func (p *process) takeBack(r *run, why error) error {
	// The caller's context may be what ended; the way back has its own limit.
	ctx, cancel := context.WithTimeout(context.Background(), killWait)
	defer cancel()
	return errors.Join(why, p.end(ctx, r, 0))
}

// report hands an exit over; an older one gives way.
func (p *process) report(exit Exit) {
	p.log.WithFields(logrus.Fields{"pid": exit.PID, "reason": exit.String(), "requested": exit.Requested}).Info("service process ended")
	for {
		select {
		case p.exited <- exit:
			return
		default:
		}
		select {
		case <-p.exited:
		default:
		}
	}
}

// Exited implements Resource.
func (p *process) Exited() <-chan Exit { return p.exited }

// Running implements Resource.
func (p *process) Running() bool {
	r := p.current()
	return r != nil && r.alive()
}

// PID implements Resource.
func (p *process) PID() int {
	if r := p.current(); r != nil && r.alive() {
		return r.pid
	}
	return 0
}

func (p *process) current() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.run
}

func (p *process) takeTurn(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("another start or stop is under way: %w", context.Cause(ctx))
	}
}

func (p *process) endTurn() { <-p.turn }

// armKill returns what the next Kill closes.
func (p *process) armKill() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if closed(p.killed) {
		p.killed = make(chan struct{})
	}
	return p.killed
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// lookup returns the last value of name in env.
func lookup(env []string, name string) string {
	value := ""
	for _, entry := range env {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}
