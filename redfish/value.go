package redfish

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// ValueKind is the type of a Value.
type ValueKind int

// The kinds of a Value. KindNone is the zero Value: absent or null.
const (
	KindNone ValueKind = iota
	KindString
	KindInteger
	KindBoolean
	KindOther // a fraction, list or object, kept as its JSON text
)

// Value is the value of one attribute, comparable with ==. An integer is an
// integer however the BMC wrote it (3, 3.0).
type Value struct {
	Kind ValueKind
	Text string // the string, or the JSON text of KindOther
	Int  int64
	Bool bool
}

// StringValue returns s as a Value.
func StringValue(s string) Value { return Value{Kind: KindString, Text: s} }

// IntegerValue returns i as a Value.
func IntegerValue(i int64) Value { return Value{Kind: KindInteger, Int: i} }

// BooleanValue returns b as a Value.
func BooleanValue(b bool) Value { return Value{Kind: KindBoolean, Bool: b} }

// Known reports whether there is a value at all.
func (v Value) Known() bool { return v.Kind != KindNone }

// String renders v as an operator would write it.
func (v Value) String() string {
	switch v.Kind {
	case KindInteger:
		return strconv.FormatInt(v.Int, 10)
	case KindBoolean:
		return strconv.FormatBool(v.Bool)
	}
	return v.Text
}

// MarshalJSON writes v as the BMC expects it: a number, string, boolean, null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.Kind {
	case KindNone:
		return []byte("null"), nil
	case KindInteger:
		return strconv.AppendInt(nil, v.Int, 10), nil
	case KindBoolean:
		return strconv.AppendBool(nil, v.Bool), nil
	case KindOther:
		return []byte(v.Text), nil
	}
	return json.Marshal(v.Text)
}

// UnmarshalJSON reads any JSON value.
func (v *Value) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	*v = Value{}
	if len(b) == 0 || bytes.Equal(b, []byte("null")) {
		return nil
	}
	switch b[0] {
	case '"':
		v.Kind = KindString
		return json.Unmarshal(b, &v.Text)
	case 't', 'f':
		v.Kind = KindBoolean
		return json.Unmarshal(b, &v.Bool)
	case '{', '[':
		var buf bytes.Buffer
		if err := json.Compact(&buf, b); err != nil {
			return err
		}
		*v = Value{Kind: KindOther, Text: buf.String()}
		return nil
	}
	if i, ok := wholeNumber(string(b)); ok {
		*v = IntegerValue(i)
		return nil
	}
	*v = Value{Kind: KindOther, Text: string(b)}
	return nil
}

// wholeNumber reads a JSON number that is an integer: 3, 3.0, 3e2.
func wholeNumber(s string) (int64, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(s, 64)
	const exact = 1 << 53 // beyond, a float64 is not every integer
	if err != nil || f != float64(int64(f)) || f > exact || f < -exact {
		return 0, false
	}
	return int64(f), true
}
