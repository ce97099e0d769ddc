package resource

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
)

// Frames that the Linux kernel (6.18) sent between 192.0.2.1 / 2001:db8::1 at 02:00:00:00:00:01 and .2 / ::2.
const (
	capturedRequest = "ffffffffffff02000000000108060001080006040001020000000001c0000201000000000000c0000202"
	capturedReply   = "02000000000102000000000208060001080006040002020000000002c0000202020000000001c0000201"
	capturedSolicit = "3333ff00000202000000000186dd6000000000203aff20010db8000000000000000000000001ff0200000000000000000001ff000002" +
		"87001c270000000020010db80000000000000000000000020101020000000001"
	capturedAdvert = "02000000000102000000000286dd6000000000203aff20010db800000000000000000000000220010db8000000000000000000000001" +
		"88008a716000000020010db80000000000000000000000020201020000000002"
	// Duplicate address detection with a nonce option (RFC 7527).
	capturedProbe = "3333ff00007702000000000186dd6000000000203aff00000000000000000000000000000000ff0200000000000000000001ff000077" +
		"8700c0ea0000000020010db80000000000000000000000770e0140c63e55fdf1"
)

var (
	hostA, hostB = mac{2, 0, 0, 0, 0, 1}, mac{2, 0, 0, 0, 0, 2}
	ip4A, ip4B   = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	ip6A, ip6B   = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestARPReadsAndWritesWhatTheKernelSends(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		to, from    mac
		want        arpPacket
	}{
		{"request", capturedRequest, broadcast, hostA, arpPacket{operation: arpRequest, senderMAC: hostA, sender: ip4A, target: ip4B}},
		{"reply", capturedReply, hostA, hostB, arpPacket{operation: arpReply, senderMAC: hostB, sender: ip4B, targetMAC: hostA, target: ip4A}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frame := unhex(t, tt.frame)
			to, from, payload, err := parseEther(frame, etherARP)
			if err != nil || to != tt.to || from != tt.from {
				t.Fatalf("to %s from %s: %v", to, from, err)
			}
			got, err := parseARP(payload)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, want %+v: %v", got, tt.want, err)
			}
			if written := ether(tt.to, tt.from, etherARP, tt.want.encode()); !bytes.Equal(written[:len(frame)], frame) || len(written) != 60 {
				t.Errorf("got %x, want %x and padding to 60 octets", written, frame)
			}
		})
	}
}

func TestNDPReadsAndWritesWhatTheKernelSends(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		want        ndpMessage
	}{
		{"solicitation", capturedSolicit, ndpMessage{
			kind: ndpSolicit, source: ip6A, to: solicitedNodeOf(ip6B), target: ip6B, link: hostA, hasLinkAddress: true,
		}},
		{"advertisement", capturedAdvert, ndpMessage{
			kind: ndpAdvertise, source: ip6B, to: ip6A, solicited: true, override: true, target: ip6B, link: hostB, hasLinkAddress: true,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frame := unhex(t, tt.frame)
			to, from, payload, err := parseEther(frame, etherIPv6)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseNDP(payload)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, want %+v: %v", got, tt.want, err)
			}
			if written := ether(to, from, etherIPv6, tt.want.encode()); !bytes.Equal(written, frame) {
				t.Errorf("got %x, want %x", written, frame)
			}
		})
	}
	_, _, payload, err := parseEther(unhex(t, capturedProbe), etherIPv6)
	if err != nil {
		t.Fatal(err)
	}
	probe, err := parseNDP(payload)
	if err != nil || !probe.source.IsUnspecified() || probe.target != netip.MustParseAddr("2001:db8::77") || probe.hasLinkAddress {
		t.Errorf("duplicate address detection of the kernel: %+v: %v", probe, err)
	}
}

