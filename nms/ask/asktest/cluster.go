package asktest

import (
	"maps"
	"testing"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/nms/ask"
)

// ID and Name are those of the cluster that NewCluster makes.
const (
	ID         = "6f1c2f0e-52cb-4d0a-9c57-0c5b7a1f2e11"
	Name       = "harbour"
	Generation = 1700000000
)

// NewCluster starts an agent that shows a whole small cluster: nodes alpha and bravo, stack shop, service web, one
// hardware setting PowerProfile of alpha, no events yet.
func NewCluster(tb testing.TB) *Agent {
	tb.Helper()
	a := New(tb)
	for name, value := range map[string]any{
		"hawserClusterId": ID, "hawserClusterName": Name, "hawserGeneration": Generation, "hawserClusterState": "ok",
		"hawserClusterHealth": "ok", "hawserStandbyReady": true, "hawserQuorate": true, "hawserLeader": "alpha", "hawserNodeCount": 2,
		"hawserNodesOnline": 2, "hawserServiceCount": 1, "hawserServicesFailed": 0, "hawserFirstEventSeq": 0, "hawserLastEventSeq": 0,
		"hawserFirstConditionSeq": 0, "hawserViewState": "current", "hawserViewAge": 0, "hawserLocalNodeName": "alpha",
		"hawserMaintenance": false, "hawserMaintenanceBy": "", "hawserNextHwJobIndex": 1,
	} {
		a.Put(name, nil, value)
	}
	for i, name := range []string{"alpha", "bravo"} {
		at := []uint32{uint32(i + 1)}
		a.Put("hawserNodeName", at, name)
		a.Put("hawserNodeState", at, "online")
		a.Put("hawserNodeEngineId", at, append([]byte{0x80, 0, 0x7e, 0xd9, 5}, name...))
	}
	a.Put("hawserStackName", []uint32{1}, "shop")
	a.Put("hawserStackPrimaryNode", []uint32{1}, "alpha")
	a.Put("hawserServiceName", []uint32{4}, "web")
	a.Put("hawserServiceState", []uint32{4}, "up")
	a.Put("hawserServiceReaction", []uint32{4}, "restart")
	a.Put("hawserServiceFailureThreshold", []uint32{4}, 3)
	a.Put("hawserServiceRestartLimit", []uint32{4}, 5)
	setting := ask.SettingInstance(1, 2, "PowerProfile")
	a.Put("hawserHwSettingCurrent", setting, "Performance")
	a.Put("hawserHwSettingDesired", setting, "")
	a.Put("hawserHwSettingState", setting, "inSync")
	a.Put("hawserHwSettingMessage", setting, "")
	a.Put("hawserHwSettingAllowed", setting, "Performance, Balanced")
	return a
}

// EventTime is the origin's time of the event with this number.
func EventTime(seq uint32) time.Time {
	return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(seq) * time.Second)
}

// PutEvent adds a failure of service web to the event table, with a condition of two components.
func (a *Agent) PutEvent(seq uint32, eventType string) {
	a.tb.Helper()
	for name, value := range eventValues(seq, eventType) {
		if o, _ := mib.ByName(name); o.Kind == mib.Column {
			a.Put(name, []uint32{seq}, value)
		}
	}
	for i, state := range []string{"online", "failed"} {
		at := []uint32{seq, uint32(i + 1)}
		a.Put("hawserConditionComponentType", at, []string{"node", "service"}[i])
		a.Put("hawserConditionComponentName", at, []string{"alpha", "web"}[i])
		a.Put("hawserConditionNodeName", at, "alpha")
		a.Put("hawserConditionState", at, state)
		a.Put("hawserConditionDetail", at, "")
	}
	a.Put("hawserLastEventSeq", nil, int(seq))
	if a.Text("hawserFirstEventSeq") == "0" {
		a.Put("hawserFirstEventSeq", nil, int(seq))
		a.Put("hawserFirstConditionSeq", nil, int(seq))
	}
}

func eventValues(seq uint32, eventType string) map[string]any {
	return map[string]any{
		"hawserEventOrigin": "alpha", "hawserEventOriginSeq": int(seq) + 1000, "hawserEventEpoch": 3, "hawserEventTime": EventTime(seq),
		"hawserEventType": eventType, "hawserEventSeverity": "major", "hawserEventComponentType": "service", "hawserEventComponentName": "web",
		"hawserEventNodeName": "alpha", "hawserEventError": "exit status 1", "hawserEventReaction": "restart", "hawserEventResult": "succeeded",
		"hawserEventDuration": 120, "hawserEventAlarmIndex": 0, "hawserEventSetter": "", "hawserEventSummary": "web failed on alpha and was restarted",
	}
}

// Notification is the notification of the event that PutEvent adds, as a node sends it. Values in change replace those of
// the event, by name.
func Notification(tb testing.TB, seq uint32, eventType string, change map[string]any) []snmp.Varbind {
	tb.Helper()
	values := eventValues(seq, eventType)
	maps.Copy(values, map[string]any{
		"hawserClusterId": ID, "hawserClusterName": Name, "hawserGeneration": Generation, "hawserNotifyEventSeq": int(seq),
		"hawserNotifyPrevSeq": 0, "hawserNotifyDelay": 5, "hawserClusterState": "degraded", "hawserNodesOnline": 2, "hawserNodeCount": 2,
		"hawserServicesFailed": 1, "hawserWorstHwHealth": "ok", "hawserStackPrimaryNode": "alpha",
	})
	maps.Copy(values, change)
	var objects []snmp.Varbind
	for _, name := range mib.NotifyOrder() {
		vb := Encode(tb, name, values[name])
		vb.OID = vb.OID.Append(instanceOf(name, seq)...)
		objects = append(objects, vb)
	}
	o, _ := mib.ByName("hawser" + string(eventType[0]-'a'+'A') + eventType[1:])
	return snmp.Notification(4711, o.OID, objects...)
}

func instanceOf(name string, seq uint32) []uint32 {
	o, _ := mib.ByName(name)
	if o.Kind == mib.Scalar {
		return []uint32{0}
	}
	return []uint32{seq}
}
