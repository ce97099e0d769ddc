package plugin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// numbered gives each key the number of its place, from 1.
func numbered(keys ...string) map[string]uint32 {
	out := map[string]uint32{}
	for i, key := range keys {
		out[key] = uint32(i + 1)
	}
	return out
}

func TestEveryPartHangsOnTheTree(t *testing.T) {
	hw := cluster.Hardware{
		Components: []cluster.HardwarePart{
			{Key: "chassis", Class: "chassis"},
			{Key: "a", ParentKey: "b", Class: "board"},
			{Key: "b", ParentKey: "c", Class: "board"},
			{Key: "c", ParentKey: "b", Class: "board"},
			{Key: "self", ParentKey: "self", Class: "board"},
			{Key: "orphan", ParentKey: "nobody", Class: "fan"},
			{Key: "fan", ParentKey: "chassis", Class: "fan"},
			{Key: "unnumbered", ParentKey: "chassis", Class: "fan"},
		},
		Sensors: []cluster.HardwareSensor{{Key: "speed", ParentKey: "fan"}, {Key: "fan", ParentKey: "chassis"}},
	}
	index := numbered("chassis", "a", "b", "c", "self", "orphan", "fan", "speed")
	parts := physicalParts(hw, index, nil)
	want := map[uint32]uint32{1: 0, 6: 0, 7: 1, 8: 7, 5: 0}
	up := map[uint32]uint32{}
	for _, p := range parts {
		up[p.index] = p.parent
		if parent, ok := want[p.index]; ok && p.parent != parent {
			t.Errorf("part %d hangs on %d, want %d", p.index, p.parent, parent)
		}
	}
	if len(parts) != 8 || parts[6].sensor != nil {
		t.Errorf("%d parts, want 8; the part that is also a sensor is a fan once: %+v", len(parts), parts[6])
	}
	for index := range up {
		at, steps := index, 0
		for at != 0 && steps < 20 {
			at, steps = up[at], steps+1
		}
		if steps == 20 {
			t.Errorf("part %d hangs in a circle", index)
		}
	}
}

func TestPositions(t *testing.T) {
	drives := func(slots ...string) (hw cluster.Hardware, index map[string]uint32) {
		hw.Components = []cluster.HardwarePart{{Key: "chassis", Class: "chassis"}}
		keys := []string{"chassis"}
		for i, slot := range slots {
			key := fmt.Sprint("drive", i)
			keys = append(keys, key)
			hw.Components = append(hw.Components, cluster.HardwarePart{Key: key, ParentKey: "chassis", Class: "drive", Slot: slot})
		}
		return hw, numbered(keys...)
	}
	for _, test := range []struct {
		name  string
		slots []string
		want  []int
	}{
		{"as the slots are numbered", []string{"Bay 0", "Bay 12", "Bay 3"}, []int{0, 12, 3}},
		{"one slot twice", []string{"Bay 1", "Bay 1", "Bay 2"}, []int{1, 2, 3}},
		{"one without a number", []string{"Bay 7", "Rear"}, []int{1, 2}},
		{"a number too large", []string{"99999999999", "Bay 1"}, []int{1, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			parts := physicalParts(first(drives(test.slots...)))
			var got []int
			for _, p := range parts[1:] {
				got = append(got, p.position)
			}
			if !slices.Equal(got, test.want) || parts[0].position != -1 {
				t.Errorf("got %v and %d for the chassis, want %v and -1", got, parts[0].position, test.want)
			}
		})
	}
}

func first(hw cluster.Hardware, index map[string]uint32) (cluster.Hardware, map[string]uint32, map[uint32]int) {
	return hw, index, nil
}

