package ledger

import (
	"fmt"

	"hawser/cluster"
)

// jobEnded tells the end of a hardware job, once: it is called for the decision that ended it, so that no leader that dies
// can leave an end without its story, and none that comes after can tell it again.
func (w *writer) jobEnded(j cluster.Job, applied *cluster.SettingsApplied) {
	if w.stale {
		return
	}
	if applied != nil {
		w.event(appliedEvent(j, *applied))
	}
	w.event(w.finishedEvent(j))
	if j.EventSeq == 0 {
		j.EventSeq = w.s.LastEvent // it has no alarm, so that nothing follows it
		w.s.HwJobs[j.Index] = j
	}
}

// toldByItsJob says whether an event that was proposed by itself is the end of a hardware job that has its event: an entry of
// a program that proposed the two apart, or one that a dead leader alone had.
func (w *writer) toldByItsJob(e cluster.Event) bool {
	if e.Type != cluster.EventJobFinished {
		return false
	}
	for _, j := range w.s.HwJobs {
		if j.EventSeq != 0 && j.Name() == e.ComponentName {
			return true
		}
	}
	return false
}

func appliedEvent(j cluster.Job, applied cluster.SettingsApplied) cluster.Event {
	e := cluster.Event{
		Type: cluster.EventSettingsApplied, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentSetting,
		ComponentName: "bios", NodeName: j.Target, Reaction: cluster.ReactedApply, Result: cluster.ResultSucceeded,
		Duration: applied.Took, Setter: j.By.User, AlarmKey: cluster.SettingsAlarm(j.Target), Clear: true,
		Summary: fmt.Sprintf("settings of %s: %s", j.Target, applied.Summary),
	}
	if applied.Error != "" {
		e.Severity, e.Result, e.Error, e.Clear = cluster.SeverityWarning, cluster.ResultFailed, applied.Error, false
	}
	return e
}

func (w *writer) finishedEvent(j cluster.Job) cluster.Event {
	e := cluster.Event{
		Type: cluster.EventJobFinished, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentJob,
		ComponentName: j.Name(), NodeName: j.Target, Reaction: cluster.ReactedApply, Result: cluster.ResultSucceeded,
		Setter: j.By.User, Duration: max(0, w.entry.At.Sub(j.Created)), // the clocks of two leaders may differ
		Summary: fmt.Sprintf("%s (%s %s) is %s: %s", j.Name(), j.HwKind, j.Target, j.State, j.Result),
	}
	if j.HwKind == cluster.HwJobCollect {
		e.Reaction = cluster.ReactedNone
	}
	switch j.State {
	case cluster.JobFailed:
		e.Severity, e.Result, e.Error = cluster.SeverityWarning, cluster.ResultFailed, j.Result
	case cluster.JobCancelled:
		e.Result = cluster.ResultNotDone
	}
	return e
}
