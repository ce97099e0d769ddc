package agent

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

// maxSets is how many SETs are carried out at once; one more is answered resourceUnavailable.
const maxSets = 16

// outcome is the error-status and error-index of a SET, and the reason for the log.
type outcome struct {
	status snmp.ErrorStatus
	index  int
	err    error
}

// set lets a SET through or refuses it. What is let through runs apart from the reader and is answered by its own
// goroutine: then set returns nil.
func (a *Agent) set(ctx context.Context, r *request) []byte {
	a.counters.sets.Add(1)
	if status, index := r.mayWrite(); status != snmp.NoError {
		return a.fail(r, status, index)
	}
	if len(r.PDU.Varbinds) == 0 { // nothing to do is done
		return a.answerSet(r, outcome{})
	}
	known, verdict := a.replays.begin(string(r.MAC()), r.Boots, r.Time, a.Engine()) // while the datagram is still intact
	switch verdict {
	case repeat, drop:
		a.counters.replaysRefused.Add(1)
		a.log.WithField("user", r.User).WithField("from", r.from.from).Warn("snmp set seen again, not carried out again")
		if verdict == drop {
			return nil
		}
		return a.answerSet(r, known.outcome)
	case refuse:
		return a.fail(r, snmp.ResourceUnavailable, 0)
	case carryOut:
	}
	select {
	case a.setSlots <- struct{}{}:
		a.sets.Go(func() { a.runSet(ctx, r, known) })
		return nil
	default:
		busy := outcome{status: snmp.ResourceUnavailable}
		a.replays.end(known, busy)
		return a.answerSet(r, busy)
	}
}

// mayWrite is the view-based check of a SET (RFC 3416, section 4.2.5, step 1).
func (r *request) mayWrite() (snmp.ErrorStatus, int) {
	if len(r.access.write) == 0 || r.Flags&snmp.FlagAuth == 0 {
		return snmp.AuthorizationError, 0
	}
	for i, vb := range r.PDU.Varbinds {
		if !r.access.write.contains(vb.OID) {
			return snmp.NoAccess, i + 1
		}
	}
	return snmp.NoError, 0
}

// runSet carries a SET out and answers it in time, whatever the backend does. It ends when the backend has.
func (a *Agent) runSet(ctx context.Context, r *request, known *replay) {
	defer func() { <-a.setSlots }()
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, a.cfg.SetTimeout)
	defer cancel()

	var stage atomic.Int32
	done := make(chan outcome, 1) // of size 1: nobody takes a late outcome but the wait below
	a.sets.Go(func() { done <- a.transact(ctx, r, &stage) })

	var result outcome
	select {
	case result = <-done:
		a.finishSet(r, known, result, began)
	case <-ctx.Done():
		a.counters.setsOverdue.Add(1)
		a.finishSet(r, known, overdue(&stage), began)
		late := <-done
		a.log.WithFields(r.fields(late, began)).Warn("snmp set ended late")
	}
}

// The stages of a SET. Whoever leaves stageTest first decides: a SET that was given up is not committed.
const (
	stageTest int32 = iota
	stageCommit
	stageGivenUp
)

func overdue(stage *atomic.Int32) outcome {
	if stage.CompareAndSwap(stageTest, stageGivenUp) {
		return outcome{status: snmp.ResourceUnavailable, err: errors.New("not tested in time: nothing was changed")}
	}
	return outcome{status: snmp.UndoFailed, err: errors.New("not known in time: the write log tells the end")}
}

// finishSet remembers the outcome before it is told: what follows on the answer may be a replay.
func (a *Agent) finishSet(r *request, known *replay, result outcome, began time.Time) {
	entry := a.log.WithFields(r.fields(result, began))
	if result.status == snmp.NoError {
		a.counters.varbinds.Add(uint64(len(r.PDU.Varbinds)))
		entry.Info("snmp set done")
	} else {
		entry.Warn("snmp set refused")
	}
	a.replays.end(known, result)
	if packet := a.answerSet(r, result); packet != nil {
		a.send(r.from, packet)
	}
}

func (a *Agent) answerSet(r *request, result outcome) []byte {
	if result.status != snmp.NoError {
		return a.fail(r, result.status, result.index)
	}
	return a.answer(r, snmp.PDU{Type: snmp.Response, RequestID: r.PDU.RequestID, Varbinds: r.PDU.Varbinds})
}

func (r *request) fields(result outcome, began time.Time) map[string]any {
	fields := map[string]any{
		"user": r.User, "from": r.from.from.String(), "varbinds": len(r.PDU.Varbinds), "status": result.status.String(),
		"took_ms": time.Since(began).Milliseconds(),
	}
	if result.index > 0 && result.index <= len(r.PDU.Varbinds) {
		fields["oid"] = r.PDU.Varbinds[result.index-1].OID.String()
	}
	if result.err != nil {
		fields["err"] = result.err
	}
	return fields
}

// transact is test, commit and clean-up of one SET.
func (a *Agent) transact(ctx context.Context, r *request, stage *atomic.Int32) (result outcome) {
	defer func() {
		if cause := recover(); cause != nil {
			a.panicked(r, cause)
			result = outcome{status: snmp.GenErr, err: fmt.Errorf("panic: %v", cause)}
			if stage.Load() == stageCommit {
				result.status = snmp.UndoFailed
			}
		}
	}()
	by := view.Setter{User: r.User, Address: r.from.from.Addr().String(), Via: view.ViaSNMP}
	pending, err := a.backend.Test(ctx, by, r.PDU.Varbinds)
	if err != nil {
		return refusal(ctx, err, snmp.GenErr, len(r.PDU.Varbinds))
	}
	defer pending.Cleanup()
	if !stage.CompareAndSwap(stageTest, stageCommit) {
		return outcome{status: snmp.ResourceUnavailable, err: errors.New("tested too late: nothing was changed")}
	}
	if err := pending.Commit(ctx); err != nil {
		return uncommitted(ctx, pending, err, len(r.PDU.Varbinds))
	}
	return outcome{}
}

// refusal reads a backend's error.
func refusal(ctx context.Context, err error, otherwise snmp.ErrorStatus, varbinds int) outcome {
	var refused *view.SetError
	switch {
	case errors.As(err, &refused) && refused.Status > snmp.NoError && refused.Status <= snmp.InconsistentName:
		return outcome{refused.Status, min(max(refused.Index, 0), varbinds), err}
	case ctx.Err() != nil:
		return outcome{status: snmp.ResourceUnavailable, err: err}
	default:
		return outcome{status: otherwise, err: err}
	}
}

// uncommitted tells apart: refused with nothing changed, unknown, and failed half way, which is undone.
func uncommitted(ctx context.Context, pending view.Pending, err error, varbinds int) outcome {
	var refused *view.SetError
	if errors.As(err, &refused) {
		return refusal(ctx, err, snmp.UndoFailed, varbinds)
	}
	if ctx.Err() != nil {
		return outcome{status: snmp.UndoFailed, err: err}
	}
	if undone := pending.Undo(ctx); undone != nil {
		return outcome{status: snmp.UndoFailed, err: errors.Join(err, undone)}
	}
	return outcome{status: snmp.CommitFailed, err: err}
}
