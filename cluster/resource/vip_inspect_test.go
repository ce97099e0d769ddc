package resource

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInspectFindsAddressesThatTheMachineBringsUp(t *testing.T) {
	for _, tt := range []struct {
		name, file, text string
		line             string // empty: it is not configured there
	}{
		{"ifupdown", "etc/network/interfaces", "iface eth0 inet static\n\taddress 10.0.0.9\n\tnetmask 255.255.255.0\n", "line 2"},
		{"ifupdown with a prefix", "etc/network/interfaces.d/eth0", "iface eth0 inet static\n  address 10.0.0.9/24\n", "line 2"},
		{"ifupdown by a command", "etc/network/interfaces.d/eth0", "up ip addr add 10.0.0.9/32 dev eth0\n", "line 1"},
		{"netplan", "etc/netplan/01.yaml", "network:\n  ethernets:\n    eth0:\n      addresses: [10.0.0.1/24, 10.0.0.9/24]\n", "line 4"},
		{"networkd", "etc/systemd/network/eth0.network", "[Network]\nAddress=10.0.0.9/24\n", "line 2"},
		{"NetworkManager", "etc/NetworkManager/system-connections/a", "[ipv4]\naddress1=10.0.0.9/24,10.0.0.1\n", "line 2"},
		{"Red Hat", "etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\nIPADDR1=10.0.0.9\n", "line 2"},
		{"keepalived", "etc/keepalived/keepalived.conf", "virtual_ipaddress {\n  10.0.0.9/24 dev eth0\n}\n", "line 2"},
		{"a comment", "etc/network/interfaces", "# address 10.0.0.9/24\n", ""},
		{"a gateway", "etc/network/interfaces", "iface eth0 inet static\n\taddress 10.0.0.1/24\n\tgateway 10.0.0.9\n", ""},
		{"a name server", "etc/netplan/01.yaml", "nameservers:\n  addresses: [10.0.0.9]\n", ""},
		{"another address", "etc/network/interfaces", "address 110.0.0.9/24\naddress 10.0.0.90/24\naddress 10.0.0.99\n", ""},
		{"another file", "etc/hosts", "10.0.0.9/24\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			path := filepath.Join(root, tt.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			o, err := parseVIP(map[string]any{"address": "10.0.0.9/24", "interface": "eth0"})
			if err != nil {
				t.Fatal(err)
			}
			var found faults
			o.inspectFiles(root, &found)
			switch {
			case tt.line == "" && len(found) > 0:
				t.Errorf("found %v", found)
			case tt.line != "" && (len(found) != 1 || !strings.Contains(found[0].Error(), "/"+tt.file+", "+tt.line)):
				t.Errorf("found %v, want /%s, %s", found, tt.file, tt.line)
			}
		})
	}
}

func TestInspectLooksAtTheInterfaces(t *testing.T) {
	l := newLAN(t)
	for _, tt := range []struct {
		name    string
		options map[string]any
		before  func(p placedVIP)
		want    string
	}{
		{"good", nil, nil, ""},
		{"without carrier", nil, func(placedVIP) { ip(t, l.here, "link", "set", "front", "down") }, ""},
		{"no such interface", map[string]any{"interface": "eth7"}, nil, "interface: eth7 does not exist here; name one of front"},
		{"not Ethernet", map[string]any{"interface": "lo"}, nil, "interface: lo is not Ethernet"},
		{"prefix", map[string]any{"address": "10.67.1.99/16"}, func(placedVIP) { ip(t, l.here, "link", "set", "front", "up") }, "address: prefix length /16 does not fit"},
		{"there, and not ours", nil, func(placedVIP) { ip(t, l.here, "address", "add", vip4, "dev", "front") }, "address: 10.67.1.99/24 on front is there, and hawser did not add it"},
		{"there, and ours", nil, func(p placedVIP) { p.leaveRecord(t, vip4, "") }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := l.newVIP(t, vip4, tt.options)
			if tt.before != nil {
				tt.before(p)
			}
			err := l.here.Do(func() error { return inspectVIP(p.spec, t.TempDir()) })
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if err := Inspect(Spec{Kind: "process"}); err != nil {
		t.Errorf("a process: %v", err)
	}
}

func TestVIPSaysBeforehandWhetherItCouldRun(t *testing.T) {
	l := newLAN(t)
	p := l.newVIP(t, vip4, nil)
	check := func() error { return l.here.Do(func() error { return p.Check(t.Context()) }) }
	if err := check(); err != nil {
		t.Error(err)
	}
	ip(t, l.here, "address", "add", vip4, "dev", "front")
	if err := check(); err == nil || !strings.Contains(err.Error(), "was not added by hawser") {
		t.Errorf("with the address there already: %v", err)
	}
	ip(t, l.here, "address", "del", vip4, "dev", "front")
	p.mustStart(t)
	if err := check(); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if err := l.here.Unplug("front"); err != nil {
		t.Fatal(err)
	}
	await(t, "no carrier is seen", func() bool { err := check(); return err != nil && strings.Contains(err.Error(), "has no carrier") })
	if err := l.here.Plug("front"); err != nil {
		t.Fatal(err)
	}
	await(t, "the carrier is seen", func() bool { return check() == nil })
}
