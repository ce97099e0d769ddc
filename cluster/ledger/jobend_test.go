package ledger

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

// drift raises the alarm of a's settings.
func drift() cluster.Decision {
	return cluster.Decision{Event: &cluster.Event{
		Type: cluster.EventSettingDrifted, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentSetting, ComponentName: "BootMode",
		NodeName: "a", Reaction: cluster.ReactedNotify, Result: cluster.ResultNotDone, AlarmKey: cluster.SettingsAlarm("a"),
		Raise: cluster.SeverityWarning, Summary: "drifted",
	}}
}

func ends(index uint32, state cluster.JobState, result string, applied *cluster.SettingsApplied) cluster.Decision {
	return cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: index, State: state, Progress: 100, Result: result, Applied: applied}}
}

// TestWordsAboutAJobThatHasEnded are refused, and those about one that is not there: who says them works on it in vain. The
// end told again, by one who does not know that it got through, is none.
func TestWordsAboutAJobThatHasEnded(t *testing.T) {
	l := founded(t)
	l.set(cluster.Change{Ops: []cluster.Op{hwJob(1, "a", cluster.HwJobCollect)}})
	running := cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: 1, State: cluster.JobRunning}}
	for _, tt := range []struct {
		name    string
		word    cluster.Decision
		refused bool
	}{
		{"it runs", running, false},
		{"it ends", ends(1, cluster.JobDone, "x", nil), false},
		{"the same end again", ends(1, cluster.JobDone, "x", nil), false},
		{"another end", ends(1, cluster.JobFailed, "x", nil), true},
		{"it runs still", running, true},
		{"of no job", ends(2, cluster.JobDone, "x", nil), true},
	} {
		if r := l.apply(tt.word); (r.Refusal != nil) != tt.refused {
			t.Errorf("%s: refused with %v", tt.name, r.Refusal)
		}
	}
}

// TestJobEndAndItsStoryAreOne: the entry that ends a job makes its events, with all that they say and the condition of that
// moment; whoever ends it again, the same leader or the next, with whatever result, makes none.
func TestJobEndAndItsStoryAreOne(t *testing.T) {
	l := founded(t)
	l.set(cluster.Change{Ops: []cluster.Op{hwJob(1, "a", cluster.HwJobApply)}})
	l.apply(drift())
	l.now = l.now.Add(time.Minute)
	if got := l.apply(cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: 1, State: cluster.JobRunning, Detail: "stage"}}).Events; len(got) != 0 {
		t.Errorf("progress made events: %+v", got)
	}
	l.now = l.now.Add(time.Minute)
	end := ends(1, cluster.JobDone, "1 inSync", &cluster.SettingsApplied{Summary: "1 inSync", Took: 9 * time.Second})
	entry := l.entry(end)
	first, err := l.Apply(l.index, entry)
	if err != nil {
		t.Fatal(err)
	}
	want := []cluster.EventType{cluster.EventSettingsApplied, cluster.EventAlarmCleared, cluster.EventJobFinished}
	if got := types(first.Events); !slices.Equal(got, want) || len(want) != EventsPerDecision {
		t.Fatalf("events %v, want %v", got, want)
	}
	applied, finished := first.Events[0], first.Events[2]
	if applied.Severity != cluster.SeverityInfo || applied.ComponentType != cluster.ComponentSetting || applied.ComponentName != "bios" ||
		applied.NodeName != "a" || applied.Reaction != cluster.ReactedApply || applied.Result != cluster.ResultSucceeded || applied.Error != "" ||
		applied.Duration != 9*time.Second || applied.Setter != olga.User || applied.Summary != "settings of a: 1 inSync" || len(l.State().Alarms) != 0 {
		t.Errorf("SettingsApplied %+v", applied)
	}
	if finished.Severity != cluster.SeverityInfo || finished.ComponentType != cluster.ComponentJob || finished.ComponentName != "hardware job 1" ||
		finished.NodeName != "a" || finished.Reaction != cluster.ReactedApply || finished.Result != cluster.ResultSucceeded || finished.Error != "" ||
		finished.Duration != 2*time.Minute || finished.Setter != olga.User || finished.Summary != "hardware job 1 (apply a) is done: 1 inSync" {
		t.Errorf("JobFinished %+v", finished)
	}
	if lines, err := l.Conditions(finished.Seq); err != nil || !slices.Equal(lines, cluster.ConditionOf(l.State())) {
		t.Errorf("its condition %v %v", lines, err)
	}
	if j := l.job(1); j.EventSeq != finished.Seq || j.State != cluster.JobDone {
		t.Errorf("the row names event %d, want %d: %+v", j.EventSeq, finished.Seq, j)
	}
	row := l.job(1)
	for name, by := range map[string]string{"the same leader": "a", "the next leader": "b"} {
		again := l.entry(ends(1, cluster.JobFailed, "x", &cluster.SettingsApplied{Summary: "x", Error: "x"}))
		again.By = by
		if r, err := l.Apply(l.index, again); err != nil || len(r.Events) != 0 || l.job(1) != row {
			t.Errorf("ended again by %s: %+v %v, row %+v", name, r.Events, err, l.job(1))
		}
	}
	l.index++
	if r, err := l.Apply(l.index, entry); err != nil || len(r.Events) != 0 { // raft may give an entry twice
		t.Errorf("the same entry again: %+v %v", r.Events, err)
	}
	if next := l.apply(drift()).Events; len(next) != 2 {
		t.Errorf("the events that follow have no numbers of their own: %+v", next)
	}
	if again := restored(t, l.bytes()); again.State().HwJobs[1] != row {
		t.Errorf("after a snapshot %+v", again.State().HwJobs[1])
	}
}

