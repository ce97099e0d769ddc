package plugin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/fixtures/bmc"
	"hawser/redfish"
)

func TestWishIsStaged(t *testing.T) {
	r := newRig(t)
	r.start(t, "db1")
	r.ready(t)
	r.wish(t, "db2", "NumaNodesPerSocket", "2")
	r.awaitSetting(t, "NumaNodesPerSocket", cluster.SettingStaged)
	r.await(t, "the pending value", func(s *cluster.State) bool {
		return slices.ContainsFunc(s.Hardware["db2"].Settings, func(x cluster.HardwareSetting) bool {
			return x.Name == "NumaNodesPerSocket" && x.Current == "1" && x.Pending == "2"
		})
	})
	if got := r.resets(); len(got) > 0 {
		t.Errorf("a wish alone reset the machine: %v", got)
	}
}

// resets are the power acts that came from outside.
func (r *rig) resets() (out []string) {
	for _, a := range r.server.Actions() {
		if a.User == "hawser" {
			out = append(out, a.Kind)
		}
	}
	return out
}

// TestWishAgainstADependency: the value is one of the registry's, but not beside the others. It is marked with what is
// allowed; a good wish beside it is staged.
func TestWishAgainstADependency(t *testing.T) {
	r := newRig(t)
	r.start(t, "db1")
	r.ready(t)
	r.wish(t, "db2", "FanOffsetPercent", "0") // from 5 while the turbo is on without a power cap
	r.wish(t, "db2", "AssetTag", "rack 7")
	r.awaitSetting(t, "FanOffsetPercent", cluster.SettingRejected)
	r.awaitSetting(t, "AssetTag", cluster.SettingStaged)
	if d := r.desired("FanOffsetPercent"); !strings.Contains(d.Message, "5 to 50") && !strings.Contains(d.Message, "5..50") {
		t.Errorf("message %q does not name the allowed values", d.Message)
	}
	job := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply))
	if job.State != cluster.JobFailed || !strings.Contains(job.Result, "FanOffsetPercent") || len(r.resets()) > 0 {
		t.Errorf("job %+v, resets %v; want it refused whole with the name, and no reset", job, r.resets())
	}
	r.wish(t, "db2", "FanOffsetPercent", "20")
	r.awaitSetting(t, "FanOffsetPercent", cluster.SettingStaged)
}

// TestApplyWaitsForTheNode: the job says why it waits, resets only under a clearance, and gives the node back only when it
// takes part again.
func TestApplyWaitsForTheNode(t *testing.T) {
	r := newRig(t)
	r.node.set(func() { r.node.after = 300 * time.Millisecond })
	r.start(t, "db1")
	r.ready(t)
	r.do(func() { r.carry["db2"] = "it carries the active service app" })
	r.wish(t, "db2", "NumaNodesPerSocket", "2")
	index := r.ask(t, "db2", cluster.HwJobApply)
	r.await(t, "the reason", func(s *cluster.State) bool {
		j := s.HwJobs[index]
		return j.State == cluster.JobRunning && strings.Contains(j.Detail, "it carries the active service app")
	})
	if job := r.collect(t); job.State != cluster.JobDone { // not behind the one that waits
		t.Errorf("collection while a job waits: %+v", job)
	}
	r.wish(t, "db2", "AssetTag", "rack 7")
	r.awaitSetting(t, "AssetTag", cluster.SettingStaged) // neither is a wish, and it goes along
	if len(r.resets()) > 0 {
		t.Fatalf("reset while the node carries a service: %v", r.resets())
	}
	before := r.state().Nodes["db2"].Boot
	r.do(func() { delete(r.carry, "db2") })
	var atFree cluster.Node
	r.await(t, "the end of the reservation", func(s *cluster.State) bool {
		atFree = s.Nodes["db2"]
		return atFree.ReservedBy == "" && len(r.traces()) == 2
	})
	if atFree.Boot == before || r.server.State().InPOST {
		t.Errorf("the node was given back before it took part again: boot %s, was %s", atFree.Boot, before)
	}
	job := r.awaitJob(t, index)
	if job.State != cluster.JobDone || !strings.Contains(job.Result, "2 inSync") {
		t.Errorf("job %+v", job)
	}
	if got, want := r.traces(), []string{"reserved db2 for " + job.Name(), "freed db2"}; !slices.Equal(got, want) {
		t.Errorf("clearances %q, want %q", got, want)
	}
	if len(r.resets()) != 1 || r.current("NumaNodesPerSocket") != "2" || r.current("AssetTag") != "rack 7" {
		t.Errorf("resets %v, values %q and %q", r.resets(), r.current("NumaNodesPerSocket"), r.current("AssetTag"))
	}
	r.awaitSetting(t, "NumaNodesPerSocket", cluster.SettingInSync)
	applied, finished := r.eventsOf(cluster.EventSettingsApplied), r.eventsOf(cluster.EventJobFinished)
	if len(applied) != 1 || applied[0].Result != cluster.ResultSucceeded || applied[0].Setter != "anna" || applied[0].Duration <= 0 {
		t.Errorf("SettingsApplied %+v", applied)
	}
	if len(finished) != 2 || finished[1].Result != cluster.ResultSucceeded || finished[1].ComponentName != job.Name() || finished[1].Setter != "anna" {
		t.Errorf("JobFinished %+v", finished)
	}
	again := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply))
	if again.State != cluster.JobDone || len(r.resets()) != 1 {
		t.Errorf("a second job: %+v, resets %v; want nothing done", again, r.resets())
	}
}

