package plugin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

// TestJobOfAFormerLeaderEnds: it had not touched the machine.
func TestJobOfAFormerLeaderEnds(t *testing.T) {
	r := newRig(t)
	first := r.start(t, "db1")
	r.ready(t)
	r.do(func() { r.carry["db2"] = "it carries app" })
	r.wish(t, "db2", "AssetTag", "rack 7")
	index := r.ask(t, "db2", cluster.HwJobApply)
	r.await(t, "the job to wait", func(s *cluster.State) bool { return strings.Contains(s.HwJobs[index].Detail, "waiting") })
	r.lead(t, "wit")
	r.start(t, "wit")
	job := r.awaitJob(t, index)
	if job.State != cluster.JobFailed || !strings.Contains(job.Result, "change of leader") || !strings.Contains(job.Result, "it carries app") {
		t.Errorf("job %+v, want failed with the reason and where it stood", job)
	}
	if len(r.resets()) > 0 {
		t.Errorf("resets %v", r.resets())
	}
	first.stop()
	if r.state().HwJobs[index].State != cluster.JobFailed {
		t.Error("the deposed leader changed the job")
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
	r.await(t, "the reset", func(s *cluster.State) bool { return resetBegan(s.HwJobs[index].Detail) && len(r.resets()) == 1 })
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
	r.mustApply(t, "db1", cluster.Decision{Reserve: &cluster.Reserve{Node: "db2", By: jobName(job)}},
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

func TestResetBegan(t *testing.T) {
	for detail, want := range map[string]bool{
		"started": false, "stage 2 settings": false, "task 50 %": false, "clear apply 2 BIOS settings": false,
		"waiting: it carries app": false, "reset ForceRestart": true, "wait": true, "verify": true, "done 1 inSync": true,
		"rejoin: the machine is up": true, "": false,
	} {
		if got := resetBegan(detail); got != want {
			t.Errorf("%q: %v, want %v", detail, got, want)
		}
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
	r.mustApply(t, "db1", cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: index, State: cluster.JobRunning, Detail: "verify"}})
	r.do(func() { r.carry["db2"] = "it carries app" })
	r.lead(t, "wit")
	r.start(t, "wit")
	job := r.awaitJob(t, index)
	if job.State != cluster.JobFailed || !strings.Contains(job.Result, "1 staged") || len(r.resets()) > 0 || len(r.traces()) > 0 {
		t.Errorf("job %+v, resets %v, clearances %v; want the settings judged and nothing touched", job, r.resets(), r.traces())
	}
}
