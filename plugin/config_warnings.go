package plugin

import (
	"fmt"

	"hawser/cluster"
)

// Warnings name what works and is weaker than it could be.
func (c Config) Warnings() Faults {
	var found Faults
	if len(c.Links) == 1 {
		found.add("links", "add a second network that fails apart from the first", "there is only one: its cut looks like the death of a node")
	}
	if c.hasOnceOnly() {
		for i, n := range c.Nodes {
			if n.Role == cluster.RoleResource && !n.HasBMC() {
				found.add(fmt.Sprintf("nodes[%d].bmc", i), "configure its BMC",
					"node %s cannot be fenced: when it dies, its once-only services wait for a person", n.Name)
			}
		}
	}
	if c.Emulation.Used() {
		found.add("emulation", "leave it out on a real machine", "boot id and machine UUID come from the configuration")
	}
	if len(c.SNMP.Communities) > 0 {
		found.add("snmp.communities", "use v3 users where the NMS can", "v1 and v2c send communities and values in clear")
	}
	if len(c.SNMP.Users) == 0 {
		found.add("snmp.users", "add one per role, or run `hawser init`", "there are none: nobody can read or set by SNMPv3")
	}
	if len(c.Sinks) == 0 {
		found.add("sinks", "add the address of the NMS or of a hawser manager", "there are none: nobody is told of events")
	}
	if c.openMetrics() {
		found.add("metrics.listen", "use a loopback address with a proxy before it, or a network of your own", "whoever reaches it can read the figures of this cluster")
	}
	return found
}

func (c Config) hasOnceOnly() bool {
	for _, st := range c.Stacks {
		for _, sv := range st.Services {
			if sv.Mode == cluster.ModeActiveStandby {
				return true
			}
		}
	}
	return false
}
