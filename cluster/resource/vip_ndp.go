package resource

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// IPv6 (RFC 8200, section 3).
const (
	ipv6HeaderSize  = 40
	ipv6Version     = 6 << 4
	ipv6LengthAt    = 4
	ipv6NextAt      = 6
	ipv6HopLimitAt  = 7
	ipv6SourceAt    = 8
	ipv6TargetAt    = 24
	ipv6AddressSize = 16
	ipv6ICMP        = 58
)

// Neighbour discovery (RFC 4861, sections 4.3, 4.4, 4.6.1).
const (
	ndpSolicit       = 135
	ndpAdvertise     = 136
	ndpHopLimit      = 255 // section 7.1: what was forwarded has less
	ndpHeaderSize    = 24  // type, code, checksum, flags, target
	ndpChecksumAt    = 2
	ndpFlagsAt       = 4
	ndpTargetAt      = 8
	ndpOptionUnit    = 8 // option lengths count eight octets
	ndpOptionSource  = 1
	ndpOptionTarget  = 2
	ndpFlagRouter    = 1 << 7
	ndpFlagSolicited = 1 << 6
	ndpFlagOverride  = 1 << 5
)

// ndpMessage is a neighbour solicitation or advertisement.
type ndpMessage struct {
	kind           byte // ndpSolicit or ndpAdvertise
	source, to     netip.Addr
	router         bool
	solicited      bool
	override       bool
	target         netip.Addr
	link           mac // the option for the link-layer address: the source's of a solicitation, the target's of an advertisement
	hasLinkAddress bool
}

// encode builds the IPv6 packet.
func (m ndpMessage) encode() []byte {
	b := make([]byte, ipv6HeaderSize+ndpHeaderSize, ipv6HeaderSize+ndpHeaderSize+ndpOptionUnit)
	body := b[ipv6HeaderSize:]
	body[0] = m.kind
	body[ndpFlagsAt] = m.flags()
	target := m.target.As16()
	copy(body[ndpTargetAt:], target[:])
	if m.hasLinkAddress {
		option := byte(ndpOptionTarget)
		if m.kind == ndpSolicit {
			option = ndpOptionSource
		}
		b = append(b, option, 1)
		b = append(b, m.link[:]...)
	}
	source, to := m.source.As16(), m.to.As16()
	b[0] = ipv6Version
	binary.BigEndian.PutUint16(b[ipv6LengthAt:], uint16(len(b)-ipv6HeaderSize))
	b[ipv6NextAt], b[ipv6HopLimitAt] = ipv6ICMP, ndpHopLimit
	copy(b[ipv6SourceAt:], source[:])
	copy(b[ipv6TargetAt:], to[:])
	body = b[ipv6HeaderSize:]
	binary.BigEndian.PutUint16(body[ndpChecksumAt:], icmpChecksum(b[ipv6SourceAt:ipv6HeaderSize], body))
	return b
}

func (m ndpMessage) flags() (b byte) {
	if m.router {
		b |= ndpFlagRouter
	}
	if m.solicited {
		b |= ndpFlagSolicited
	}
	if m.override {
		b |= ndpFlagOverride
	}
	return b
}

