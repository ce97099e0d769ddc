package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// apply brings all desired settings of the node into force: staged, reset when the node carries no active service, read
// again, judged one by one.
func (w *hardwareWorker) apply(ctx context.Context, j cluster.Job) (string, error) {
	wishes := w.wishes()
	if len(wishes) == 0 {
		return "nothing is desired", nil
	}
	plan, err := w.bmc.Plan(ctx, desiredOf(wishes))
	if err != nil {
		return "", err
	}
	if err := plan.Err(); err != nil {
		w.mark(ctx, rejections(w.node, plan))
		return "", err
	}
	if plan.Empty() {
		return "all settings are as desired", w.collect(ctx)
	}
	gate := &jobGate{worker: w, job: j}
	report, err := w.bmc.Apply(ctx, plan, gate, func(s redfish.Step) {
		w.progress(ctx, j, stepPercent(s), string(s.Name)+" "+s.Detail)
	})
	if report != nil {
		w.mark(ctx, verdicts(w.node, report.Results))
	}
	if err != nil {
		return "", err
	}
	bound, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	if err := w.collect(bound); err != nil {
		return "", fmt.Errorf("applied, but not read again: %w", err)
	}
	w.appliedEvent(ctx, j, report)
	if !report.OK() {
		return "", errors.New(report.Summary())
	}
	return report.Summary(), nil
}

func (w *hardwareWorker) wishes() []cluster.Desired {
	var out []cluster.Desired
	for _, d := range w.source.Snapshot().State.Desired {
		if d.Node == w.node && d.Value != "" {
			out = append(out, d)
		}
	}
	return out
}

func (w *hardwareWorker) appliedEvent(ctx context.Context, j cluster.Job, report *redfish.Report) {
	e := cluster.Event{
		Type: cluster.EventSettingsApplied, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentSetting,
		ComponentName: "bios", NodeName: w.node, Reaction: cluster.ReactedApply, Result: cluster.ResultSucceeded,
		Duration: report.Ended.Sub(report.Began), Setter: j.By.User,
		Summary: fmt.Sprintf("settings of %s: %s", w.node, report.Summary()),
	}
	if !report.OK() {
		e.Severity, e.Result, e.Error = cluster.SeverityWarning, cluster.ResultFailed, report.Summary()
	}
	w.raise(ctx, e)
}

// stepPercent is how far an apply has come: by its step, within a task by the task's own word.
func stepPercent(s redfish.Step) int {
	from := map[redfish.StepName]int{
		redfish.StepStage: 10, redfish.StepTask: 20, redfish.StepClear: 40, redfish.StepReset: 50, redfish.StepWait: 60,
		redfish.StepVerify: 90, redfish.StepDone: 99,
	}[s.Name]
	if s.Name == redfish.StepTask && s.Percent > 0 {
		from += s.Percent / 5
	}
	return from
}

// jobGate stands between an apply and the services of the node.
type jobGate struct {
	worker *hardwareWorker
	job    cluster.Job
}

const (
	// clearanceEvery is how often a node that carries a service is asked again.
	clearanceEvery = time.Second
	// clearanceWait is how long a job waits for its node to be free.
	clearanceWait = 24 * time.Hour
)

// Clear waits until the node carries no active service, and keeps it so. While it waits the job says why.
func (g *jobGate) Clear(ctx context.Context, reason string) (func(), error) {
	w := g.worker
	limit := time.Now().Add(clearanceWait)
	said := ""
	for {
		bound, cancel := context.WithTimeout(ctx, time.Minute)
		done, err := w.hardware.Clearance(bound, w.node, fmt.Sprintf("hardware job %d", g.job.Index))
		cancel()
		if err == nil {
			w.log.WithField("job", g.job.Index).WithField("reason", reason).Info("the node is free: it may be reset")
			return done, nil
		}
		if said != err.Error() {
			said = err.Error()
			w.progress(ctx, g.job, 40, "waiting: "+said)
		}
		if time.Now().After(limit) || !leads(w.source.Snapshot()) || !pause(ctx, clearanceEvery) {
			return nil, err
		}
	}
}

// Save keeps the step in the job's row before it is taken.
func (g *jobGate) Save(ctx context.Context, step redfish.Step) error {
	return g.worker.recorder.Progress(ctx, cluster.JobIs{
		Hw: true, Index: g.job.Index, State: cluster.JobRunning, Progress: stepPercent(step),
		Detail: string(step.Name) + " " + step.Detail,
	})
}
