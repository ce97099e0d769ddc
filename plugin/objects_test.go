package plugin

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// exceptions are the readable objects that a rich snapshot does not show, each with the reason.
var exceptions = map[string]string{
	"hawserWriteChange": "the write log does not say which rows one SET wrote (cluster.Write has no such field)",
}

// TestEveryReadableObjectIsRendered walks a cluster in which everything is known.
func TestEveryReadableObjectIsRendered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shown := map[string]int{}
		v := richView(t)
		for vb := v.Next(nil); vb.Value.Type != snmp.TypeEndOfMibView; vb = v.Next(vb.OID) {
			object, _, _ := objectAt(vb.OID)
			shown[object.Name]++
		}
		for _, o := range slices.Concat(mib.Objects, mib.StandardObjects) {
			if (o.Kind != mib.Scalar && o.Kind != mib.Column) || !o.Access.Readable() {
				continue
			}
			_, excepted := exceptions[o.Name]
			if (shown[o.Name] > 0) == excepted {
				t.Errorf("%s: %d variables shown, excepted: %t", o.Name, shown[o.Name], excepted)
			}
			delete(shown, o.Name)
		}
		for name := range shown {
			t.Errorf("%s is shown, but is no readable object", name)
		}
	})
}

// TestEveryVariableKeepsItsSyntax tests type, size and enumeration of everything that is shown against the module.
func TestEveryVariableKeepsItsSyntax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := richView(t)
		for vb := v.Next(nil); vb.Value.Type != snmp.TypeEndOfMibView; vb = v.Next(vb.OID) {
			object, index, _ := objectAt(vb.OID)
			if f := checkSyntax(object, vb.Value); f != nil {
				t.Errorf("%s.%s = %s: %v", object.Name, snmp.OID(index), vb.Value, f.err)
			}
			if got := v.Get(vb.OID); !got.Equal(vb.Value) {
				t.Errorf("%s.%s: Next gives %s, Get %s", object.Name, snmp.OID(index), vb.Value, got)
			}
		}
	})
}

// richView is the view of the rich cluster with every counter that an agent may hand over.
func richView(t *testing.T) *view.View {
	t.Helper()
	publisher := NewPublisher(PublisherConfig{
		Source: richSource(), Controller: mib.ControllerNative, Started: noon, Log: quietLog(), Counters: allCounters,
	})
	startTask(t, publisher.Run)
	synctest.Wait()
	return publisher.View()
}

func allCounters() map[string]uint64 {
	counters := map[string]uint64{}
	for _, o := range mib.Objects {
		if o.Base == mib.Counter32 && snmp.OID(o.OID).HasPrefix(mib.HawserSelf) {
			counters[o.Name[len("hawser"):]] = 1
		}
	}
	return counters
}

// TestObjectsAreTheModulesTables: each entry is a table or group of the module, once, and its columns stand under it.
func TestObjectsAreTheModulesTables(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range objects {
		top, ok := mib.ByName(o.name)
		if !ok || !snmp.OID(top.OID).Equal(o.prefix) {
			t.Errorf("%s: prefix %v, the module says %v", o.name, o.prefix, top.OID)
		}
		if seen[o.name] {
			t.Errorf("%s is listed twice", o.name)
		}
		seen[o.name] = true
	}
}