// TestSettingsThatDoNotCome: the firmware takes them and brings something else about.
func TestSettingsThatDoNotCome(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault func(*bmc.Faults)
		want  cluster.SettingState
	}{
		{"reverted", func(f *bmc.Faults) { f.RevertSettings("NumaNodesPerSocket") }, cluster.SettingReverted},
		{"failed", func(f *bmc.Faults) { f.FailSettings(true) }, cluster.SettingReverted},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			r.start(t, "db1")
			r.ready(t)
			test.fault(r.server.Faults())
			r.wish(t, "db2", "NumaNodesPerSocket", "2")
			r.awaitSetting(t, "NumaNodesPerSocket", cluster.SettingStaged)
			job := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply))
			if job.State != cluster.JobFailed || !strings.Contains(job.Result, "NumaNodesPerSocket") {
				t.Errorf("job %+v, want failed with the name", job)
			}
			if d := r.desired("NumaNodesPerSocket"); d.State != test.want || d.Message == "" {
				t.Errorf("setting %+v, want %s with a message", d, test.want)
			}
			applied := r.eventsOf(cluster.EventSettingsApplied)
			if len(applied) != 1 || applied[0].Result != cluster.ResultFailed || applied[0].Error == "" {
				t.Errorf("SettingsApplied %+v, want one that failed", applied)
			}
			if by := r.state().Nodes["db2"].ReservedBy; by != "" {
				t.Errorf("the node stays reserved by %s", by)
			}
		})
	}
}

// TestNodeThatDoesNotComeBack: its reservation ends, so that its silence counts.
func TestNodeThatDoesNotComeBack(t *testing.T) {
	r := newRig(t)
	m := r.start(t, "db1")
	m.worker.pace.rejoin = 200 * time.Millisecond
	r.ready(t)
	r.node.set(func() { r.node.absent = true })
	r.wish(t, "db2", "NumaNodesPerSocket", "2")
	r.awaitSetting(t, "NumaNodesPerSocket", cluster.SettingStaged)
	job := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply))
	if job.State != cluster.JobDone || r.state().Nodes["db2"].ReservedBy != "" {
		t.Errorf("job %+v, node %+v; want the settings applied and the node given back", job, r.state().Nodes["db2"])
	}
}

