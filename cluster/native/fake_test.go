package native

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/cluster/probe"
	"hawser/cluster/resource"
)

// fakeService is a Resource whose behaviour a test chooses.
type fakeService struct {
	began time.Time

	mu         sync.Mutex // guards below
	running    bool
	termTakes  time.Duration // a stop takes so long
	ignoreTerm bool          // a stop waits for its context in vain
	hangStop   bool          // a stop waits for a kill, whatever its context says
	hangStart  bool          // a start waits for a kill
	startErr   error
	killErr    error
	killed     chan struct{}
	exits      chan resource.Exit
	calls      []call
}

// call is one call of the machine, and when it came.
type call struct {
	what string
	at   time.Duration
}

func newFakeService() *fakeService {
	return &fakeService{began: time.Now(), killed: make(chan struct{}), exits: make(chan resource.Exit, 1)}
}

func (f *fakeService) set(change func(*fakeService)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeService) say(what string) {
	f.calls = append(f.calls, call{what: what, at: time.Since(f.began)})
}

// of lists when the calls of one kind came.
func (f *fakeService) of(kind string) []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []time.Duration
	for _, c := range f.calls {
		if strings.HasPrefix(c.what, kind) {
			out = append(out, c.at)
		}
	}
	return out
}

func (f *fakeService) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, c := range f.calls {
		out = append(out, c.what)
	}
	return out
}

func (f *fakeService) Start(ctx context.Context, env []string) error {
	f.mu.Lock()
	i := slices.IndexFunc(env, func(e string) bool { return strings.HasPrefix(e, "HAWSER_EPOCH=") })
	f.say("start " + strings.TrimPrefix(env[i], "HAWSER_EPOCH="))
	if f.running {
		f.mu.Unlock()
		return resource.ErrRunning
	}
	f.killed = make(chan struct{})
	hang, killed, err := f.hangStart, f.killed, f.startErr
	f.running = err == nil
	f.mu.Unlock()
	if hang {
		<-killed
		return resource.ErrKilled
	}
	return err
}

func (f *fakeService) Stop(ctx context.Context) error {
	f.mu.Lock()
	f.say("stop")
	takes, ignore, hang, killed, running := f.termTakes, f.ignoreTerm, f.hangStop, f.killed, f.running
	f.mu.Unlock()
	switch {
	case !running:
		return nil
	case hang:
		<-killed
		return errors.New("killed while it stopped")
	case ignore:
		<-ctx.Done()
		return &resource.NotStoppedError{Detail: "it ignores SIGTERM", Cause: ctx.Err()}
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return &resource.NotStoppedError{Detail: "it is slow", Cause: ctx.Err()}
	}
	f.die(true)
	return nil
}

func (f *fakeService) Kill(context.Context) error {
	f.mu.Lock()
	f.say("kill")
	err := f.killErr
	if !closed(f.killed) {
		close(f.killed)
	}
	f.mu.Unlock()
	if err == nil {
		f.die(true)
	}
	return err
}

// die ends the main process.
func (f *fakeService) die(requested bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.running {
		return
	}
	f.running = false
	f.say("dead")
	select {
	case <-f.exits:
	default:
	}
	f.exits <- resource.Exit{Code: -1, Signal: syscall.SIGKILL, Requested: requested, At: time.Now()}
}

func (f *fakeService) Running() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running
}

func (f *fakeService) Exited() <-chan resource.Exit                    { return f.exits }
func (f *fakeService) Recover(context.Context) (found bool, err error) { return false, nil }
func (f *fakeService) PID() int                                        { return 0 }

// fakeProber answers what the test says.
type fakeProber struct {
	mu    sync.Mutex // guards below
	state probe.State
	hang  chan struct{} // not nil: Probe returns when it is closed, whatever its context says
	asked int
}

func (p *fakeProber) set(state probe.State, hang chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.hang = state, hang
}

func (p *fakeProber) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func (p *fakeProber) Probe(context.Context) probe.Result {
	p.mu.Lock()
	p.asked++
	state, hang := p.state, p.hang
	p.mu.Unlock()
	if hang != nil {
		<-hang
	}
	return probe.Result{State: state, Message: "it says " + state.String()}
}

// bench runs one instance in a bubble of synctest.
type bench struct {
	t    *testing.T
	in   *instance
	res  *fakeService
	stop context.CancelFunc
	done chan error
}

const benchEpoch = 7 << 32

func quiet() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

// newBench makes an instance of a once-only service with a stop budget of 2 s, and so a lease of 5 s.
func newBench(t *testing.T, mode cluster.Mode, prober probe.Prober) *bench {
	t.Helper()
	b := &bench{t: t, res: newFakeService(), done: make(chan error, 1)}
	spec := cluster.ServiceSpec{Name: "app", Mode: mode, StopBudget: 2 * time.Second, Policy: cluster.DefaultPolicy()}
	b.in = newInstance(spec, nil, b.res, prober, quiet(), func() {})
	begin := time.Now()
	b.in.clock = func() time.Duration { return time.Since(begin) }
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	go func() { b.done <- b.in.run(ctx) }()
	synctest.Wait()
	return b
}

// order gives an order as a renewal sent now would bring it.
func (b *bench) order(run bool, epoch uint64, restart uint32) {
	o := cluster.Order{Service: "app", Run: run, Epoch: epoch, Restart: restart, Policy: cluster.DefaultPolicy()}
	o.Policy.ProbeInterval = 100 * time.Millisecond
	if run && b.in.spec.OnceOnly() {
		o.Lease = b.in.spec.Lease()
	}
	b.in.give(o, b.in.clock()+o.Lease)
	synctest.Wait()
}

func (b *bench) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (b *bench) state(want cluster.InstanceState) {
	b.t.Helper()
	if got := b.in.status(); got.State != want {
		b.t.Fatalf("after %s the instance is %s (%s), want %s; calls %v", b.in.clock(), got.State, got.Message, want, b.res.calls)
	}
}

// end stops the instance and wants no error.
func (b *bench) end() {
	b.t.Helper()
	b.stop()
	if err := <-b.done; err != nil {
		b.t.Errorf("end of the instance: %v", err)
	}
}

func (b *bench) within(what string, got, from, to time.Duration) {
	b.t.Helper()
	if got < from || got > to {
		b.t.Errorf("%s after %s, want %s to %s; calls %v", what, got, from, to, b.res.calls)
	}
}

func (c call) String() string { return fmt.Sprintf("%s@%s", c.what, c.at) }

// damageFile overwrites a file with what is none of ours.
func damageFile(t testing.TB, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("junk"), int(info.Size()/4)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// firstIndex is a log of which only the beginning is asked for.
type firstIndex struct {
	raft.LogStore
	first uint64
}

func (f firstIndex) FirstIndex() (uint64, error) { return f.first, nil }
