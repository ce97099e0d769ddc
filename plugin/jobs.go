package plugin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

func isCollect(j cluster.Job) bool { return j.HwKind == cluster.HwJobCollect }
func isWrite(j cluster.Job) bool   { return !isCollect(j) }

// outcome is what a job has come to: its result, and what it applied, if it did.
type outcome struct {
	result  string
	applied *cluster.SettingsApplied
}

// nextJob is the oldest queued job of a kind for this node's hardware.
func (w *hardwareWorker) nextJob(s *cluster.State, of func(cluster.Job) bool) (next cluster.Job, ok bool) {
	for _, j := range s.HwJobs {
		if j.Target == w.node && j.State == cluster.JobQueued && of(j) && (!ok || j.Index < next.Index) {
			next, ok = j, true
		}
	}
	return next, ok
}

// job carries one hardware job out.
func (w *hardwareWorker) job(ctx context.Context, j cluster.Job) {
	if !w.begin(ctx, j) {
		return
	}
	out, err := w.carryOut(ctx, j)
	w.finish(ctx, j, out, err)
}

func (w *hardwareWorker) carryOut(ctx context.Context, j cluster.Job) (out outcome, err error) {
	switch j.HwKind {
	case cluster.HwJobCollect:
		out.result, err = "collected", w.collect(ctx)
	case cluster.HwJobApply:
		out, err = w.apply(ctx, j)
	default:
		err = fmt.Errorf("a job of kind %s is not known to this release: ask for collect or apply", j.HwKind)
	}
	return out, err
}

// begin marks the job as running. A job that was cancelled a moment before stays as it is.
func (w *hardwareWorker) begin(ctx context.Context, j cluster.Job) bool {
	if err := w.progress(ctx, j, 1, "started"); err != nil {
		pause(ctx, time.Second)
		return false // it is queued still
	}
	return w.source.Snapshot().State.HwJobs[j.Index].State == cluster.JobRunning
}

// finish ends a job by its result or error, unless this node leads no more: then the next leader does.
func (w *hardwareWorker) finish(ctx context.Context, j cluster.Job, out outcome, err error) {
	is := cluster.JobIs{Hw: true, Index: j.Index, State: cluster.JobDone, Progress: 100, Result: out.result, Applied: out.applied}
	if err != nil {
		is.State, is.Result = cluster.JobFailed, w.stopped(j, err)
	}
	if ctx.Err() == nil {
		w.end(ctx, is)
	}
}

// stopped is what the row of a failed job says: where it stands, why, and what to do. It fits hawserHwJobDetail.
func (w *hardwareWorker) stopped(j cluster.Job, err error) string {
	const most, mostStep = 255, 80
	advice := "; create the job again: what is done is not done twice"
	if errors.Is(err, redfish.ErrRejected) {
		advice = "; wish values that are allowed, then create the job again"
	}
	at := "stopped at " + quoted(w.source.Snapshot().State.HwJobs[j.Index].Detail, mostStep) + ": "
	return at + clip(err.Error(), int64(most-len(at)-len(advice))) + advice
}

// quoted is the beginning of a text, in quotes. A byte of it may need four: what must fit is what is quoted.
func quoted(text string, limit int) string {
	for most := limit; ; most-- {
		q := strconv.Quote(clip(text, int64(most)))
		if len(q) <= limit || most <= 0 {
			return q
		}
	}
}

func (w *hardwareWorker) progress(ctx context.Context, j cluster.Job, percent int, detail string) error {
	return w.report(ctx, j, cluster.JobIs{Progress: percent, Detail: detail})
}

// report records how far a job has come; when it returns nil, it is in the log.
func (w *hardwareWorker) report(ctx context.Context, j cluster.Job, is cluster.JobIs) error {
	is.Hw, is.Index, is.State = true, j.Index, cluster.JobRunning
	err := w.recorder.Progress(ctx, is)
	if err != nil && ctx.Err() == nil {
		w.log.WithError(err).WithField("job", j.Index).Warn("progress was not recorded")
	}
	return err
}

// end records the end of a job; the log makes its events of it. It insists: a job without an end would be waited for.
func (w *hardwareWorker) end(ctx context.Context, is cluster.JobIs) {
	for {
		err := w.recorder.Progress(ctx, is)
		if err == nil {
			break
		}
		w.log.WithError(err).WithField("job", is.Index).Warn("the end of a job was not recorded; trying again")
		if !pause(ctx, time.Second) {
			return
		}
	}
	if is.Applied != nil && is.Applied.Error != "" {
		w.want() // an alarm of these settings may end though the job failed
	}
}
