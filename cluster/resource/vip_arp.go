package resource

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// mac is an Ethernet address.
type mac [macSize]byte

// String writes it with colons.
func (m mac) String() string { return net.HardwareAddr(m[:]).String() }

// asMAC takes an interface's address; ok is false if it is not one of Ethernet.
func asMAC(hw net.HardwareAddr) (m mac, ok bool) {
	if len(hw) != macSize {
		return mac{}, false
	}
	return mac(hw), true
}

var broadcast = mac{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// Ethernet (IEEE 802.3): destination, source, type, payload.
const (
	macSize           = 6
	etherHeaderSize   = 2*macSize + 2
	etherTypeAt       = 2 * macSize
	etherIPv4         = 0x0800
	etherARP          = 0x0806
	etherIPv6         = 0x86dd
	etherPayloadLeast = 46 // a shorter payload is padded
)

var errShort = errors.New("frame is too short")

// ether puts a payload into a frame.
func ether(to, from mac, kind uint16, payload []byte) []byte {
	frame := make([]byte, etherHeaderSize, etherHeaderSize+max(len(payload), etherPayloadLeast))
	copy(frame, to[:])
	copy(frame[macSize:], from[:])
	binary.BigEndian.PutUint16(frame[etherTypeAt:], kind)
	frame = append(frame, payload...)
	for len(frame) < etherHeaderSize+etherPayloadLeast {
		frame = append(frame, 0)
	}
	return frame
}

// parseEther takes the payload of a frame of one type.
func parseEther(frame []byte, kind uint16) (to, from mac, payload []byte, err error) {
	if len(frame) < etherHeaderSize {
		return to, from, nil, errShort
	}
	if got := binary.BigEndian.Uint16(frame[etherTypeAt:]); got != kind {
		return to, from, nil, fmt.Errorf("ethernet type is %#04x, not %#04x", got, kind)
	}
	return mac(frame[:macSize]), mac(frame[macSize:]), frame[etherHeaderSize:], nil
}

// ARP for Ethernet and IPv4 (RFC 826, packet format).
const (
	arpSize         = 28
	arpHardwareAt   = 0
	arpProtocolAt   = 2
	arpHardwareLen  = 4
	arpProtocolLen  = 5
	arpOperationAt  = 6
	arpSenderMACAt  = 8
	arpSenderIPAt   = 14
	arpTargetMACAt  = 18
	arpTargetIPAt   = 24
	arpHardware     = 1 // Ethernet
	arpIPv4Len      = 4
	arpRequest      = 1
	arpReply        = 2
	arpIPv4Protocol = etherIPv4
)

// arpPacket is an ARP packet for Ethernet and IPv4. Addresses that are not IPv4 cannot be encoded.
type arpPacket struct {
	operation            uint16
	senderMAC, targetMAC mac
	sender, target       netip.Addr
}

func (p arpPacket) encode() []byte {
	b := make([]byte, arpSize)
	binary.BigEndian.PutUint16(b[arpHardwareAt:], arpHardware)
	binary.BigEndian.PutUint16(b[arpProtocolAt:], arpIPv4Protocol)
	b[arpHardwareLen], b[arpProtocolLen] = macSize, arpIPv4Len
	binary.BigEndian.PutUint16(b[arpOperationAt:], p.operation)
	sender, target := p.sender.As4(), p.target.As4()
	copy(b[arpSenderMACAt:], p.senderMAC[:])
	copy(b[arpSenderIPAt:], sender[:])
	copy(b[arpTargetMACAt:], p.targetMAC[:])
	copy(b[arpTargetIPAt:], target[:])
	return b
}

// parseARP reads a packet; what follows it is padding.
func parseARP(b []byte) (arpPacket, error) {
	if len(b) < arpSize {
		return arpPacket{}, errShort
	}
	hardware, protocol := binary.BigEndian.Uint16(b[arpHardwareAt:]), binary.BigEndian.Uint16(b[arpProtocolAt:])
	if hardware != arpHardware || protocol != arpIPv4Protocol || b[arpHardwareLen] != macSize || b[arpProtocolLen] != arpIPv4Len {
		return arpPacket{}, fmt.Errorf("ARP is for hardware %d (%d octets) and protocol %#04x (%d octets), not Ethernet and IPv4",
			hardware, b[arpHardwareLen], protocol, b[arpProtocolLen])
	}
	return arpPacket{
		operation: binary.BigEndian.Uint16(b[arpOperationAt:]),
		senderMAC: mac(b[arpSenderMACAt:]), sender: netip.AddrFrom4([4]byte(b[arpSenderIPAt:])),
		targetMAC: mac(b[arpTargetMACAt:]), target: netip.AddrFrom4([4]byte(b[arpTargetIPAt:])),
	}, nil
}

// arpDialect is how a virtual IPv4 address speaks on its link.
type arpDialect struct{ own netip.Addr }

// announce says that the address is at from: as a request, the form of RFC 5227 (section 3), and as a reply, because there
// are neighbours that learn from only one of the two.
func (d arpDialect) announce(from mac, _ bool) [][]byte {
	request := arpPacket{operation: arpRequest, senderMAC: from, sender: d.own, target: d.own}
	reply := arpPacket{operation: arpReply, senderMAC: from, sender: d.own, targetMAC: broadcast, target: d.own}
	return [][]byte{ether(broadcast, from, etherARP, request.encode()), ether(broadcast, from, etherARP, reply.encode())}
}

// probe asks whether somebody has the address; it names no sender, so that no cache changes (RFC 5227, section 2.1.1).
func (d arpDialect) probe(from mac) []byte {
	p := arpPacket{operation: arpRequest, senderMAC: from, sender: netip.IPv4Unspecified(), target: d.own}
	return ether(broadcast, from, etherARP, p.encode())
}

// solicit asks a neighbour for its address, at to or by broadcast.
func (d arpDialect) solicit(from, to mac, neighbour netip.Addr) []byte {
	if to == (mac{}) {
		to = broadcast
	}
	p := arpPacket{operation: arpRequest, senderMAC: from, sender: d.own, target: neighbour}
	return ether(to, from, etherARP, p.encode())
}

// claim reads who says in a frame to have which address. Any ARP packet claims its sender's.
func (d arpDialect) claim(frame []byte) (netip.Addr, mac, bool) {
	_, _, payload, err := parseEther(frame, etherARP)
	if err != nil {
		return netip.Addr{}, mac{}, false
	}
	p, err := parseARP(payload)
	if err != nil || p.sender.IsUnspecified() {
		return netip.Addr{}, mac{}, false
	}
	return p.sender, p.senderMAC, true
}
