package redfish

import "strings"

// canonicalUUID reduces a UUID to 32 lower-case hex digits, whatever its
// letter case, dashes, braces or prefix; empty if it is none, or one that
// identifies nothing (all zero, all f).
func canonicalUUID(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "urn:")
	s = strings.TrimPrefix(s, "uuid:")
	s = strings.Trim(s, "{}")
	s = strings.ReplaceAll(s, "-", "")
	if len(s) != 32 || strings.Trim(s, "0123456789abcdef") != "" {
		return ""
	}
	if strings.Trim(s, "0") == "" || strings.Trim(s, "f") == "" {
		return ""
	}
	return s
}

// SameUUID reports whether two UUIDs name the same machine; unusable ones
// never do.
func SameUUID(a, b string) bool {
	ca := canonicalUUID(a)
	return ca != "" && ca == canonicalUUID(b)
}
