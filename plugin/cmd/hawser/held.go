package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"hawser/nms/port"
)

// explainHeld names who holds the port that could not be bound, if that is what an error tells.
func explainHeld(err error) error {
	var op *net.OpError
	if !errors.Is(err, syscall.EADDRINUSE) || !errors.As(err, &op) || op.Addr == nil {
		return err
	}
	at, parsed := netip.ParseAddrPort(op.Addr.String())
	if parsed != nil || strings.Contains(err.Error(), "held by") { // the agent names its holder itself
		return err
	}
	network := strings.TrimRight(op.Net, "46")
	return fmt.Errorf("%w: %s %s is held by %s: stop that, or give this node another address in its configuration",
		err, network, at, port.Holder(network, at.Port()))
}

// mayStartLater says whether a part that cannot begin now may begin by itself later: a port is held, an address is not
// there yet. Any other error is one of the configuration.
func mayStartLater(err error) bool {
	var op *net.OpError
	return errors.As(err, &op)
}
