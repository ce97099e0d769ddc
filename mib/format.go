package mib

import (
	"fmt"
	"strings"
)

// Bounds writes ranges for people: "1 to 32", "8 or 11".
func Bounds(ranges [][2]int64) string {
	if len(ranges) == 0 {
		return "any"
	}
	var parts []string
	for _, r := range ranges {
		if r[0] == r[1] {
			parts = append(parts, fmt.Sprint(r[0]))
			continue
		}
		parts = append(parts, fmt.Sprintf("%d to %d", r[0], r[1]))
	}
	return strings.Join(parts, " or ")
}

// labels writes an enumeration as SMIv2 does: "online(1), standby(2)".
func labels(enum []EnumValue) string {
	var parts []string
	for _, v := range enum {
		parts = append(parts, fmt.Sprintf("%s(%d)", v.Name, v.Number))
	}
	return strings.Join(parts, ", ")
}

// String returns the name of the base type as SMIv2 has it.
func (b Base) String() string {
	switch b {
	case NoBase:
		return "no value"
	case Integer32:
		return "Integer32"
	case Unsigned32:
		return "Unsigned32"
	case Gauge32:
		return "Gauge32"
	case Counter32:
		return "Counter32"
	case Counter64:
		return "Counter64"
	case TimeTicks:
		return "TimeTicks"
	case OctetString:
		return "OCTET STRING"
	case ObjectIdentifier:
		return "OBJECT IDENTIFIER"
	case IPAddress:
		return "IpAddress"
	case Bits:
		return "BITS"
	}
	return fmt.Sprintf("Base(%d)", uint8(b))
}
