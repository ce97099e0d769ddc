package plugin

import (
	"context"
	"errors"
	"fmt"

	"hawser/cluster/fence"
	"hawser/redfish"
)

// bmcFence is a node's BMC as its fence device. It is the same handle as that of collection: one session, and power acts
// never wait behind readings.
type bmcFence struct{ bmc *redfish.BMC }

// FenceDevices are the fence devices of the nodes that have a BMC.
func FenceDevices(bmcs map[string]*redfish.BMC) map[string]fence.Device {
	out := make(map[string]fence.Device, len(bmcs))
	for node, bmc := range bmcs {
		out[node] = bmcFence{bmc}
	}
	return out
}

// Name names the device in events and logs.
func (f bmcFence) Name() string { return "bmc" }

// Off powers the machine off, if it is the one with this UUID, and confirms it by a second, uncached read (S2 b).
func (f bmcFence) Off(ctx context.Context, machineUUID string) error {
	err := f.bmc.Fence(ctx, machineUUID)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redfish.ErrWrongMachine), errors.Is(err, redfish.ErrNoUUID):
		return fmt.Errorf("%w: %w", fence.ErrWrongMachine, err)
	case errors.Is(err, redfish.ErrNotOff):
		return fmt.Errorf("%w: %w", fence.ErrNotConfirmed, err)
	}
	return err
}

// On powers the machine on.
func (f bmcFence) On(ctx context.Context) error { return f.bmc.On(ctx) }

// Power reads the power state past every cache.
func (f bmcFence) Power(ctx context.Context) (fence.Power, error) {
	state, err := f.bmc.Power(ctx)
	if err != nil {
		return fence.Unknown, err
	}
	switch state {
	case redfish.PowerOn, redfish.PowerPoweringOn, redfish.PowerPoweringOff, redfish.PowerPaused:
		return fence.On, nil // what is not off may run
	case redfish.PowerOff:
		return fence.Off, nil
	}
	return fence.Unknown, fmt.Errorf("%w: the BMC says %q", fence.ErrUnknownPower, state)
}
