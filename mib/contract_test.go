package mib

import (
	"slices"
	"strings"
	"testing"
)

// contract is what each table holds, in order, first its index: nothing of it
// may move, more may follow.
var contract = []struct{ table, index, columns string }{
	{"Node", "hawserNodeIndex", "Name AddressType Address Role State AdminState LastBeatAge LeaseRemaining BootTime ClockOffset LogLag Watchdog GuardState HardwareHealth BmcState BmcAge FenceReady PausedVmAccepted EngineId Version"},
	{"Link", "hawserNodeIndex hawserPeerIndex hawserLinkIndex", "LocalAddressType LocalAddress PeerAddressType PeerAddress State Rtt LossPermille BeatsSent BeatsReceived Flaps LastChangeAge"},
	{"Stack", "hawserStackIndex", "Name State PrimaryNode TargetNode StandbyNode PreferredNode FailoverPossible BlockedReason Failback Failovers LastFailoverAge LastFailoverDuration LastFailoverCause"},
	{"Service", "hawserServiceIndex", "Name StackIndex Layer Kind Mode ActiveNode State AdminState ProbeInterval ProbeTimeout FailureThreshold RestartLimit FailureWindow Reaction QuarantineAge Restarts Failures"},
	{"Instance", "hawserServiceIndex hawserNodeIndex", "State ProbeState ProbeLatency LastProbeAge ProbeCount ProbeFailures Restarts LastChangeAge Message"},
	{"Alarm", "hawserAlarmIndex", "RaisedTime Age Severity Type ComponentType ComponentName NodeName EventSeq Text Acknowledged AckBy AckComment"},
	{"Sink", "hawserSinkIndex", "AddressType Address Port Kind Channel Backlog CursorSeq Pending OldestPendingAge Sent Acked Retries Lost State LastAckAge LastError Name"},
	{"HwSystem", "hawserNodeIndex", "Manufacturer Model Serial Uuid BiosVersion BmcVersion PowerState Health HealthReason IndicatorLed PowerLimit BootOverride SettingsInSync SettingsDrifted SettingsStaged SettingsFailed CollectedAge"},
	{"HwComponent", "hawserNodeIndex hawserHwIndex", "Class ParentIndex Slot Name Model Serial Firmware Health State PredictedFailure"},
	{"HwSensor", "hawserNodeIndex hawserSensorIndex", "Name Type Value Units LowerCritical LowerWarning UpperWarning UpperCritical Health ReadingAge"},
	{"Event", "hawserEventSeq", "Origin OriginSeq Epoch Time Type Severity ComponentType ComponentName NodeName Error Reaction Result Duration AlarmIndex Setter Summary"},
	{"Condition", "hawserEventSeq hawserConditionIndex", "ComponentType ComponentName NodeName State Detail"},
	{"Write", "hawserWriteSeq", "Time User AddressType Address Via SetToken Object OldValue NewValue Result Change Reason"},
	{"HwSetting", "hawserNodeIndex hawserHwSettingScope hawserHwSettingName", "Type Current Desired Pending Default Allowed ReadOnly State RebootNeeded DesiredBy Message"},
	{"Job", "hawserJobIndex", "RowStatus Kind Target Argument ExpectSerial State Progress Detail Result EventSeq Setter CreatedTime StartedTime EndedTime"},
	{"HwJob", "hawserHwJobIndex", "RowStatus Kind Target Argument ExpectSerial State Progress Detail Result EventSeq Setter CreatedTime StartedTime EndedTime"},
}

