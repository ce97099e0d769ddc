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

// hardwareFrom is an inventory, with the settings if they could be read, in the words of the log.
func hardwareFrom(node string, inv *redfish.Inventory, settings *redfish.Settings) cluster.Hardware {
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
	keys := partKeys(inv.Components)
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
		hw.Sensors = append(hw.Sensors, sensorFrom(s))
	}
	if settings != nil {
		hw.Settings = settingsFrom(settings)
	}
	return hw
}

// partKeys gives each component its identity: its serial where that is its own, else its path (MIB.md, Indexes).
func partKeys(parts []redfish.Component) map[string]string {
	count := map[string]int{}
	for _, c := range parts {
		count[c.Serial]++
	}
	keys := make(map[string]string, len(parts))
	for _, c := range parts {
		keys[c.Path] = c.Path
		if c.Serial != "" && count[c.Serial] == 1 {
			keys[c.Path] = "serial:" + c.Serial
		}
	}
	return keys
}

func sensorFrom(s redfish.Sensor) cluster.HardwareSensor {
	return cluster.HardwareSensor{
		Key: s.Path, Name: s.Name, Type: string(s.Type), Units: s.Unit, Value: thousandths(s.Value),
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
	hw.Components, hw.Sensors = slices.Clone(hw.Components), slices.Clone(hw.Sensors)
	for i := range hw.Components {
		hw.Components[i].Health = cluster.HealthUnknown
	}
	for i := range hw.Sensors {
		hw.Sensors[i].Health = cluster.HealthUnknown
	}
	return hw
}

// settingsFrom are the BIOS attributes in the words of the log. A password is named, its value never is.
func settingsFrom(s *redfish.Settings) []cluster.HardwareSetting {
	out := make([]cluster.HardwareSetting, 0, len(s.Settings))
	for _, a := range s.Settings {
		row := cluster.HardwareSetting{
			Scope: cluster.ScopeBIOS, Name: a.Name, Type: a.Type, Current: a.Current.String(), Default: a.Default.String(),
			Values: a.Allowed, Lower: a.LowerBound, Upper: a.UpperBound, Pattern: a.Pattern, ReadOnly: a.ReadOnly,
			RebootNeeded: a.ResetRequired,
		}
		if a.Type == cluster.SettingString {
			row.Lower, row.Upper = a.MinLength, a.MaxLength
		}
		if a.Step != nil {
			row.Step = *a.Step
		}
		if a.Staged() {
			row.Pending = a.Pending.String()
		}
		if a.Type == cluster.SettingPassword {
			row.Current, row.Pending, row.Default = "", "", ""
		}
		out = append(out, row)
	}
	return out
}

var settingStates = map[redfish.SettingState]cluster.SettingState{
	redfish.StateInSync: cluster.SettingInSync, redfish.StateDrifted: cluster.SettingDrifted,
	redfish.StateStaged: cluster.SettingStaged, redfish.StateApplying: cluster.SettingApplying,
	redfish.StateFailed: cluster.SettingFailed, redfish.StateRejected: cluster.SettingRejected,
	redfish.StateReverted: cluster.SettingReverted,
}

// verdicts are the ends of an apply or a stage, setting by setting.
func verdicts(node string, results []redfish.Result) []cluster.SettingIs {
	var out []cluster.SettingIs
	for _, r := range results {
		state, ok := settingStates[r.State]
		if !ok {
			state = cluster.SettingUnknown
		}
		out = append(out, cluster.SettingIs{Node: node, Scope: cluster.ScopeBIOS, Name: r.Name, State: state, Message: r.Message})
	}
	return out
}

// rejections are the wishes that the registry or its dependencies refuse.
func rejections(node string, plan *redfish.Plan) []cluster.SettingIs {
	var out []cluster.SettingIs
	for _, r := range plan.Rejections {
		out = append(out, cluster.SettingIs{
			Node: node, Scope: cluster.ScopeBIOS, Name: r.Name, State: cluster.SettingRejected, Message: r.Error(),
		})
	}
	return out
}