func TestMachineChassis(t *testing.T) {
	sys := cluster.HardwareSystem{Serial: "SN1", Manufacturer: "M", Model: "X", BIOSVersion: "1.2", UUID: "3F1D3F0A-7b11-4e51-9f5e-6f0c2f5e0c4e"}
	chassis := func(key, parent, serial string) cluster.HardwarePart {
		return cluster.HardwarePart{Key: key, ParentKey: parent, Class: "chassis", Name: key, Serial: serial}
	}
	for _, test := range []struct {
		name  string
		parts []cluster.HardwarePart
		want  string
	}{
		{"the only one", []cluster.HardwarePart{chassis("a", "", "other")}, "a"},
		{"the outermost", []cluster.HardwarePart{chassis("a", "", ""), chassis("b", "a", "")}, "a"},
		{"by its serial", []cluster.HardwarePart{chassis("a", "", ""), chassis("b", "a", "SN1")}, "b"},
		{"two, none of them named", []cluster.HardwarePart{chassis("a", "", "x"), chassis("b", "", "y")}, ""},
		{"none", []cluster.HardwarePart{{Key: "a", Class: "fan"}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			for _, p := range physicalParts(cluster.Hardware{System: sys, Components: test.parts}, numbered("a", "b"), nil) {
				if p.machine != nil {
					got.WriteString(p.part.Name)
				}
			}
			if got.String() != test.want {
				t.Errorf("got %q, want %q", got.String(), test.want)
			}
		})
	}
	for text, length := range map[string]int{sys.UUID: 16, "": 0, "not known": 0, "3f1d3f0a7b114e519f5e6f0c2f5e0c4e": 0, "xxxxxxxx-7b11-4e51-9f5e-6f0c2f5e0c4e": 0} {
		if got := uuidOctets(text); len(got) != length {
			t.Errorf("UUID %q gives %d octets, want %d", text, len(got), length)
		}
	}
}

