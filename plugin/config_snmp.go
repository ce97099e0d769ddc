package plugin

import (
	"fmt"
	"net/netip"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
)

func (v *validator) snmp() {
	if len(v.SNMP.Listen) == 0 {
		v.add("snmp.listen", "give an address, as 127.0.0.1:1161 or :161", "is empty")
	}
	for i, address := range v.SNMP.Listen {
		v.address(fmt.Sprintf("snmp.listen[%d]", i), anyHost(address))
	}
	v.agentx()
	names := map[string]bool{}
	for i, u := range v.SNMP.Users {
		v.user(fmt.Sprintf("snmp.users[%d]", i), u, names)
	}
	for i, c := range v.SNMP.Communities {
		path := fmt.Sprintf("snmp.communities[%d]", i)
		v.required(path+".communityFile", c.CommunityFile, "write the community to a file of mode 0600 and name it here")
		v.role(path+".role", c.Role)
		for j, from := range c.From {
			if _, err := netip.ParsePrefix(from); err != nil {
				v.add(fmt.Sprintf("%s.from[%d]", path, j), "write it as 10.0.0.0/24", "%q is no network", from)
			}
		}
	}
}

// anyHost lets ":161", which listens on all addresses, pass as an address with a host.
func anyHost(address string) string {
	if len(address) > 0 && address[0] == ':' {
		return "0.0.0.0" + address
	}
	return address
}

func (v *validator) user(path string, u UserConfig, seen map[string]bool) {
	v.name(path+".name", u.Name, seen)
	v.role(path+".role", u.Role)
	if auth, err := snmp.ParseAuthProtocol(u.AuthProtocol); err != nil || auth < snmp.SHA224 {
		v.add(path+".authProtocol", "use SHA-256, or SHA-224, SHA-384, SHA-512", "%q is not accepted", u.AuthProtocol)
	}
	if priv, err := snmp.ParsePrivProtocol(u.PrivProtocol); err != nil || priv == snmp.NoPriv {
		v.add(path+".privProtocol", "use AES, or AES-192, AES-256", "%q is not accepted", u.PrivProtocol)
	}
	const remedy = "write a passphrase of 8 or more characters to a file of mode 0600 and name it here"
	v.required(path+".authPassphraseFile", u.AuthPassphraseFile, remedy)
	v.required(path+".privPassphraseFile", u.PrivPassphraseFile, remedy)
}

func (v *validator) role(path, role string) {
	known := make([]string, len(mib.Roles))
	for i, r := range mib.Roles {
		known[i] = r.Name
	}
	v.oneOf(path, role, known...)
}

func (v *validator) sinks() {
	names := map[string]bool{}
	for i, s := range v.Sinks {
		path := fmt.Sprintf("sinks[%d]", i)
		v.name(path+".name", s.Name, names)
		v.address(path+".address", s.Address)
		v.sinkVersion(path, s)
		if s.Window < 1 || s.Window > 64 {
			v.add(path+".window", "choose 1 (in order) to 64", "%d is out of range", s.Window)
		}
		v.within(path+".giveUp", s.GiveUp, time.Minute, 30*24*time.Hour)
		for _, e := range []struct {
			name string
			code int
		}{
			{"kind", int(s.Kind)}, {"channel", int(s.Channel)}, {"backlog", int(s.Backlog)}, {"minSeverity", int(s.MinSeverity)},
		} {
			if e.code == 0 {
				v.add(path+"."+e.name, "leave it out for the default", "is empty")
			}
		}
	}
}

func (v *validator) sinkVersion(path string, s SinkConfig) {
	v.oneOf(path+".version", s.Version, "v3", "v2c")
	switch {
	case s.Version == "v3" && !v.hasUser(s.User):
		v.add(path+".user", "name one of snmp.users", "%q is none", s.User)
	case s.Version == "v2c":
		v.required(path+".communityFile", s.CommunityFile, "write the community to a file of mode 0600 and name it here, or use v3")
	}
}

func (v *validator) hasUser(name string) bool {
	for _, u := range v.SNMP.Users {
		if u.Name == name {
			return true
		}
	}
	return false
}