func TestTablesKeepTheContract(t *testing.T) {
	for _, want := range contract {
		row, known := ByName("hawser" + want.table + "Entry")
		if !known || row.Kind != Row {
			t.Errorf("no table %s", want.table)
			continue
		}
		if got := strings.Join(row.Index, " "); got != want.index {
			t.Errorf("%s: index %s, want %s", want.table, got, want.index)
		}
		if row.Implied {
			t.Errorf("%s: implied index", want.table)
		}
		var got []string
		for _, o := range Objects {
			if o.Kind == Column && hasPrefix(o.OID, row.OID) && !slices.Contains(row.Index, o.Name) {
				got = append(got, strings.TrimPrefix(o.Name, "hawser"+want.table))
			}
		}
		if got := strings.Join(got, " "); got != want.columns {
			t.Errorf("%s: columns\n got %s\nwant %s", want.table, got, want.columns)
		}
	}
}

func TestScalarsKeepTheContract(t *testing.T) {
	tests := []struct{ node, names string }{
		{"hawserCluster", "ClusterId ClusterName Generation MibVersion Controller ClusterState ClusterHealth ClusterHealthReason StandbyReady Quorate Leader Epoch NodeCount NodesOnline ServiceCount ServicesFailed StackCount AlarmsCritical AlarmsMajor AlarmsMinor AlarmsWarning WorstHwHealth FirstEventSeq LastEventSeq FirstConditionSeq ViewState ViewAge LocalNodeIndex LocalNodeName ConfigRevision"},
		{"hawserPolicy", "Maintenance MaintenanceUntil MaintenanceBy ConfigSerial WriteToken NextJobIndex"},
		{"hawserHwRequest", "NextHwJobIndex"},
		{"hawserNotify", "NotifyEventSeq NotifyPrevSeq NotifyDelay"},
	}
	for _, test := range tests {
		node, _ := ByName(test.node)
		var got []string
		for _, o := range Objects {
			if o.Kind == Scalar && hasPrefix(o.OID, node.OID) {
				got = append(got, strings.TrimPrefix(o.Name, "hawser"))
			}
		}
		if got := strings.Join(got, " "); got != test.names {
			t.Errorf("%s:\n got %s\nwant %s", test.node, got, test.names)
		}
	}
}

func TestWritableObjectsKeepTheContract(t *testing.T) {
	want := strings.Fields(`hawserNodeAdminState hawserStackPreferredNode hawserStackFailback
		hawserServiceAdminState hawserServiceProbeInterval hawserServiceProbeTimeout hawserServiceFailureThreshold
		hawserServiceRestartLimit hawserServiceFailureWindow hawserServiceReaction
		hawserAlarmAcknowledged hawserAlarmAckComment
		hawserHwSettingDesired
		hawserMaintenance hawserMaintenanceUntil hawserConfigSerial hawserWriteToken
		hawserJobRowStatus hawserJobKind hawserJobTarget hawserJobArgument hawserJobExpectSerial
		hawserHwJobRowStatus hawserHwJobKind hawserHwJobTarget hawserHwJobArgument hawserHwJobExpectSerial`)
	var got []string
	for _, o := range Objects {
		if o.Access.Writable() {
			got = append(got, o.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("writable:\n got %v\nwant %v", got, want)
	}
}

func TestEventTypesAreNotificationArcs(t *testing.T) {
	eventType, _ := ByName("hawserEventType")
	notifications := 0
	for _, o := range Objects {
		if o.Kind != Notification {
			continue
		}
		notifications++
		label := strings.TrimPrefix(o.Name, "hawser")
		label = strings.ToLower(label[:1]) + label[1:]
		arc := int64(o.OID[len(o.OID)-1])
		if number, known := eventType.Number(label); !known || number != arc {
			t.Errorf("%s is notification %d and event type %d", label, arc, number)
		}
		if oid, known := NotificationOID(int(arc)); !known || !slices.Equal(oid, o.OID) {
			t.Errorf("NotificationOID(%d) = %v, want %v", arc, oid, o.OID)
		}
	}
	if notifications != 30 {
		t.Errorf("%d notifications, want 30", notifications)
	}
	if oid, known := NotificationOID(EventTypeReactionSkipped); known {
		t.Errorf("an event type without notification has %v", oid)
	}
}
