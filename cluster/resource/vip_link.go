package resource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	// kernelWait bounds one question to the kernel: it may hold the lock of the network for a while.
	kernelWait = time.Second
	// dumps is how often a list is asked for that changed while the kernel wrote it.
	dumps = 10
)

// kernel asks and changes the interfaces of the network namespace in which it was opened.
type kernel struct{ handle *netlink.Handle }

// openKernel opens it; one answer takes no longer than kernelWait, nor than the context has left.
func openKernel(ctx context.Context) (kernel, error) {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return kernel{}, fmt.Errorf("netlink: %w", err)
	}
	wait := kernelWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = max(min(wait, time.Until(deadline)), time.Millisecond)
	}
	if err := handle.SetSocketTimeout(wait); err != nil {
		handle.Close()
		return kernel{}, fmt.Errorf("netlink: %w", err)
	}
	return kernel{handle}, nil
}

func (k kernel) close() { k.handle.Close() }

// link finds an interface by name; the error lists those that there are.
func (k kernel) link(name string) (netlink.Link, error) {
	link, err := k.handle.LinkByName(name)
	var missing netlink.LinkNotFoundError
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("interface %s %w: name one of %s", name, errNoInterface, k.names())
	}
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	return link, nil
}

func (k kernel) names() string {
	links, err := k.handle.LinkList()
	if err != nil {
		return "those that `ip link` shows"
	}
	var names []string
	for _, l := range links {
		if l.Attrs().EncapType == ethernet {
			names = append(names, l.Attrs().Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// ethernet is how netlink names the hardware type of Ethernet, which bonds, bridges and VLANs have too.
const ethernet = "ether"

var (
	errNoInterface = errors.New("does not exist here")
	errNotEthernet = errors.New("not Ethernet")
)

// fit says why an interface cannot carry the address now; nil if it can.
func fit(link netlink.Link, o vipSettings) error {
	a := link.Attrs()
	_, ok := asMAC(a.HardwareAddr)
	switch {
	case a.EncapType != ethernet || !ok || a.RawFlags&unix.IFF_NOARP != 0:
		return fmt.Errorf("interface %s is %s, %w: neighbours could not be told; name one that is", a.Name, a.EncapType, errNotEthernet)
	case a.RawFlags&unix.IFF_UP == 0:
		return fmt.Errorf("interface %s is down: `ip link set %s up`", a.Name, a.Name)
	case o.Carrier && a.RawFlags&unix.IFF_LOWER_UP == 0:
		return fmt.Errorf("interface %s has no carrier: look at cable, switch port, or the links below it", a.Name)
	}
	return nil
}

// placed is where an address is.
type placed struct {
	netlink.Addr
	device string
}

func (p placed) String() string { return p.IPNet.String() + " on " + p.device }

// find looks for an address on every interface.
func (k kernel) find(a netip.Addr) ([]placed, error) {
	all, err := k.addresses(a)
	if err != nil {
		return nil, err
	}
	var found []placed
	for _, one := range all {
		if got, ok := netip.AddrFromSlice(one.IP); ok && got.Unmap() == a {
			found = append(found, placed{Addr: one, device: k.name(one.LinkIndex)})
		}
	}
	return found, nil
}

// addresses lists all of a family. A list that changed while it was written could lack one.
func (k kernel) addresses(of netip.Addr) ([]netlink.Addr, error) {
	family := netlink.FAMILY_V4
	if of.Is6() {
		family = netlink.FAMILY_V6
	}
	var all []netlink.Addr
	var err error
	for range dumps {
		if all, err = k.handle.AddrList(nil, family); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the addresses of this machine: %w", err)
	}
	return all, nil
}

func (k kernel) name(index int) string {
	link, err := k.handle.LinkByIndex(index)
	if err != nil {
		return fmt.Sprintf("interface %d", index)
	}
	return link.Attrs().Name
}

// prefixFits refuses a prefix length that contradicts the interface's own addresses.
func (k kernel) prefixFits(link netlink.Link, p netip.Prefix) error {
	if p.IsSingleIP() {
		return nil
	}
	all, err := k.addresses(p.Addr())
	if err != nil {
		return err
	}
	var other string
	for _, one := range all {
		bits, _ := one.Mask.Size()
		if got, ok := netip.AddrFromSlice(one.IP); !ok || one.LinkIndex != link.Attrs().Index || got.Unmap() == p.Addr() ||
			!one.Contains(p.Addr().AsSlice()) && !p.Contains(got.Unmap()) || bits == len(one.IP)*8 {
			continue
		}
		if bits == p.Bits() {
			return nil
		}
		other = one.IPNet.String()
	}
	if other == "" {
		return nil
	}
	_, length, _ := strings.Cut(other, "/")
	return fmt.Errorf("prefix length /%d does not fit %s, which %s has: write %s/%s", p.Bits(), other, link.Attrs().Name, p.Addr(), length)
}

// lifetimeForever is the kernel's infinity (RFC 4861, section 4.6.2). A lifetime that ends with the lease, renewed with it,
// would go here: the kernel would then remove the address of a daemon that is gone (SAFETY, three nets).
const lifetimeForever = 0xffffffff

// add puts the address on the interface. An IPv6 address serves at once (no duplicate detection by the kernel: ours came
// before, see conflict) and is deprecated, so that this node's own connections do not come from it.
func (k kernel) add(link netlink.Link, p netip.Prefix) error {
	addr := &netlink.Addr{IPNet: &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}}
	if p.Addr().Is6() {
		addr.Flags = unix.IFA_F_NODAD
		addr.ValidLft = lifetimeForever
		addr.PreferedLft = 0
	}
	err := k.handle.AddrAdd(link, addr)
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("add %s to %s: %w: it needs CAP_NET_ADMIN: %s", p, link.Attrs().Name, err, rawRemedy)
	case errors.Is(err, unix.EACCES) && p.Addr().Is6():
		return fmt.Errorf("add %s to %s: %w: IPv6 is switched off there: `sysctl net.ipv6.conf.%s.disable_ipv6=0`", p, link.Attrs().Name, err, link.Attrs().Name)
	case err != nil:
		return fmt.Errorf("add %s to %s: %w", p, link.Attrs().Name, err)
	}
	return nil
}

// dependents warns of what the kernel does when the first address of a network goes: the others of that network go with it.
func (k kernel) dependents(link netlink.Link, p netip.Prefix) string {
	device := link.Attrs().Name
	if p.Addr().Is6() || p.IsSingleIP() || promotes("all") || promotes(device) {
		return ""
	}
	there, err := k.find(p.Addr())
	if err != nil || len(there) == 0 || there[0].Flags&unix.IFA_F_SECONDARY != 0 {
		return ""
	}
	return fmt.Sprintf("no other address of this network is on %s: when this one leaves, any that came after it leaves too; "+
		"write /32, or `sysctl net.ipv4.conf.%s.promote_secondaries=1`", device, device)
}

func promotes(device string) bool {
	raw, err := os.ReadFile(filepath.Join("/proc/sys/net/ipv4/conf", device, "promote_secondaries"))
	return err == nil && strings.TrimSpace(string(raw)) != "0"
}

// remove takes the address from every interface and returns nil when it was read back as absent (S5). It may be repeated.
func (k kernel) remove(a netip.Addr) (found bool, err error) {
	there, err := k.find(a)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrNotStopped, err)
	}
	var errs []error
	for _, p := range there {
		err := k.handle.AddrDel(nil, &p.Addr)
		if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) && !errors.Is(err, unix.ENODEV) {
			errs = append(errs, fmt.Errorf("remove %s: %w", p, err))
		}
	}
	if len(there) == 0 {
		return false, nil
	}
	left, err := k.find(a)
	if err != nil {
		return true, fmt.Errorf("%w: %w", ErrNotStopped, errors.Join(append(errs, err)...))
	}
	if len(left) > 0 {
		return true, fmt.Errorf("%w: %s is still there: %w: remove it by hand (`ip address del`), and fence this node if that does not help (S5)",
			ErrNotStopped, left[0], errors.Join(errs...))
	}
	return true, nil
}

// forwards says whether the interface forwards IPv6, and so must call itself a router.
func forwards(device string) bool {
	raw, err := os.ReadFile(filepath.Join("/proc/sys/net/ipv6/conf", device, "forwarding"))
	return err == nil && strings.TrimSpace(string(raw)) != "0"
}
