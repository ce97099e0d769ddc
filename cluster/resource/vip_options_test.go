package resource

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestValidateVIP(t *testing.T) {
	good := func(change map[string]any) map[string]any {
		o := map[string]any{"address": "10.0.0.9/24", "interface": "eth0"}
		maps.Copy(o, change)
		return o
	}
	for _, tt := range []struct {
		name    string
		options map[string]any
		want    []string
	}{
		{"least", good(nil), nil},
		{"IPv6", good(map[string]any{"address": "2001:db8::9/64"}), nil},
		{"link-local", good(map[string]any{"address": "fe80::9/64"}), nil},
		{"single", good(map[string]any{"address": "10.0.0.0/32"}), nil},
		{"point to point", good(map[string]any{"address": "10.0.0.0/31"}), nil},
		{"all", good(map[string]any{
			"carrier": false, "conflictWait": "0s", "announce": map[string]any{"count": 3, "interval": "1s", "refresh": "0s"},
			"gateway": map[string]any{"address": "10.0.0.1", "interval": "500ms", "misses": 5},
		}), nil},
		{"nothing", nil, []string{"address: is missing", "interface: is missing"}},
		{"no prefix length", good(map[string]any{"address": "10.0.0.9"}), []string{`address: "10.0.0.9" is no address with a prefix length`}},
		{"network", good(map[string]any{"address": "10.0.0.0/24"}), []string{"address: 10.0.0.0/24 is the network's own or its broadcast"}},
		{"broadcast", good(map[string]any{"address": "10.0.3.255/22"}), []string{"address: 10.0.3.255/22 is the network's own or its broadcast"}},
		{"loopback", good(map[string]any{"address": "::1/128"}), []string{"address: ::1 is no address that a host"}},
		{"multicast", good(map[string]any{"address": "224.0.0.18/24"}), []string{"address: 224.0.0.18 is no address"}},
		{"prefix 0", good(map[string]any{"address": "10.0.0.9/0"}), []string{"address: a prefix of length 0"}},
		{"mapped", good(map[string]any{"address": "::ffff:10.0.0.9/120"}), []string{"address: \"::ffff:10.0.0.9/120\" is an IPv4 address"}},
		{"interface", good(map[string]any{"interface": "a name of 16 octets"}), []string{"interface:"}},
		{"unknown", good(map[string]any{"device": "eth0"}), []string{"device: unknown option; known here are address, interface, carrier"}},
		{"unit", good(map[string]any{"conflictWait": 100}), []string{"conflictWait: 100 has no unit"}},
		{"announce", good(map[string]any{"announce": map[string]any{"count": 0, "interval": "1ms", "refresh": "1ms"}}), []string{"announce.count:", "announce.interval:", "announce.refresh:"}},
		{"gateway of the other family", good(map[string]any{"gateway": map[string]any{"address": "fe80::1"}}), []string{`gateway.address: "fe80::1" is none`}},
		{"gateway is itself", good(map[string]any{"gateway": map[string]any{"address": "10.0.0.9", "misses": 0, "interval": "1h"}}), []string{"gateway.address:", "gateway.interval:", "gateway.misses:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Validate("vip", tt.options)
			if tt.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			if lines := strings.Split(err.Error(), "\n"); len(lines) != len(tt.want) {
				t.Errorf("got %d faults, want %d: %v", len(lines), len(tt.want), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// TestAnnouncer plays triggers at moments (ms) and writes down when neighbours are told.
func TestAnnouncer(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name     string
		count    int
		refresh  time.Duration
		triggers []int
		until    int
		want     []int
	}{
		{"a row at the start, then nothing", 3, 0, []int{0}, 60_000, []int{0, 200, 400}},
		{"a low rate after it", 3, 10 * time.Second, []int{0}, 25_000, []int{0, 200, 400, 10_400, 20_400}},
		{"a heal later", 2, 0, []int{0, 9000}, 60_000, []int{0, 200, 9000, 9200}},
		{"a heal within the row is told for a whole row", 3, 0, []int{0, 250}, 60_000, []int{0, 200, 400, 2000, 2200, 2400}},
		{"a heal soon after the row waits", 3, 0, []int{0, 700}, 60_000, []int{0, 200, 400, 2000, 2200, 2400}},
		{"a swarm is bounded", 2, 0, []int{0, 10, 20, 30, 40, 210, 220, 230, 2010, 2020, 2205}, 9000, []int{0, 200, 2000, 2200, 4000, 4200}},
		{"one alone", 1, 0, []int{0, 5000}, 9000, []int{0, 5000}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := announcer{gap: triggerGap, options: announceOptions{Count: tt.count, Interval: 200 * ms, Refresh: tt.refresh}}
			began := time.Unix(1000, 0)
			var got []int
			for now, triggers := 0, tt.triggers; now <= tt.until; now += 10 {
				at := began.Add(time.Duration(now) * ms)
				for len(triggers) > 0 && triggers[0] <= now {
					a.trigger(at)
					triggers = triggers[1:]
				}
				if a.due(at) {
					got = append(got, now)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("told at %v, want %v", got, tt.want)
			}
		})
	}
}

func TestGatewayWatch(t *testing.T) {
	o, err := parseVIP(map[string]any{"address": "10.0.0.9/24", "interface": "eth0", "gateway": map[string]any{"address": "10.0.0.1", "misses": 2}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	g := gatewayWatch{options: o.Gateway, address: o.gateway, next: now}
	step := func(wantAsk, wantLost bool) {
		t.Helper()
		if ask, lost := g.ask(now); ask != wantAsk || lost != wantLost {
			t.Errorf("after %d questions: ask %t, lost %t", g.asked, ask, lost)
		}
		now = now.Add(o.Gateway.Interval)
	}
	step(true, false)
	g.answered(hostA)
	step(true, false)
	if g.at != hostA {
		t.Error("it is not asked where it answered")
	}
	step(true, false)
	if g.at != (mac{}) {
		t.Error("after a question without answer it is still asked there alone")
	}
	step(false, true)
	if none := (gatewayWatch{}); !none.due().IsZero() {
		t.Error("without a gateway something is due")
	}
}
