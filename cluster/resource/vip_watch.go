package resource

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// change is what the kernel told of the interface.
type change struct {
	kind      changeKind
	neighbour netip.Addr
	lost      bool // changeNeighbour: it does not answer; else it does
}

type changeKind int

const (
	changeState     changeKind = iota // of the addresses, or messages were lost: look
	changeLink                        // of the interface: its carrier may have been away for a moment
	changeRoute                       // another way leads out through the interface
	changeNeighbour                   // a neighbour answers, or does not
)

// subscribe asks the kernel for every change of interfaces, addresses, routes and neighbours.
func subscribe() (*nl.NetlinkSocket, error) {
	s, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR,
		unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_NEIGH)
	if err != nil {
		return nil, fmt.Errorf("watch the interface: %w", err)
	}
	return s, nil
}

// follow hands on what the kernel tells. When the kernel had to drop messages, anything may have happened.
func (h *hold) follow(ctx context.Context) {
	index := h.link.Attrs().Index
	for ctx.Err() == nil {
		messages, _, err := h.changes.Receive()
		if err != nil {
			if !errors.Is(err, unix.ENOBUFS) {
				sleepUntil(ctx, readPause)
			}
			h.tell(ctx, change{kind: changeState})
			continue
		}
		for _, m := range messages {
			if c, ok := parseChange(m, index); ok {
				h.tell(ctx, c)
			}
		}
	}
}

func sleepUntil(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (h *hold) tell(ctx context.Context, c change) {
	select {
	case h.seen <- c:
	case <-h.ended:
	case <-ctx.Done():
	}
}

// Where the messages of rtnetlink hold what we look at (rtnetlink(7)).
const (
	ifAddrIndexAt  = 4 // struct ifaddrmsg, of 8 octets
	ifAddrSize     = 8
	ifInfoIndexAt  = 4 // struct ifinfomsg, of 16
	ifInfoSize     = 16
	routeSize      = 12 // struct rtmsg
	neighIndexAt   = 4  // struct ndmsg, of 12
	neighStateAt   = 8
	neighSize      = 12
	attrOctetsLeft = 4
)

// parseChange takes a message that is about our interface and of interest.
func parseChange(m syscall.NetlinkMessage, index int) (change, bool) {
	switch m.Header.Type {
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		return change{kind: changeState}, indexAt(m.Data, ifAddrIndexAt, ifAddrSize) == index
	case unix.RTM_NEWLINK, unix.RTM_DELLINK: // of family bridge: what a port of a bridge does there
		return change{kind: changeLink}, indexAt(m.Data, ifInfoIndexAt, ifInfoSize) == index && m.Data[0] == unix.AF_UNSPEC
	case unix.RTM_NEWROUTE:
		return change{kind: changeRoute}, leadsOut(m.Data, index)
	case unix.RTM_NEWNEIGH:
		if indexAt(m.Data, neighIndexAt, neighSize) == index {
			return parseNeighbour(m.Data)
		}
	}
	return change{}, false
}

// indexAt reads an interface's index out of a message of at least size octets; -1 if it is shorter.
func indexAt(data []byte, at, size int) int {
	if len(data) < size {
		return -1
	}
	return int(int32(binary.NativeEndian.Uint32(data[at:])))
}

// leadsOut says whether a route goes through a gateway on our interface.
func leadsOut(data []byte, index int) bool {
	if len(data) < routeSize {
		return false
	}
	attributes, err := nl.ParseRouteAttr(data[routeSize:])
	if err != nil {
		return false
	}
	gateway, ours := false, false
	for _, a := range attributes {
		switch a.Attr.Type {
		case unix.RTA_GATEWAY:
			gateway = true
		case unix.RTA_OIF:
			ours = len(a.Value) >= attrOctetsLeft && int(binary.NativeEndian.Uint32(a.Value)) == index
		}
	}
	return gateway && ours
}

// parseNeighbour tells of a neighbour that answers or does not; the states in between are of no interest.
func parseNeighbour(data []byte) (change, bool) {
	state := binary.NativeEndian.Uint16(data[neighStateAt:])
	if state&(unix.NUD_FAILED|unix.NUD_REACHABLE) == 0 {
		return change{}, false
	}
	attributes, err := nl.ParseRouteAttr(data[neighSize:])
	if err != nil {
		return change{}, false
	}
	for _, a := range attributes {
		if a.Attr.Type != unix.NDA_DST {
			continue
		}
		if ip, ok := netip.AddrFromSlice(a.Value); ok {
			return change{kind: changeNeighbour, neighbour: ip, lost: state&unix.NUD_FAILED != 0}, true
		}
	}
	return change{}, false
}

// silentMost bounds the neighbours whose silence is remembered.
const silentMost = 1024

// changed looks at what a change means; an error ends the hold.
func (h *hold) changed(c change, now time.Time) error {
	switch c.kind {
	case changeRoute:
		h.again("a way out has changed", now)
	case changeNeighbour:
		if c.lost && len(h.silent) < silentMost {
			h.silent[c.neighbour] = true
		}
		if !c.lost && h.silent[c.neighbour] {
			delete(h.silent, c.neighbour)
			h.again("neighbour "+c.neighbour.String()+" answers again", now)
		}
	case changeLink:
		if err := h.verify(now); err != nil {
			return err
		}
		h.again("the interface has changed", now)
	default:
		return h.verify(now)
	}
	return nil
}

// verify looks whether the address is there and its interface can carry it; an error says what is not so. That the kernel
// cannot be asked now is no answer.
func (h *hold) verify(now time.Time) error {
	link, err := h.kernel.handle.LinkByIndex(h.link.Attrs().Index)
	var missing netlink.LinkNotFoundError
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("interface %s is gone", h.device)
	case err != nil:
		h.log.WithError(err).Debug("the interface could not be looked at")
		return nil
	}
	if err := fit(link, h.options); err != nil {
		return err
	}
	there, err := h.kernel.find(h.options.prefix.Addr())
	if err != nil {
		h.log.WithError(err).Debug("the addresses could not be looked at")
		return nil
	}
	if !onLink(there, link.Attrs().Index) {
		return fmt.Errorf("%s was removed from %s, not by hawser", h.options.prefix, h.device)
	}
	if m, _ := asMAC(link.Attrs().HardwareAddr); m != h.from {
		h.from = m
		h.again("the interface's MAC address is "+m.String()+" now", now)
	}
	return nil
}

func onLink(there []placed, index int) bool {
	for _, p := range there {
		if p.LinkIndex == index && p.Flags&unix.IFA_F_DADFAILED == 0 {
			return true
		}
	}
	return false
}
