package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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

// nextJob is the oldest job of a kind for this node's hardware, one that runs before one that is queued. Whoever asks carries
// all jobs of the kind out, one by one: one that runs is nobody's. A former leader left it, or the answer to its beginning
// was lost.
func (w *hardwareWorker) nextJob(s *cluster.State, of func(cluster.Job) bool) (cluster.Job, bool) {
	var jobs []cluster.Job
	for _, j := range s.HwJobs {
		if j.Target == w.node && (j.State == cluster.JobQueued || j.State == cluster.JobRunning) && of(j) {
			jobs = append(jobs, j)
		}
	}
	if len(jobs) == 0 {
		return cluster.Job{}, false
	}
	queued := func(j cluster.Job) int {
		if j.State == cluster.JobQueued {
			return 1
		}
		return 0
	}
	return slices.MinFunc(jobs, func(a, b cluster.Job) int {
		return cmp.Or(cmp.Compare(queued(a), queued(b)), cmp.Compare(a.Index, b.Index))
	}), true
}

// job carries one hardware job out.
func (w *hardwareWorker) job(ctx context.Context, j cluster.Job) {
	if j.State == cluster.JobRunning {
		w.takeOver(ctx, j)
		return
	}
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

// begin marks the job as running. A job that was cancelled a moment before stays as it is. One that did not begin, as far as
// is known here, is looked at again after a pause.
func (w *hardwareWorker) begin(ctx context.Context, j cluster.Job) bool {
	err := w.progress(ctx, j, 1, "started")
	if err == nil && w.source.Snapshot().State.HwJobs[j.Index].State == cluster.JobRunning {
		return true
	}
	pause(ctx, time.Second)
	return false
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
	for !w.ended(is.Index) { // an answer that was lost is not asked for twice: who tells of an ended job is refused
		err := w.recorder.Progress(ctx, is)
		if err == nil {
			w.awaitEnd(ctx, is.Index)
			break
		}
		if w.ended(is.Index) {
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

func (w *hardwareWorker) ended(index uint32) bool {
	j, known := w.source.Snapshot().State.HwJobs[index]
	return !known || j.State.Ended()
}

// awaitEnd waits until the end shows here: a job that seems to run would be carried out again.
func (w *hardwareWorker) awaitEnd(ctx context.Context, index uint32) {
	bound, cancel := context.WithTimeout(ctx, recordWait)
	defer cancel()
	for bound.Err() == nil {
		changed := w.source.Changed()
		if w.ended(index) {
			return
		}
		select {
		case <-bound.Done():
		case <-changed:
		}
	}
}
