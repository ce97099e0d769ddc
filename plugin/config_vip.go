package plugin

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"

	"hawser/cluster"
)

// kindVIP is the kind of service that is a virtual address (cluster/resource).
const kindVIP = "vip"

// virtualAddresses checks what a virtual address must be beside its own options: once only, in its layer, before those that
// may need it, and nobody else's.
func (v *validator) virtualAddresses() {
	taken := v.ownAddresses()
	for i, st := range v.Stacks {
		before := "" // the first once-only service that is neither address nor data partition
		for j, sv := range st.Services {
			path := fmt.Sprintf("stacks[%d].services[%d]", i, j)
			carrier := sv.Layer == cluster.LayerVirtualIP || sv.Layer == cluster.LayerDataPartition
			if once := sv.Mode == cluster.ModeActiveStandby; once && carrier && before != "" {
				v.add(path+".layer", "move it before "+before+": data partition and virtual IP go first, the others may need them to start",
					"%s is started after %s", sv.Name, before)
			} else if once && !carrier && before == "" {
				before = sv.Name
			}
			if sv.Kind == kindVIP {
				v.virtualAddress(path, sv, taken)
			}
		}
	}
}

func (v *validator) virtualAddress(path string, sv ServiceConfig, taken map[netip.Addr]string) {
	if sv.Mode == cluster.ModeActiveActive {
		v.add(path+".mode", "write activeStandby", "an address that every node has at once is a conflict")
	}
	if sv.Layer != cluster.LayerVirtualIP && sv.Layer != 0 {
		v.add(path+".layer", "write virtualIp", "a virtual address is of layer virtualIp, not %s", sv.Layer)
	}
	text, _ := sv.Options["address"].(string) // anything else is told with the options
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return
	}
	if whose, ok := taken[prefix.Addr()]; ok {
		v.add(path+".options.address", "choose an address of its own", "%s is also that of %s", prefix.Addr(), whose)
	}
	taken[prefix.Addr()] = "service " + sv.Name
}

// ownAddresses are those of the nodes and their BMCs, which no service may have.
func (v *validator) ownAddresses() map[netip.Addr]string {
	taken := map[netip.Addr]string{}
	note := func(host, whose string) {
		if a, err := netip.ParseAddr(host); err == nil {
			taken[a.Unmap()] = whose
		}
	}
	for _, n := range v.Nodes {
		for _, addresses := range [][]string{n.Raft, n.Beat} {
			for _, address := range addresses {
				if host, _, err := net.SplitHostPort(address); err == nil {
					note(host, "node "+n.Name)
				}
			}
		}
		if u, err := url.Parse(n.BMC.URL); err == nil && n.BMC.URL != "" {
			note(u.Hostname(), "the BMC of "+n.Name)
		}
	}
	return taken
}
