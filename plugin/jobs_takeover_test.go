package plugin

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// TestNextLeaderGoesOn with a job that had not touched the machine: it waits as the former one did, and applies once.
func TestNextLeaderGoesOn(t *testing.T) {
	r := newRig(t)
	first := r.start(t, "db1")
	r.ready(t)
	r.do(func() { r.carry["db2"] = "it carries app" })
	r.wish(t, "db2", "AssetTag", "rack 7")
	index := r.ask(t, "db2", cluster.HwJobApply)
	waits := func(s *cluster.State) bool { return strings.Contains(s.HwJobs[index].Detail, "waiting") }
	r.await(t, "the job to wait", waits)
	r.lead(t, "wit")
	first.stop()
	r.mustApply(t, "wit", cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: index, State: cluster.JobRunning, Detail: "left"}})
	r.start(t, "wit")
	r.await(t, "the next leader to wait", waits)
	if len(r.resets()) > 0 {
		t.Errorf("resets %v while the node carries a service", r.resets())
	}
	r.do(func() { delete(r.carry, "db2") })
	job := r.awaitJob(t, index)
	if job.State != cluster.JobDone || !strings.Contains(job.Result, "1 inSync") || len(r.resets()) != 1 {
		t.Errorf("job %+v, resets %v; want it done by one reset", job, r.resets())
	}
	if n := r.patches("AssetTag"); n != 1 {
		t.Errorf("the setting was written %d times, want once", n)
	}
}

// patches counts how often the BMC accepted a value for a setting.
func (r *rig) patches(name string) (n int) {
	for _, w := range r.server.Writes() {
		attributes, _ := w.Body["Attributes"].(map[string]any)
		if _, ok := attributes[name]; ok && w.Accepted() {
			n++
		}
	}
	return n
}

// leftAt is a job that a former leader left running at a step, for a wish that is staged; its node is reserved for it.
func (r *rig) leftAt(t *testing.T, step redfish.Step, change ...func(*redfish.Config)) (index uint32, start func()) {
	t.Helper()
	first := r.start(t, "db1")
	r.ready(t)
	r.wish(t, "db2", "AssetTag", "rack 7")
	r.awaitSetting(t, "AssetTag", cluster.SettingStaged)
	first.stop()
	index = r.ask(t, "db2", cluster.HwJobApply)
	memo := keep(step, r.state().Nodes["db2"].Boot, false)
	job := r.state().HwJobs[index]
	r.mustApply(t, "db1", cluster.Decision{Reserve: &cluster.Reserve{Node: "db2", By: job.Name()}},
		cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: index, State: cluster.JobRunning, Detail: stepDetail(step), Step: memo}})
	r.lead(t, "wit")
	return index, func() { r.start(t, "wit", change...) }
}

// upAndRunning is a machine as the emulated BMC shows it between two resets.
var upAndRunning = redfish.Boot{Power: redfish.PowerOn, Progress: "OSRunning"}

// TestAnnouncedResetIsNotSentAgain: the former leader died between the log and the BMC. The job says where it stands, and
// the node is given back.
func TestAnnouncedResetIsNotSentAgain(t *testing.T) {
	r := newRig(t)
	index, start := r.leftAt(t, redfish.Step{Name: redfish.StepReset, Detail: "ForceRestart", Before: upAndRunning, At: time.Now()},
		func(cfg *redfish.Config) { cfg.ResetTimeout = time.Second })
	start()
	job := r.awaitJob(t, index)
	if job.State != cluster.JobFailed || !strings.Contains(job.Result, "no sign of the reset") || !strings.HasPrefix(job.Result, `stopped at "wait": `) ||
		!strings.HasSuffix(job.Result, "create the job again: what is done is not done twice") {
		t.Errorf("job %+v, want failed with where it stands and what to do", job)
	}
	if len(r.resets()) > 0 || r.patches("AssetTag") != 1 {
		t.Errorf("resets %v, written %d times; want none and once", r.resets(), r.patches("AssetTag"))
	}
	r.await(t, "the end of the reservation", func(s *cluster.State) bool { return s.Nodes["db2"].ReservedBy == "" })
}

// TestRebootedNodeIsASign: the machine's reset is over when the next leader looks, and the BMC does not tell of it. The
// node's new boot does.
func TestRebootedNodeIsASign(t *testing.T) {
	r := newRig(t)
	index, start := r.leftAt(t, redfish.Step{Name: redfish.StepReset, Detail: "ForceRestart", Before: upAndRunning, At: time.Now()},
		func(cfg *redfish.Config) { cfg.ResetTimeout = 500 * time.Millisecond })
	r.server.Faults().RevertSettings() // so that the settings tell nothing either
	before := r.state().Nodes["db2"].Boot
	if err := errors.Join(r.server.PowerOff(t.Context()), r.server.PowerOn(t.Context())); err != nil {
		t.Fatal(err)
	}
	r.await(t, "the next boot", func(s *cluster.State) bool { return s.Nodes["db2"].Boot != before })
	start()
	job := r.awaitJob(t, index)
	if job.State != cluster.JobFailed || !strings.Contains(job.Result, "1 reverted") || len(r.resets()) > 0 {
		t.Errorf("job %+v, resets %v; want the setting judged as reverted, and no reset", job, r.resets())
	}
}

