package resource

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// dialect is what ARP and neighbour discovery have in common for one address: each builds whole frames.
type dialect interface {
	announce(from mac, router bool) [][]byte
	probe(from mac) []byte
	solicit(from, to mac, neighbour netip.Addr) []byte
	claim(frame []byte) (netip.Addr, mac, bool)
}

// dialectOf is ARP for IPv4 and neighbour discovery for IPv6.
func dialectOf(a netip.Addr) dialect {
	if a.Is4() {
		return arpDialect{own: a}
	}
	return ndpDialect{own: a}
}

const (
	// sendWait bounds one send: a full queue of the interface is no reason to wait.
	sendWait = 50 * time.Millisecond
	// frameMost is more than any frame of either protocol that we read; the rest of a longer one is dropped.
	frameMost = 2048
	// readPause follows a read that failed, as it does when the interface goes down.
	readPause = 100 * time.Millisecond
)

// wire is a packet socket on one interface that sends whole frames and receives those of one dialect.
type wire struct{ file *os.File }

const rawRemedy = "run the node as root, or give its unit AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW"

// openWire opens the socket for an address's dialect. It receives nothing before its filter stands.
func openWire(index int, a netip.Addr) (*wire, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("packet socket: %w: it needs CAP_NET_RAW: %s", err, rawRemedy)
	}
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	kind := uint16(etherARP)
	if a.Is6() {
		kind = etherIPv6
		err = filterNDP(fd)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: kind>>8 | kind<<8, Ifindex: index})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("packet socket: %w", err), unix.Close(fd))
	}
	return &wire{file: os.NewFile(uintptr(fd), "packet socket")}, nil
}

// filterNDP lets pass neighbour solicitations and advertisements alone: the interface may carry a great deal of IPv6.
func filterNDP(fd int) error {
	const typeAt = etherHeaderSize + ipv6HeaderSize
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: etherHeaderSize + ipv6NextAt, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: ipv6ICMP, SkipTrue: 4},
		bpf.LoadAbsolute{Off: typeAt, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: ndpSolicit, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: ndpAdvertise, SkipTrue: 1},
		bpf.RetConstant{Val: frameMost},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		panic("resource: filter of neighbour discovery: " + err.Error())
	}
	filter := make([]unix.SockFilter, len(program))
	for i, op := range program {
		filter[i] = unix.SockFilter{Code: op.Op, Jt: op.Jt, Jf: op.Jf, K: op.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
}

// send sends frames; it waits for none longer than sendWait.
func (w *wire) send(frames ...[]byte) error {
	var errs []error
	for _, frame := range frames {
		if err := w.file.SetWriteDeadline(time.Now().Add(sendWait)); err != nil {
			return err
		}
		if _, err := w.file.Write(frame); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// listen hands frames to take until it says no more, the deadline passes, or the wire is closed. A zero deadline is none.
func (w *wire) listen(deadline time.Time, take func(frame []byte) (more bool)) error {
	buffer := make([]byte, frameMost)
	for {
		if err := w.file.SetReadDeadline(deadline); err != nil {
			return err
		}
		n, err := w.file.Read(buffer)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case errors.Is(err, os.ErrClosed):
			return err
		case err != nil: // the interface went down: that is seen elsewhere, and it may come back
			time.Sleep(readPause)
		case !take(buffer[:n]):
			return nil
		}
	}
}

func (w *wire) close() error { return w.file.Close() }
