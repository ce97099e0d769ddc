package plugin

import (
	"context"
	"fmt"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// takeOver ends the jobs that a former leader left running: what they had done shows in the settings, and asking again
// does only what is missing.
func (w *hardwareWorker) takeOver(ctx context.Context, s *cluster.Snapshot) {
	for _, j := range s.State.HwJobs {
		if j.Target == w.node && j.State == cluster.JobRunning {
			w.end(ctx, j, cluster.JobFailed, "interrupted at \""+j.Detail+"\" by a change of leader; create the job again: what is done is not done twice")
		}
	}
}

// nextJob is the oldest job that waits for this node's hardware.
func (w *hardwareWorker) nextJob(s *cluster.State) (next cluster.Job, ok bool) {
	for _, j := range s.HwJobs {
		if j.Target == w.node && j.State == cluster.JobQueued && (!ok || j.Index < next.Index) {
			next, ok = j, true
		}
	}
	return next, ok
}

// job carries one hardware job out.
func (w *hardwareWorker) job(ctx context.Context, j cluster.Job) {
	w.progress(ctx, j, 1, "started")
	var err error
	result := ""
	switch j.HwKind {
	case cluster.HwJobCollect:
		bound, cancel := context.WithTimeout(ctx, w.timeout)
		err = w.collect(bound)
		cancel()
		result = "collected"
	case cluster.HwJobApply:
		result, err = w.apply(ctx, j)
	default:
		err = fmt.Errorf("a job of kind %s is not known to this release", j.HwKind)
	}
	if ctx.Err() != nil {
		return // the next leader takes it over
	}
	if err != nil {
		w.end(ctx, j, cluster.JobFailed, err.Error())
		return
	}
	w.end(ctx, j, cluster.JobDone, result)
}

func (w *hardwareWorker) progress(ctx context.Context, j cluster.Job, percent int, detail string) {
	err := w.recorder.Progress(ctx, cluster.JobIs{Hw: true, Index: j.Index, State: cluster.JobRunning, Progress: percent, Detail: detail})
	if err != nil && ctx.Err() == nil {
		w.log.WithError(err).WithField("job", j.Index).Warn("progress was not recorded")
	}
}

// end ends a job and tells it. It insists: a job without an end would be waited for.
func (w *hardwareWorker) end(ctx context.Context, j cluster.Job, state cluster.JobState, result string) {
	is := cluster.JobIs{Hw: true, Index: j.Index, State: state, Progress: 100, Detail: "", Result: result}
	for ctx.Err() == nil {
		err := w.recorder.Progress(ctx, is)
		if err == nil {
			break
		}
		w.log.WithError(err).WithField("job", j.Index).Warn("the end of a job was not recorded; trying again")
		if !leads(w.source.Snapshot()) || !pause(ctx, time.Second) {
			return
		}
	}
	e := cluster.Event{
		Type: cluster.EventJobFinished, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentJob,
		ComponentName: fmt.Sprintf("hardware job %d", j.Index), NodeName: w.node, Reaction: cluster.ReactedApply,
		Result: cluster.ResultSucceeded, Setter: j.By.User, Duration: time.Since(j.Created),
		Summary: fmt.Sprintf("hardware job %d (%s %s) is %s: %s", j.Index, j.HwKind, w.node, state, result),
	}
	if state == cluster.JobFailed {
		e.Severity, e.Result, e.Error = cluster.SeverityWarning, cluster.ResultFailed, result
	}
	w.raise(ctx, e)
}

// newWishes are the desired settings of this node that differ from what is and that were not tried since they were set.
func (w *hardwareWorker) newWishes(s *cluster.State) []cluster.Desired {
	var out []cluster.Desired
	for key, d := range s.Desired {
		if d.Node == w.node && d.State == cluster.SettingDrifted && !w.tried[key].Equal(d.Time) {
			out = append(out, d)
		}
	}
	return out
}

// stage writes wishes to the BMC's settings object, so that they wait for the next reset; a wish that the registry or its
// dependencies refuse is marked with what is allowed.
func (w *hardwareWorker) stage(ctx context.Context, wishes []cluster.Desired) {
	bound, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	for _, d := range wishes {
		w.tried[cluster.DesiredKey(d.Node, d.Scope, d.Name)] = d.Time
	}
	plan, err := w.bmc.Plan(bound, desiredOf(wishes))
	if err != nil {
		w.stageFailed(ctx, wishes, err)
		return
	}
	marks := rejections(w.node, plan)
	if len(plan.Rejections) > 0 {
		plan, err = w.bmc.Plan(bound, accepted(wishes, plan))
	}
	if err == nil && !plan.Empty() {
		var staging *redfish.Staging
		if staging, err = w.bmc.Stage(bound, plan); err == nil {
			marks = append(marks, verdicts(w.node, staging.Results)...)
		}
	}
	if err != nil {
		w.stageFailed(ctx, wishes, err)
		return
	}
	w.mark(ctx, marks)
	w.want()
}

func (w *hardwareWorker) stageFailed(ctx context.Context, wishes []cluster.Desired, err error) {
	w.log.WithError(err).Warn("settings could not be staged")
	var marks []cluster.SettingIs
	for _, d := range wishes {
		marks = append(marks, cluster.SettingIs{Node: d.Node, Scope: d.Scope, Name: d.Name, State: cluster.SettingFailed, Message: err.Error()})
	}
	w.mark(ctx, marks)
}

func (w *hardwareWorker) mark(ctx context.Context, marks []cluster.SettingIs) {
	if len(marks) == 0 {
		return
	}
	if err := w.recorder.Setting(ctx, marks...); err != nil && ctx.Err() == nil {
		w.log.WithError(err).Warn("the state of settings was not recorded")
	}
}

func desiredOf(wishes []cluster.Desired) []redfish.Desired {
	var out []redfish.Desired
	for _, d := range wishes {
		out = append(out, redfish.Desired{Scope: redfish.ScopeBIOS, Name: d.Name, Value: d.Value})
	}
	return out
}

// accepted are the wishes that the plan does not reject.
func accepted(wishes []cluster.Desired, plan *redfish.Plan) []redfish.Desired {
	refused := map[string]bool{}
	for _, r := range plan.Rejections {
		refused[r.Name] = true
	}
	var out []redfish.Desired
	for _, d := range desiredOf(wishes) {
		if !refused[d.Name] {
			out = append(out, d)
		}
	}
	return out
}
