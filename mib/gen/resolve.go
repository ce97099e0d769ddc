package main

import (
	"fmt"
	"slices"
)

// object is a definition with its whole identifier and base type, as Go needs it.
type object struct {
	name     string
	oid      []uint32
	kind     string // a constant of mib.Kind
	base     string // a constant of mib.Base, empty for what has no value
	syntax   string
	access   string // a constant of mib.Access, empty for what has no value
	ranges   [][2]int64
	enum     []enumValue
	index    []string
	implied  bool
	varbinds []string
	units    string
}

// importedTypes are the textual conventions that our module imports, with the
// bounds that their own modules give (RFC 2579, RFC 3411, RFC 4001).
var importedTypes = map[string]syntax{
	"SnmpAdminString": {name: "OCTET STRING", ranges: [][2]int64{{0, 255}}, size: true},
	"SnmpEngineID":    {name: "OCTET STRING", ranges: [][2]int64{{5, 32}}, size: true},
	"DateAndTime":     {name: "OCTET STRING", ranges: [][2]int64{{8, 8}, {11, 11}}, size: true},
	"InetAddress":     {name: "OCTET STRING", ranges: [][2]int64{{0, 255}}, size: true},
	"InetPortNumber":  {name: "Unsigned32", ranges: [][2]int64{{0, 65535}}},
	"TestAndIncr":     {name: "INTEGER", ranges: [][2]int64{{0, 2147483647}}},
	"TruthValue":      {name: "INTEGER", enum: []enumValue{{"true", 1}, {"false", 2}}},
	"RowStatus": {name: "INTEGER", enum: []enumValue{
		{"active", 1}, {"notInService", 2}, {"notReady", 3}, {"createAndGo", 4}, {"createAndWait", 5}, {"destroy", 6},
	}},
	"InetAddressType": {name: "INTEGER", enum: []enumValue{
		{"unknown", 0}, {"ipv4", 1}, {"ipv6", 2}, {"ipv4z", 3}, {"ipv6z", 4}, {"dns", 16},
	}},
}

// bases maps the types of SNMPv2-SMI to constants of mib.Base.
var bases = map[string]string{
	"INTEGER": "Integer32", "Integer32": "Integer32", "Unsigned32": "Unsigned32", "Gauge32": "Gauge32",
	"Counter32": "Counter32", "Counter64": "Counter64", "TimeTicks": "TimeTicks", "IpAddress": "IPAddress",
	"OCTET STRING": "OctetString", "OBJECT IDENTIFIER": "ObjectIdentifier", "BITS": "Bits",
}

var accesses = map[string]string{
	"not-accessible": "NotAccessible", "accessible-for-notify": "AccessibleForNotify",
	"read-only": "ReadOnly", "read-write": "ReadWrite", "read-create": "ReadCreate",
}

// resolve returns the objects of the module in the order of their identifiers.
func resolve(m *module) ([]object, error) {
	r := resolver{m: m, oids: map[string][]uint32{"enterprises": {1, 3, 6, 1, 4, 1}}, byName: map[string]definition{}}
	for _, d := range m.definitions {
		if _, twice := r.byName[d.name]; twice {
			return nil, fmt.Errorf("line %d: %s is defined twice: rename one", d.line, d.name)
		}
		r.byName[d.name] = d
	}
	var objects []object
	for _, d := range m.definitions {
		o, err := r.object(d)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", d.line, d.name, err)
		}
		objects = append(objects, o)
	}
	slices.SortFunc(objects, func(a, b object) int { return slices.Compare(a.oid, b.oid) })
	return objects, nil
}

type resolver struct {
	m      *module
	byName map[string]definition
	oids   map[string][]uint32
}

// oid returns the whole identifier of a name; parents may stand anywhere.
func (r *resolver) oid(name string) ([]uint32, error) {
	if oid, known := r.oids[name]; known {
		return oid, nil
	}
	d, known := r.byName[name]
	if !known {
		return nil, fmt.Errorf("%s is not defined", name)
	}
	r.oids[name] = nil // a loop finds an empty parent
	parent, err := r.oid(d.parent)
	if err != nil {
		return nil, err
	}
	if len(parent) == 0 {
		return nil, fmt.Errorf("%s is its own ancestor", name)
	}
	oid := append(slices.Clone(parent), d.arc)
	r.oids[name] = oid
	return oid, nil
}

func (r *resolver) object(d definition) (object, error) {
	oid, err := r.oid(d.name)
	if err != nil {
		return object{}, err
	}
	o := object{name: d.name, oid: oid, kind: r.kind(d), units: d.units, index: d.index, implied: d.implied, varbinds: d.objects}
	for _, name := range slices.Concat(d.index, d.objects) {
		if _, known := r.byName[name]; !known {
			return object{}, fmt.Errorf("it names %s, which is not defined", name)
		}
	}
	if d.macro != "OBJECT-TYPE" {
		return o, nil
	}
	var known bool
	if o.access, known = accesses[d.access]; !known {
		return object{}, fmt.Errorf("MAX-ACCESS %q is unknown", d.access)
	}
	if o.kind == "Scalar" || o.kind == "Column" {
		err = r.value(&o, d.syntax)
	}
	return o, err
}

// value fills in base type, bounds and labels; the innermost bounds win.
func (r *resolver) value(o *object, s syntax) error {
	o.syntax = s.name
	for {
		if o.ranges == nil {
			o.ranges = s.ranges
		}
		if o.enum == nil {
			o.enum = s.enum
		}
		if base, known := bases[s.name]; known {
			o.base = base
			return nil
		}
		below, known := r.m.types[s.name]
		if !known {
			below, known = importedTypes[s.name]
		}
		if !known {
			return fmt.Errorf("type %s is unknown: import it, and add it to importedTypes", s.name)
		}
		s = below
	}
}

// kind tells a definition's place from its macro, its syntax and its parent.
func (r *resolver) kind(d definition) string {
	switch d.macro {
	case "NOTIFICATION-TYPE":
		return "Notification"
	case "OBJECT-GROUP", "NOTIFICATION-GROUP", "MODULE-COMPLIANCE":
		return "Group"
	case "OBJECT-TYPE":
	default:
		return "Node"
	}
	switch {
	case d.syntax.rowOf != "":
		return "Table"
	case d.index != nil:
		return "Row"
	case r.byName[d.parent].index != nil:
		return "Column"
	}
	return "Scalar"
}
