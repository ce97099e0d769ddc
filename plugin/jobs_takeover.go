package plugin

import (
	"context"
	"errors"
	"strings"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// takeOver goes on with a job that runs while nobody works on it: most often a former leader left it. Up to the reset a job
// begins anew: what the BMC has already is not written again. From the moment in which a reset was announced it is only
// followed: the machine is watched, never reset a second time.
func (w *hardwareWorker) takeOver(ctx context.Context, j cluster.Job) {
	w.log.WithField("job", j.Index).WithField("detail", j.Detail).Info("going on with a job that was left running")
	out, err := w.goOn(ctx, j)
	w.finish(ctx, j, out, err)
}

func (w *hardwareWorker) goOn(ctx context.Context, j cluster.Job) (outcome, error) {
	if stood := recall(j.Step); j.HwKind == cluster.HwJobApply && stood.resetBegan() {
		return w.resume(ctx, j, stood)
	}
	return w.carryOut(ctx, j)
}

// resume goes on behind the announcement of a reset.
func (w *hardwareWorker) resume(ctx context.Context, j cluster.Job, stood memo) (outcome, error) {
	gate := &jobGate{worker: w, job: j, reset: true, done: func() {}, percent: j.Progress}
	if w.source.Snapshot().State.Nodes[w.node].ReservedBy == j.Name() { // else it is in service again
		if err := gate.await(ctx); err != nil {
			return outcome{}, err
		}
		gate.boot, gate.away = stood.Boot, stood.Away // as it was before its reset; by now it may have joined again, or left
	}
	defer gate.release(ctx)
	wishes := w.wishes()
	if len(wishes) == 0 {
		return outcome{}, errors.New("a former leader reset the machine; the wishes were withdrawn since")
	}
	report, err := w.follow(ctx, stood, desiredOf(wishes), gate)
	return w.judge(ctx, report, err)
}

// follow watches the machine through its reset. That the node is in the cluster under another boot is a sign of it too: many
// BMCs tell nothing of a reset that is over.
func (w *hardwareWorker) follow(ctx context.Context, stood memo, desired []redfish.Desired, gate *jobGate) (*redfish.Report, error) {
	step := stood.Step
	step.Desired = desired
	came := func() bool { return !stood.Away && takesPart(w.source.Snapshot(), w.node, stood.Boot) }
	for {
		known := came()
		if known {
			step.Before = redfish.Boot{}
		}
		report, err := w.bmc.Resume(ctx, step, gate, func(s redfish.Step) { gate.show(ctx, s) })
		if !errors.Is(err, redfish.ErrNoReset) || known || !came() {
			return report, err
		}
	}
}

// leftReserved names a job that has ended while its reservation has not: the log could not be written then, or who carried
// it out led no more. One that is not in the table has ended and aged out of it.
func (w *hardwareWorker) leftReserved(s *cluster.State) (job string, ok bool) {
	by := s.Nodes[w.node].ReservedBy
	if !strings.HasPrefix(by, "hardware job ") {
		return "", false
	}
	for _, j := range s.HwJobs {
		if j.Name() == by {
			return by, j.State.Ended()
		}
	}
	return by, true
}

// free ends the reservation of a job that has ended.
func (w *hardwareWorker) free(ctx context.Context, job string) {
	bound, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	done, err := w.hardware.Clearance(bound, w.node, job)
	if err == nil {
		done()
	}
	if err != nil || w.source.Snapshot().State.Nodes[w.node].ReservedBy != "" {
		w.log.WithError(err).WithField("job", job).Warn("the node stays reserved by a job that has ended; trying again")
		pause(ctx, 5*time.Second)
	}
}
