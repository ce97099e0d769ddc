package redfish

import (
	"strings"
	"unicode/utf8"
)

// clip cuts s to at most n octets at a rune boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// clean trims what BMCs pad their strings with.
func clean(s string) string {
	return strings.TrimSpace(strings.Trim(s, "\x00"))
}

// first returns the first argument that is not blank, cleaned.
func first(ss ...string) string {
	for _, s := range ss {
		if s = clean(s); s != "" {
			return s
		}
	}
	return ""
}

// lastElement returns what follows the last slash of a path.
func lastElement(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// lastDotted returns what follows the last dot.
func lastDotted(s string) string {
	return s[strings.LastIndexByte(s, '.')+1:]
}
