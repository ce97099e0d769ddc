package mib

import (
	"errors"
	"slices"
	"testing"
)

func TestByOID(t *testing.T) {
	at := func(oid []uint32, more ...uint32) []uint32 { return append(slices.Clone(oid), more...) }
	tests := []struct {
		name     string
		oid      []uint32
		want     string // empty: not found
		instance []uint32
	}{
		{"scalar", at(HawserClusterState, 0), "hawserClusterState", []uint32{0}},
		{"column", at(HawserNodeState, 3), "hawserNodeState", []uint32{3}},
		{"long index", at(HawserHwSettingDesired, 1, 2, 1, 65), "hawserHwSettingDesired", []uint32{1, 2, 1, 65}},
		{"no such column", at(HawserNodeEntry, 99, 1), "hawserNodeEntry", []uint32{99, 1}},
		{"row itself", HawserNodeEntry, "hawserNodeEntry", nil},
		{"behind the module", at(HawserEnterprise, 43), "hawserEnterprise", []uint32{43}},
		{"other enterprise", []uint32{1, 3, 6, 1, 4, 1, PEN + 1}, "", nil},
		{"above", []uint32{1, 3, 6}, "", nil},
		{"empty", nil, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o, instance, found := ByOID(test.oid)
			if o.Name != test.want || found != (test.want != "") || !slices.Equal(instance, test.instance) {
				t.Errorf("ByOID = %q %v %v, want %q %v", o.Name, instance, found, test.want, test.instance)
			}
		})
	}
}

func TestEveryObjectIsFound(t *testing.T) {
	for i, o := range Objects {
		if byName, known := ByName(o.Name); !known || !slices.Equal(byName.OID, o.OID) {
			t.Errorf("ByName(%s) finds %v", o.Name, byName.OID)
		}
		if byOID, instance, found := ByOID(o.OID); !found || byOID.Name != o.Name || len(instance) != 0 {
			t.Errorf("ByOID(%s) finds %s", o.Name, byOID.Name)
		}
		if i > 0 && slices.Compare(Objects[i-1].OID, o.OID) >= 0 {
			t.Errorf("%s stands before %s", Objects[i-1].Name, o.Name)
		}
	}
	if _, known := ByName("hawserNothing"); known {
		t.Error("ByName finds what is not there")
	}
}

// TestByOIDFindsTheLongestPrefix compares it with a search through everything,
// for all identifiers with one arc changed, left out or added.
func TestByOIDFindsTheLongestPrefix(t *testing.T) {
	longest := func(oid []uint32) (name string) {
		best := 0
		for _, o := range Objects {
			if hasPrefix(oid, o.OID) && len(o.OID) > best {
				name, best = o.Name, len(o.OID)
			}
		}
		return name
	}
	for _, o := range Objects {
		for cut := range len(o.OID) + 1 {
			for _, arc := range []uint32{0, 1, 7, 1<<32 - 1} {
				oid := append(slices.Clone(o.OID[:cut]), arc)
				if cut < len(o.OID) {
					oid = append(oid, o.OID[cut+1:]...)
				}
				got, instance, _ := ByOID(oid)
				if want := longest(oid); got.Name != want || len(got.OID)+len(instance) != len(oid) && want != "" {
					t.Fatalf("ByOID(%v) = %q and %v, want %q", oid, got.Name, instance, want)
				}
			}
		}
	}
}

func BenchmarkByOID(b *testing.B) {
	oid := append(slices.Clone(HawserHwSettingDesired), 1, 2, 8, 'B', 'o', 'o', 't', 'M', 'o', 'd', 'e')
	for b.Loop() {
		if _, _, found := ByOID(oid); !found {
			b.Fatal("not found")
		}
	}
}

