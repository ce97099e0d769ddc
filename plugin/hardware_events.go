package plugin

import (
	"context"
	"fmt"

	"hawser/cluster"
)

// healthEvents tells when the health of a node's hardware became worse or well again, and when its BMC fell silent or
// answers again.
func (w *hardwareWorker) healthEvents(ctx context.Context, old *cluster.Hardware, now cluster.Hardware) {
	before, after := cluster.HealthUnknown, now.System.Health
	wasSilent := false
	if old != nil {
		before, wasSilent = old.System.Health, old.BMCState != "ok"
	}
	if silentNow := now.BMCState != "ok"; silentNow != wasSilent {
		w.raise(ctx, bmcEvent(w.node, silentNow, now))
	}
	if now.BMCState != "ok" {
		return
	}
	bad := after == cluster.HealthWarning || after == cluster.HealthCritical
	wasBad := before == cluster.HealthWarning || before == cluster.HealthCritical
	switch {
	case bad && (!wasBad || before != after):
		severity := cluster.SeverityMinor
		if after == cluster.HealthCritical {
			severity = cluster.SeverityMajor
		}
		w.raise(ctx, cluster.Event{
			Type: cluster.EventHardwareDegraded, Severity: severity, ComponentType: cluster.ComponentHardware,
			ComponentName: "system", NodeName: w.node, Error: now.System.HealthReason, Reaction: cluster.ReactedNotify,
			Result: cluster.ResultNotDone, AlarmKey: "hardware/" + w.node, Raise: severity,
			Summary: fmt.Sprintf("hardware of %s is %s: %s", w.node, after, now.System.HealthReason),
		})
	case !bad && after == cluster.HealthOk && w.alarmed("hardware/"+w.node):
		w.raise(ctx, cluster.Event{
			Type: cluster.EventHardwareRestored, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentHardware,
			ComponentName: "system", NodeName: w.node, Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded,
			AlarmKey: "hardware/" + w.node, Clear: true, Summary: "hardware of " + w.node + " is ok again",
		})
	}
}

func bmcEvent(node string, silentNow bool, now cluster.Hardware) cluster.Event {
	e := cluster.Event{
		ComponentType: cluster.ComponentHardware, ComponentName: "bmc", NodeName: node, Reaction: cluster.ReactedNotify,
		AlarmKey: "bmc/" + node,
	}
	if !silentNow {
		e.Type, e.Severity, e.Clear, e.Result = cluster.EventHardwareRestored, cluster.SeverityInfo, true, cluster.ResultSucceeded
		e.Summary = "the BMC of " + node + " answers again"
		return e
	}
	e.Type, e.Severity, e.Raise, e.Result = cluster.EventHardwareDegraded, cluster.SeverityMajor, cluster.SeverityMajor, cluster.ResultNotDone
	if len(now.Problems) > 0 {
		e.Error = now.Problems[0]
	}
	e.Summary = fmt.Sprintf("the BMC of %s is %s: it could not be fenced, its hardware is unknown", node, now.BMCState)
	return e
}

// driftEvents tells when a setting that was as desired is no longer.
func (w *hardwareWorker) driftEvents(ctx context.Context, now cluster.Hardware) {
	s := w.source.Snapshot().State
	for _, setting := range now.Settings {
		d, ok := s.Desired[cluster.DesiredKey(w.node, setting.Scope, setting.Name)]
		if !ok || d.State != cluster.SettingInSync || setting.Current == d.Value {
			continue
		}
		w.raise(ctx, cluster.Event{
			Type: cluster.EventSettingDrifted, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentSetting,
			ComponentName: setting.Name, NodeName: w.node, Reaction: cluster.ReactedNotify, Result: cluster.ResultNotDone,
			Error:   fmt.Sprintf("is %s, desired %s", setting.Current, d.Value),
			Summary: fmt.Sprintf("setting %s of %s is %s, but %s wants %s", setting.Name, w.node, setting.Current, d.By.User, d.Value),
		})
	}
}

func (w *hardwareWorker) alarmed(key string) bool {
	for _, a := range w.source.Snapshot().State.Alarms {
		if a.Key == key {
			return true
		}
	}
	return false
}

func (w *hardwareWorker) raise(ctx context.Context, e cluster.Event) {
	if err := w.recorder.Raise(ctx, e); err != nil && ctx.Err() == nil {
		w.log.WithError(err).WithField("summary", e.Summary).Warn("event was not recorded")
	}
}
