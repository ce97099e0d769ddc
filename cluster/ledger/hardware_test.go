package ledger

import (
	"reflect"
	"testing"
	"time"

	"hawser/cluster"
)

func (l *log) job(index uint32) cluster.Job { return l.State().HwJobs[index] }

// TestHwJobRows: a row takes the next index or a later one, never one that was used, also not after its row is gone.
func TestHwJobRows(t *testing.T) {
	l := founded(t)
	create := func(index uint32) Result {
		return l.set(cluster.Change{Ops: []cluster.Op{hwJob(index, "a", cluster.HwJobCollect)}})
	}
	if r := create(1); r.Receipt == nil || l.State().NextHwJob != 2 {
		t.Fatalf("%+v %+v", r.Receipt, r.Refusal)
	}
	if r := create(7); r.Receipt == nil || l.State().NextHwJob != 8 {
		t.Fatalf("a later index: %+v", r.Refusal)
	}
	for _, used := range []uint32{0, 1, 5, 7} {
		if r := create(used); r.Refusal == nil || r.Refusal.Code != cluster.RefusedInconsistent {
			t.Errorf("index %d: %+v", used, r.Receipt)
		}
	}
	if j := l.job(7); j.HwKind != cluster.HwJobCollect || j.Target != "a" || j.By != olga || j.State != cluster.JobQueued || !j.Created.Equal(l.now) {
		t.Errorf("row %+v", j)
	}
}

// TestHwJobHold: nothing that a SET through AgentX causes starts before its Release; a job that was aborted meanwhile does
// not start at all.
func TestHwJobHold(t *testing.T) {
	l := founded(t)
	r := l.set(cluster.Change{ID: "x", Hold: true, Ops: []cluster.Op{hwJob(1, "a", cluster.HwJobCollect), hwJob(2, "a", cluster.HwJobApply)}})
	if r.Refusal != nil || l.job(1).State != cluster.JobHeld || l.job(2).State != cluster.JobHeld {
		t.Fatalf("%+v %+v", r.Refusal, l.State().HwJobs)
	}
	l.set(cluster.Change{Ops: []cluster.Op{{Object: "HwJobAbort", Target: cluster.Target{Index: 2}}}})
	l.apply(cluster.Decision{Release: &cluster.ReleaseHold{ID: "y"}})
	if l.job(1).State != cluster.JobHeld {
		t.Error("another change released it")
	}
	l.apply(cluster.Decision{Release: &cluster.ReleaseHold{ID: "x"}})
	if l.job(1).State != cluster.JobQueued || l.job(2).State != cluster.JobCancelled {
		t.Errorf("released: %s, aborted: %s", l.job(1).State, l.job(2).State)
	}
}

// TestJobProgress: a job goes on to its end and no further; one that runs cannot be aborted, one that ended stays.
func TestJobProgress(t *testing.T) {
	l := founded(t)
	l.set(cluster.Change{Ops: []cluster.Op{hwJob(1, "a", cluster.HwJobApply)}})
	is := func(state cluster.JobState, progress int) {
		l.now = l.now.Add(time.Minute)
		l.apply(cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: 1, State: state, Progress: progress, Detail: "d", Result: "r", EventSeq: 3}})
	}
	abort := cluster.Change{Ops: []cluster.Op{{Object: "HwJobAbort", Target: cluster.Target{Index: 1}}}}
	is(cluster.JobRunning, 10)
	if r := l.set(abort); r.Refusal == nil {
		t.Error("a running job was aborted")
	}
	started := l.now
	l.apply(cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: 1, State: cluster.JobRunning, Step: "memo"}})
	is(cluster.JobRunning, 60)
	if j := l.job(1); j.Step != "memo" {
		t.Errorf("%+v forgot its step", j)
	}
	is(cluster.JobDone, 100)
	done := l.job(1)
	if done.Step != "" {
		t.Errorf("%+v keeps its step", done)
	}
	if !done.Started.Equal(started) || !done.Ended.Equal(l.now) || done.Progress != 100 || done.Result != "r" || done.EventSeq != 3 {
		t.Errorf("%+v", done)
	}
	is(cluster.JobRunning, 5)
	if r := l.set(abort); r.Refusal != nil || !reflect.DeepEqual(l.job(1), done) {
		t.Errorf("an ended job changed: %+v", l.job(1))
	}
	l.apply(cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: 44, State: cluster.JobDone}})
	if len(l.State().HwJobs) != 1 {
		t.Error("a job that nobody asked for has a row")
	}
}

// TestOldJobsAreDropped: 200 rows, the oldest that ended go first; those that did not end stay.
func TestOldJobsAreDropped(t *testing.T) {
	l := founded(t)
	for i := uint32(1); i <= 210; i++ {
		l.set(cluster.Change{Ops: []cluster.Op{hwJob(i, "a", cluster.HwJobCollect)}})
		if i != 3 {
			l.apply(cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: i, State: cluster.JobDone}})
		}
	}
	if n := len(l.State().HwJobs); n != 200 || l.job(3).State != cluster.JobQueued || l.job(2).Index != 0 || l.job(210).Index != 210 {
		t.Errorf("%d rows; 3 is %+v", n, l.job(3))
	}
}