// TestNextLeaderFinishesBehindTheReset: the leader changes while the machine boots, as when it reset itself.
func TestNextLeaderFinishesBehindTheReset(t *testing.T) {
	r := newRig(t)
	first := r.start(t, "db1")
	r.ready(t)
	r.wish(t, "db2", "NumaNodesPerSocket", "2")
	r.awaitSetting(t, "NumaNodesPerSocket", cluster.SettingStaged)
	r.node.set(func() { r.node.after = 500 * time.Millisecond })
	index := r.ask(t, "db2", cluster.HwJobApply)
	r.await(t, "the reset", func(s *cluster.State) bool { return recall(s.HwJobs[index].Step).resetBegan() && len(r.resets()) == 1 })
	r.do(func() { r.silent["db2"] = true })
	r.lead(t, "wit")
	first.stop()
	if by := r.state().Nodes["db2"].ReservedBy; by == "" || slices.Contains(r.traces(), "freed db2") {
		t.Fatalf("the deposed leader gave the node back while its machine boots")
	}
	r.start(t, "wit")
	r.await(t, "the next leader to wait for the node", func(s *cluster.State) bool { return strings.HasPrefix(s.HwJobs[index].Detail, "rejoin") })
	if r.state().Nodes["db2"].ReservedBy == "" {
		t.Error("the node was given back while it is not heard")
	}
	r.do(func() { r.silent["db2"] = false })
	job := r.awaitJob(t, index)
	if job.State != cluster.JobDone || !strings.Contains(job.Result, "1 inSync") {
		t.Errorf("job %+v, want done by the next leader", job)
	}
	if got := r.resets(); len(got) != 1 {
		t.Errorf("resets %v, want one", got)
	}
	if r.state().Nodes["db2"].ReservedBy != "" {
		t.Error("the node stays reserved")
	}
	if applied := r.eventsOf(cluster.EventSettingsApplied); len(applied) != 1 {
		t.Errorf("SettingsApplied %+v, want one", applied)
	}
}

// TestReservationOfAnEndedJobEnds: it could not be written when the job ended.
func TestReservationOfAnEndedJobEnds(t *testing.T) {
	r := newRig(t)
	r.mustApply(t, "db1", cluster.Decision{Config: &cluster.Config{Spec: memorySpec()}})
	index := r.ask(t, "db2", cluster.HwJobApply)
	job := r.state().HwJobs[index]
	r.mustApply(t, "db1", cluster.Decision{Reserve: &cluster.Reserve{Node: "db2", By: job.Name()}},
		cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: index, State: cluster.JobFailed, Result: "x"}})
	r.start(t, "db1")
	r.await(t, "the end of the reservation", func(s *cluster.State) bool { return s.Nodes["db2"].ReservedBy == "" })
}

// TestCancelledJobIsNotBegun: it was taken back in the moment in which it would have begun.
func TestCancelledJobIsNotBegun(t *testing.T) {
	r := newRig(t)
	index := r.ask(t, "db2", cluster.HwJobCollect)
	queued := r.state().HwJobs[index]
	r.mustApply(t, "db1", cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: index, State: cluster.JobCancelled, Result: "cancelled"}})
	view := member{r.memory, "db1"}
	w := newHardwareWorker("db2", r.connect(t), view, view, view, quietLog())
	w.job(t.Context(), queued)
	if _, count := r.lastSeen(); count != 0 || r.state().HwJobs[index].State != cluster.JobCancelled {
		t.Errorf("a cancelled job was carried out: %+v", r.state().HwJobs[index])
	}
}

func TestMemo(t *testing.T) {
	for name, want := range map[redfish.StepName]bool{
		"": false, redfish.StepStage: false, redfish.StepTask: false, redfish.StepClear: false, redfish.StepReset: true,
		redfish.StepWait: true, redfish.StepVerify: true, redfish.StepDone: true,
	} {
		if got := (memo{Step: redfish.Step{Name: name}}).resetBegan(); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
	step := redfish.Step{
		Name: redfish.StepReset, At: noon, Task: "/redfish/v1/Tasks/1", Before: redfish.Boot{Power: redfish.PowerOn, LastResetTime: "x"},
		Desired: []redfish.Desired{{Name: "a", Value: "geheim"}}, Detail: "ForceRestart",
	}
	text := keep(step, "boot-1", true)
	got := recall(text)
	if step.Desired, step.Detail = nil, ""; !reflect.DeepEqual(got, memo{step, "boot-1", true}) || strings.Contains(text, "geheim") {
		t.Errorf("%s is recalled as %+v", text, got)
	}
	if got := recall("no memo"); got.resetBegan() {
		t.Errorf("got %+v", got)
	}
}

// TestNextLeaderFindsTheNodeInService: the former leader gave the node back and could not end the job.
func TestNextLeaderFindsTheNodeInService(t *testing.T) {
	r := newRig(t)
	first := r.start(t, "db1")
	r.ready(t)
	r.wish(t, "db2", "AssetTag", "rack 7")
	r.awaitSetting(t, "AssetTag", cluster.SettingStaged)
	first.stop()
	index := r.ask(t, "db2", cluster.HwJobApply)
	r.mustApply(t, "db1", cluster.Decision{Job: &cluster.JobIs{
		Hw: true, Index: index, State: cluster.JobRunning, Detail: "verify",
		Step: keep(redfish.Step{Name: redfish.StepVerify}, "b1", false),
	}})
	r.do(func() { r.carry["db2"] = "it carries app" })
	r.lead(t, "wit")
	r.start(t, "wit")
	job := r.awaitJob(t, index)
	if job.State != cluster.JobFailed || !strings.Contains(job.Result, "1 staged") || len(r.resets()) > 0 || len(r.traces()) > 0 {
		t.Errorf("job %+v, resets %v, clearances %v; want the settings judged and nothing touched", job, r.resets(), r.traces())
	}
}
