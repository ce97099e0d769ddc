package plugin

import (
	"hawser/cluster"
	"hawser/redfish"
)

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
