package snmp

import (
	"bytes"
	"fmt"
	"math"
)

// MaxVarbinds is the largest number of varbinds that a decoder takes from one message.
const MaxVarbinds = 4096

// AppendVarbind appends the BER form of a varbind. It panics on a type that SNMP does not know: such a value can
// only come from a mistake in this program, every decoder refuses it.
func AppendVarbind(dst []byte, vb Varbind) []byte {
	w := writer{dst}
	mark := w.begin(tagSequence)
	w.oid(vb.OID)
	w.value(vb.Value)
	w.end(mark)
	return w.buf
}

func (w *writer) value(v Value) {
	switch v.Type {
	case TypeInteger:
		w.integer(v.Int)
	case TypeCounter32, TypeGauge32, TypeTimeTicks, TypeCounter64:
		w.unsigned(byte(v.Type), v.Uint)
	case TypeOctetString, TypeIPAddress, TypeOpaque:
		w.octets(byte(v.Type), v.Bytes)
	case TypeObjectID:
		w.oid(v.OID)
	case TypeNull, TypeNoSuchObject, TypeNoSuchInstance, TypeEndOfMibView:
		w.buf = append(w.buf, byte(v.Type), 0)
	default:
		panic(fmt.Sprintf("snmp: no encoding for a value of %s", v.Type))
	}
}

func (r *reader) varbinds() ([]Varbind, error) {
	list, err := r.sequence("varbind list")
	if err != nil {
		return nil, err
	}
	count := list.count()
	if count > MaxVarbinds {
		return nil, malformed("more than %d varbinds", MaxVarbinds)
	}
	varbinds := make([]Varbind, 0, count)
	for !list.empty() {
		vb, err := list.varbind()
		if err != nil {
			return nil, fmt.Errorf("varbind %d: %w", len(varbinds)+1, err)
		}
		varbinds = append(varbinds, vb)
	}
	return varbinds, nil
}

func (r *reader) varbind() (Varbind, error) {
	pair, err := r.sequence("varbind")
	if err != nil {
		return Varbind{}, err
	}
	name, err := pair.take(byte(TypeObjectID), "name")
	if err != nil {
		return Varbind{}, err
	}
	oid, err := parseOID(name)
	if err != nil {
		return Varbind{}, err
	}
	tag, content, err := pair.next()
	if err != nil {
		return Varbind{}, fmt.Errorf("value of %s: %w", oid, err)
	}
	value, err := parseValue(Type(tag), content)
	if err != nil {
		return Varbind{}, fmt.Errorf("value of %s: %w", oid, err)
	}
	return Varbind{OID: oid, Value: value}, pair.end("varbind")
}

func parseValue(t Type, content []byte) (v Value, err error) {
	v.Type = t
	switch t {
	case TypeInteger:
		if v.Int, err = parseInt(content); err == nil && (v.Int < math.MinInt32 || v.Int > math.MaxInt32) {
			err = malformed("integer %d is over 32 bits", v.Int)
		}
	case TypeCounter32, TypeGauge32, TypeTimeTicks:
		v.Uint, err = parseUint(content, 32)
	case TypeCounter64:
		v.Uint, err = parseUint(content, 64)
	case TypeOctetString, TypeOpaque:
		v.Bytes = bytes.Clone(content)
	case TypeIPAddress:
		if v.Bytes = bytes.Clone(content); len(content) != 4 {
			err = malformed("IpAddress of %d octets", len(content))
		}
	case TypeObjectID:
		v.OID, err = parseOID(content)
	case TypeNull, TypeNoSuchObject, TypeNoSuchInstance, TypeEndOfMibView:
		if len(content) != 0 {
			err = malformed("%s with %d octets", t, len(content))
		}
	default:
		err = malformed("unknown %s", t)
	}
	return v, err
}
