package mib

import (
	"errors"
	"fmt"
)

// What Check finds, named as the error-status of the answer to a SET (RFC 3416
// section 4.2.5).
var (
	ErrWrongType   = errors.New("wrongType")
	ErrWrongLength = errors.New("wrongLength")
	ErrWrongValue  = errors.New("wrongValue")
)

// Check tests a value that a SET offers against what the module says of the
// object: its base type, then the length in octets of a string, then bounds or
// labels of a number. intValue is the value of a number, bytesLen the length of
// a string; the other one is not looked at. The error wraps one of ErrWrongType,
// ErrWrongLength and ErrWrongValue. Access is not its business, nor what a
// string holds.
func (o Object) Check(base Base, intValue int64, bytesLen int) error {
	if onWire(base) != onWire(o.Base) || o.Base == NoBase {
		return fmt.Errorf("%s: %w: send %s", o.Name, ErrWrongType, o.Base)
	}
	switch o.Base {
	case OctetString, Bits:
		if !within(int64(bytesLen), o.Ranges) {
			return fmt.Errorf("%s: %w: %d octets, allowed are %s", o.Name, ErrWrongLength, bytesLen, Bounds(o.Ranges))
		}
	case ObjectIdentifier, IPAddress:
	default:
		return o.checkNumber(intValue)
	}
	return nil
}

func (o Object) checkNumber(value int64) error {
	if len(o.Enum) > 0 {
		if o.Label(value) == "" {
			return fmt.Errorf("%s: %w: %d, allowed are %s", o.Name, ErrWrongValue, value, labels(o.Enum))
		}
		return nil
	}
	if !within(value, o.Ranges) {
		return fmt.Errorf("%s: %w: %d, allowed are %s", o.Name, ErrWrongValue, value, Bounds(o.Ranges))
	}
	return nil
}

// onWire maps base types that share a tag to one of them (RFC 2578 section 7.1.11).
func onWire(b Base) Base {
	switch b {
	case Gauge32:
		return Unsigned32
	case Bits:
		return OctetString
	}
	return b
}

// within says whether a value is in one of the ranges; no ranges allow all.
func within(value int64, ranges [][2]int64) bool {
	for _, r := range ranges {
		if r[0] <= value && value <= r[1] {
			return true
		}
	}
	return len(ranges) == 0
}
