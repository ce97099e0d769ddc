package snmp

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// MaxSubIDs is the largest number of sub-identifiers in an object identifier (RFC 2578, section 3.5).
const MaxSubIDs = 128

// OID is an object identifier, one element per sub-identifier. It is a value: no function here changes the
// elements of an OID it was given.
type OID []uint32

// ParseOID reads the dotted form, with or without a leading dot.
func ParseOID(text string) (OID, error) {
	trimmed := strings.TrimPrefix(text, ".")
	if trimmed == "" {
		return nil, fmt.Errorf("object identifier %q is empty: write it as 1.3.6.1", text)
	}
	parts := strings.Split(trimmed, ".")
	if len(parts) > MaxSubIDs {
		return nil, fmt.Errorf("object identifier of %d sub-identifiers: at most %d are allowed", len(parts), MaxSubIDs)
	}
	oid := make(OID, len(parts))
	for i, part := range parts {
		sub, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("object identifier %q: sub-identifier %q: write numbers from 0 to 4294967295", text, part)
		}
		oid[i] = uint32(sub)
	}
	if err := oid.check(); err != nil {
		return nil, err
	}
	return oid, nil
}

// check says whether the first two sub-identifiers can be encoded (X.690, section 8.19.4).
func (o OID) check() error {
	if len(o) > MaxSubIDs {
		return fmt.Errorf("object identifier of %d sub-identifiers: at most %d are allowed", len(o), MaxSubIDs)
	}
	if len(o) > 0 && o[0] > 2 {
		return fmt.Errorf("object identifier %s begins with %d: the first number is 0, 1 or 2", o, o[0])
	}
	if len(o) > 1 && o[0] < 2 && o[1] > 39 {
		return fmt.Errorf("object identifier %s: the second number is at most 39 under %d", o, o[0])
	}
	if len(o) > 1 && o[0] == 2 && o[1] > math.MaxUint32-80 {
		return fmt.Errorf("object identifier %s: the second number does not fit its encoding: it is at most %d", o, math.MaxUint32-80)
	}
	return nil
}

// String returns the dotted form without a leading dot; an empty OID is "".
func (o OID) String() string {
	text := make([]byte, 0, 4*len(o))
	for i, sub := range o {
		if i > 0 {
			text = append(text, '.')
		}
		text = strconv.AppendUint(text, uint64(sub), 10)
	}
	return string(text)
}

// Compare orders OIDs as a walk does: negative if o comes before other, 0 if they are equal.
func (o OID) Compare(other OID) int { return slices.Compare(o, other) }

// Equal says whether o and other name the same object.
func (o OID) Equal(other OID) bool { return slices.Equal(o, other) }

// HasPrefix says whether o is prefix or lies under it.
func (o OID) HasPrefix(prefix OID) bool {
	return len(o) >= len(prefix) && slices.Equal(o[:len(prefix)], prefix)
}

// Append returns a new OID, o followed by subs. o itself is not changed.
func (o OID) Append(subs ...uint32) OID {
	longer := make(OID, 0, len(o)+len(subs))
	return append(append(longer, o...), subs...)
}

// Clone returns a copy that shares nothing with o.
func (o OID) Clone() OID { return slices.Clone(o) }
