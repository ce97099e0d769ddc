package cluster

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckSetting(t *testing.T) {
	enum := HardwareSetting{Name: "BootMode", Type: SettingEnumeration, Values: []string{"Uefi", "LegacyBios"}}
	number := HardwareSetting{Name: "Delay", Type: SettingInteger, Lower: new(int64(10)), Upper: new(int64(50)), Step: 10}
	floor := HardwareSetting{Name: "Rate", Type: SettingInteger, Lower: new(int64(1))}
	flag := HardwareSetting{Name: "Wol", Type: SettingBoolean}
	text := HardwareSetting{Name: "Tag", Type: SettingString, Lower: new(int64(2)), Upper: new(int64(4)), Pattern: "^[a-zä]*$"}
	odd := HardwareSetting{Name: "Odd", Type: SettingString, Pattern: "(?=x)"}
	secret := HardwareSetting{Name: "AdminPassword", Type: SettingPassword, Lower: new(int64(8))}
	fixed := HardwareSetting{Name: "Serial", Type: SettingString, Current: "S1", ReadOnly: true}
	for _, test := range []struct {
		name    string
		setting HardwareSetting
		value   string
		code    Refused // empty: accepted
		reason  string
	}{
		{"a value of the enumeration", enum, "Uefi", "", ""},
		{"another case is another value", enum, "uefi", RefusedInconsistent, "allowed: Uefi, LegacyBios"},
		{"an enumeration without values", HardwareSetting{Type: SettingEnumeration}, "x", "", ""},
		{"a number on the step", number, "30", "", ""},
		{"the lower bound", number, "10", "", ""},
		{"the upper bound", number, "50", "", ""},
		{"below", number, "0", RefusedInconsistent, "10 to 50 in steps of 10"},
		{"above", number, "60", RefusedInconsistent, "10 to 50"},
		{"off the step", number, "15", RefusedInconsistent, "steps of 10"},
		{"not a number", number, "ten", RefusedInconsistent, `"ten"`},
		{"not canonical", floor, "+5", RefusedInconsistent, "1 or more"},
		{"true", flag, "true", "", ""},
		{"another spelling of true", flag, "True", RefusedInconsistent, "allowed: true, false"},
		{"length counts characters", text, "ääää", "", ""},
		{"too long", text, "aaaaa", RefusedInconsistent, "2 to 4 characters matching ^[a-zä]*$"},
		{"too short", text, "a", RefusedInconsistent, "2 to 4 characters"},
		{"outside the pattern", text, "AB", RefusedInconsistent, "matching"},
		{"not UTF-8", text, "\xff\xfe", RefusedInconsistent, "characters"},
		{"a pattern that Go cannot read", odd, "y", "", ""},
		{"a password is never kept, nor repeated", secret, "geheim-geheim", RefusedNotWritable, "set it at the BMC itself"},
		{"the empty wish withdraws", enum, "", "", ""},
		{"also where the BMC takes nothing", fixed, "", "", ""},
		{"read-only", fixed, "S1", RefusedNotWritable, "read-only"},
		{"no type is known", HardwareSetting{Name: "X"}, "anything", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := CheckSetting(test.setting, test.value)
			if test.code == "" {
				if err != nil {
					t.Fatalf("got %v, want it accepted", err)
				}
				return
			}
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Code != test.code {
				t.Fatalf("got %v, want a refusal %s", err, test.code)
			}
			if !strings.Contains(refusal.Reason, test.reason) {
				t.Errorf("reason %q does not name %q", refusal.Reason, test.reason)
			}
			if test.setting.Type == SettingPassword && strings.Contains(refusal.Reason, test.value) {
				t.Errorf("reason %q repeats the password", refusal.Reason)
			}
		})
	}
}
