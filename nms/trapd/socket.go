package trapd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"hawser/nms/port"
)

// socket is one listening address. Its batch methods are those of ipv4 or ipv6, which share their message type.
type socket struct {
	conn    *net.UDPConn
	v4      *ipv4.PacketConn
	v6      *ipv6.PacketConn
	granted int // octets of receive buffer that the kernel gave
}

// listen binds address (host:port) with a receive buffer of at least want octets, if the kernel allows it.
func listen(ctx context.Context, address string, want int) (*socket, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen for notifications at %q: %w: write it as address:port, such as 0.0.0.0:162", address, err)
	}
	network := "udp6"
	if at.Addr().Unmap().Is4() {
		network = "udp4"
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return prepare(raw, want) }}
	conn, err := config.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("listen for notifications at %s: %w", at, port.Explain("udp", at, "listen.traps", err))
	}
	s := &socket{conn: conn.(*net.UDPConn)}
	if err := s.finish(network); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for notifications at %s: %w", address, err), conn.Close())
	}
	return s, nil
}

// prepare sets the buffer before the socket is bound, so that no packet meets the small one. The forced form needs a
// privilege; without it net.core.rmem_max caps the size, which is why finish reads it back.
func prepare(raw syscall.RawConn, want int) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, want) != nil {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, want)
		}
		failed = errors.Join(failed, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1))
	})
	return errors.Join(err, failed)
}

func (s *socket) finish(network string) error {
	var err error
	if network == "udp4" {
		s.v4 = ipv4.NewPacketConn(s.conn)
		err = s.v4.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true)
	} else {
		s.v6 = ipv6.NewPacketConn(s.conn)
		err = s.v6.SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true)
	}
	if err != nil {
		return fmt.Errorf("ask the kernel for destination addresses: %w", err)
	}
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { s.granted, failed = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF) })
	return errors.Join(err, failed)
}

func (s *socket) readBatch(messages []ipv4.Message) (int, error) {
	if s.v4 != nil {
		return s.v4.ReadBatch(messages, 0)
	}
	return s.v6.ReadBatch(messages, 0)
}

// route is where a packet came from and which of our addresses it was sent to.
type route struct {
	socket *socket
	from   netip.AddrPort
	to     netip.Addr
	iface  int
}

// answer sends a packet back, from the address that was asked.
func (r route) answer(packet []byte) error {
	to := net.UDPAddrFromAddrPort(r.from)
	var err error
	if r.socket.v4 != nil {
		_, err = r.socket.v4.WriteTo(packet, &ipv4.ControlMessage{Src: r.to.AsSlice()}, to)
	} else {
		_, err = r.socket.v6.WriteTo(packet, &ipv6.ControlMessage{Src: r.to.AsSlice(), IfIndex: r.iface}, to)
	}
	return err
}

// control reads what the kernel says beside a packet: our address it was sent to, and how many packets of this socket it
// has dropped so far.
func control(oob []byte) (to netip.Addr, iface int, drops uint32) {
	const index4, local4 = 0, 4 // struct in_pktinfo: ipi_ifindex, ipi_spec_dst
	const local6, index6 = 0, 16
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return netip.Addr{}, 0, 0
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_RXQ_OVFL && len(m.Data) >= 4:
			drops = binary.NativeEndian.Uint32(m.Data)
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			to = netip.AddrFrom4([4]byte(m.Data[local4:]))
			iface = int(binary.NativeEndian.Uint32(m.Data[index4:]))
		case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
			to = netip.AddrFrom16([16]byte(m.Data[local6:]))
			iface = int(binary.NativeEndian.Uint32(m.Data[index6:]))
		}
	}
	return to, iface, drops
}
