package agent

import (
	"slices"
	"sort"

	"hawser/mib/snmp"
)

// subtrees is a sorted set of subtrees, none under another.
type subtrees []snmp.OID

func newSubtrees(roots ...snmp.OID) subtrees {
	sorted := slices.Clone(roots)
	slices.SortFunc(sorted, snmp.OID.Compare)
	var set subtrees
	for _, root := range sorted {
		if len(set) == 0 || !root.HasPrefix(set[len(set)-1]) {
			set = append(set, root)
		}
	}
	return set
}

// contains says whether oid lies in one of the subtrees.
func (s subtrees) contains(oid snmp.OID) bool {
	i := s.after(oid)
	return i > 0 && oid.HasPrefix(s[i-1])
}

// after returns the index of the first subtree whose root comes after oid.
func (s subtrees) after(oid snmp.OID) int {
	return sort.Search(len(s), func(i int) bool { return s[i].Compare(oid) > 0 })
}

// access is what a role may do (the view-based model of RFC 3415, with views by subtree: the same in every context to read,
// none but in the default context to write).
type access struct {
	read, write subtrees
}

// accessTable holds what was configured, by role and user.
type accessTable struct {
	roles map[string]access
	users map[string]string // user to role
}

// newAccessTable adds the agent's own groups to what every role may read.
func newAccessTable(cfg Config, own ...snmp.OID) accessTable {
	t := accessTable{roles: make(map[string]access), users: make(map[string]string)}
	for _, role := range cfg.Roles {
		read := slices.Concat(role.Read, own)
		t.roles[role.Name] = access{newSubtrees(read...), newSubtrees(role.Write...)}
	}
	for _, user := range cfg.Users {
		t.users[user.Name] = user.Role
	}
	return t
}

func (t accessTable) user(name string) access { return t.roles[t.users[name]] }
