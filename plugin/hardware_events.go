package plugin

import (
	"context"
	"fmt"

	"hawser/cluster"
)

func bmcAlarm(node string) string      { return "bmc/" + node }
func hardwareAlarm(node string) string { return "hardware/" + node }

// bmcEvents tells once that a BMC fell silent, and once that it answers again. What could not be recorded is told with the
// next collection.
func (w *hardwareWorker) bmcEvents(ctx context.Context, now cluster.Hardware) {
	quiet := now.BMCState != "ok"
	if quiet != w.observed.silent && w.raise(ctx, bmcEvent(w.node, quiet, now)) {
		w.observed.silent = quiet
	}
}

func bmcEvent(node string, quiet bool, now cluster.Hardware) cluster.Event {
	e := cluster.Event{
		ComponentType: cluster.ComponentHardware, ComponentName: "bmc", NodeName: node, Reaction: cluster.ReactedNotify,
		AlarmKey: bmcAlarm(node),
	}
	if !quiet {
		e.Type, e.Severity, e.Clear, e.Result = cluster.EventHardwareRestored, cluster.SeverityInfo, true, cluster.ResultSucceeded
		e.Summary = "the BMC of " + node + " answers again"
		return e
	}
	e.Type, e.Severity, e.Raise, e.Result = cluster.EventHardwareDegraded, cluster.SeverityMajor, cluster.SeverityMajor, cluster.ResultNotDone
	if len(now.Problems) > 0 {
		e.Error = now.Problems[0]
	}
	word := "does not answer"
	if now.BMCState == "refused" {
		word = "refuses user name or password"
	}
	e.Summary = fmt.Sprintf("the BMC of %s %s: the node could not be fenced, its hardware is unknown", node, word)
	return e
}

// healthEvents tells once that the health of the hardware became worse, or changed for the better or worse while bad, and
// once that it is well again. Unknown says nothing.
func (w *hardwareWorker) healthEvents(ctx context.Context, now cluster.Hardware) {
	health := now.System.Health
	known := health == cluster.HealthOk || health == cluster.HealthWarning || health == cluster.HealthCritical
	if known && health != w.observed.health && w.raise(ctx, healthEvent(w.node, now.System)) {
		w.observed.health = health
	}
}

func healthEvent(node string, now cluster.HardwareSystem) cluster.Event {
	e := cluster.Event{
		ComponentType: cluster.ComponentHardware, ComponentName: "system", NodeName: node, AlarmKey: hardwareAlarm(node),
	}
	if now.Health == cluster.HealthOk {
		e.Type, e.Severity, e.Clear = cluster.EventHardwareRestored, cluster.SeverityInfo, true
		e.Reaction, e.Result, e.Summary = cluster.ReactedNone, cluster.ResultSucceeded, "hardware of "+node+" is ok again"
		return e
	}
	e.Type, e.Severity = cluster.EventHardwareDegraded, cluster.SeverityMinor
	if now.Health == cluster.HealthCritical {
		e.Severity = cluster.SeverityMajor
	}
	e.Raise, e.Reaction, e.Result, e.Error = e.Severity, cluster.ReactedNotify, cluster.ResultNotDone, now.HealthReason
	e.Summary = fmt.Sprintf("hardware of %s is %s: %s", node, now.Health, now.HealthReason)
	return e
}

// driftEvents tells once of each setting that was as desired and is no longer, and once that all are again. It runs before
// the reading is handed over: the log marks a wish as drifted when it learns of it.
func (w *hardwareWorker) driftEvents(ctx context.Context, now cluster.Hardware) {
	if now.Settings == nil {
		return
	}
	s := w.source.Snapshot().State
	drifted := false
	for _, setting := range now.Settings {
		key := cluster.DesiredKey(w.node, setting.Scope, setting.Name)
		d, ok := s.Desired[key]
		if !ok || setting.Current == d.Value {
			delete(w.observed.drifted, key)
			continue
		}
		drifted = true
		told, isTold := w.observed.drifted[key]
		if d.State != cluster.SettingInSync || isTold && told.Value == d.Value {
			continue
		}
		if w.raise(ctx, driftEvent(w.node, setting, d)) {
			w.observed.drifted[key] = d
		}
	}
	if !drifted && !w.judging(s) && alarmStands(s, cluster.SettingsAlarm(w.node)) {
		w.raise(ctx, cluster.Event{
			Type: cluster.EventSettingsApplied, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentSetting,
			ComponentName: "bios", NodeName: w.node, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded,
			AlarmKey: cluster.SettingsAlarm(w.node), Clear: true, Summary: "all settings of " + w.node + " are as desired again",
		})
	}
}

// judging says whether a job of this node has reset its machine, or may have: the job's end tells what became of the settings.
func (w *hardwareWorker) judging(s *cluster.State) bool {
	for _, j := range s.HwJobs {
		if j.Target == w.node && j.State == cluster.JobRunning && recall(j.Step).resetBegan() {
			return true
		}
	}
	return false
}

func driftEvent(node string, setting cluster.HardwareSetting, d cluster.Desired) cluster.Event {
	return cluster.Event{
		Type: cluster.EventSettingDrifted, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentSetting,
		ComponentName: setting.Name, NodeName: node, Reaction: cluster.ReactedNotify, Result: cluster.ResultNotDone,
		AlarmKey: cluster.SettingsAlarm(node), Raise: cluster.SeverityWarning, Setter: d.By.User,
		Error:   fmt.Sprintf("is %s, desired %s", setting.Current, d.Value),
		Summary: fmt.Sprintf("setting %s of %s is %s, but %s wants %s", setting.Name, node, setting.Current, d.By.User, d.Value),
	}
}

// raise says whether the event was recorded.
func (w *hardwareWorker) raise(ctx context.Context, e cluster.Event) bool {
	err := w.recorder.Raise(ctx, e)
	if err != nil && ctx.Err() == nil {
		w.log.WithError(err).WithField("summary", e.Summary).Warn("event was not recorded")
	}
	return err == nil
}
