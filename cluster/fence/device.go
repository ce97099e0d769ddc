package fence

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Power is what a device says about a node's power.
type Power int

// The values of Power. The zero value is Unknown: what was not read is not known.
const (
	Unknown Power = iota
	On
	Off
)

// String returns unknown, on or off.
func (p Power) String() string {
	switch p {
	case Unknown:
		return "unknown"
	case On:
		return "on"
	case Off:
		return "off"
	default:
		return fmt.Sprintf("power(%d)", int(p))
	}
}

// Errors that a caller tells apart.
var (
	// ErrWrongMachine says that the device powers another machine than the one to be fenced; nothing was switched.
	ErrWrongMachine = errors.New("the device powers another machine")
	// ErrNotConfirmed says that the device was told to power off, or may have been, and Off was not confirmed.
	ErrNotConfirmed = errors.New("power off is not confirmed")
	// ErrUnknownPower says that the device answered, but does not know the power state.
	ErrUnknownPower = errors.New("the power state is unknown")
	// ErrNoDevice says that a ladder has no level, or that no device is configured for a node.
	ErrNoDevice = errors.New("no fence device")
)

// Device is one way to switch one node's power. Each call obeys its context and returns soon after its end. Calls do not
// overlap.
type Device interface {
	// Name names the device in events and logs, as in "bmc".
	Name() string
	// Off powers the machine with this UUID off. It returns nil only when a second uncached read confirmed Off and the
	// machine's UUID matched before anything was switched; else an error, ErrWrongMachine or ErrNotConfirmed in its chain
	// where they apply. A machine that is off already is confirmed in the same way.
	Off(ctx context.Context, machineUUID string) error
	// On powers the machine on. It returns when the device accepted, not when the machine has started.
	On(ctx context.Context) error
	// Power reads the power state now, from no cache.
	Power(ctx context.Context) (Power, error)
}

// SameMachine compares the UUID that a device reports with the one to be fenced, without regard to case and hyphens. An
// empty or all-zero UUID is nobody's. The error wraps ErrWrongMachine.
func SameMachine(want, got string) error {
	w, g := plainUUID(want), plainUUID(got)
	switch {
	case strings.Trim(w, "0") == "":
		return fmt.Errorf("%w: the node's own UUID is not known (%q): let the node join once before it is fenced", ErrWrongMachine, want)
	case w != g:
		return fmt.Errorf("%w: it reports UUID %q, the node has %q: check the address of the node's BMC", ErrWrongMachine, got, want)
	default:
		return nil
	}
}

func plainUUID(text string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), "-", ""))
}

// Test checks the path to a device by reading the power state: nil means that a fence could be carried out now as far as
// can be known without one (FenceReady).
func Test(ctx context.Context, device Device) error {
	power, err := device.Power(ctx)
	if err != nil {
		return fmt.Errorf("fence path %s: %w", device.Name(), err)
	}
	if power != On && power != Off {
		return fmt.Errorf("fence path %s: %w: check the device by hand", device.Name(), ErrUnknownPower)
	}
	return nil
}
