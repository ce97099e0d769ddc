package view

import (
	"fmt"
	"slices"
	"sort"

	"hawser/mib/snmp"
)

// KnownFunc says whether an OID falls under an object that is implemented: an instance that is missing there is
// noSuchInstance, elsewhere noSuchObject.
type KnownFunc func(oid snmp.OID) bool

// Knower is implemented by a Segment that answers for its own prefix instead of the view's KnownFunc.
type Knower interface {
	Known(oid snmp.OID) bool
}

// View is an immutable snapshot of objects.
type View struct {
	known    KnownFunc
	segments []Segment // sorted by prefix, none under another
}

// New returns a view of the segments. known may be nil: then every object outside a Knower is unknown.
func New(known KnownFunc, segments ...Segment) *View {
	empty := &View{known: known}
	return empty.With(segments...)
}

// With returns a view in which the segments replace those of the same prefix, or are added. v is not changed.
func (v *View) With(segments ...Segment) *View {
	next := &View{known: v.known, segments: slices.Clone(v.segments)}
	for _, segment := range segments {
		next.put(segment)
	}
	return next
}

func (v *View) put(segment Segment) {
	prefix := segment.Prefix()
	i := sort.Search(len(v.segments), func(i int) bool { return v.segments[i].Prefix().Compare(prefix) >= 0 })
	if i < len(v.segments) && v.segments[i].Prefix().Equal(prefix) {
		v.segments[i] = segment
		return
	}
	if i > 0 && prefix.HasPrefix(v.segments[i-1].Prefix()) {
		panic(fmt.Sprintf("view: segment %s lies under segment %s", prefix, v.segments[i-1].Prefix()))
	}
	if i < len(v.segments) && v.segments[i].Prefix().HasPrefix(prefix) {
		panic(fmt.Sprintf("view: segment %s lies under segment %s", v.segments[i].Prefix(), prefix))
	}
	v.segments = slices.Insert(v.segments, i, segment)
}

// Get returns the value of an instance, or noSuchInstance or noSuchObject.
func (v *View) Get(oid snmp.OID) snmp.Value {
	known := v.known
	if i := v.from(oid); i < len(v.segments) && oid.HasPrefix(v.segments[i].Prefix()) {
		if value, ok := v.segments[i].Get(oid); ok {
			return value
		}
		if knower, ok := v.segments[i].(Knower); ok {
			known = knower.Known
		}
	}
	if known != nil && known(oid) {
		return snmp.NoSuchInstance
	}
	return snmp.NoSuchObject
}

// Next returns the first instance after oid, or oid itself with endOfMibView.
func (v *View) Next(oid snmp.OID) snmp.Varbind {
	w := v.Walk()
	if row, ok := w.After(oid); ok {
		return row.Varbind()
	}
	return snmp.Varbind{OID: oid, Value: snmp.EndOfMibView}
}

// from returns the index of the first segment that may hold oid or something after it.
func (v *View) from(oid snmp.OID) int {
	i := sort.Search(len(v.segments), func(i int) bool { return v.segments[i].Prefix().Compare(oid) > 0 })
	if i > 0 && oid.HasPrefix(v.segments[i-1].Prefix()) {
		return i - 1
	}
	return i
}
