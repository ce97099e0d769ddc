package resource

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hawser/fixtures/need"
	"hawser/fixtures/netns"
)

const (
	vip4, vip6 = "10.67.1.99/24", "fd67:1::99/64"
	// patience is how long a test waits for what takes milliseconds, on a loaded machine.
	patience = 10 * time.Second
)

var bothFamilies = []string{vip4, vip6}

// lan is a network of two hosts: here runs the service, there is a neighbour.
type lan struct {
	*netns.Fabric
	here, there *netns.Host
}

func newLAN(t *testing.T) lan {
	t.Helper()
	need.Root(t)
	need.Program(t, "ip", "nft")
	f, err := netns.NewFabric("vip"+strconv.Itoa(os.Getpid()), netns.Segment{
		Name: "front", IPv4: netip.MustParsePrefix("10.67.1.0/24"), IPv6: netip.MustParsePrefix("fd67:1::/64"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	l := lan{Fabric: f}
	for name, into := range map[string]**netns.Host{"here": &l.here, "there": &l.there} {
		if *into, err = f.NewHost(name); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// placedVIP is a vip on a host: each call runs in the host's namespace.
type placedVIP struct {
	*vip
	host *netns.Host
}

func (l lan) newVIP(t *testing.T, address string, change map[string]any) placedVIP {
	t.Helper()
	options := map[string]any{"address": address, "interface": "front"}
	maps.Copy(options, change)
	r, err := New(Spec{Name: "vip", Kind: "vip", Dir: filepath.Join(t.TempDir(), "run"), Options: options}, discard())
	if err != nil {
		t.Fatal(err)
	}
	p := placedVIP{r.(*vip), l.here}
	p.gap = 300 * time.Millisecond // these tests are about what is told, not about swarms
	t.Cleanup(func() { _ = p.kill() })
	return p
}

func (p placedVIP) start(ctx context.Context) error {
	return p.host.Do(func() error { return p.Start(ctx, []string{"HAWSER_EPOCH=7"}) })
}

func (p placedVIP) stop() error {
	return p.host.Do(func() error { return p.Stop(context.Background()) })
}

func (p placedVIP) kill() error {
	return p.host.Do(func() error { return p.Kill(context.Background()) })
}

func (p placedVIP) recover(ctx context.Context) (found bool, err error) {
	err = p.host.Do(func() (err error) { found, err = p.Recover(ctx); return err })
	return found, err
}

func (p placedVIP) mustStart(t *testing.T) {
	t.Helper()
	if err := p.start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (p placedVIP) mustExit(t *testing.T) Exit {
	t.Helper()
	select {
	case e := <-p.Exited():
		return e
	case <-time.After(patience):
		t.Fatal("no exit")
		return Exit{}
	}
}

// ip runs the program ip on a host.
func ip(t *testing.T, h *netns.Host, args ...string) string {
	t.Helper()
	out, err := h.Space().Run(t.Context(), "ip", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// has says whether the host has the address.
func has(t *testing.T, h *netns.Host, prefix string) bool {
	t.Helper()
	return strings.Contains(ip(t, h, "-o", "address", "show"), " "+prefix+" ")
}

// neighbour is what there's kernel remembers of an address.
func (l lan) neighbour(t *testing.T, address string) string {
	t.Helper()
	a, _, _ := strings.Cut(address, "/")
	fields := strings.Fields(ip(t, l.there, "neigh", "show", a, "dev", "front"))
	if i := slices.Index(fields, "lladdr"); i >= 0 && i+1 < len(fields) {
		return fields[i+1]
	}
	return ""
}

// remember makes there's kernel remember a wrong machine for the address.
func (l lan) remember(t *testing.T, address, mac string) {
	t.Helper()
	a, _, _ := strings.Cut(address, "/")
	ip(t, l.there, "neigh", "replace", a, "lladdr", mac, "dev", "front", "nud", "reachable")
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

const wrongMAC = "02:00:00:00:00:66"

func TestVIPServesAndStops(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	for _, address := range bothFamilies {
		t.Run(address, func(t *testing.T) {
			p := l.newVIP(t, address, nil)
			l.remember(t, address, wrongMAC)
			if p.Running() {
				t.Error("it runs before its start")
			}
			p.mustStart(t)
			if !has(t, l.here, address) || !p.Running() || p.PID() != 0 {
				t.Errorf("after start: address %t, running %t, process %d", has(t, l.here, address), p.Running(), p.PID())
			}
			if line := ip(t, l.here, "-o", "address", "show", "to", strings.Split(address, "/")[0]); strings.Contains(line, "tentative") {
				t.Errorf("it does not serve at once: %s", line)
			}
			await(t, "the neighbour learns the address from the announcement", func() bool {
				return l.neighbour(t, address) == l.here.MAC("front").String()
			})
			if err := p.start(t.Context()); !errors.Is(err, ErrRunning) {
				t.Errorf("a second start: %v", err)
			}
			rec, err := readRecord(p.record)
			if err != nil || rec.Epoch != "7" || rec.Command[1] != address {
				t.Errorf("record %+v: %v", rec, err)
			}
			if err := p.stop(); err != nil || has(t, l.here, address) || p.Running() {
				t.Errorf("after stop: address %t, running %t: %v", has(t, l.here, address), p.Running(), err)
			}
			if e := p.mustExit(t); !e.Requested {
				t.Errorf("the exit was not asked for: %+v", e)
			}
			if err := p.stop(); err != nil {
				t.Errorf("a second stop: %v", err)
			}
			if _, err := os.Stat(p.record); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the record stays: %v", err)
			}
			p.mustStart(t) // and again
			if err := p.kill(); err != nil || has(t, l.here, address) {
				t.Errorf("after kill: address %t: %v", has(t, l.here, address), err)
			}
		})
	}
}

func TestVIPIsNotTheSourceOfOwnConnections(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	for _, address := range bothFamilies {
		l.newVIP(t, address, nil).mustStart(t)
		own, _, _ := strings.Cut(address, "/")
		if out := ip(t, l.here, "route", "get", l.there.Address("front", strings.Contains(own, ":")).String()); strings.Contains(out, "src "+own+" ") {
			t.Errorf("this node's own connections come from the virtual address: %s", out)
		}
	}
}

func TestVIPSeesItsEnd(t *testing.T) {
	for _, tt := range []struct {
		name  string
		does  func(t *testing.T, l lan, address string)
		want  string
		again func(t *testing.T, l lan)
	}{
		{"somebody removes it", func(t *testing.T, l lan, address string) {
			ip(t, l.here, "address", "del", address, "dev", "front")
		}, "was removed from front, not by hawser", nil},
		{"no carrier", func(t *testing.T, l lan, _ string) {
			if err := l.here.Unplug("front"); err != nil {
				t.Fatal(err)
			}
		}, "interface front has no carrier", func(t *testing.T, l lan) {
			if err := l.here.Plug("front"); err != nil {
				t.Fatal(err)
			}
		}},
		{
			"down", func(t *testing.T, l lan, _ string) { ip(t, l.here, "link", "set", "front", "down") },
			"interface front is down: `ip link set front up`", func(t *testing.T, l lan) { ip(t, l.here, "link", "set", "front", "up") },
		},
		{"gone", func(t *testing.T, l lan, _ string) { ip(t, l.here, "link", "del", "front") }, "interface front is gone", func(t *testing.T, l lan) {
			if err := errors.Join(l.here.PowerOff(), l.here.PowerOn()); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLAN(t)
			for _, address := range bothFamilies {
				p := l.newVIP(t, address, nil)
				p.mustStart(t)
				began := time.Now()
				tt.does(t, l, address)
				e := p.mustExit(t)
				if !strings.Contains(e.String(), tt.want) || e.Requested || p.Running() {
					t.Errorf("%s: got %q (requested %t, running %t), want %q", address, e, e.Requested, p.Running(), tt.want)
				}
				t.Logf("%s: seen after %s", address, time.Since(began))
				if err := p.start(t.Context()); !errors.Is(err, ErrNotStopped) {
					t.Errorf("a start before the stop: %v", err)
				}
				if err := p.kill(); err != nil || has(t, l.here, address) {
					t.Errorf("kill: %v", err)
				}
				if tt.again != nil {
					tt.again(t, l)
				}
				await(t, "it starts again", func() bool { return p.start(t.Context()) == nil })
				if err := p.stop(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestVIPRefusesToStart(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	for _, tt := range []struct {
		name    string
		address string
		change  map[string]any
		before  func()
		after   func()
		want    []string
	}{
		{"no such interface", vip4, map[string]any{"interface": "eth7"}, nil, nil, []string{"interface eth7 does not exist here", "name one of front"}},
		{"loopback", vip4, map[string]any{"interface": "lo"}, nil, nil, []string{"interface lo is loopback, not Ethernet"}},
		{"prefix length", "10.67.1.99/16", nil, nil, nil, []string{"prefix length /16 does not fit 10.67.1.", "write 10.67.1.99/24"}},
		{"prefix length of IPv6", "fd67:1::99/48", nil, nil, nil, []string{"prefix length /48 does not fit fd67:1::", "write fd67:1::99/64"}},
		{
			"configured by others", vip4, nil,
			func() { ip(t, l.here, "address", "add", vip4, "dev", "front") },
			func() { ip(t, l.here, "address", "del", vip4, "dev", "front") },
			[]string{"10.67.1.99/24 on front was not added by hawser", "(S9)", "not verified as stopped"},
		},
		{
			"configured by others elsewhere", vip6, nil,
			func() { ip(t, l.here, "address", "add", "fd67:1::99/128", "dev", "lo") },
			func() { ip(t, l.here, "address", "del", "fd67:1::99/128", "dev", "lo") },
			[]string{"fd67:1::99/128 on lo was not added by hawser"},
		},
		{
			"another host has it", vip4, nil,
			func() { ip(t, l.there, "address", "add", vip4, "dev", "front") },
			func() { ip(t, l.there, "address", "del", vip4, "dev", "front") },
			[]string{"10.67.1.99 is in use", "MAC address " + l.there.MAC("front").String()},
		},
		{
			"another host has it, IPv6", vip6, nil,
			func() { ip(t, l.there, "address", "add", vip6, "dev", "front", "nodad") },
			func() { ip(t, l.there, "address", "del", vip6, "dev", "front") },
			[]string{"fd67:1::99 is in use", "MAC address " + l.there.MAC("front").String()},
		},
		{"down", vip4, nil, func() { ip(t, l.here, "link", "set", "front", "down") }, func() { ip(t, l.here, "link", "set", "front", "up") }, []string{"interface front is down"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := l.newVIP(t, tt.address, tt.change)
			if tt.before != nil {
				tt.before()
			}
			err := p.start(t.Context())
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
			configured := strings.HasPrefix(tt.name, "configured")
			if has(t, l.here, tt.address) != (tt.name == "configured by others") || p.Running() {
				t.Errorf("after a refused start: address %t, running %t", has(t, l.here, tt.address), p.Running())
			}
			if err := p.stop(); (err != nil) != configured {
				t.Errorf("stop: %v", err) // what is not ours is neither removed nor called stopped
			}
			if tt.after != nil {
				tt.after()
			}
		})
	}
}

func TestVIPWithoutPrivilege(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	for _, tt := range []struct {
		lacks      int
		name, want string
	}{{unix.CAP_NET_RAW, "CAP_NET_RAW", "packet socket"}, {unix.CAP_NET_ADMIN, "CAP_NET_ADMIN", "add 10.67.1.99/24 to front"}} {
		p := l.newVIP(t, vip4, nil)
		err := l.here.Do(func() error { return without(tt.lacks, func() error { return p.Start(t.Context(), nil) }) })
		for _, want := range []string{tt.name, tt.want, "AmbientCapabilities"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("without %s: %v does not say %q", tt.name, err, want)
			}
		}
	}
}

// without runs f on this thread without one capability. The caller's thread must be locked.
func without(capability int, f func() error) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var full [2]unix.CapUserData
	if err := unix.Capget(&header, &full[0]); err != nil {
		return err
	}
	fewer := full
	fewer[capability/32].Effective &^= 1 << (capability % 32)
	if err := unix.Capset(&header, &fewer[0]); err != nil {
		return err
	}
	defer func() { _ = unix.Capset(&header, &full[0]) }()
	return f()
}

func TestVIPRecovers(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	for _, address := range bothFamilies {
		for _, tt := range []struct {
			name  string
			leave func(p placedVIP) string // what a former daemon left; returns the address
			found bool
			err   string
		}{
			{"nothing", func(placedVIP) string { return "" }, false, ""},
			{"its own", func(p placedVIP) string {
				ip(t, l.here, "address", "add", address, "dev", "front")
				return p.leaveRecord(t, address, "")
			}, true, ""},
			{"its own, on another interface by now", func(p placedVIP) string {
				ip(t, l.here, "address", "add", address, "dev", "lo")
				return p.leaveRecord(t, address, "")
			}, true, ""},
			{"another address, before the configuration changed", func(p placedVIP) string {
				other := strings.Replace(address, "99", "98", 1)
				ip(t, l.here, "address", "add", other, "dev", "front")
				return p.leaveRecord(t, other, "")
			}, true, ""},
			{"a record without address", func(p placedVIP) string { return p.leaveRecord(t, address, "") }, false, ""},
			{"a damaged record", func(p placedVIP) string {
				ip(t, l.here, "address", "add", address, "dev", "front")
				p.leaveRecord(t, address, "")
				if err := os.WriteFile(p.record, []byte("{"), 0o600); err != nil {
					t.Fatal(err)
				}
				return address
			}, true, ""},
			{"a record of another boot", func(p placedVIP) string {
				ip(t, l.here, "address", "add", address, "dev", "front")
				return p.leaveRecord(t, address, "another boot")
			}, true, "was not added by hawser"},
			{"no record", func(placedVIP) string {
				ip(t, l.here, "address", "add", address, "dev", "front")
				return address
			}, true, "was not added by hawser"},
		} {
			t.Run(address+" "+tt.name, func(t *testing.T) {
				p := l.newVIP(t, address, nil)
				left := tt.leave(p)
				if left != "" && has(t, l.here, left) && left == address {
					if err := p.start(t.Context()); !errors.Is(err, ErrNotStopped) {
						t.Errorf("a bare start: %v", err)
					}
				}
				found, err := p.recover(t.Context())
				if found != tt.found || (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
					t.Errorf("found %t: %v; want %t, %q", found, err, tt.found, tt.err)
				}
				if left != "" && has(t, l.here, left) != (tt.err != "") {
					t.Errorf("address %s is there: %t", left, has(t, l.here, left))
				}
				if tt.err != "" {
					ip(t, l.here, "address", "del", left, "dev", "front")
				}
				p.mustStart(t)
				if _, err := p.recover(t.Context()); !errors.Is(err, ErrRunning) {
					t.Errorf("recover while it runs: %v", err)
				}
				if err := p.stop(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// leaveRecord writes what a former daemon's record would say; boot is this one if empty.
func (p placedVIP) leaveRecord(t *testing.T, address, boot string) string {
	t.Helper()
	if err := p.writeIntent(nil); err != nil {
		t.Fatal(err)
	}
	rec, err := readRecord(p.record)
	if err != nil {
		t.Fatal(err)
	}
	rec.Command[1] = address
	if boot != "" {
		rec.Boot = boot
	}
	if err := writeRecord(p.record, rec); err != nil {
		t.Fatal(err)
	}
	return address
}
