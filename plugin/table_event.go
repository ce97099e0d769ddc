package plugin

import (
	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

func renderEvent(e cluster.Event, r *rows) {
	r.row(uint32(e.Seq))
	r.text(mib.HawserEventOrigin, e.Origin)
	r.number(mib.HawserEventOriginSeq, int64(e.OriginSeq))
	r.put(mib.HawserEventEpoch, snmp.Counter64(e.Epoch))
	r.time(mib.HawserEventTime, e.Time)
	r.label(mib.HawserEventType, int(e.Type))
	r.label(mib.HawserEventSeverity, int(e.Severity))
	r.label(mib.HawserEventComponentType, int(e.ComponentType))
	r.text(mib.HawserEventComponentName, e.ComponentName)
	r.text(mib.HawserEventNodeName, e.NodeName)
	r.text(mib.HawserEventError, e.Error)
	r.label(mib.HawserEventReaction, int(e.Reaction))
	r.label(mib.HawserEventResult, int(e.Result))
	r.millis(mib.HawserEventDuration, e.Duration)
	r.number(mib.HawserEventAlarmIndex, int64(e.AlarmIndex))
	r.text(mib.HawserEventSetter, e.Setter)
	r.text(mib.HawserEventSummary, e.Summary)
}

// readEvents renders events from the log.
func readEvents(source Source) func(after uint32, limit int) ([]record, error) {
	template := newRows(mib.HawserEventTable)
	return func(after uint32, limit int) ([]record, error) {
		events, err := source.Events(cluster.Seq(after), limit)
		if err != nil {
			return nil, err
		}
		r, out := template.fresh(), make([]record, 0, len(events))
		for _, event := range events {
			renderEvent(event, r)
			out = append(out, record{uint32(event.Seq), r.take()})
		}
		return out, nil
	}
}
