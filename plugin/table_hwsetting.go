package plugin

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"hawser/cluster"
	"hawser/mib"
)

// settingRow is an observed setting, a wish, or both: a wish stays visible while the BMC does not show the setting.
type settingRow struct {
	setting  cluster.HardwareSetting
	observed bool
	desired  cluster.Desired
}

func renderHwSettings(s sight, r *rows) {
	for _, n := range hardwareNodes(s.known) {
		for _, row := range settingRows(s.known, n.name) {
			r.row(append([]uint32{n.index, row.setting.Scope}, indexText(row.setting.Name)...)...)
			row.render(r)
		}
	}
}

func (row settingRow) render(r *rows) {
	setting, desired := row.setting, row.desired
	secret := setting.Type == cluster.SettingPassword
	if row.observed {
		r.label(mib.HawserHwSettingType, settingType(setting.Type))
		r.text(mib.HawserHwSettingCurrent, unlessSecret(secret, setting.Current))
		r.text(mib.HawserHwSettingPending, unlessSecret(secret, waiting(setting)))
		r.text(mib.HawserHwSettingDefault, unlessSecret(secret, setting.Default))
		r.text(mib.HawserHwSettingAllowed, allowedText(setting))
		r.truth(mib.HawserHwSettingReadOnly, setting.ReadOnly)
		r.truth(mib.HawserHwSettingRebootNeeded, setting.RebootNeeded)
	}
	r.text(mib.HawserHwSettingDesired, unlessSecret(secret, desired.Value))
	if desired.Value != "" {
		r.label(mib.HawserHwSettingState, int(desired.State)) // without a wish there is nothing to be in step with
	}
	r.text(mib.HawserHwSettingDesiredBy, desired.By.User)
	r.text(mib.HawserHwSettingMessage, desired.Message)
}

// settingRows joins what the BMC shows with what is wished, in the order of the index: scope, length of the name, name.
func settingRows(state *cluster.State, node string) []settingRow {
	byKey := map[string]settingRow{}
	for _, setting := range hardwareOf(state, node).Settings {
		byKey[cluster.DesiredKey(node, setting.Scope, setting.Name)] = settingRow{setting: setting, observed: true}
	}
	for key, desired := range state.Desired {
		if !strings.HasPrefix(key, node+"/") {
			continue
		}
		row, ok := byKey[key]
		if !ok && desired.Value == "" {
			continue
		}
		row.desired = desired
		row.setting.Scope, row.setting.Name = desired.Scope, desired.Name
		byKey[key] = row
	}
	out := slices.DeleteFunc(slices.Collect(maps.Values(byKey)), func(row settingRow) bool {
		return row.setting.Name == "" || len(row.setting.Name) > settingNameMax
	})
	slices.SortFunc(out, func(a, b settingRow) int {
		return cmp.Or(cmp.Compare(a.setting.Scope, b.setting.Scope),
			cmp.Compare(len(a.setting.Name), len(b.setting.Name)), cmp.Compare(a.setting.Name, b.setting.Name))
	})
	return out
}

// settingNameMax is the length that the index allows (hawserHwSettingName).
const settingNameMax = 80

func unlessSecret(secret bool, text string) string {
	if secret {
		return ""
	}
	return text
}

// waiting is the value that the BMC holds for the next reset, empty if none.
func waiting(setting cluster.HardwareSetting) string {
	if setting.Pending == setting.Current {
		return ""
	}
	return setting.Pending
}

// allowedText is what the setting takes, cut at a value where the module has no room for all.
func allowedText(setting cluster.HardwareSetting) string {
	const most, more = 1024, ", ..."
	text := cluster.AllowedValues(setting)
	if len(text) <= most {
		return text
	}
	text = clip(text, most-int64(len(more)))
	if i := strings.LastIndex(text, ", "); i > 0 {
		text = text[:i]
	}
	return text + more
}

var settingTypes = map[string]int{
	"string": mib.SettingTypeString, "integer": mib.SettingTypeInteger, "boolean": mib.SettingTypeBoolean,
	"enumeration": mib.SettingTypeEnumeration, "password": mib.SettingTypePassword,
}

func settingType(word string) int { return wordOr(settingTypes, word, mib.SettingTypeOther) }

// sameSettings says whether neither a setting nor a wish changed: the table is long and seldom read.
func sameSettings(old, now *cluster.State) bool {
	return maps.Equal(old.Desired, now.Desired) && sameHardware(old, now, func(a, b *cluster.Hardware) bool {
		return sameSlice(a.Settings, b.Settings)
	})
}
