package resource

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sirupsen/logrus"
)

// networkFiles are where a machine's own network configuration may bring an address up, as globs below the root.
var networkFiles = []string{
	"etc/network/interfaces", "etc/network/interfaces.d/*", "etc/netplan/*.yaml", "etc/systemd/network/*.network",
	"etc/NetworkManager/system-connections/*", "etc/sysconfig/network-scripts/ifcfg-*", "etc/keepalived/*.conf",
}

// inspectVIP looks at this machine: whether the interface can carry the address at all, and whether anything else brings it
// up (S9). What passes by itself, as a missing carrier, is no fault of a configuration.
func inspectVIP(spec Spec, root string) error {
	o, err := parseVIP(spec.Options)
	if err != nil {
		return nil // told by Validate
	}
	var found faults
	o.inspectFiles(root, &found)
	k, err := openKernel(context.Background())
	if err != nil {
		return errors.Join(append(found, err)...)
	}
	defer k.close()
	v := &vip{spec: spec, options: o, record: filepath.Join(spec.Dir, spec.Name+".run"), log: nowhere()}
	v.inspectKernel(k, &found)
	return found.err()
}

// inspectKernel looks at the interfaces as they are.
func (v *vip) inspectKernel(k kernel, found *faults) {
	link, err := k.link(v.options.Interface)
	if errors.Is(err, errNoInterface) {
		found.add("interface", "name one of "+k.names()+"; or validate on the node itself", "%s does not exist here", v.options.Interface)
	} else if err == nil {
		if err := fit(link, v.options); errors.Is(err, errNotEthernet) {
			found.add("interface", "name one of "+k.names(), "%s is not Ethernet: neighbours could not be told", v.options.Interface)
		} else if err := k.prefixFits(link, v.options.prefix); err != nil {
			found.add("address", "write the prefix length of the interface's own address, or /32 or /128", "%v", err)
		}
	}
	there, err := k.find(v.own())
	if err != nil || len(there) == 0 {
		return
	}
	if _, ours, err := v.heritage(); err != nil || ours != v.own() {
		found.add("address", fmt.Sprintf("take it out of the machine's own network configuration, then `ip address del %s dev %s`", there[0].IPNet, there[0].device),
			"%s is there, and hawser did not add it (S9)", there[0])
	}
}

// inspectFiles looks into the machine's own network configuration.
func (o vipSettings) inspectFiles(root string, found *faults) {
	for _, glob := range networkFiles {
		paths, err := filepath.Glob(filepath.Join(root, glob))
		if err != nil {
			panic("resource: " + err.Error())
		}
		for _, path := range paths {
			line, err := bringsUp(path, o.prefix.Addr())
			if err != nil && !errors.Is(err, fs.ErrPermission) {
				found.add("address", "look at that file", "the machine's network configuration could not be read: %v", err)
			}
			if line > 0 {
				found.add("address", "take it out there: nothing but hawser may bring it up (S9)", "%s is configured in %s, line %d",
					o.prefix.Addr(), "/"+strings.TrimPrefix(strings.TrimPrefix(path, root), "/"), line)
			}
		}
	}
}

// assigns is a line that gives an address without the length of a prefix, in ifupdown's and in Red Hat's form.
var assigns = regexp.MustCompile(`(?i)^\s*(address|ipaddr\d*|ipv6addr)[\s=]`)

// bringsUp is the number of the first line that gives an interface the address: with the length of a prefix, or as one of
// the forms in assigns. An address that is only mentioned, as a gateway or name server, stands alone.
func bringsUp(path string, a netip.Addr) (int, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return 0, err
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		text := lines.Text()
		if strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		alone := assigns.MatchString(text)
		for _, word := range strings.FieldsFunc(text, notOfPrefix) {
			address, _, long := strings.Cut(word, "/")
			if got, err := netip.ParseAddr(address); err == nil && got == a && (long || alone) {
				return number, nil
			}
		}
	}
	return 0, lines.Err()
}

// notOfPrefix says whether a rune cannot be part of an address with the length of a prefix.
func notOfPrefix(r rune) bool {
	return !strings.ContainsRune("0123456789abcdefABCDEF:./", r)
}

// nowhere is a log for a look that changes nothing.
func nowhere() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}