// TestSensorStatus: nothing without a reading is ok, and nothing of a BMC that does not answer.
func TestSensorStatus(t *testing.T) {
	on, off := cluster.HardwareSystem{Power: cluster.PowerOn}, cluster.HardwareSystem{Power: cluster.PowerOff}
	value := new(int32(1))
	for _, test := range []struct {
		name string
		bmc  string
		sys  cluster.HardwareSystem
		s    cluster.HardwareSensor
		want int
	}{
		{"a reading", "ok", on, cluster.HardwareSensor{Value: value, State: "Enabled"}, mib.SensorOk},
		{"a reading of a machine that is off", "ok", off, cluster.HardwareSensor{Value: value}, mib.SensorOk},
		{"enabled without a reading", "ok", on, cluster.HardwareSensor{State: "Enabled"}, mib.SensorNonoperational},
		{"the same while the machine is off", "ok", off, cluster.HardwareSensor{State: "Enabled"}, mib.SensorUnavailable},
		{"absent", "ok", on, cluster.HardwareSensor{State: "Absent"}, mib.SensorUnavailable},
		{"not read", "ok", on, cluster.HardwareSensor{}, mib.SensorUnavailable},
		{"silent", "silent", on, cluster.HardwareSensor{Value: value}, mib.SensorUnavailable},
		{"refused", "refused", on, cluster.HardwareSensor{Value: value}, mib.SensorUnavailable},
		{"never heard", "", on, cluster.HardwareSensor{Value: value}, mib.SensorUnavailable},
	} {
		if got := sensorStatus(cluster.Hardware{BMCState: test.bmc, System: test.sys}, test.s); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestSensorValues(t *testing.T) {
	for _, test := range []struct{ thousandths, value, precision int32 }{
		{21500, 21500, 3},
		{-40250, -40250, 3},
		{0, 0, 3},
		{999_999_999, 999_999_999, 3},
		{1_000_000_000, 1_000_000, 0},
		{-2_147_483_647, -2_147_484, 0},
	} {
		value, precision := sensorValue(&test.thousandths)
		if value != test.value || precision != int(test.precision) {
			t.Errorf("%d thousandths: %d with precision %d, want %d with %d", test.thousandths, value, precision, test.value, test.precision)
		}
	}
	for _, test := range []struct {
		sensor cluster.HardwareSensor
		want   int
	}{
		{cluster.HardwareSensor{Type: "temperature", Units: "Cel"}, mib.SensorDataCelsius},
		{cluster.HardwareSensor{Type: "fanSpeed", Units: "RPM"}, mib.SensorDataRPM},
		{cluster.HardwareSensor{Type: "fanPercent", Units: "%"}, mib.SensorDataOther},
		{cluster.HardwareSensor{Type: "voltage", Units: "V", Key: "/redfish/v1/Chassis/1/Power#/Voltages/0"}, mib.SensorDataVoltsDC},
		{cluster.HardwareSensor{Type: "voltage", Units: "V", Key: "/redfish/v1/Chassis/1/Power#/PowerSupplies/0/LineInputVoltage"}, mib.SensorDataVoltsAC},
		{cluster.HardwareSensor{Type: "humidity", Units: "%"}, mib.SensorDataPercentRH},
		{cluster.HardwareSensor{Type: "airflow"}, mib.SensorDataOther},
	} {
		if got := sensorDataType(test.sensor); got != test.want {
			t.Errorf("%+v is of type %d, want %d", test.sensor, got, test.want)
		}
	}
}

func TestEntityStates(t *testing.T) {
	for _, test := range []struct {
		part                        cluster.HardwarePart
		admin, oper, usage, standby int
		alarm                       byte
	}{
		{cluster.HardwarePart{State: "Enabled", Health: cluster.HealthOk}, mib.AdminUnlocked, mib.OperEnabled, mib.UsageActive, mib.StandbyProvidingService, 0},
		{cluster.HardwarePart{State: "Enabled", Health: cluster.HealthOk, PredictedFailure: true}, mib.AdminUnlocked, mib.OperEnabled, mib.UsageActive, mib.StandbyProvidingService, mib.AlarmStatusWarning},
		{cluster.HardwarePart{State: "Disabled", Health: cluster.HealthCritical}, mib.AdminLocked, mib.OperDisabled, mib.UsageIdle, mib.StandbyUnknown, mib.AlarmStatusCritical},
		{cluster.HardwarePart{State: "StandbySpare", Health: cluster.HealthWarning}, mib.AdminUnlocked, mib.OperEnabled, mib.UsageIdle, mib.StandbyHot, mib.AlarmStatusWarning},
		{cluster.HardwarePart{State: "StandbyOffline", Health: cluster.HealthOk}, mib.AdminUnlocked, mib.OperDisabled, mib.UsageIdle, mib.StandbyCold, 0},
		{cluster.HardwarePart{State: "InTest", Health: cluster.HealthOk}, mib.AdminUnlocked, mib.OperTesting, mib.UsageUnknown, mib.StandbyUnknown, 0},
		{cluster.HardwarePart{State: "UnavailableOffline"}, mib.AdminUnlocked, mib.OperDisabled, mib.UsageUnknown, mib.StandbyUnknown, mib.AlarmStatusUnknown},
		{cluster.HardwarePart{State: "Absent"}, mib.AdminUnknown, mib.OperUnknown, mib.UsageIdle, mib.StandbyUnknown, 0},
		{cluster.HardwarePart{}, mib.AdminUnknown, mib.OperUnknown, mib.UsageUnknown, mib.StandbyUnknown, mib.AlarmStatusUnknown},
		{cluster.HardwarePart{State: "Sparkling", Health: cluster.HealthUnknown}, mib.AdminUnknown, mib.OperUnknown, mib.UsageUnknown, mib.StandbyUnknown, mib.AlarmStatusUnknown},
	} {
		want := entityState{test.admin, test.oper, test.usage, test.standby, test.alarm}
		if got := (physical{part: test.part}).state(); got != want {
			t.Errorf("%+v is %+v, want %+v", test.part, got, want)
		}
	}
}

func get(t *testing.T, v *view.View, oid []uint32, index uint32) snmp.Value {
	t.Helper()
	return v.Get(snmp.OID(oid).Append(index))
}

// withHardware is the rich cluster after db1's BMC said something else.
func withHardware(change func(*cluster.Hardware)) *cluster.Snapshot {
	snap := richSnapshot()
	hw := *snap.State.Hardware["db1"]
	hw.Components, hw.Sensors = slices.Clone(hw.Components), slices.Clone(hw.Sensors)
	change(&hw)
	snap.State.Hardware["db1"] = &hw
	return snap
}

// nest hangs a sensor into a part whose number is higher than that of another's parent.
func nest(snap *cluster.Snapshot) {
	hw := snap.State.Hardware["db1"]
	hw.Sensors = slices.Clone(hw.Sensors)
	hw.Sensors[0].ParentKey = "psu1"
}

// TestEntitiesAreMadeAnewWhenHardwareChanged, and only that table which changed; the times say when.
func TestEntitiesAreMadeAnewWhenHardwareChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first := withHardware(func(hw *cluster.Hardware) { hw.Collected = start })
		nest(first)
		source := newFakeSource(first)
		publisher := newTestPublisher(source)
		publisher.cfg.Started = start
		startTask(t, publisher.Run)
		synctest.Wait()
		show := func(snap *cluster.Snapshot) *published {
			snap.State.Hardware["db1"].Collected = start
			nest(snap)
			source.set(snap)
			time.Sleep(10 * time.Second)
			return publisher.present()
		}
		began := publisher.present().entities["db1"]
		same := show(withSerial(18)).entities["db1"]
		if !slices.Equal(same.segments, began.segments) || same.view != began.view {
			t.Error("a change of the policy made the hardware's tables anew")
		}
		warm := show(withHardware(func(hw *cluster.Hardware) { hw.Sensors[0].Value = new(int32(30000)) })).entities["db1"]
		for i, table := range standardTables {
			if changed := warm.segments[i] != began.segments[i]; changed != slices.Equal(table.prefix, mib.EntPhySensorTable) {
				t.Errorf("%v: made anew: %t after another reading", table.prefix, changed)
			}
		}
		if got := get(t, warm.view, mib.EntLastChangeTime, 0); got.Uint != 0 {
			t.Errorf("entLastChangeTime %s after a reading, want 0", got)
		}
		hot := show(withHardware(func(hw *cluster.Hardware) { hw.Components[1].Health = cluster.HealthCritical })).entities["db1"]
		if got := get(t, hot.view, mib.EntStateAlarm, 2); string(got.Bytes) != string([]byte{mib.AlarmStatusCritical}) {
			t.Errorf("alarm %s, want critical", got)
		}
		if got := get(t, hot.view, mib.EntLastChangeTime, 0); got.Uint != 0 {
			t.Errorf("entLastChangeTime %s after a part failed, want 0", got)
		}
		chassis, supply := get(t, hot.view, mib.EntStateLastChanged, 1), get(t, hot.view, mib.EntStateLastChanged, 2)
		if chassis.Equal(supply) || !chassis.Equal(get(t, began.view, mib.EntStateLastChanged, 1)) {
			t.Errorf("the states changed at %s (chassis, nothing changed) and %s (power supply)", chassis, supply)
		}
		gone := show(withHardware(func(hw *cluster.Hardware) { hw.Components = hw.Components[:1] })).entities["db1"]
		if got, want := get(t, gone.view, mib.EntLastChangeTime, 0).Uint, uint64(30*100); got < want-100 || got > want+100 {
			t.Errorf("entLastChangeTime %d after a part was pulled out, want about %d", got, want)
		}
		if got := get(t, gone.view, mib.EntPhysicalName, 2); got.Type != snmp.TypeNoSuchInstance {
			t.Errorf("the part that is gone: %s", got)
		}
	})
}