// icmpChecksum sums the pseudo header (RFC 8200, section 8.1), of which addresses holds source and destination, and the
// message. Over a message that carries its checksum the result is 0.
func icmpChecksum(addresses, message []byte) uint16 {
	sum := uint32(ipv6ICMP) + uint32(len(message))
	for _, part := range [][]byte{addresses, message} {
		for i := 0; i+1 < len(part); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(part[i:]))
		}
		if len(part)%2 == 1 {
			sum += uint32(part[len(part)-1]) << 8
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// parseNDP reads an IPv6 packet that holds a neighbour solicitation or advertisement, and refuses what RFC 4861 (sections
// 7.1.1 and 7.1.2) calls invalid. What follows the packet is padding.
func parseNDP(b []byte) (ndpMessage, error) {
	if len(b) < ipv6HeaderSize+ndpHeaderSize {
		return ndpMessage{}, errShort
	}
	length := int(binary.BigEndian.Uint16(b[ipv6LengthAt:]))
	switch {
	case b[0]&0xf0 != ipv6Version || b[ipv6NextAt] != ipv6ICMP:
		return ndpMessage{}, errors.New("no ICMPv6 packet")
	case b[ipv6HopLimitAt] != ndpHopLimit:
		return ndpMessage{}, fmt.Errorf("hop limit is %d: it was forwarded", b[ipv6HopLimitAt])
	case length < ndpHeaderSize || length > len(b)-ipv6HeaderSize:
		return ndpMessage{}, fmt.Errorf("length %d does not fit", length)
	}
	body := b[ipv6HeaderSize:][:length]
	if body[0] != ndpSolicit && body[0] != ndpAdvertise || body[1] != 0 {
		return ndpMessage{}, fmt.Errorf("type %d, code %d is no neighbour discovery", body[0], body[1])
	}
	if icmpChecksum(b[ipv6SourceAt:ipv6HeaderSize], body) != 0 {
		return ndpMessage{}, errors.New("checksum is wrong")
	}
	flags := body[ndpFlagsAt]
	if body[0] == ndpSolicit {
		flags = 0 // reserved there
	}
	m := ndpMessage{
		kind: body[0], source: ipv6At(b, ipv6SourceAt), to: ipv6At(b, ipv6TargetAt), target: ipv6At(body, ndpTargetAt),
		router: flags&ndpFlagRouter != 0, solicited: flags&ndpFlagSolicited != 0, override: flags&ndpFlagOverride != 0,
	}
	if err := m.options(body[ndpHeaderSize:]); err != nil {
		return ndpMessage{}, err
	}
	return m, m.check()
}

func ipv6At(b []byte, at int) netip.Addr {
	return netip.AddrFrom16([ipv6AddressSize]byte(b[at:]))
}

// options takes the link-layer address of its kind and passes others over.
func (m *ndpMessage) options(b []byte) error {
	want := byte(ndpOptionTarget)
	if m.kind == ndpSolicit {
		want = ndpOptionSource
	}
	for len(b) > 0 {
		if len(b) < 2 || b[1] == 0 || int(b[1])*ndpOptionUnit > len(b) {
			return errors.New("an option's length does not fit")
		}
		if b[0] == want && b[1] == 1 {
			m.link, m.hasLinkAddress = mac(b[2:]), true
		}
		b = b[int(b[1])*ndpOptionUnit:]
	}
	return nil
}

func (m ndpMessage) check() error {
	switch {
	case m.target.IsMulticast():
		return errors.New("the target is a multicast address")
	case m.kind == ndpAdvertise && m.to.IsMulticast() && m.solicited:
		return errors.New("an advertisement to many says that it was asked for")
	case m.kind == ndpSolicit && m.source.IsUnspecified() && (m.hasLinkAddress || !solicitedNode(m.to)):
		return errors.New("a solicitation from nowhere has a source or another destination than solicited-node")
	}
	return nil
}

// allNodes is ff02::1.
var allNodes = netip.AddrFrom16([ipv6AddressSize]byte{0: 0xff, 1: 0x02, 15: 0x01})

// solicitedNodeOf is the multicast address at which the owner of an address listens (RFC 4291, section 2.7.1).
func solicitedNodeOf(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([ipv6AddressSize]byte{0: 0xff, 1: 0x02, 11: 0x01, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

func solicitedNode(a netip.Addr) bool { return a == solicitedNodeOf(a) }

// multicastMAC carries an IPv6 multicast address (RFC 2464, section 7).
func multicastMAC(a netip.Addr) mac {
	b := a.As16()
	return mac{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// ndpDialect is how a virtual IPv6 address speaks on its link.
type ndpDialect struct{ own netip.Addr }

// announce is an unsolicited advertisement to all nodes that overrides what they know (RFC 4861, section 7.2.6). A host that
// forwards must say that it is a router: to those who use it as one, an advertisement without that flag takes the route away
// (section 7.2.5).
func (d ndpDialect) announce(from mac, router bool) [][]byte {
	m := ndpMessage{
		kind: ndpAdvertise, source: d.own, to: allNodes, router: router, override: true, target: d.own, link: from, hasLinkAddress: true,
	}
	return [][]byte{ether(multicastMAC(m.to), from, etherIPv6, m.encode())}
}

// probe asks, from nowhere, whether somebody has the address (RFC 4862, section 5.4.2).
func (d ndpDialect) probe(from mac) []byte {
	m := ndpMessage{kind: ndpSolicit, source: netip.IPv6Unspecified(), to: solicitedNodeOf(d.own), target: d.own}
	return ether(multicastMAC(m.to), from, etherIPv6, m.encode())
}

// solicit asks a neighbour for its address, at to or where its owner listens.
func (d ndpDialect) solicit(from, to mac, neighbour netip.Addr) []byte {
	m := ndpMessage{kind: ndpSolicit, source: d.own, to: neighbour, target: neighbour, link: from, hasLinkAddress: true}
	if to == (mac{}) {
		m.to = solicitedNodeOf(neighbour)
		to = multicastMAC(m.to)
	}
	return ether(to, from, etherIPv6, m.encode())
}

// claim reads who says in a frame to have which address: an advertisement claims its target.
func (d ndpDialect) claim(frame []byte) (netip.Addr, mac, bool) {
	_, from, payload, err := parseEther(frame, etherIPv6)
	if err != nil {
		return netip.Addr{}, mac{}, false
	}
	m, err := parseNDP(payload)
	if err != nil || m.kind != ndpAdvertise {
		return netip.Addr{}, mac{}, false
	}
	if m.hasLinkAddress {
		from = m.link
	}
	return m.target, from, true
}
