package plugin

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib"
)

// AuthWatch turns refused SNMP messages into events: one for a user and address in a minute, so that a stranger who tries
// passwords is told of, and cannot fill the log.
type AuthWatch struct {
	recorder Recorder
	node     string
	log      *logrus.Entry
	refused  chan refusal // a burst beyond its length is counted by the agent alone
	ready    chan struct{}
}

type refusal struct {
	user string
	from netip.Addr
	err  error
	at   time.Time
}

const (
	// authEvery is the least time between two events of one user and address.
	authEvery = time.Minute
	// authSources bounds the memory for users and addresses; beyond it a minute's strangers are one stranger.
	authSources = 64
)

// NewAuthWatch returns a watch; Run raises the events.
func NewAuthWatch(recorder Recorder, node string, log *logrus.Entry) *AuthWatch {
	return &AuthWatch{
		recorder: recorder, node: node, log: log.WithField("component", "agent"), refused: make(chan refusal, authSources),
		ready: make(chan struct{}),
	}
}

// Refused takes a message that the agent refused; it returns at once.
func (w *AuthWatch) Refused(user string, from netip.AddrPort, err error) {
	select {
	case w.refused <- refusal{user: user, from: from.Addr().Unmap(), err: err, at: time.Now()}:
	default:
	}
}

// String names the task.
func (w *AuthWatch) String() string { return "watch of refused messages" }

// Ready is closed when the watch runs.
func (w *AuthWatch) Ready() <-chan struct{} { return w.ready }

// Run raises events until ctx ends.
func (w *AuthWatch) Run(ctx context.Context) error {
	close(w.ready)
	last := map[string]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-w.refused:
			if w.due(last, r, time.Now()) {
				w.raise(ctx, r)
			}
		}
	}
}

// due says whether this user and address were told of a minute ago or more, and remembers them.
func (w *AuthWatch) due(last map[string]time.Time, r refusal, now time.Time) bool {
	for key, at := range last {
		if now.Sub(at) >= authEvery {
			delete(last, key)
		}
	}
	key := r.user + "@" + r.from.String()
	if len(last) >= authSources {
		key = "others"
	}
	if _, told := last[key]; told {
		return false
	}
	last[key] = now
	return true
}

func (w *AuthWatch) raise(ctx context.Context, r refusal) {
	bound, cancel := context.WithTimeout(ctx, choreWithin)
	defer cancel()
	user := mib.CutText(r.user, mib.NameMax)
	err := w.recorder.Raise(bound, cluster.Event{
		Time: r.at, Type: cluster.EventAuthFailure, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentNode,
		ComponentName: w.node, NodeName: w.node, Error: fmt.Sprintf("user %q from %s: %v", user, r.from, r.err),
		Reaction: cluster.ReactedNone, Result: cluster.ResultRefused, Setter: user,
		Summary: fmt.Sprintf("the agent of %s refused user %q from %s", w.node, user, r.from),
	})
	if err != nil && ctx.Err() == nil {
		w.log.WithError(err).Warn("a refused message was not recorded")
	}
}
