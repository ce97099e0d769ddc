package plugin

import (
	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// place finds out which row a varbind is about and puts it into the op. A row that is not there and that no SET can make
// is noCreation.
func (it *item) place(state *cluster.State) *fault {
	if it.object.Kind == mib.Scalar {
		if len(it.index) != 1 || it.index[0] != 0 {
			return it.nowhere()
		}
		return nil
	}
	entry := it.object.OID[:len(it.object.OID)-1]
	switch table := snmp.OID(entry[:len(entry)-1]); {
	case table.Equal(mib.HawserNodeTable):
		return it.named(nodes(state))
	case table.Equal(mib.HawserStackTable):
		return it.named(stacks(state))
	case table.Equal(mib.HawserServiceTable):
		return it.named(services(state))
	case table.Equal(mib.HawserHwSettingTable):
		return it.setting(state)
	default: // alarms and jobs carry their own number; whether the row is there is tested with the change
		if len(it.index) != 1 || it.index[0] == 0 || it.index[0] > 1<<31-1 {
			return it.nowhere()
		}
		it.op.Target.Index = it.index[0]
		return nil
	}
}

func (it *item) nowhere() *fault {
	return faultf(snmp.NoCreation, "%s has no row %s: rows of this table cannot be made by SET", it.object.Name, snmp.OID(it.index))
}

// named takes the name that has the index.
func (it *item) named(names []indexed) *fault {
	if len(it.index) == 1 {
		for _, n := range names {
			if n.index == it.index[0] {
				it.op.Target.Name = n.name
				return nil
			}
		}
	}
	return it.nowhere()
}

// setting takes node, scope and name of a hardware setting: the name stands with its length before it.
func (it *item) setting(state *cluster.State) *fault {
	if len(it.index) < 3 || int64(it.index[2]) != int64(len(it.index)-3) {
		return it.nowhere()
	}
	name := make([]byte, 0, len(it.index)-3)
	for _, sub := range it.index[3:] {
		if sub > 255 {
			return it.nowhere()
		}
		name = append(name, byte(sub))
	}
	for _, n := range hardwareNodes(state) {
		if n.index == it.index[0] {
			it.op.Target = cluster.Target{Name: n.name, Scope: it.index[1], Key: string(name)}
		}
	}
	if it.op.Target.Name == "" {
		return it.nowhere()
	}
	setting, observed := findSetting(state, it.op.Target)
	_, wished := state.Desired[cluster.DesiredKey(it.op.Target.Name, it.op.Target.Scope, it.op.Target.Key)]
	if !observed && !wished {
		return faultf(snmp.NoCreation, "the BMC of %s shows no setting %q in scope %d", it.op.Target.Name, name, it.index[1])
	}
	it.secret = setting.Type == cluster.SettingPassword
	return nil
}
