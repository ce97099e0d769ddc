package plugin

import (
	"context"
	"errors"
	"strings"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// takeOver deals with the jobs that a former leader left running. One whose machine may have been reset is finished: its
// node is kept free until the machine is up, and the settings are judged; it is not reset again. Any other ends with the
// reason: asking again does only what is missing.
func (w *hardwareWorker) takeOver(ctx context.Context) {
	for _, j := range w.source.Snapshot().State.HwJobs {
		if j.Target != w.node || j.State != cluster.JobRunning {
			continue
		}
		if j.HwKind == cluster.HwJobApply && resetBegan(j.Detail) {
			w.log.WithField("job", j.Index).WithField("detail", j.Detail).Info("finishing the job of a former leader")
			result, err := w.resume(ctx, j)
			w.finish(ctx, j, result, err)
			continue
		}
		w.end(ctx, j, cluster.JobFailed, "interrupted at \""+j.Detail+"\" by a change of leader; create the job again: what is done is not done twice")
	}
}

// resume goes on behind the reset.
func (w *hardwareWorker) resume(ctx context.Context, j cluster.Job) (string, error) {
	gate := &jobGate{worker: w, job: j, reset: true, done: func() {}}
	if w.source.Snapshot().State.Nodes[w.node].ReservedBy == jobName(j) { // else it is in service again
		if err := gate.await(ctx); err != nil {
			return "", err
		}
		gate.boot, gate.away = "", false // the node may have joined again already, or left for its reset
	}
	defer gate.release(ctx)
	wishes := w.wishes()
	if len(wishes) == 0 {
		return "", errors.New("a former leader reset the machine; the wishes were withdrawn since")
	}
	step := redfish.Step{Name: redfish.StepWait, Percent: -1, Desired: desiredOf(wishes)}
	report, err := w.bmc.Resume(ctx, step, gate, func(s redfish.Step) { gate.show(ctx, s) })
	return w.judge(ctx, j, report, err)
}

// leftReserved finds a job that has ended while its reservation has not: the log could not be written then.
func (w *hardwareWorker) leftReserved(s *cluster.State) (cluster.Job, bool) {
	by := s.Nodes[w.node].ReservedBy
	if !strings.HasPrefix(by, "hardware job ") {
		return cluster.Job{}, false
	}
	for _, j := range s.HwJobs {
		if jobName(j) == by {
			return j, j.State.Ended()
		}
	}
	return cluster.Job{}, false
}

// free ends the reservation of a job that has ended.
func (w *hardwareWorker) free(ctx context.Context, j cluster.Job) {
	bound, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	done, err := w.hardware.Clearance(bound, w.node, jobName(j))
	if err == nil {
		done()
	}
	if err != nil || w.source.Snapshot().State.Nodes[w.node].ReservedBy != "" {
		w.log.WithError(err).WithField("job", j.Index).Warn("the node stays reserved by a job that has ended; trying again")
		pause(ctx, 5*time.Second)
	}
}
