package cluster

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The types of hardware settings, as attribute registries spell them (HardwareSetting.Type).
const (
	SettingEnumeration = "Enumeration"
	SettingInteger     = "Integer"
	SettingString      = "String"
	SettingBoolean     = "Boolean"
	SettingPassword    = "Password"
)

// CheckSetting tests a wish against what the BMC allows for this setting: type, bounds, step, enumeration, length,
// pattern, read-only. The empty wish withdraws an earlier one and is always allowed. An error is a *Refusal (Op 0) whose
// reason names what is allowed, with the code that hawserHwSettingDesired promises. Dependencies between settings are not
// tested here: they need the merged set, which the plan of a job has.
func CheckSetting(s HardwareSetting, value string) error {
	switch {
	case value == "":
		return nil
	case s.Type == SettingPassword:
		return &Refusal{Code: RefusedNotWritable, Reason: fmt.Sprintf(
			"%s is a password: wishes are kept in the replicated log, and secrets never; set it at the BMC itself", s.Name)}
	case s.ReadOnly:
		return &Refusal{Code: RefusedNotWritable, Reason: fmt.Sprintf(
			"%s is read-only: the BMC lets nobody change it; its value is %q", s.Name, s.Current)}
	case !settingTakes(s, value):
		return &Refusal{Code: RefusedInconsistent, Reason: fmt.Sprintf(
			"%s: %q is refused; allowed: %s", s.Name, value, AllowedValues(s))}
	}
	return nil
}

// AllowedValues says in one line what a setting takes, for people (hawserHwSettingAllowed, refusals): the values of an
// enumeration, the bounds of a number, the length and pattern of a text. "any" where the BMC names no limit.
func AllowedValues(s HardwareSetting) string {
	switch s.Type {
	case SettingEnumeration:
		if len(s.Values) > 0 {
			return strings.Join(s.Values, ", ")
		}
	case SettingBoolean:
		return "true, false"
	case SettingInteger:
		return integerBounds(s)
	case SettingString, SettingPassword:
		return textBounds(s)
	}
	return "any"
}

func settingTakes(s HardwareSetting, value string) bool {
	switch s.Type {
	case SettingEnumeration:
		return len(s.Values) == 0 || slices.Contains(s.Values, value)
	case SettingBoolean:
		return value == "true" || value == "false"
	case SettingInteger:
		return integerTakes(s, value)
	case SettingString:
		return textTakes(s, value)
	default:
		return true // the BMC names no type: it must judge itself
	}
}

// integerTakes wants the canonical form, because what the BMC reads back is compared with it as text.
func integerTakes(s HardwareSetting, value string) bool {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != value {
		return false
	}
	if !within(n, s.Lower, s.Upper) {
		return false
	}
	var base int64
	if s.Lower != nil {
		base = *s.Lower
	}
	return s.Step <= 1 || (n-base)%s.Step == 0
}

func textTakes(s HardwareSetting, value string) bool {
	if !utf8.ValidString(value) || !within(int64(utf8.RuneCountInString(value)), s.Lower, s.Upper) {
		return false
	}
	if s.Pattern == "" {
		return true
	}
	pattern, err := regexp.Compile(s.Pattern)
	// Registries write ECMA patterns; one that Go cannot read is left to the BMC.
	return err != nil || pattern.MatchString(value)
}

func within(n int64, lower, upper *int64) bool {
	return (lower == nil || n >= *lower) && (upper == nil || n <= *upper)
}

func integerBounds(s HardwareSetting) string {
	text := boundsText(s, "a whole number", "")
	if s.Step > 1 {
		text += fmt.Sprintf(" in steps of %d", s.Step)
	}
	return text
}

func textBounds(s HardwareSetting) string {
	text := "any text"
	if s.Lower != nil || s.Upper != nil {
		text = boundsText(s, "text", " characters")
	}
	if s.Pattern != "" {
		text += " matching " + s.Pattern
	}
	return text
}

func boundsText(s HardwareSetting, without, unit string) string {
	switch {
	case s.Lower != nil && s.Upper != nil:
		return fmt.Sprintf("%d to %d%s", *s.Lower, *s.Upper, unit)
	case s.Lower != nil:
		return fmt.Sprintf("%d or more%s", *s.Lower, unit)
	case s.Upper != nil:
		return fmt.Sprintf("at most %d%s", *s.Upper, unit)
	default:
		return without
	}
}