func TestIndexOf(t *testing.T) {
	for _, name := range []string{"hawserLinkTable", "hawserLinkEntry", "hawserLinkRtt"} {
		var got []string
		for _, o := range IndexOf(name) {
			got = append(got, o.Name)
		}
		if want := []string{"hawserNodeIndex", "hawserPeerIndex", "hawserLinkIndex"}; !slices.Equal(got, want) {
			t.Errorf("IndexOf(%s) = %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"hawserClusterName", "hawserMIB", "hawserNothing"} {
		if got := IndexOf(name); got != nil {
			t.Errorf("IndexOf(%s) = %v, want none", name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		object string
		base   Base
		value  int64
		length int
		want   error
	}{
		{"hawserServiceProbeInterval", Unsigned32, 1000, 0, nil},
		{"hawserServiceProbeInterval", Gauge32, 1000, 0, nil}, // one tag
		{"hawserServiceProbeInterval", Unsigned32, 99, 0, ErrWrongValue},
		{"hawserServiceProbeInterval", Integer32, 1000, 0, ErrWrongType},
		{"hawserServiceReaction", Integer32, ServiceReactionFence, 0, nil},
		{"hawserServiceReaction", Integer32, 6, 0, ErrWrongValue},
		{"hawserServiceReaction", Integer32, 0, 0, ErrWrongValue},
		{"hawserServiceReaction", OctetString, 0, 4, ErrWrongType},
		{"hawserWriteToken", OctetString, 0, 0, nil},
		{"hawserWriteToken", OctetString, 0, 7, ErrWrongLength},
		{"hawserWriteToken", OctetString, 0, 8, nil},
		{"hawserWriteToken", OctetString, 0, 17, ErrWrongLength},
		{"hawserMaintenanceUntil", OctetString, 0, 11, nil},
		{"hawserMaintenanceUntil", OctetString, 0, 9, ErrWrongLength},
		{"hawserJobExpectSerial", Integer32, -1, 0, nil},
		{"hawserJobExpectSerial", Integer32, -2, 0, ErrWrongValue},
		{"hawserJobRowStatus", Integer32, RowStatusCreateAndGo, 0, nil},
		{"hawserEventEpoch", Counter64, 1 << 40, 0, nil},
		{"hawserNodeTable", Integer32, 1, 0, ErrWrongType},
	}
	for _, test := range tests {
		o, known := ByName(test.object)
		if !known {
			t.Fatalf("no object %s", test.object)
		}
		if err := o.Check(test.base, test.value, test.length); !errors.Is(err, test.want) {
			t.Errorf("%s.Check(%v, %d, %d) = %v, want %v", test.object, test.base, test.value, test.length, err, test.want)
		}
	}
}

func TestLabels(t *testing.T) {
	o, _ := ByName("hawserNodeState")
	if got := o.Label(NodeStateFenced); got != "fenced" {
		t.Errorf("Label = %q, want fenced", got)
	}
	if got := o.Label(99); got != "" {
		t.Errorf("Label(99) = %q, want none", got)
	}
	if got, known := o.Number("suspect"); !known || got != NodeStateSuspect {
		t.Errorf("Number(suspect) = %d %v", got, known)
	}
	if _, known := o.Number("gone"); known {
		t.Error("Number(gone) is known")
	}
}

func TestRolesSplitTheTree(t *testing.T) {
	tests := []struct{ role, reads, writes string }{ // r and w: one letter per object below, - for no
		{"reader", "rr---", "-----"},
		{"auditor", "rrrrr", "-----"},
		{"policy", "rrrrr", "w--w-"},
		{"hardware", "rrrrr", "--w-w"},
	}
	objects := [][]uint32{HawserServiceReaction, HawserHwSystemHealth, HawserHwSettingDesired, HawserJobRowStatus, HawserHwJobRowStatus}
	for _, test := range tests {
		role, known := RoleByName(test.role)
		if !known {
			t.Fatalf("no role %s", test.role)
		}
		for i, oid := range objects {
			o, _, _ := ByOID(oid)
			if got, want := role.CanRead(oid), test.reads[i] == 'r'; got != want {
				t.Errorf("%s reads %s: %v, want %v", test.role, o.Name, got, want)
			}
			if got, want := role.CanWrite(oid), test.writes[i] == 'w'; got != want {
				t.Errorf("%s writes %s: %v, want %v", test.role, o.Name, got, want)
			}
		}
		for _, subtree := range role.Write {
			if !role.CanRead(subtree) {
				t.Errorf("%s writes %v and cannot read it", test.role, subtree)
			}
		}
	}
	hardware, _ := RoleByName("hardware")
	if !hardware.CanWrite(HawserConfigSerial) || !hardware.CanWrite(HawserWriteToken) || hardware.CanWrite(HawserMaintenance) || hardware.CanWrite(HawserWriteReason) {
		t.Error("hardware must write the serial and the token, and nothing else of policy or history")
	}
	if _, known := RoleByName("root"); known {
		t.Error("there is a role root")
	}
}