// TestReservationEndsByItsJob: the end that a deposed leader proposed for its job comes late, and another job has the node.
func TestReservationEndsByItsJob(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  cluster.Reserve
		want string
	}{
		{"another job", cluster.Reserve{Node: "a", Of: "hardware job 6"}, "hardware job 7"},
		{"its job", cluster.Reserve{Node: "a", Of: "hardware job 7"}, ""},
		{"whosever it is", cluster.Reserve{Node: "a"}, ""},
	} {
		l := founded(t)
		l.apply(cluster.Decision{Reserve: &cluster.Reserve{Node: "a", By: "hardware job 7"}})
		l.apply(cluster.Decision{Reserve: &tt.end})
		if got := l.State().Nodes["a"].ReservedBy; got != tt.want {
			t.Errorf("%s: reserved by %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestDesired: a wish follows what the BMC shows; the empty one withdraws it.
func TestDesired(t *testing.T) {
	l := founded(t)
	l.hardware()
	l.set(cluster.Change{Ops: []cluster.Op{desired("BootMode", "LegacyBios")}})
	wish := func() cluster.Desired { return l.State().Desired["a/2/BootMode"] }
	shows := func(current string) {
		l.apply(cluster.Decision{Hardware: &cluster.HardwareDiff{Node: "a", BMCState: "ok", Settings: []cluster.HardwareSetting{
			{Scope: cluster.ScopeBIOS, Name: "BootMode", Type: cluster.SettingEnumeration, Current: current, Values: []string{"Uefi", "LegacyBios"}},
		}}})
	}
	is := func(state cluster.SettingState) {
		l.apply(cluster.Decision{Setting: &cluster.SettingIs{Node: "a", Scope: cluster.ScopeBIOS, Name: "BootMode", State: state, Message: "m"}})
	}
	if w := wish(); w.Value != "LegacyBios" || w.State != cluster.SettingDrifted || w.By != olga {
		t.Fatalf("%+v", w)
	}
	is(cluster.SettingStaged)
	shows("Uefi")
	if wish().State != cluster.SettingStaged {
		t.Errorf("staged, and the old value still shown: %+v", wish())
	}
	is(cluster.SettingApplying)
	shows("LegacyBios")
	if wish().State != cluster.SettingApplying {
		t.Errorf("a job that applies says itself when it is done: %+v", wish())
	}
	is(cluster.SettingInSync)
	shows("Uefi")
	if w := wish(); w.State != cluster.SettingDrifted || w.Message != "is Uefi" {
		t.Errorf("changed by another: %+v", w)
	}
	shows("LegacyBios")
	if w := wish(); w.State != cluster.SettingInSync || w.Message != "" {
		t.Errorf("and back: %+v", w)
	}
	l.set(cluster.Change{Ops: []cluster.Op{desired("BootMode", "")}})
	if len(l.State().Desired) != 0 {
		t.Errorf("not withdrawn: %+v", l.State().Desired)
	}
	is(cluster.SettingFailed)
	if len(l.State().Desired) != 0 {
		t.Error("a withdrawn wish came back")
	}
}

// TestHardwareRows: rows are replaced by key, go when they are gone, and keep the number that their key was given.
func TestHardwareRows(t *testing.T) {
	l := founded(t)
	diff := func(gone []string, keys ...string) {
		d := cluster.HardwareDiff{Node: "a", BMCState: "ok", Gone: gone, FenceReady: true}
		for _, k := range keys {
			d.Components = append(d.Components, cluster.HardwarePart{Key: k, Name: "part " + k, Health: cluster.HealthOk})
		}
		l.apply(cluster.Decision{Hardware: &d})
	}
	names := func() (out []string) {
		for _, c := range l.State().Hardware["a"].Components {
			out = append(out, c.Key)
		}
		return out
	}
	diff(nil, "x", "y", "z")
	y := l.State().Index("hw/a", "y")
	diff([]string{"y"}, "x", "w")
	if got := names(); !reflect.DeepEqual(got, []string{"x", "z", "w"}) {
		t.Errorf("rows %v", got)
	}
	diff(nil, "y")
	if got := l.State().Index("hw/a", "y"); got != y || l.State().Index("hw/a", "w") != y+2 {
		t.Errorf("y had number %d and has %d", y, got)
	}
	if n := l.State().Nodes["a"]; !n.FenceReady {
		t.Error("the fence path is not ready")
	}
	l.apply(cluster.Decision{Hardware: &cluster.HardwareDiff{Node: "z"}})
	if l.State().Hardware["z"] != nil {
		t.Error("hardware of no node")
	}
}

// TestSinkCursorNeverGoesBack: a deposed leader's late word sends nothing twice.
func TestSinkCursorNeverGoesBack(t *testing.T) {
	l := founded(t)
	is := func(cursor cluster.Seq, sent uint64) cluster.SinkStatus {
		l.apply(cluster.Decision{Sink: &cluster.SinkIs{Name: "nms", Status: cluster.SinkStatus{Cursor: cursor, Sent: sent, State: cluster.SinkStateOk}}})
		return l.State().Sinks["nms"]
	}
	if got := is(5, 5); got.Cursor != 5 || got.Sent != 5 {
		t.Errorf("%+v", got)
	}
	if got := is(4, 9); got.Cursor != 5 || got.Sent != 5 {
		t.Errorf("back: %+v", got)
	}
	if got := is(5, 6); got.Sent != 6 {
		t.Errorf("the same cursor, a new count: %+v", got)
	}
	l.apply(cluster.Decision{Sink: &cluster.SinkIs{Name: "other", Status: cluster.SinkStatus{Cursor: 1}}})
	if len(l.State().Sinks) != 1 {
		t.Error("a sink that is not configured has a row")
	}
}

// TestConfigKeepsLeases: what is held is not forgotten because a file does not name it any more (S1), and numbers are never
// given twice.
func TestConfigKeepsLeases(t *testing.T) {
	l := founded(t)
	l.apply(assign("mta", "c", "c1"))
	mta, c := l.State().Index("service", "mta"), l.State().Index("node", "c")
	small := testSpec()
	small.Nodes, small.Stacks = small.Nodes[:2], small.Stacks[:1]
	l.apply(cluster.Decision{Config: &cluster.Config{Spec: small}})
	h := l.holder("mta")
	if h.Node != "c" || l.State().Nodes["c"].Boot != "c1" {
		t.Fatalf("the lease is forgotten: %+v", h)
	}
	l.apply(cluster.Decision{Config: &cluster.Config{Spec: testSpec()}})
	l.apply(join("c", "c1", 1)) // the daemon that still runs it
	if l.holder("mta") != h {
		t.Errorf("the lease of a running daemon was given up: %+v", l.holder("mta"))
	}
	grown := testSpec()
	grown.Nodes = append(grown.Nodes, cluster.NodeSpec{Name: "d", Role: cluster.RoleResource})
	l.apply(cluster.Decision{Config: &cluster.Config{Spec: grown}})
	if s := l.State(); s.Index("service", "mta") != mta || s.Index("node", "c") != c || s.Index("node", "d") != 4 {
		t.Errorf("numbers %+v", s.Indexes)
	}
}

// TestMovesThatCount: fail-overs that a failing service causes count for its quarantine, once each, from their beginning;
// planned ones and those of nodes do not.
func TestMovesThatCount(t *testing.T) {
	l := founded(t)
	service := cluster.Cause{ComponentType: cluster.ComponentService, ComponentName: "app", NodeName: "a"}
	planned := service
	planned.Planned = true
	move := func(phase cluster.Phase, primary string, cause cluster.Cause, complete bool) int {
		l.apply(cluster.Decision{Move: &cluster.Move{Stack: "shop", Primary: primary, Phase: phase, Cause: cause, Complete: complete}})
		return len(l.State().Stacks["shop"].Moves)
	}
	for i, step := range []struct {
		phase    cluster.Phase
		primary  string
		cause    cluster.Cause
		complete bool
		want     int
	}{
		{cluster.PhaseReleasing, "a", service, false, 1},
		{cluster.PhaseReleasing, "a", service, false, 1}, // blocked meanwhile
		{cluster.PhaseStarting, "b", service, false, 1},
		{cluster.PhaseReleasing, "b", service, false, 2}, // it cannot start there
		{cluster.PhaseStarting, "c", service, false, 2},
		{cluster.PhaseIdle, "c", cluster.Cause{}, true, 2},
		{cluster.PhaseReleasing, "c", planned, false, 2},
		{cluster.PhaseStarting, "a", planned, false, 2},
		{cluster.PhaseIdle, "a", cluster.Cause{}, true, 2},
		{cluster.PhaseStarting, "b", cluster.Cause{ComponentType: cluster.ComponentNode}, false, 2},
	} {
		if got := move(step.phase, step.primary, step.cause, step.complete); got != step.want {
			t.Errorf("step %d: %d moves count, want %d", i, got, step.want)
		}
	}
	if st := l.State().Stacks["shop"]; st.Failovers != 2 || !st.LastFailover.Equal(l.now) {
		t.Errorf("fail-overs %+v", st)
	}
	l.apply(cluster.Decision{Service: &cluster.ServiceIs{Service: "app", Quarantine: true}}, cluster.Decision{Service: &cluster.ServiceIs{Service: "app", Release: true}})
	if got := l.State().Stacks["shop"].Moves; len(got) != 0 {
		t.Errorf("after the release from quarantine %v", got)
	}
}
