package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// readBuffer is what the kernel is asked to hold of requests; it may grant less.
const readBuffer = 1 << 20

// listener is a UDP socket of one address family.
type listener struct {
	conn     *net.UDPConn
	wildcard bool // bound to every address: each packet says which one was asked
	six      bool
}

// peer is who asked, and from which of our addresses the answer has to leave.
type peer struct {
	*listener
	from    netip.AddrPort
	control []byte // ancillary data that sets the source of the answer; nil if the socket is bound to one address
}

// listen opens the sockets of one configured address: one, or two where the host part is empty.
func listen(ctx context.Context, address string) ([]*listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	if host != "" {
		l, err := listenOne(ctx, family(host), address)
		if err != nil {
			return nil, err
		}
		return []*listener{l}, nil
	}
	four, err := listenOne(ctx, "udp4", net.JoinHostPort("0.0.0.0", port))
	if err != nil {
		return nil, err
	}
	_, port, _ = net.SplitHostPort(four.conn.LocalAddr().String()) // the same port for both when the kernel chose it
	six, err := listenOne(ctx, "udp6", net.JoinHostPort("::", port))
	if withoutFamily(err) {
		return []*listener{four}, nil // a machine without IPv6
	}
	if err != nil {
		return nil, errors.Join(err, four.conn.Close())
	}
	return []*listener{four, six}, nil
}

// family keeps a socket to one address family, so that the source of an answer can be set in that family's way.
func family(host string) string {
	switch address, err := netip.ParseAddr(host); {
	case err != nil:
		return "udp"
	case address.Unmap().Is4():
		return "udp4"
	default:
		return "udp6"
	}
}

func listenOne(ctx context.Context, network, address string) (*listener, error) {
	packets, err := new(net.ListenConfig).ListenPacket(ctx, network, address)
	if err != nil {
		return nil, listenError(network, address, err)
	}
	conn := packets.(*net.UDPConn)
	bound := localAddr(conn)
	l := &listener{conn: conn, wildcard: bound.Addr().IsUnspecified(), six: bound.Addr().Is6()}
	_ = conn.SetReadBuffer(readBuffer) // a smaller buffer still works
	if l.wildcard {
		if err := l.wantDestination(); err != nil {
			return nil, errors.Join(fmt.Errorf("listen on %s: ask for the address of each packet: %w", address, err), conn.Close())
		}
	}
	return l, nil
}

func listenError(network, address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		holder := "another process"
		if udp, resolveErr := net.ResolveUDPAddr(network, address); resolveErr == nil {
			holder = holderOf(udp.AddrPort())
		}
		return fmt.Errorf("listen on %s: %w: it is held by %s: stop that or choose another address", address, err, holder)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("listen on %s: %w: grant CAP_NET_BIND_SERVICE or choose a port above 1023", address, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("listen on %s: %w: choose an address of this machine", address, err)
	default:
		return fmt.Errorf("listen on %s: %w", address, err)
	}
}

func localAddr(conn *net.UDPConn) netip.AddrPort {
	bound := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port())
}

func (l *listener) wantDestination() error {
	if l.six {
		return ipv6.NewPacketConn(l.conn).SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true)
	}
	return ipv4.NewPacketConn(l.conn).SetControlMessage(ipv4.FlagDst, true)
}

// read takes one datagram.
func (l *listener) read(packet, control []byte) (n int, p peer, err error) {
	n, size, _, from, err := l.conn.ReadMsgUDPAddrPort(packet, control)
	if err != nil {
		return 0, peer{}, err
	}
	p = peer{listener: l, from: netip.AddrPortFrom(from.Addr().Unmap(), from.Port())}
	if l.wildcard {
		p.control = l.answerFrom(control[:size])
	}
	return n, p, nil
}

// answerFrom turns the destination of a packet into the source of the answer.
func (l *listener) answerFrom(control []byte) []byte {
	if l.six {
		var cm ipv6.ControlMessage
		if cm.Parse(control) != nil || cm.Dst == nil || cm.Dst.IsMulticast() {
			return nil
		}
		source := ipv6.ControlMessage{Src: cm.Dst}
		if cm.Dst.IsLinkLocalUnicast() {
			source.IfIndex = cm.IfIndex
		}
		return source.Marshal()
	}
	var cm ipv4.ControlMessage
	if cm.Parse(control) != nil || cm.Dst == nil || cm.Dst.IsMulticast() || cm.Dst.Equal(net.IPv4bcast) {
		return nil
	}
	return (&ipv4.ControlMessage{Src: cm.Dst}).Marshal()
}

func (p peer) answer(packet []byte) error {
	_, _, err := p.conn.WriteMsgUDPAddrPort(packet, p.control, p.from)
	return err
}