// TestJobEndsAsTheyAre: failed, collected, cancelled, and ended by a clock that is behind.
func TestJobEndsAsTheyAre(t *testing.T) {
	l := founded(t)
	created := l.now
	for _, c := range []struct {
		name  string
		kind  cluster.HwJobKind
		state cluster.JobState
		fault string // of its settings
		want  cluster.Event
	}{
		{"failed before it applied", cluster.HwJobApply, cluster.JobFailed, "", cluster.Event{Severity: cluster.SeverityWarning, Reaction: cluster.ReactedApply, Result: cluster.ResultFailed, Error: "r"}},
		{"failed settings", cluster.HwJobApply, cluster.JobFailed, "1 reverted", cluster.Event{Severity: cluster.SeverityWarning, Reaction: cluster.ReactedApply, Result: cluster.ResultFailed, Error: "r"}},
		{"collected", cluster.HwJobCollect, cluster.JobDone, "", cluster.Event{Severity: cluster.SeverityInfo, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded}},
		{"cancelled", cluster.HwJobApply, cluster.JobCancelled, "", cluster.Event{Severity: cluster.SeverityInfo, Reaction: cluster.ReactedApply, Result: cluster.ResultNotDone}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.t, l.now = t, created
			index := l.State().NextHwJob
			l.set(cluster.Change{Ops: []cluster.Op{hwJob(index, "a", c.kind)}})
			l.now = created.Add(-time.Minute)
			var applied *cluster.SettingsApplied
			if c.fault != "" {
				l.apply(drift())
				applied = &cluster.SettingsApplied{Summary: "1 reverted", Error: c.fault}
			}
			events := l.apply(ends(index, c.state, "r", applied)).Events
			if applied != nil {
				if e := events[0]; e.Type != cluster.EventSettingsApplied || e.Severity != cluster.SeverityWarning || e.Result != cluster.ResultFailed ||
					e.Error != c.fault || len(l.State().Alarms) != 1 {
					t.Errorf("SettingsApplied %+v, alarms %+v", e, l.State().Alarms)
				}
				events = events[1:]
			}
			if len(events) != 1 || events[0].Type != cluster.EventJobFinished {
				t.Fatalf("events %+v", events)
			}
			e := events[0]
			got := cluster.Event{Severity: e.Severity, Reaction: e.Reaction, Result: e.Result, Error: e.Error}
			if got != c.want || e.Duration != 0 || !strings.Contains(e.Summary, "is "+c.state.String()+": r") {
				t.Errorf("JobFinished %+v, want %+v", e, c.want)
			}
		})
	}
}

// TestOldEntriesThatEndAJob: an earlier program proposed the end and its event apart. They are read, and tell it once.
func TestOldEntriesThatEndAJob(t *testing.T) {
	l := founded(t)
	l.set(cluster.Change{Ops: []cluster.Op{hwJob(3, "a", cluster.HwJobApply)}})
	var told []cluster.Event
	for _, line := range []string{
		`{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":98,"d":[{"job":{"hw":true,"index":3,"state":"done","progress":100,"result":"r"}}]}`,
		`{"v":1,"at":"2026-11-22T03:00:01Z","by":"a","o":102,"d":[{"event":{"origin":"","originSeq":0,"time":"0001-01-01T00:00:00Z","type":"jobFinished","severity":"info","componentType":"job","componentName":"hardware job 3","nodeName":"a","reaction":"apply","result":"succeeded","summary":"s"}}]}`,
	} {
		e, err := Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		l.index++
		r, err := l.Apply(l.index, e)
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, r.Events...)
	}
	if len(told) != 1 || told[0].Type != cluster.EventJobFinished || l.job(3).EventSeq != told[0].Seq {
		t.Errorf("told %+v, row %+v", told, l.job(3))
	}
}
