package plugin

import (
	"context"
	"errors"
	"sync"
	"time"

	"hawser/cluster"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// How many refusals go into the write log: its rows are replicated, and a client in a loop must not fill it.
const (
	refusalsPerSecond = 5
	refusalsAtOnce    = 20
)

// refuseLocally answers a SET that is refused before it became a change, and records it where it was a value or the state
// that was wrong: a name that nobody can write says nothing about anybody's intent.
func (b *Backend) refuseLocally(set *setRequest, err error) error {
	var refused *view.SetError
	if !errors.As(err, &refused) || set.faulty == nil {
		return err
	}
	code, worth := codeOf(refused.Status)
	if !worth || set.faulty.op.Object == "" {
		return err
	}
	change := set.change
	change.ID, change.Ops = "", []cluster.Op{set.faulty.op}
	b.record(change, cluster.Refusal{Code: code, Reason: refused.Err.Error()})
	return err
}

// codeOf is the class under which a refusal is recorded, and whether it is.
func codeOf(status snmp.ErrorStatus) (cluster.Refused, bool) {
	switch status {
	case snmp.WrongType, snmp.WrongLength, snmp.WrongEncoding, snmp.WrongValue:
		return cluster.RefusedValue, true
	case snmp.InconsistentValue:
		return cluster.RefusedInconsistent, true
	case snmp.InconsistentName:
		return cluster.RefusedName, true
	case snmp.NotWritable:
		return cluster.RefusedNotWritable, true
	default:
		return "", false
	}
}

// record has a refusal written into the write log, later and if there are not too many.
func (b *Backend) record(change cluster.Change, refusal cluster.Refusal) {
	entry := b.cfg.Log.WithField("user", change.By.User).WithField("address", change.By.Address).
		WithField("code", refusal.Code).WithField("reason", refusal.Reason)
	if !b.rate.allow(time.Now()) {
		entry.Debug("set refused; not recorded: too many refusals")
		return
	}
	recorded := later(b.chores, chore{"record of a refused set", choreWithin, func(ctx context.Context) error {
		return b.cfg.Changer.Refuse(ctx, change, refusal)
	}})
	if !recorded {
		entry.Warn("set refused; not recorded: too much to do")
		return
	}
	entry.Info("set refused")
}

// rate is a bucket of tokens.
type rate struct {
	perSecond, most float64

	mu   sync.Mutex // guards what follows
	left float64
	last time.Time
}

func newRate(perSecond, most float64) rate { return rate{perSecond: perSecond, most: most, left: most} }

func (r *rate) allow(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.IsZero() {
		r.left = min(r.most, r.left+now.Sub(r.last).Seconds()*r.perSecond)
	}
	r.last = now
	if r.left < 1 {
		return false
	}
	r.left--
	return true
}
