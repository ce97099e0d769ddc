package fence

import "context"

// Func makes a Device of functions. A function that is nil answers that it could not: no call is ever taken for success.
type Func struct {
	// Label is what Name returns.
	Label string
	// OffFunc is what Off calls.
	OffFunc func(ctx context.Context, machineUUID string) error
	// OnFunc is what On calls.
	OnFunc func(ctx context.Context) error
	// PowerFunc is what Power calls.
	PowerFunc func(ctx context.Context) (Power, error)
}

// Name returns the label.
func (f Func) Name() string { return f.Label }

// Off calls OffFunc; without one it returns ErrNotConfirmed.
func (f Func) Off(ctx context.Context, machineUUID string) error {
	if f.OffFunc == nil {
		return ErrNotConfirmed
	}
	return f.OffFunc(ctx, machineUUID)
}

// On calls OnFunc; without one it returns ErrNoDevice.
func (f Func) On(ctx context.Context) error {
	if f.OnFunc == nil {
		return ErrNoDevice
	}
	return f.OnFunc(ctx)
}

// Power calls PowerFunc; without one the power is unknown.
func (f Func) Power(ctx context.Context) (Power, error) {
	if f.PowerFunc == nil {
		return Unknown, ErrUnknownPower
	}
	return f.PowerFunc(ctx)
}
