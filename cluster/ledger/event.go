package ledger

import (
	"hawser/cluster"
)

// event numbers an event, computes facts and condition, and keeps the alarm of its fault: raised once, cleared once, each
// by an event of its own on the state channel.
func (w *writer) event(e cluster.Event) {
	if w.stale {
		return
	}
	index, standing := w.alarmByKey(e.AlarmKey)
	if e.Type == cluster.EventAlarmCleared { // the end of a fault that has no story of its own
		if standing {
			e.AlarmIndex = index
			delete(w.s.Alarms, index)
			w.append(alarmEvent(e, cluster.EventAlarmCleared, cluster.SeverityCleared))
		}
		return
	}
	if e.Clear && !standing {
		e.Clear = false
	}
	raise := e.Raise != 0 && !standing && e.AlarmKey != ""
	if raise {
		index = w.s.NextAlarm
		w.s.NextAlarm++
	}
	if raise || standing {
		e.AlarmIndex = index
	}
	story := w.append(e)
	switch {
	case raise:
		w.s.Alarms[index] = alarmOf(index, story)
		w.append(alarmEvent(story, cluster.EventAlarmRaised, e.Raise))
	case e.Clear:
		delete(w.s.Alarms, index)
		w.append(alarmEvent(story, cluster.EventAlarmCleared, cluster.SeverityCleared))
	}
}

func (w *writer) alarmByKey(key string) (uint32, bool) {
	if key == "" {
		return 0, false
	}
	for i, a := range w.s.Alarms {
		if a.Key == key {
			return i, true
		}
	}
	return 0, false
}

func alarmOf(index uint32, e cluster.Event) cluster.Alarm {
	return cluster.Alarm{
		Index: index, Key: e.AlarmKey, Raised: e.Time, Severity: e.Raise, Type: e.Type, ComponentType: e.ComponentType,
		ComponentName: e.ComponentName, NodeName: e.NodeName, EventSeq: e.Seq, Text: e.Summary,
	}
}

func alarmEvent(story cluster.Event, kind cluster.EventType, severity cluster.Severity) cluster.Event {
	story.Type, story.Severity = kind, severity
	story.Raise, story.Clear, story.AlarmKey = 0, false, ""
	return story
}

// append numbers the event and stores it with the condition of all components.
func (w *writer) append(e cluster.Event) cluster.Event {
	w.s.LastEvent++
	e.Seq = w.s.LastEvent
	if w.numbered {
		w.numbered = false
	} else {
		e.Origin, e.OriginSeq = w.entry.By, w.origin
		w.origin++
	}
	if e.Time.IsZero() {
		e.Time = w.entry.At
	}
	if e.Epoch == 0 {
		e.Epoch = w.s.Epoch
	}
	e.Facts = cluster.FactsOf(w.s, e.StackName)
	w.h.add(e, cluster.ConditionOf(w.s))
	w.result.Events = append(w.result.Events, e)
	if e.Type == cluster.EventFailoverCompleted {
		st := w.s.Stacks[e.StackName]
		st.LastCause = e.Seq
		w.s.Stacks[e.StackName] = st
	}
	return e
}
