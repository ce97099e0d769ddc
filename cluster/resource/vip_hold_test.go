package resource

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"hawser/fixtures/netns"
)

func TestVIPKillCutsAStartShort(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	for _, address := range bothFamilies {
		p := l.newVIP(t, address, map[string]any{"conflictWait": "5s"})
		var starting sync.WaitGroup
		var err error
		began := time.Now()
		starting.Go(func() { err = p.start(t.Context()) })
		await(t, "the start is under way", func() bool { _, err := os.Stat(p.record); return err == nil })
		if err := p.kill(); err != nil {
			t.Errorf("kill: %v", err)
		}
		starting.Wait()
		if !errors.Is(err, ErrKilled) || has(t, l.here, address) || p.Running() || time.Since(began) > 4*time.Second {
			t.Errorf("start after %s: %v; address %t", time.Since(began), err, has(t, l.here, address))
		}
		select {
		case e := <-p.Exited():
			t.Errorf("an exit without a start: %+v", e)
		default:
		}
	}
}

func TestVIPKillIsFast(t *testing.T) {
	l := newLAN(t)
	var took []time.Duration
	for i := range 20 {
		p := l.newVIP(t, bothFamilies[i%2], map[string]any{"conflictWait": "0s"})
		p.mustStart(t)
		began := time.Now()
		if err := p.kill(); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("kill: median %s, worst %s", took[10], took[19])
	if took[10] > 250*time.Millisecond { // half of native's killBudget
		t.Errorf("median %s", took[10])
	}
}

func TestVIPTellsNeighboursAgain(t *testing.T) {
	for _, address := range bothFamilies {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			neighboursAreToldAgain(t, newLAN(t), address)
		})
	}
}

func neighboursAreToldAgain(t *testing.T, l lan, address string) {
	p := l.newVIP(t, address, map[string]any{"announce": map[string]any{"refresh": "0s", "count": 2}, "carrier": false})
	l.remember(t, address, wrongMAC)
	p.mustStart(t)
	own := l.here.MAC("front").String()
	right := func() bool { return l.neighbour(t, address) == own }
	await(t, "after the start", right)
	for _, tt := range []struct {
		name string
		does func()
	}{
		{"nudged", func() { p.Announce("test") }},
		{"carrier back", func() {
			if err := l.here.Unplug("front"); err != nil {
				t.Fatal(err)
			}
			l.remember(t, address, wrongMAC)
			if err := l.here.Plug("front"); err != nil {
				t.Fatal(err)
			}
		}},
		{"new route", func() {
			ip(t, l.here, "route", "replace", "default", "via", l.there.Address("front", false).String(), "dev", "front")
			ip(t, l.here, "route", "del", "default")
		}},
		{"new MAC address", func() {
			own = "02:00:00:00:00:77"
			ip(t, l.here, "link", "set", "front", "address", own)
		}},
		{"the same host was given another address", func() {
			own = l.here.MAC("front").String()
			ip(t, l.here, "link", "set", "front", "address", own)
		}},
		{"neighbour answers again", func() {
			other := l.there.Address("front", false).String()
			ip(t, l.here, "neigh", "replace", other, "dev", "front", "nud", "failed")
			ip(t, l.here, "neigh", "replace", other, "lladdr", l.there.MAC("front").String(), "dev", "front", "nud", "reachable")
		}},
	} {
		l.remember(t, address, wrongMAC)
		tt.does()
		await(t, address+", "+tt.name, right)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

func TestVIPRefreshesByItself(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	p := l.newVIP(t, vip4, map[string]any{"announce": map[string]any{"refresh": "1s", "count": 1}})
	l.remember(t, vip4, wrongMAC)
	p.mustStart(t)
	await(t, "the first", func() bool { return l.neighbour(t, vip4) == l.here.MAC("front").String() })
	if err := l.Cut(netns.Cut{Segment: "front", Host: "here"}); err != nil {
		t.Fatal(err)
	}
	l.remember(t, vip4, wrongMAC)
	if err := l.HealAll(); err != nil {
		t.Fatal(err)
	}
	await(t, "after a silent partition nobody saw", func() bool { return l.neighbour(t, vip4) == l.here.MAC("front").String() })
}

func TestVIPDefendsItsAddress(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	third, err := l.NewHost("third")
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range bothFamilies {
		p := l.newVIP(t, address, map[string]any{"announce": map[string]any{"refresh": "0s", "count": 1}})
		l.remember(t, address, wrongMAC)
		p.mustStart(t)
		await(t, "the first", func() bool { return l.neighbour(t, address) == l.here.MAC("front").String() })
		time.Sleep(2 * p.gap) // else the answer may be the end of the first row: this is about an answer of its own
		claim := dialectOf(p.own())
		if err := third.Do(func() error {
			w, err := openWire(linkIndex(t, third), p.own())
			if err != nil {
				return err
			}
			from, _ := asMAC(third.MAC("front"))
			return errors.Join(w.send(claim.announce(from, false)...), w.close())
		}); err != nil {
			t.Fatal(err)
		}
		await(t, address+" is defended", func() bool { return l.neighbour(t, address) == l.here.MAC("front").String() })
		if !p.Running() {
			t.Error("a stranger's word ended it")
		}
	}
}

func linkIndex(t *testing.T, h *netns.Host) int {
	t.Helper()
	k, err := h.Space().Kernel()
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	var link netlink.Link
	if link, err = k.LinkByName("front"); err != nil {
		t.Fatal(err)
	}
	return link.Attrs().Index
}

func TestVIPGateway(t *testing.T) {
	for _, address := range bothFamilies {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			gatewayIsAsked(t, newLAN(t), address)
		})
	}
}

func gatewayIsAsked(t *testing.T, l lan, address string) {
	t.Helper()
	gateway := l.there.Address("front", strings.Contains(address, ":")).String()
	p := l.newVIP(t, address, map[string]any{"gateway": map[string]any{"address": gateway, "interval": "200ms", "misses": 5}})
	p.mustStart(t)
	select {
	case e := <-p.Exited():
		t.Fatalf("with a gateway that answers: %s", e)
	case <-time.After(2 * time.Second): // twice the time that a lost one takes
	}
	if err := l.Cut(netns.Cut{Segment: "front", Host: "there"}); err != nil {
		t.Fatal(err)
	}
	if e := p.mustExit(t); !strings.Contains(e.String(), fmt.Sprintf("gateway %s does not answer on front, 5 times in a row", gateway)) {
		t.Errorf("got %s", e)
	}
	if err := l.HealAll(); err != nil {
		t.Fatal(err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

func TestVIPLeavesNoGoroutine(t *testing.T) {
	l := newLAN(t)
	before := runtime.NumGoroutine()
	for _, address := range bothFamilies {
		p := l.newVIP(t, address, map[string]any{"conflictWait": "0s"})
		p.mustStart(t)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}