func TestDriftIsToldOnce(t *testing.T) {
	r := newRig(t)
	r.start(t, "db1")
	r.ready(t)
	r.wish(t, "db2", "AssetTag", "rack 7")
	r.awaitSetting(t, "AssetTag", cluster.SettingStaged)
	if job := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply)); job.State != cluster.JobDone {
		t.Fatalf("job %+v", job)
	}
	r.awaitSetting(t, "AssetTag", cluster.SettingInSync)
	r.changeByHand(t, "AssetTag", "rack 8")
	r.collect(t)
	r.collect(t)
	drifted := r.eventsOf(cluster.EventSettingDrifted)
	if len(drifted) != 1 || drifted[0].ComponentName != "AssetTag" || !strings.Contains(drifted[0].Error, "rack 8") || drifted[0].AlarmIndex == 0 {
		t.Fatalf("SettingDrifted %+v, want one with an alarm", drifted)
	}
	if d := r.desired("AssetTag"); d.State != cluster.SettingDrifted {
		t.Errorf("setting %+v, want drifted, not staged by itself", d)
	}
	if job := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply)); job.State != cluster.JobDone {
		t.Errorf("job %+v", job)
	}
	r.awaitSetting(t, "AssetTag", cluster.SettingInSync)
	if alarmStands(r.state(), cluster.SettingsAlarm("db2")) {
		t.Error("the alarm of the drift stands after the settings were applied")
	}
	if applied := r.eventsOf(cluster.EventSettingsApplied); len(applied) != 2 || applied[1].AlarmIndex != drifted[0].AlarmIndex || applied[1].Setter != "anna" {
		t.Errorf("SettingsApplied %+v, want one of each job, the second with the end of the alarm", applied)
	}
}

// changeByHand changes a setting as somebody at the machine does.
func (r *rig) changeByHand(t testing.TB, name, value string) {
	t.Helper()
	b := r.connect(t)
	defer func() { _ = b.Close(t.Context()) }()
	plan, err := b.Plan(t.Context(), []redfish.Desired{{Name: name, Value: value}})
	if err == nil {
		_, err = b.Apply(t.Context(), plan, redfish.OpenGate{}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWishWaitsForASilentBMC: it is staged when the BMC answers again.
func TestWishWaitsForASilentBMC(t *testing.T) {
	r := newRig(t)
	r.start(t, "db1", quick)
	r.ready(t)
	r.server.Faults().Silent(bmc.Closing)
	r.wish(t, "db2", "AssetTag", "rack 7")
	r.collect(t)
	if d := r.desired("AssetTag"); d.State != cluster.SettingDrifted {
		t.Errorf("setting %+v while the BMC is silent", d)
	}
	job := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply))
	if job.State != cluster.JobFailed {
		t.Errorf("job %+v while the BMC is silent", job)
	}
	r.server.Faults().Silent(bmc.Answering)
	r.collect(t)
	r.awaitSetting(t, "AssetTag", cluster.SettingStaged)
}

func TestApplyWithoutWishes(t *testing.T) {
	r := newRig(t)
	r.start(t, "db1")
	r.ready(t)
	if job := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply)); job.State != cluster.JobDone || job.Result != "nothing is desired" {
		t.Errorf("job %+v", job)
	}
}

// TestNodeThatWasAwayIsNotWaitedFor: it was not in the cluster before its reset.
func TestNodeThatWasAwayIsNotWaitedFor(t *testing.T) {
	r := newRig(t)
	m := r.start(t, "db1")
	m.worker.pace.rejoin = time.Hour
	r.ready(t)
	r.node.set(func() { r.node.absent = true })
	r.mustApply(t, "db1", cluster.Decision{NodeIs: &cluster.NodeIs{Node: "db2", State: cluster.NodeOffline}})
	r.wish(t, "db2", "AssetTag", "rack 7")
	if job := r.awaitJob(t, r.ask(t, "db2", cluster.HwJobApply)); job.State != cluster.JobDone {
		t.Errorf("job %+v", job)
	}
}
