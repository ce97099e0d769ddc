package plugin

import (
	"math"
	"slices"

	"hawser/cluster"
	"hawser/redfish"
)

var healths = map[redfish.Health]cluster.Health{
	redfish.HealthOK: cluster.HealthOk, redfish.HealthWarning: cluster.HealthWarning,
	redfish.HealthCritical: cluster.HealthCritical, redfish.HealthUnknown: cluster.HealthUnknown,
}

var powers = map[redfish.PowerState]cluster.PowerState{
	redfish.PowerOn: cluster.PowerOn, redfish.PowerOff: cluster.PowerOff, redfish.PowerPoweringOn: cluster.PowerPoweringOn,
	redfish.PowerPoweringOff: cluster.PowerPoweringOff,
}

// health translates a word of a BMC; what has no word is unknown, never OK.
func health(h redfish.Health) cluster.Health {
	if v, ok := healths[h]; ok {
		return v
	}
	return cluster.HealthUnknown
}

func power(p redfish.PowerState) cluster.PowerState {
	if v, ok := powers[p]; ok {
		return v
	}
	return cluster.PowerUnknown
}

// hardwareFrom is an inventory, with the settings if they could be read, in the words of the log. What was known before and
// could not be read now stays, as unknown.
func hardwareFrom(node string, inv *redfish.Inventory, settings *redfish.Settings, before observed) cluster.Hardware {
	sys := inv.System
	hw := cluster.Hardware{
		Node: node, BMCState: "ok", Collected: inv.CollectedAt, Problems: inv.Problems,
		System: cluster.HardwareSystem{
			Manufacturer: sys.Manufacturer, Model: sys.Model, Serial: sys.Serial, UUID: sys.UUID,
			BIOSVersion: sys.BIOSVersion, BMCVersion: sys.BMCVersion, Power: power(sys.PowerState), Health: health(sys.Health),
			HealthReason: sys.HealthReason, IndicatorLED: sys.IndicatorLED, BootOverride: sys.BootOverride,
		},
		Components: []cluster.HardwarePart{}, Sensors: []cluster.HardwareSensor{},
	}
	if sys.PowerLimitWatts != nil {
		hw.System.PowerLimit = int(*sys.PowerLimitWatts)
	}
	keys := newKeyer(inv.Components, before).keys
	for _, c := range inv.Components {
		if c.Class == redfish.ClassSensor {
			continue // shown with its reading
		}
		hw.Components = append(hw.Components, cluster.HardwarePart{
			Key: keys[c.Path], ParentKey: keys[c.Parent], Class: string(c.Class), Slot: c.Slot, Name: c.Name, Model: c.Model,
			Serial: c.Serial, Firmware: c.Firmware, Health: health(c.Health), State: c.State, PredictedFailure: c.PredictedFailure,
		})
	}
	for _, s := range inv.Sensors {
		hw.Sensors = append(hw.Sensors, sensorFrom(s, keys[s.Parent]))
	}
	keepUnread(&hw, inv, before)
	if settings != nil {
		hw.Settings = settingsFrom(settings)
	}
	return hw
}

func sensorFrom(s redfish.Sensor, parent string) cluster.HardwareSensor {
	return cluster.HardwareSensor{
		Key: s.Path, ParentKey: parent, State: s.State, Name: s.Name, Type: string(s.Type), Units: s.Unit, Value: thousandths(s.Value),
		LowerCritical: thousandths(s.LowerCritical), LowerWarning: thousandths(s.LowerWarning),
		UpperWarning: thousandths(s.UpperWarning), UpperCritical: thousandths(s.UpperCritical),
		Health: health(s.Health), Read: s.ReadingTime,
	}
}

// thousandths is a reading as the MIB shows it; one that does not fit shows no value.
func thousandths(v *float64) *int32 {
	if v == nil || math.IsNaN(*v) || math.Abs(*v) > math.MaxInt32/1000 {
		return nil
	}
	n := int32(math.Round(*v * 1000))
	return &n
}

// silent is a node's hardware while its BMC does not answer: all that was known stays with its age, and nothing of it is
// called OK.
func silent(old *cluster.Hardware, node, state, problem string) cluster.Hardware {
	hw := cluster.Hardware{Node: node}
	if old != nil {
		hw = *old
	}
	hw.BMCState, hw.Problems = state, []string{problem}
	hw.System.Health, hw.System.Power = cluster.HealthUnknown, cluster.PowerUnknown
	hw.System.HealthReason = "the BMC does not answer"
	if state == "refused" {
		hw.System.HealthReason = "the BMC refuses user name or password"
	}
	hw.Components, hw.Sensors = slices.Clone(hw.Components), slices.Clone(hw.Sensors)
	for i := range hw.Components {
		hw.Components[i].Health, hw.Components[i].State = cluster.HealthUnknown, ""
	}
	for i := range hw.Sensors {
		hw.Sensors[i].Health, hw.Sensors[i].State = cluster.HealthUnknown, ""
	}
	return hw
}
