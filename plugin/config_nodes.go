package plugin

import (
	"fmt"
	"strings"

	"hawser/cluster"
)

func cut(fault string) (field, problem string, ok bool) { return strings.Cut(fault, ": ") }

// runs says whether name is a node that may run services.
func (v *validator) runs(name string) bool {
	for _, n := range v.Nodes {
		if n.Name == name {
			return n.Role == cluster.RoleResource
		}
	}
	return false
}

func (v *validator) nodes() {
	if !v.OverPacemaker() {
		v.nodeCount()
	}
	if _, ok := v.Self(); !ok {
		v.add("node", "name one of nodes", "%q is none", v.Node)
	}
	if len(v.Links) == 0 {
		v.add("links", "name at least one; two networks that fail apart are better", "is empty")
	}
	links, names, used := map[string]bool{}, map[string]bool{}, map[string]string{}
	for i, link := range v.Links {
		v.name(fmt.Sprintf("links[%d].name", i), link.Name, links)
	}
	for i, n := range v.Nodes {
		path := fmt.Sprintf("nodes[%d]", i)
		v.name(path+".name", n.Name, names)
		if n.Role == 0 {
			v.add(path+".role", "use resource or witness", "is empty")
		}
		v.addresses(path+".raft", "tcp", n.Raft, used)
		if !v.OverPacemaker() || len(n.Beat) > 0 {
			v.addresses(path+".beat", "udp", n.Beat, used)
		}
		v.bmc(path+".bmc", n.BMC)
	}
}

// nodeCount keeps the law (SAFETY, Log): 3 to 7 voters, of which one may be a witness.
func (v *validator) nodeCount() {
	witnesses := 0
	for _, n := range v.Nodes {
		if n.Role == cluster.RoleWitness {
			witnesses++
		}
	}
	switch count := len(v.Nodes); {
	case count == 2:
		v.add("nodes", "add a third node of role witness (it runs no services and may stand on the NMS host), or run the two under Pacemaker",
			"two nodes have no majority when one dies, so no take-over is safe")
	case count < 3 || count > 7:
		v.add("nodes", "configure 3 to 7 nodes", "there are %d", count)
	case witnesses > 1:
		v.add("nodes", "keep one witness at most", "%d are witnesses", witnesses)
	}
}

func (v *validator) addresses(path, network string, addresses []string, used map[string]string) {
	if len(addresses) != len(v.Links) {
		v.add(path, "give one address for each of links, in their order", "has %d addresses for %d links", len(addresses), len(v.Links))
	}
	for i, address := range addresses {
		at := fmt.Sprintf("%s[%d]", path, i)
		v.address(at, address)
		if before, twice := used[network+address]; twice && address != "" {
			v.add(at, "give each its own address or port", "%s is also that of %s", address, before)
		}
		used[network+address] = at
	}
}

func (v *validator) bmc(path string, b BMCConfig) {
	if b.URL == "" {
		if b != (BMCConfig{}) {
			v.add(path+".url", "write the address of the BMC, as https://10.1.0.7", "is missing")
		}
		return
	}
	if !strings.HasPrefix(b.URL, "https://") || strings.Count(strings.TrimSuffix(b.URL, "/"), "/") != 2 {
		v.add(path+".url", "write it as https://10.1.0.7, without a path", "%q is no address of a BMC", b.URL)
	}
	if (b.Username == "") == (b.UsernameFile == "") {
		v.add(path+".username", "give username, or usernameFile", "needs exactly one source")
	}
	v.required(path+".passwordFile", b.PasswordFile, "write the password to a file of mode 0600 and name it here")
	if b.CAFile != "" && b.Fingerprint != "" {
		v.add(path+".fingerprint", "keep one of them", "stands beside caFile")
	}
}
