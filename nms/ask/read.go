package ask

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
)

// A struct names the object of each field in a tag `mib:"hawserNodeName"`; `mib:"#0"` is the first part of the row's
// index. Fields are string (text, or the label of an enumeration), int64, bool (TruthValue), time.Time or []byte.

// ReadScalars fills the struct that to points to. Objects the agent does not show stay zero; missing names them.
func ReadScalars(ctx context.Context, s *Session, to any) (missing []string, err error) {
	names := objectNames(reflect.TypeOf(to).Elem())
	values, err := s.scalars(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, shown := values[name]; !shown {
			missing = append(missing, name)
		}
	}
	return missing, fill(reflect.ValueOf(to).Elem(), nil, values)
}

// ReadTable reads the rows of a table into structs, in order of their index.
func ReadTable[T any](ctx context.Context, s *Session, within ...uint32) ([]T, error) {
	return readSpan[T](ctx, s, nil, span{prefix: within})
}

// ReadRange reads the rows whose first index lies in [first, last].
func ReadRange[T any](ctx context.Context, s *Session, first, last uint32) ([]T, error) {
	return readSpan[T](ctx, s, nil, span{first: first, last: last})
}

// ReadRow reads one row by its instance; found is false when the agent has no such row.
func ReadRow[T any](ctx context.Context, s *Session, instance []uint32) (out T, found bool, err error) {
	names := objectNames(reflect.TypeFor[T]())
	oids := make([]snmp.OID, len(names))
	for i, name := range names {
		if oids[i], _, err = Instance(name, instance...); err != nil {
			return out, false, err
		}
	}
	vbs, err := s.Get(ctx, oids...)
	if err != nil {
		return out, false, err
	}
	values := map[string]snmp.Value{}
	for i, vb := range vbs {
		if i < len(names) && !vb.Value.IsException() {
			values[names[i]] = vb.Value
		}
	}
	return out, len(values) > 0, fill(reflect.ValueOf(&out).Elem(), instance, values)
}

func objectNames(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		if tag := field.Tag.Get("mib"); tag != "" && !strings.HasPrefix(tag, "#") {
			names = append(names, tag)
		}
	}
	return names
}

func fill(to reflect.Value, index []uint32, values map[string]snmp.Value) error {
	t := to.Type()
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("mib")
		if part, isIndex := strings.CutPrefix(tag, "#"); isIndex {
			if at := int(part[0] - '0'); at < len(index) {
				to.Field(i).SetInt(int64(index[at]))
			}
			continue
		}
		v, shown := values[tag]
		if !shown {
			continue
		}
		o, _ := mib.ByName(tag)
		if err := set(to.Field(i), o, v); err != nil {
			return fmt.Errorf("%s: %w", tag, err)
		}
	}
	return nil
}

func set(field reflect.Value, o mib.Object, v snmp.Value) error {
	switch field.Interface().(type) {
	case string:
		field.SetString(Text(o, v))
	case int64:
		field.SetInt(v.Int + int64(v.Uint))
	case bool:
		field.SetBool(v.Int == truthTrue)
	case []byte:
		field.SetBytes(v.Bytes)
	case time.Time:
		when, err := ParseTime(v.Bytes)
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(when))
	default:
		panic("ask: no way to read into a " + field.Type().String())
	}
	return nil
}

// truthTrue is true(1) of TruthValue (RFC 2579).
const truthTrue = 1

// Text is a value as people read it: the label of an enumeration, the text of a string, digits of a number.
func Text(o mib.Object, v snmp.Value) string {
	switch {
	case v.Type == snmp.TypeInteger && len(o.Enum) > 0:
		return Label(o, v.Int)
	case v.Type == snmp.TypeOctetString:
		return strings.ToValidUTF8(string(v.Bytes), "\uFFFD")
	}
	return v.String()
}
