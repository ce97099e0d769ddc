package resource

import (
	"net/netip"
	"strings"
	"time"
)

// vipOptions are the options of kind vip.
type vipOptions struct {
	// Address is the virtual address with the length of its prefix, as in 10.0.0.9/24 or 2001:db8::9/64.
	Address string `mapstructure:"address"`
	// Interface carries it.
	Interface string `mapstructure:"interface"`
	// Carrier ends the service when the interface has no carrier.
	Carrier bool `mapstructure:"carrier"`
	// ConflictWait is how long a start listens for another host that has the address; 0s: it does not.
	ConflictWait time.Duration `mapstructure:"conflictWait"`
	// Announce is how neighbours are told.
	Announce announceOptions `mapstructure:"announce"`
	// Gateway is a neighbour that must answer.
	Gateway gatewayOptions `mapstructure:"gateway"`
}

// vipSettings are the options with their addresses read.
type vipSettings struct {
	vipOptions

	prefix  netip.Prefix
	gateway netip.Addr // not valid: none
}

// announceOptions say how often neighbours are told where the address is.
type announceOptions struct {
	// Count is how many times in a row, at start and after a heal.
	Count int `mapstructure:"count"`
	// Interval is the time between two of a row.
	Interval time.Duration `mapstructure:"interval"`
	// Refresh is the time between two when nothing happens; 0s: none.
	Refresh time.Duration `mapstructure:"refresh"`
}

// gatewayOptions name a neighbour without which the address is of no use here.
type gatewayOptions struct {
	// Address is the neighbour's; empty: none is asked.
	Address string `mapstructure:"address"`
	// Interval is the time between two questions.
	Interval time.Duration `mapstructure:"interval"`
	// Misses is how many questions in a row stay without answer before the service has failed.
	Misses int `mapstructure:"misses"`
}

func defaultVIP() vipOptions {
	return vipOptions{
		Carrier: true, ConflictWait: 100 * time.Millisecond,
		Announce: announceOptions{Count: 5, Interval: 200 * time.Millisecond, Refresh: 10 * time.Second},
		Gateway:  gatewayOptions{Interval: time.Second, Misses: 3},
	}
}

// interfaceNameMost is IFNAMSIZ without its final zero.
const interfaceNameMost = 15

// parseVIP decodes and checks the options.
func parseVIP(options map[string]any) (vipSettings, error) {
	o := vipSettings{vipOptions: defaultVIP()}
	if err := decode(options, &o.vipOptions); err != nil {
		return o, err
	}
	var found faults
	o.check(&found)
	return o, found.err()
}

func validateVIP(options map[string]any) error {
	_, err := parseVIP(options)
	return err
}

func (o *vipSettings) check(found *faults) {
	o.checkAddress(found)
	switch {
	case o.Interface == "":
		found.add("interface", "name the interface that carries the address, as in eth0", "is missing")
	case len(o.Interface) > interfaceNameMost || strings.ContainsAny(o.Interface, "/ \t"):
		found.add("interface", "write at most 15 characters without slash or blank", "%q cannot name an interface", o.Interface)
	}
	between(found, "conflictWait", o.ConflictWait, 0, 5*time.Second)
	if n := o.Announce.Count; n < 1 || n > 20 {
		found.add("announce.count", "write a number from 1 to 20", "%d is out of range", n)
	}
	between(found, "announce.interval", o.Announce.Interval, 10*time.Millisecond, 10*time.Second)
	if o.Announce.Refresh != 0 {
		between(found, "announce.refresh", o.Announce.Refresh, time.Second, time.Hour)
	}
	o.checkGateway(found)
}

func between(found *faults, path string, got, least, most time.Duration) {
	if got < least || got > most {
		found.add(path, "write a duration from "+least.String()+" to "+most.String(), "%s is out of range", got)
	}
}

func (o *vipSettings) checkAddress(found *faults) {
	const remedy = "write an address of the interface's network with the length of its prefix, as in 10.0.0.9/24 or 2001:db8::9/64"
	var err error
	o.prefix, err = netip.ParsePrefix(o.Address)
	switch a := o.prefix.Addr(); {
	case o.Address == "":
		found.add("address", remedy, "is missing")
	case err != nil:
		found.add("address", remedy, "%q is no address with a prefix length", o.Address)
	case a.Is4In6():
		found.add("address", "write it as IPv4, as in "+a.Unmap().String()+"/24", "%q is an IPv4 address in the form of IPv6", o.Address)
	case a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		found.add("address", remedy, "%s is no address that a host on a network can have", a)
	case o.prefix.Bits() == 0:
		found.add("address", remedy, "a prefix of length 0 would make every address a neighbour")
	case a.Is4() && o.prefix.Bits() < 31 && (a == o.prefix.Masked().Addr() || a == lastOf4(o.prefix)):
		found.add("address", remedy, "%s is the network's own or its broadcast address", o.Address)
	}
}

// lastOf4 is the broadcast address of an IPv4 prefix.
func lastOf4(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

func (o *vipSettings) checkGateway(found *faults) {
	g := o.Gateway
	if g.Address != "" {
		var err error
		if o.gateway, err = netip.ParseAddr(g.Address); err != nil || o.gateway.Is4() != o.prefix.Addr().Is4() || o.gateway == o.prefix.Addr() {
			found.add("gateway.address", "write the address of a neighbour, of the same family as address, or leave it out",
				"%q is none that could be asked", g.Address)
		}
	}
	between(found, "gateway.interval", g.Interval, 100*time.Millisecond, time.Minute)
	if g.Misses < 1 || g.Misses > 100 {
		found.add("gateway.misses", "write a number from 1 to 100", "%d is out of range", g.Misses)
	}
}
