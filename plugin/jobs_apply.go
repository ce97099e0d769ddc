package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hawser/cluster"
	"hawser/redfish"
)

// apply brings all desired settings of the node into force: staged, reset when the node carries no active service, read
// again, judged one by one. One wish that is not possible refuses all, before anything is touched.
func (w *hardwareWorker) apply(ctx context.Context, j cluster.Job) (outcome, error) {
	bound, cancel := context.WithTimeout(ctx, w.pace.collect)
	defer cancel()
	wishes := w.wishes()
	if len(wishes) == 0 {
		return outcome{result: "nothing is desired"}, nil
	}
	plan, err := w.bmc.Plan(bound, desiredOf(wishes))
	if err != nil {
		return outcome{}, err
	}
	if err := plan.Err(); err != nil {
		w.mark(ctx, rejections(w.node, plan))
		return outcome{}, err
	}
	if plan.Empty() {
		return outcome{result: "all settings are as desired"}, w.collect(ctx)
	}
	step := redfish.Step{Name: redfish.StepStage, Percent: -1, Detail: fmt.Sprintf("%d settings", len(plan.Changes))}
	if err := w.progress(ctx, j, stepPercent(step), stepDetail(step)); err != nil {
		return outcome{}, err // nothing is written that nobody would know of
	}
	staging, err := w.bmc.Stage(bound, plan)
	if err != nil {
		return outcome{}, err
	}
	w.mark(ctx, verdicts(w.node, staging.Results))
	return w.activate(ctx, j, staging.Plan.ResetNeeded)
}

// activate waits for the node, and brings what is staged into force. What was wished while it waited goes along.
func (w *hardwareWorker) activate(ctx context.Context, j cluster.Job, reset bool) (outcome, error) {
	gate := &jobGate{worker: w, job: j, done: func() {}}
	if reset {
		if err := gate.await(ctx); err != nil {
			return outcome{}, err
		}
	}
	defer gate.release(ctx)
	bound, cancel := context.WithTimeout(ctx, w.pace.collect)
	defer cancel()
	plan, marks, err := w.plan(bound, w.wishes())
	w.mark(ctx, marks)
	if err != nil {
		return outcome{}, err
	}
	report, err := w.bmc.Apply(ctx, plan, gate, func(s redfish.Step) { gate.show(ctx, s) })
	return w.judge(ctx, report, err)
}

// judge records the verdict on each setting. The job's end tells it.
func (w *hardwareWorker) judge(ctx context.Context, report *redfish.Report, err error) (out outcome, _ error) {
	if report != nil && ctx.Err() == nil {
		w.mark(ctx, verdicts(w.node, report.Results))
		out.applied = appliedBy(report, err)
		if err := w.collect(ctx); err != nil && ctx.Err() == nil {
			w.log.WithError(err).Warn("the BMC could not be read after an apply")
		}
	}
	switch {
	case err != nil:
		return out, err
	case !report.OK():
		return out, errors.New(report.Summary())
	}
	out.result = report.Summary()
	return out, nil
}

func appliedBy(report *redfish.Report, err error) *cluster.SettingsApplied {
	applied := &cluster.SettingsApplied{Summary: report.Summary(), Took: report.Ended.Sub(report.Began)}
	switch {
	case err != nil:
		applied.Error = err.Error()
	case !report.OK():
		applied.Error = report.Summary()
	}
	return applied
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

// stepDetail is a step in the words of a job's detail; its first word is the step.
func stepDetail(s redfish.Step) string {
	return strings.TrimSpace(string(s.Name) + " " + s.Detail)
}

// rejoining is the word of a job whose machine is up while its node does not take part yet.
const rejoining redfish.StepName = "rejoin"
