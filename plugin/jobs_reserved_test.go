package plugin

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// reservedFor is a gate in front of db2, for an apply job that runs; the node is reserved for it.
func (r *rig) reservedFor(t *testing.T, w *hardwareWorker) *jobGate {
	t.Helper()
	index := r.ask(t, "db2", cluster.HwJobApply)
	job := r.state().HwJobs[index]
	r.mustApply(t, "db1", cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: index, State: cluster.JobRunning}})
	done, err := w.hardware.Clearance(t.Context(), "db2", job.Name())
	if err != nil {
		t.Fatal(err)
	}
	return &jobGate{worker: w, job: job, done: done}
}

// worker is one that nobody runs: a test takes its steps.
func (r *rig) worker(t *testing.T, node string) *hardwareWorker {
	t.Helper()
	view := member{r.memory, node}
	return newHardwareWorker("db2", r.connect(t), view, view, view, quietLog())
}

// TestWhoLeadsNoMoreKeepsTheReservation: its successor carries the same job on under it, and may reset the node in the next
// moment; whatever step the deposed leader had come to.
func TestWhoLeadsNoMoreKeepsTheReservation(t *testing.T) {
	for _, test := range []struct {
		name    string
		reset   bool // it was announced
		deposed func(*rig, context.CancelFunc)
		kept    bool
	}{
		{"leads on", false, func(*rig, context.CancelFunc) {}, false},
		{"deposed before the reset", false, func(r *rig, _ context.CancelFunc) { r.lead(t, "wit") }, true},
		{"deposed behind it", true, func(r *rig, _ context.CancelFunc) { r.lead(t, "wit") }, true},
		{"stopped before the reset", false, func(_ *rig, stop context.CancelFunc) { stop() }, true},
		{"stopped behind it", true, func(_ *rig, stop context.CancelFunc) { stop() }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			gate := r.reservedFor(t, r.worker(t, "db1"))
			gate.reset = test.reset
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			test.deposed(r, stop)
			gate.release(ctx)
			if by := r.state().Nodes["db2"].ReservedBy; (by == gate.job.Name()) != test.kept {
				t.Errorf("reserved by %q, want it kept: %t", by, test.kept)
			}
		})
	}
}

// TestNoResetWithoutTheReservation: between the clearance and the reset the job may have ended, or its node been given back.
func TestNoResetWithoutTheReservation(t *testing.T) {
	for _, test := range []struct {
		name string
		away func(j cluster.Job) cluster.Decision
		want string // what the refusal says; empty: it goes on
	}{
		{"all is well", nil, ""},
		{"given back", func(cluster.Job) cluster.Decision {
			return cluster.Decision{Reserve: &cluster.Reserve{Node: "db2"}}
		}, "is not reserved for"},
		{"ended", func(j cluster.Job) cluster.Decision {
			return cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: j.Index, State: cluster.JobFailed}}
		}, "has ended"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			gate := r.reservedFor(t, r.worker(t, "db1"))
			if test.away != nil {
				r.mustApply(t, "wit", test.away(gate.job))
			}
			err := gate.Save(t.Context(), redfish.Step{Name: redfish.StepReset, Detail: "ForceRestart"})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("the reset: %v, want %q", err, test.want)
			}
			if err := gate.mayReset(); (err == nil) != (test.want == "") {
				t.Errorf("it may be reset: %v", err)
			}
			if gate.reset != (test.want == "") {
				t.Errorf("the machine may have been reset: %t", gate.reset)
			}
		})
	}
}

// TestNodeStaysReservedUntilItIsJudged: the first look finds no sign of the reset; then the node is back under another boot.
// The second look judges the settings, and until then the node is not given back.
func TestNodeStaysReservedUntilItIsJudged(t *testing.T) {
	r := newRig(t)
	index, start := r.leftAt(t, redfish.Step{Name: redfish.StepReset, Detail: "ForceRestart", Before: upAndRunning, At: time.Now()},
		func(cfg *redfish.Config) { cfg.ResetTimeout = time.Second })
	start()
	r.await(t, "the first look", func(s *cluster.State) bool { return strings.HasPrefix(s.HwJobs[index].Detail, "wait") })
	r.join(t, "db2", "boot-x")
	job := r.awaitJob(t, index)
	if job.State != cluster.JobFailed || !strings.Contains(job.Result, ": 1 staged") {
		t.Errorf("job %s: %s; want its setting judged", job.State, job.Result)
	}
	if len(r.resets()) > 0 || r.desired("AssetTag").State == cluster.SettingInSync {
		t.Errorf("resets %v, setting %+v", r.resets(), r.desired("AssetTag"))
	}
	if got, want := r.traces(), []string{"reserved db2 for " + job.Name(), "freed db2"}; !slices.Equal(got, want) {
		t.Errorf("clearances %q, want %q", got, want)
	}
}

// TestReservationEndsBeforeTheNextJob: the next job waits for the node, so it would wait for ever for a job that has ended,
// or has aged out of the table.
func TestReservationEndsBeforeTheNextJob(t *testing.T) {
	for _, by := range []string{"", "hardware job 4711"} {
		r := newRig(t)
		first := r.start(t, "db1")
		r.ready(t)
		r.wish(t, "db2", "AssetTag", "rack 7")
		r.awaitSetting(t, "AssetTag", cluster.SettingStaged)
		first.stop()
		ended := r.ask(t, "db2", cluster.HwJobApply)
		if by == "" {
			by = r.state().HwJobs[ended].Name()
		}
		r.mustApply(t, "db1", cluster.Decision{Reserve: &cluster.Reserve{Node: "db2", By: by}},
			cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: ended, State: cluster.JobFailed, Result: "x"}})
		next := r.ask(t, "db2", cluster.HwJobApply)
		r.lead(t, "wit")
		r.start(t, "wit")
		if job := r.awaitJob(t, next); job.State != cluster.JobDone {
			t.Errorf("job %+v, want it done when the reservation of %s has ended", job, by)
		}
	}
}
