package mib

import "slices"

// Object is one named node of the module.
type Object struct {
	Name     string      // the descriptor
	OID      []uint32    // whole, without an instance; read only
	Kind     Kind        // what it is
	Base     Base        // type of its values on the wire; scalars and columns only
	Syntax   string      // name of the textual convention, or of the base type
	Access   Access      // highest access; of anything but a group, node or notification
	Ranges   [][2]int64  // allowed values, or lengths of a string in octets; empty: all that Base holds
	Enum     []EnumValue // labels of the allowed values; empty: no enumeration
	Index    []string    // of a row: the columns that index it, of other tables too
	Implied  bool        // of a row: its last index carries no length
	Varbinds []string    // of a notification: its objects in order; of a group: its members
	Units    string      // unit of the values, empty for none
}

// EnumValue is one label of an enumeration.
type EnumValue struct {
	Name   string
	Number int64
}

// Kind says what a named node is.
type Kind uint8

// The kinds of named nodes.
const (
	Node         Kind = iota // a branch or an identity
	Scalar                   // one value, instance 0
	Table                    // holds a Row
	Row                      // holds the Columns
	Column                   // one value per row
	Notification             // what a trap or inform reports
	Group                    // conformance: a group or compliance
)

// Base is the type of a value on the wire.
type Base uint8

// The base types of SMIv2 (RFC 2578 section 7.1). Unsigned32 and Gauge32 are
// the same on the wire.
const (
	NoBase Base = iota
	Integer32
	Unsigned32
	Gauge32
	Counter32
	Counter64
	TimeTicks
	OctetString
	ObjectIdentifier
	IPAddress
	Bits
)

// Access is the highest access that the module gives to an object.
type Access uint8

// The values of MAX-ACCESS (RFC 2578 section 7.3), each including those above
// it from ReadOnly on.
const (
	NotAccessible Access = iota
	AccessibleForNotify
	ReadOnly
	ReadWrite
	ReadCreate
)

// Writable says whether a SET may name the object.
func (a Access) Writable() bool { return a >= ReadWrite }

// Readable says whether a GET may name the object.
func (a Access) Readable() bool { return a >= ReadOnly }

// ByName returns the object with this descriptor.
func ByName(name string) (Object, bool) {
	i, known := objectByName[name]
	if !known {
		return Object{}, false
	}
	return Objects[i], true
}

// ByOID returns the object whose identifier is the longest prefix of oid, and
// what follows it: the instance. The instance shares oid's memory.
func ByOID(oid []uint32) (object Object, instance []uint32, found bool) {
	for prefix := oid; ; {
		i, exact := slices.BinarySearchFunc(Objects, prefix, func(o Object, p []uint32) int { return slices.Compare(o.OID, p) })
		if exact {
			return Objects[i], oid[len(prefix):], true
		}
		if i == 0 {
			return Object{}, nil, false
		}
		// Nothing stands between the neighbour before and prefix: a shorter
		// prefix with a name is no longer than what both have in common.
		prefix = prefix[:commonLength(prefix, Objects[i-1].OID)]
	}
}

// commonLength is the number of leading arcs that are equal.
func commonLength(a, b []uint32) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Label returns the label of a value of an enumeration, empty if it has none.
func (o Object) Label(number int64) string {
	for _, v := range o.Enum {
		if v.Number == number {
			return v.Name
		}
	}
	return ""
}

// Number returns the value of a label of an enumeration.
func (o Object) Number(label string) (int64, bool) {
	for _, v := range o.Enum {
		if v.Name == label {
			return v.Number, true
		}
	}
	return 0, false
}

// IndexOf returns the objects that index the rows of a table, in order. It
// takes the name of the table, its row or one of its columns.
func IndexOf(name string) []Object {
	o, known := ByName(name)
	for known && o.Kind != Row {
		switch o.Kind {
		case Column:
			o, _, known = ByOID(o.OID[:len(o.OID)-1])
		case Table:
			o, _, known = ByOID(append(slices.Clone(o.OID), 1))
		default:
			return nil
		}
	}
	var index []Object
	for _, name := range o.Index {
		if column, known := ByName(name); known {
			index = append(index, column)
		}
	}
	return index
}