func TestWhatAVIPSays(t *testing.T) {
	four, six := arpDialect{own: ip4B}, ndpDialect{own: ip6B}
	announced := four.announce(hostB, false)
	if len(announced) != 2 {
		t.Fatalf("%d forms, want the request and the reply", len(announced))
	}
	for i, operation := range []uint16{arpRequest, arpReply} {
		to, from, payload, err := parseEther(announced[i], etherARP)
		p, bad := parseARP(payload)
		if err != nil || bad != nil || to != broadcast || from != hostB || p.operation != operation || p.sender != ip4B || p.target != ip4B || p.senderMAC != hostB {
			t.Errorf("form %d: to %s from %s %+v", i, to, from, p)
		}
	}
	for _, router := range []bool{false, true} {
		to, _, payload, err := parseEther(six.announce(hostB, router)[0], etherIPv6)
		m, bad := parseNDP(payload)
		if err != nil || bad != nil || to != (mac{0x33, 0x33, 0, 0, 0, 1}) || m.to != allNodes || !m.override || m.solicited || m.router != router || m.target != ip6B || m.link != hostB {
			t.Errorf("unsolicited advertisement (router %t): to %s %+v: %v", router, to, m, bad)
		}
	}
	if _, _, ok := four.claim(four.probe(hostB)); ok {
		t.Error("an ARP probe claims an address: it would change caches (RFC 5227, section 2.1.1)")
	}
	if _, _, payload, _ := parseEther(six.probe(hostB), etherIPv6); payload != nil {
		if m, err := parseNDP(payload); err != nil || !m.source.IsUnspecified() || m.hasLinkAddress || m.to != solicitedNodeOf(ip6B) {
			t.Errorf("neighbour probe: %+v: %v", m, err)
		}
	}
	for name, got := range map[string][]byte{"request": four.solicit(hostB, mac{}, ip4A), "solicitation": six.solicit(hostB, mac{}, ip6A)} {
		if to := mac(got); to != broadcast && to != multicastMAC(solicitedNodeOf(ip6A)) {
			t.Errorf("%s of an unknown neighbour goes to %s", name, to)
		}
	}
	if to := mac(four.solicit(hostB, hostA, ip4A)); to != hostA {
		t.Errorf("a known neighbour is asked at %s", to)
	}
	if a, by, ok := four.claim(unhex(t, capturedReply)); !ok || a != ip4B || by != hostB {
		t.Errorf("a reply claims %s for %s", a, by)
	}
	if a, by, ok := six.claim(unhex(t, capturedAdvert)); !ok || a != ip6B || by != hostB {
		t.Errorf("an advertisement claims %s for %s", a, by)
	}
	if _, _, ok := six.claim(unhex(t, capturedSolicit)); ok {
		t.Error("a solicitation claims its target")
	}
}

func TestNDPRefusesWhatTheRFCCallsInvalid(t *testing.T) {
	_, _, advert, _ := parseEther(unhex(t, capturedAdvert), etherIPv6)
	_, _, probe, _ := parseEther(unhex(t, capturedProbe), etherIPv6)
	for _, tt := range []struct {
		name   string
		packet []byte
		change func(b []byte)
		want   string
	}{
		{"forwarded", advert, func(b []byte) { b[ipv6HopLimitAt] = 254 }, "hop limit"},
		{"checksum", advert, func(b []byte) { b[len(b)-1]++ }, "checksum"},
		{"code", advert, func(b []byte) { b[ipv6HeaderSize+1] = 1 }, "code 1"},
		{"length", advert, func(b []byte) { b[ipv6LengthAt+1] = 200 }, "length"},
		{"length of nothing", advert, func(b []byte) { b[ipv6LengthAt+1] = 4 }, "length"},
		{"option of no length", advert, func(b []byte) { b[ipv6HeaderSize+ndpHeaderSize+1] = 0 }, "option"},
		{"option too long", advert, func(b []byte) { b[ipv6HeaderSize+ndpHeaderSize+1] = 9 }, "option"},
		{"multicast target", advert, func(b []byte) { b[ipv6HeaderSize+ndpTargetAt] = 0xff }, "multicast"},
		{"solicited to many", advert, func(b []byte) { a := allNodes.As16(); copy(b[ipv6TargetAt:], a[:]) }, "asked for"},
		{"from nowhere with a source", probe, func(b []byte) { b[ipv6HeaderSize+ndpHeaderSize] = ndpOptionSource }, "from nowhere"},
		{"other protocol", advert, func(b []byte) { b[ipv6NextAt] = 6 }, "ICMPv6"},
		{"other type", advert, func(b []byte) { b[ipv6HeaderSize] = 134 }, "type 134"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := bytes.Clone(tt.packet)
			tt.change(b)
			if tt.want != "checksum" && tt.want != "length" {
				body := b[ipv6HeaderSize:]
				body[ndpChecksumAt], body[ndpChecksumAt+1] = 0, 0
				sum := icmpChecksum(b[ipv6SourceAt:ipv6HeaderSize], body)
				body[ndpChecksumAt], body[ndpChecksumAt+1] = byte(sum>>8), byte(sum)
			}
			if m, err := parseNDP(b); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %+v, %v; want %q", m, err, tt.want)
			}
		})
	}
}

func FuzzARP(f *testing.F) {
	f.Add(unhex(f, capturedRequest)[etherHeaderSize:])
	f.Add(unhex(f, capturedReply)[etherHeaderSize:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseARP(b)
		if err == nil && !bytes.Equal(p.encode(), b[:arpSize]) {
			t.Errorf("%x is read as %+v, which writes %x", b, p, p.encode())
		}
	})
}

func FuzzNDP(f *testing.F) {
	for _, frame := range []string{capturedSolicit, capturedAdvert, capturedProbe} {
		f.Add(unhex(f, frame)[etherHeaderSize:])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseNDP(b)
		if err != nil {
			return
		}
		again, err := parseNDP(m.encode())
		if err != nil || again != m {
			t.Errorf("%+v is written and read as %+v: %v", m, again, err)
		}
	})
}
