package plugin

import (
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"hawser/mib"
)

// parseAddress reads "address" or "address:port"; the zero value is no address.
func parseAddress(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}

// parsePort is the port of "address:port", and whether there is one.
func parsePort(text string) (uint16, bool) {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return uint16(n), err == nil
}

// dateAndTime encodes a moment with its zone (RFC 2579, DateAndTime).
func dateAndTime(t time.Time) []byte {
	_, offset := t.Zone()
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return []byte{
		byte(t.Year() >> 8), byte(t.Year()), byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()),
		byte(t.Second()), byte(t.Nanosecond() / int(100*time.Millisecond)), sign, byte(offset / 3600), byte(offset % 3600 / 60),
	}
}

// clip cuts text to at most limit octets, at a character.
func clip(text string, limit int64) string {
	if int64(len(text)) <= limit {
		return text
	}
	end := int(max(0, limit))
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

func longest(ranges [][2]int64) int64 {
	if len(ranges) == 0 {
		return math.MaxUint16
	}
	return ranges[len(ranges)-1][1]
}

func allowed(n int64, ranges [][2]int64) bool {
	for _, r := range ranges {
		if r[0] <= n && n <= r[1] {
			return true
		}
	}
	return len(ranges) == 0
}

// bounds is what a column of numbers can hold.
func bounds(object mib.Object) (low, high int64) {
	if n := len(object.Ranges); n > 0 {
		return object.Ranges[0][0], object.Ranges[n-1][1]
	}
	switch object.Base {
	case mib.Integer32:
		return math.MinInt32, math.MaxInt32
	case mib.Counter64:
		return math.MinInt64, math.MaxInt64
	default:
		return 0, math.MaxUint32
	}
}
