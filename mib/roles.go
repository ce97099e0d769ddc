package mib

// Role says which parts of the tree the users of a role see and write. A
// subtree holds everything below its identifier, itself included.
type Role struct {
	Name  string
	Read  [][]uint32 // subtrees
	Write [][]uint32 // subtrees, each within one of Read
}

// Roles are the roles that a user may have. VACM decides by identifier and
// never by value, so the tree has one branch per role. The standard objects
// that an agent serves beside this module (system, snmpEngine, ENTITY-MIB) are
// for all roles to read; they are the agent's business.
//
// No role writes ConfigSerial without a reason: policy and hardware need it,
// and the write token, to make their SETs safe.
var Roles = []Role{
	{Name: "reader", Read: [][]uint32{HawserStateObjects, HawserHardwareObjects}},
	{Name: "auditor", Read: [][]uint32{HawserMIB}},
	{Name: "policy", Read: [][]uint32{HawserMIB}, Write: [][]uint32{HawserStateObjects, HawserPolicyObjects}},
	{
		Name: "hardware",
		Read: [][]uint32{HawserMIB},
		Write: [][]uint32{
			HawserHwSettingTable, HawserRequestObjects, HawserConfigSerial, HawserWriteToken,
		},
	},
}

// RoleByName returns the role of that name.
func RoleByName(name string) (Role, bool) {
	for _, role := range Roles {
		if role.Name == name {
			return role, true
		}
	}
	return Role{}, false
}

// CanRead says whether the role sees the instance with this identifier.
func (r Role) CanRead(oid []uint32) bool { return covered(r.Read, oid) }

// CanWrite says whether the role may set the instance with this identifier.
func (r Role) CanWrite(oid []uint32) bool { return covered(r.Write, oid) }

// covered says whether one of the subtrees holds oid.
func covered(subtrees [][]uint32, oid []uint32) bool {
	for _, subtree := range subtrees {
		if hasPrefix(oid, subtree) {
			return true
		}
	}
	return false
}

func hasPrefix(oid, prefix []uint32) bool {
	if len(oid) < len(prefix) {
		return false
	}
	for i, arc := range prefix {
		if oid[i] != arc {
			return false
		}
	}
	return true
}
