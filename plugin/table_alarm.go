package plugin

import "hawser/mib"

func renderAlarms(s sight, r *rows) {
	for _, alarm := range sortedAlarms(s.known) {
		r.row(alarm.Index)
		r.time(mib.HawserAlarmRaisedTime, alarm.Raised)
		r.age(mib.HawserAlarmAge, s.now, alarm.Raised)
		r.label(mib.HawserAlarmSeverity, int(alarm.Severity))
		r.label(mib.HawserAlarmType, int(alarm.Type))
		r.label(mib.HawserAlarmComponentType, int(alarm.ComponentType))
		r.text(mib.HawserAlarmComponentName, alarm.ComponentName)
		r.text(mib.HawserAlarmNodeName, alarm.NodeName)
		r.number(mib.HawserAlarmEventSeq, int64(alarm.EventSeq))
		r.text(mib.HawserAlarmText, alarm.Text)
		r.truth(mib.HawserAlarmAcknowledged, alarm.Acknowledged)
		r.text(mib.HawserAlarmAckBy, alarm.AckBy)
		r.text(mib.HawserAlarmAckComment, alarm.AckComment)
	}
}