// TestSilentHardwareStaysAsUnknown: what was there stays, an empty slot as well; nothing of it is ok.
func TestSilentHardwareStaysAsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFakeSource(withHardware(func(hw *cluster.Hardware) { hw.Components[1].State = "Absent" }))
		publisher := newTestPublisher(source)
		startTask(t, publisher.Run)
		synctest.Wait()
		before := publisher.present().entities["db1"]
		if got := get(t, before.view, mib.EntPhysicalClass, 2); got.Int != mib.PhysicalContainer {
			t.Fatalf("an empty slot is %s, want a container", got)
		}
		hw := source.Snapshot().State.Hardware["db1"]
		source.set(withHardware(func(h *cluster.Hardware) { *h = silent(hw, "db1", "silent", "no answer") }))
		time.Sleep(time.Second)
		after := publisher.present().entities["db1"]
		if after.segments[0] != before.segments[0] || after.segments[1] != before.segments[1] {
			t.Error("the parts of a silent machine changed")
		}
		if got := get(t, after.view, mib.EntPhySensorOperStatus, 3); got.Int != mib.SensorUnavailable {
			t.Errorf("status %s, want unavailable", got)
		}
		if got := get(t, after.view, mib.EntPhySensorValue, 3); got.Type != snmp.TypeNoSuchInstance {
			t.Errorf("value %s, want none", got)
		}
		if got := get(t, after.view, mib.EntStateAlarm, 1); got.Bytes[0] != mib.AlarmStatusUnknown {
			t.Errorf("alarm status %s, want unknown", got)
		}
	})
}

