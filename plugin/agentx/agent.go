package agentx

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/mib/view"
)

const (
	// dialWithin bounds a connect.
	dialWithin = 2 * time.Second
	// againAfter is the pause before the next try to connect: snmpd is back within seconds or not at all, and a try costs
	// less than a tenth of a millisecond.
	againAfter = 300 * time.Millisecond
	// callWithin is how long snmpd may take to answer what we ask. One that is stopped answers when it goes on: the bound
	// is for one that went on without us.
	callWithin = 2 * time.Second
	// pingEvery is how often snmpd is asked whether it is there while it asks nothing itself.
	pingEvery = time.Second
	// writeWithin bounds sending: snmpd is stopped when its buffer is full.
	writeWithin = 2 * time.Second
)

// Agent is the subagent. New makes it, Run runs it once.
type Agent struct {
	cfg      Config
	backend  view.Backend
	log      *logrus.Entry
	counters counters
	form     *view.Form     // of AgentX, in network byte order
	tasks    sync.WaitGroup // the goroutines of sessions, and the guards of SETs: a backend that hangs does not keep us from a new session
	current  atomic.Pointer[session]

	dial  func(context.Context) (net.Conn, error)
	ready chan struct{} // closed when the first subtree is registered
	once  sync.Once     // guards the closing
	last  string        // what the keeper complained of last
}

// New checks the configuration. It opens nothing.
func New(cfg Config, backend view.Backend, log *logrus.Entry) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	a := &Agent{cfg: cfg.withDefaults(), backend: backend, log: log, form: view.NewForm(AppendVarbind), ready: make(chan struct{})}
	a.dial = func(ctx context.Context) (net.Conn, error) { return dial(ctx, cfg.Socket) }
	return a, nil
}

// String names the task.
func (a *Agent) String() string { return "agentx subagent" }

// Ready is closed when snmpd serves a subtree of ours for the first time; that may be never.
func (a *Agent) Ready() <-chan struct{} { return a.ready }

// Run keeps a session with snmpd until ctx ends: it tries for ever. It returns nil.
func (a *Agent) Run(ctx context.Context) error {
	defer a.tasks.Wait()
	for ctx.Err() == nil {
		if err := a.connectAndServe(ctx); ctx.Err() == nil {
			a.complain(err)
		}
		pause(ctx, againAfter)
	}
	return nil
}

// connectAndServe has one session from its beginning to its end.
func (a *Agent) connectAndServe(ctx context.Context) error {
	conn, err := a.dial(ctx)
	if err != nil {
		return err
	}
	s := newSession(a, conn)
	defer s.end(nil)
	stop := context.AfterFunc(ctx, func() { s.leave() })
	defer stop()
	s.start()
	if err := s.open(); err != nil {
		return err
	}
	a.counters.connects.Add(1)
	a.current.Store(s)
	defer a.current.Store(nil)
	a.last = ""
	return s.keep(ctx)
}

// complain says once what is in the way, and again when that changes.
func (a *Agent) complain(err error) {
	if err == nil || err.Error() == a.last {
		return
	}
	a.last = err.Error()
	a.log.WithError(err).WithField("socket", a.cfg.Socket).Warn("not connected to snmpd; trying again until it works")
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
