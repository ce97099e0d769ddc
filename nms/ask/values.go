package ask

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"hawser/mib"
)

// Label returns the label of an enumeration's value; the number itself when the MIB is older than the value.
func Label(o mib.Object, n int64) string {
	if label := o.Label(n); label != "" {
		return label
	}
	return strconv.FormatInt(n, 10)
}

// ParseTime reads a DateAndTime (RFC 2579): 8 octets in UTC, or 11 with a zone. Eight octets of zero, and none at all,
// are the zero time.
func ParseTime(octets []byte) (time.Time, error) {
	if len(octets) == 0 {
		return time.Time{}, nil
	}
	if len(octets) != 8 && len(octets) != 11 {
		return time.Time{}, fmt.Errorf("DateAndTime of %d octets, allowed are 8 or 11", len(octets))
	}
	year, month, day := int(binary.BigEndian.Uint16(octets)), time.Month(octets[2]), int(octets[3])
	if year == 0 && month == 0 && day == 0 {
		return time.Time{}, nil
	}
	if month < 1 || month > 12 || day < 1 || day > 31 || octets[4] > 23 || octets[5] > 59 || octets[6] > 60 || octets[7] > 9 {
		return time.Time{}, fmt.Errorf("DateAndTime % x is no time", octets)
	}
	zone := time.UTC
	if len(octets) == 11 {
		offset := int(octets[9])*3600 + int(octets[10])*60
		if octets[8] == '-' {
			offset = -offset
		}
		zone = time.FixedZone("", offset)
	}
	return time.Date(year, month, day, int(octets[4]), int(octets[5]), int(octets[6]), int(octets[7])*100_000_000, zone).UTC(), nil
}