// TestEnumerationsEqualTheModules: name and number of every value that the cluster can hold are those of the module,
// which may know more.
func TestEnumerationsEqualTheModules(t *testing.T) {
	type values = func(int) fmt.Stringer
	for object, value := range map[string]values{
		"hawserNodeRole":               func(i int) fmt.Stringer { return cluster.NodeRole(i) },
		"hawserNodeState":              func(i int) fmt.Stringer { return cluster.NodeState(i) },
		"hawserNodeAdminState":         func(i int) fmt.Stringer { return cluster.NodeAdmin(i) },
		"hawserLinkState":              func(i int) fmt.Stringer { return cluster.LinkState(i) },
		"hawserStackState":             func(i int) fmt.Stringer { return cluster.StackState(i) },
		"hawserStackFailback":          func(i int) fmt.Stringer { return cluster.Failback(i) },
		"hawserClusterState":           func(i int) fmt.Stringer { return cluster.ClusterState(i) },
		"hawserClusterHealth":          func(i int) fmt.Stringer { return cluster.Health(i) },
		"hawserHwComponentHealth":      func(i int) fmt.Stringer { return cluster.Health(i) },
		"hawserHwSystemPowerState":     func(i int) fmt.Stringer { return cluster.PowerState(i) },
		"hawserHwSettingState":         func(i int) fmt.Stringer { return cluster.SettingState(i) },
		"hawserViewState":              func(i int) fmt.Stringer { return cluster.ViewState(i) },
		"hawserServiceLayer":           func(i int) fmt.Stringer { return cluster.Layer(i) },
		"hawserServiceMode":            func(i int) fmt.Stringer { return cluster.Mode(i) },
		"hawserServiceState":           func(i int) fmt.Stringer { return cluster.ServiceState(i) },
		"hawserServiceAdminState":      func(i int) fmt.Stringer { return cluster.ServiceAdmin(i) },
		"hawserServiceReaction":        func(i int) fmt.Stringer { return cluster.Reaction(i) },
		"hawserInstanceState":          func(i int) fmt.Stringer { return cluster.InstanceState(i) },
		"hawserInstanceProbeState":     func(i int) fmt.Stringer { return cluster.ProbeState(i) },
		"hawserEventSeverity":          func(i int) fmt.Stringer { return cluster.Severity(i) },
		"hawserAlarmSeverity":          func(i int) fmt.Stringer { return cluster.Severity(i) },
		"hawserEventType":              func(i int) fmt.Stringer { return cluster.EventType(i) },
		"hawserEventComponentType":     func(i int) fmt.Stringer { return cluster.ComponentType(i) },
		"hawserEventReaction":          func(i int) fmt.Stringer { return cluster.EventReaction(i) },
		"hawserEventResult":            func(i int) fmt.Stringer { return cluster.EventResult(i) },
		"hawserWriteVia":               func(i int) fmt.Stringer { return cluster.Via(i) },
		"hawserJobState":               func(i int) fmt.Stringer { return cluster.JobState(i) },
		"hawserJobKind":                func(i int) fmt.Stringer { return cluster.JobKind(i) },
		"hawserHwJobKind":              func(i int) fmt.Stringer { return cluster.HwJobKind(i) },
		"hawserSinkKind":               func(i int) fmt.Stringer { return cluster.SinkKind(i) },
		"hawserSinkChannel":            func(i int) fmt.Stringer { return cluster.SinkChannel(i) },
		"hawserSinkBacklog":            func(i int) fmt.Stringer { return cluster.SinkBacklog(i) },
		"hawserSinkState":              func(i int) fmt.Stringer { return cluster.SinkState(i) },
		"hawserConditionComponentType": func(i int) fmt.Stringer { return cluster.ComponentType(i) },
		"hawserAlarmType":              func(i int) fmt.Stringer { return cluster.EventType(i) },
		"hawserHwSensorHealth":         func(i int) fmt.Stringer { return cluster.Health(i) },
		"hawserHwSystemHealth":         func(i int) fmt.Stringer { return cluster.Health(i) },
		"hawserNodeHardwareHealth":     func(i int) fmt.Stringer { return cluster.Health(i) },
		"hawserWorstHwHealth":          func(i int) fmt.Stringer { return cluster.Health(i) },
		"hawserAlarmComponentType":     func(i int) fmt.Stringer { return cluster.ComponentType(i) },
		"hawserHwJobState":             func(i int) fmt.Stringer { return cluster.JobState(i) },
	} {
		o, ok := mib.ByName(object)
		if !ok {
			t.Errorf("%s is not in the module", object)
			continue
		}
		known := 0
		for i := 1; value(i).String() != fmt.Sprintf("invalid(%d)", i); i++ {
			if got, want := o.Label(int64(i)), value(i).String(); got != want {
				t.Errorf("%s(%d) is %q in the module, %q in package cluster", object, i, got, want)
			}
			known = i
		}
		if known == 0 {
			t.Errorf("%s: the cluster's enumeration is empty", object)
		}
	}
}

// TestWordTablesNameTheModulesValues: the tables of words give numbers that the module has.
func TestWordTablesNameTheModulesValues(t *testing.T) {
	for object, table := range map[string]map[string]int{
		"hawserNodeBmcState": bmcStates, "hawserHwSystemIndicatorLed": indicatorLEDs, "hawserHwSystemBootOverride": bootOverrides,
		"hawserHwComponentClass": hwClasses, "hawserHwComponentState": hwStates, "hawserHwSensorType": sensorTypes,
		"hawserHwSettingType": settingTypes,
	} {
		o, _ := mib.ByName(object)
		for _, word := range slices.Sorted(maps.Keys(table)) {
			if o.Label(int64(table[word])) == "" {
				t.Errorf("%s: %q is %d, which the module does not have", object, word, table[word])
			}
		}
	}
	if got := bootOverride("Pxe (once)"); got != mib.BootOverridePxe {
		t.Errorf("boot override is %d, want pxe", got)
	}
	if got := bootOverride("SDCard"); got != mib.BootOverrideOther {
		t.Errorf("boot override is %d, want other", got)
	}
}
