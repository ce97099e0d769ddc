package plugin

import (
	"fmt"
	"time"

	"hawser/cluster"
)

// sinkAlarm is the key of the alarm that a sink does not acknowledge.
func sinkAlarm(name string) string { return "sink/" + name }

func alarmStands(s *cluster.State, key string) bool {
	for _, a := range s.Alarms {
		if a.Key == key {
			return true
		}
	}
	return false
}

// sinkError adds the next step to what went wrong.
func sinkError(err error) string {
	return err.Error() + "; check that its program runs and knows the user (hawser export users)"
}

// sinkEvent tells that a sink fell silent, or answers again.
func sinkEvent(name string, p sinkProgress) cluster.Event {
	e := cluster.Event{
		ComponentType: cluster.ComponentSink, ComponentName: name, Reaction: cluster.ReactedNone,
		Result: cluster.ResultSucceeded, AlarmKey: sinkAlarm(name),
	}
	if !p.failed {
		e.Type, e.Severity, e.Clear = cluster.EventSinkRestored, cluster.SeverityInfo, true
		e.Summary = "sink " + name + " acknowledges again"
		return e
	}
	e.Type, e.Severity, e.Raise = cluster.EventSinkFailed, cluster.SeverityMinor, cluster.SeverityMinor
	e.Result, e.Error, e.Duration = cluster.ResultFailed, p.status.LastError, time.Since(p.silent)
	e.Summary = fmt.Sprintf("sink %s has not acknowledged for %s; its events wait", name, e.Duration.Round(time.Second))
	if p.status.State == cluster.SinkStateStopped {
		e.Summary = fmt.Sprintf("this node leads and cannot send to sink %s; its events wait", name)
	}
	return e
}

// goneEvent clears the alarm of a sink that is configured no more.
func goneEvent(name string) cluster.Event {
	return cluster.Event{
		Type: cluster.EventSinkRestored, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentSink, ComponentName: name,
		Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, AlarmKey: sinkAlarm(name), Clear: true,
		Summary: "sink " + name + " is configured no more",
	}
}

// lostEvent tells which events a sink will not get.
func lostEvent(name string, gap lostRange) cluster.Event {
	return cluster.Event{
		Type: cluster.EventEventsLost, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentSink, ComponentName: name,
		Reaction: cluster.ReactedNone, Result: cluster.ResultFailed,
		Summary: fmt.Sprintf("%d events between %d and %d will not reach sink %s: it was silent for too long", gap.count, gap.from, gap.to, name),
	}
}