// TestOldHardwareIsUnknown: facts that nobody has read for too long are as good as those of a silent BMC, in both modules.
func TestOldHardwareIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFakeSource(richSnapshot())
		publisher := newTestPublisher(source)
		publisher.cfg.Hardware = CollectPace{Old: 20 * time.Minute}
		startTask(t, publisher.Run)
		synctest.Wait()
		status := func() (entity, hawser int64, value bool) {
			v := publisher.View()
			return get(t, v, mib.EntPhySensorOperStatus, 3).Int, v.Get(snmp.OID(mib.HawserHwSensorHealth).Append(1, 3)).Int,
				v.Get(snmp.OID(mib.HawserHwSensorValue).Append(1, 3)).Type == snmp.TypeInteger
		}
		time.Sleep(18 * time.Minute) // the reading was a minute old
		if entity, health, value := status(); entity != mib.SensorOk || health != int64(cluster.HealthOk) || !value {
			t.Errorf("after 19 min: status %d, health %d, value %t", entity, health, value)
		}
		time.Sleep(2 * time.Minute)
		if entity, health, value := status(); entity != mib.SensorUnavailable || health != int64(cluster.HealthUnknown) || value {
			t.Errorf("after 21 min: status %d, health %d, value %t; want unavailable, unknown, none", entity, health, value)
		}
	})
}

func TestContextsAreTheNodes(t *testing.T) {
	snap := richSnapshot()
	other := *snap.State.Hardware["db1"]
	other.Node, other.System.Serial, other.Components = "db2", "SN2", []cluster.HardwarePart{{Key: "box", Class: "chassis", Name: "Other"}}
	snap.State.Hardware["db2"] = &other
	snap.State.Indexes[hwKind("db2")] = cluster.IndexTable{Names: numbered("box", "inlet", "fan1")}
	backend := NewBackend(BackendConfig{Source: newFakeSource(snap), Views: newTestPublisher(newFakeSource(snap)), Log: quietLog()})
	var contexts view.Contexts = backend
	if got, want := contexts.Contexts(), []string{"db1", "db2"}; !slices.Equal(got, want) {
		t.Errorf("contexts %q, want %q", got, want)
	}
	name := func(context string) string {
		v, ok := contexts.Context(context)
		if !ok {
			return "none"
		}
		return get(t, v, mib.EntPhysicalName, 1).String()
	}
	for context, want := range map[string]string{"": "Chassis", "db1": "Chassis", "db2": "Other", "wit": "none", "db3": "none"} {
		if got := name(context); got != want {
			t.Errorf("context %q: %q, want %q", context, got, want)
		}
	}
	v, _ := contexts.Context("db2")
	if vb := v.Next(snmp.OID{1, 3, 6, 1, 4, 1}); vb.Value.Type != snmp.TypeEndOfMibView {
		t.Errorf("context db2 shows %s: only the hardware is per node", vb.OID)
	}
}

func TestCollectPace(t *testing.T) {
	for schedule, want := range map[string]CollectPace{
		"*/5 * * * *": {Every: 5 * time.Minute, Old: 20 * time.Minute},
		"@every 30s":  {Every: 30 * time.Second, Old: 11 * time.Minute},
		"0 3 * * 1-5": {Old: 2*72*time.Hour + 10*time.Minute},
		"@daily":      {Every: 24 * time.Hour, Old: 48*time.Hour + 10*time.Minute},
	} {
		got, err := collectPace(ScheduleConfig{Schedule: schedule}, noon)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", schedule, got, err, want)
		}
	}
	if _, err := collectPace(ScheduleConfig{Schedule: "never"}, noon); err == nil {
		t.Error("no error for a schedule that is none")
	}
}

// BenchmarkEntitiesUnchanged is what the standard modules cost when a view is made and no hardware changed.
func BenchmarkEntitiesUnchanged(b *testing.B) {
	publisher := newTestPublisher(newFakeSource(sevenNodes()))
	old := publisher.refresh(true)
	b.ReportAllocs()
	for b.Loop() {
		next := &published{sight: old.sight, made: old.made}
		publisher.renderEntities(next, old)
	}
}
