package mib

import (
	"slices"
	"testing"
)

func TestStandardObjectsAreSortedAndInTheirModules(t *testing.T) {
	if !slices.IsSortedFunc(StandardObjects, func(a, b Object) int { return slices.Compare(a.OID, b.OID) }) {
		t.Error("StandardObjects are not sorted by identifier")
	}
	names := map[string]bool{}
	for _, o := range StandardObjects {
		if !covered(Standard, o.OID) {
			t.Errorf("%s lies outside the modules", o.Name)
		}
		if names[o.Name] || o.Access != ReadOnly {
			t.Errorf("%s is there twice, or can be written", o.Name)
		}
		names[o.Name] = true
	}
	// entPhysicalTable has 18 readable columns, Contains 1, General 1, entPhySensorTable 8, entStateTable 6.
	if got, want := len(StandardObjects), 18+1+1+8+6; got != want {
		t.Errorf("%d objects, want %d", got, want)
	}
}

func TestStandardByOID(t *testing.T) {
	for _, c := range []struct {
		oid      []uint32
		name     string
		instance []uint32
	}{
		{[]uint32{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 7, 12}, "entPhysicalName", []uint32{12}},
		{[]uint32{1, 3, 6, 1, 2, 1, 47, 1, 3, 3, 1, 1, 1, 2}, "entPhysicalChildIndex", []uint32{1, 2}},
		{[]uint32{1, 3, 6, 1, 2, 1, 47, 1, 4, 1, 0}, "entLastChangeTime", []uint32{0}},
		{[]uint32{1, 3, 6, 1, 2, 1, 99, 1, 1, 1, 4, 3}, "entPhySensorValue", []uint32{3}},
		{[]uint32{1, 3, 6, 1, 2, 1, 131, 1, 1, 1, 5, 3}, "entStateAlarm", []uint32{3}},
		{[]uint32{1, 3, 6, 1, 2, 1, 131, 1, 1, 1, 6}, "entStateStandby", []uint32{}},
		{[]uint32{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 1, 3}, "", nil},
		{[]uint32{1, 3, 6, 1, 2, 1, 131, 1, 1, 1, 7, 3}, "", nil},
		{[]uint32{1, 3}, "", nil},
		{nil, "", nil},
	} {
		o, instance, found := StandardByOID(c.oid)
		if found != (c.name != "") || o.Name != c.name || !slices.Equal(instance, c.instance) {
			t.Errorf("%v: got %q %v %t, want %q %v", c.oid, o.Name, instance, found, c.name, c.instance)
		}
	}
}
