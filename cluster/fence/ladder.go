package fence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Level is one step of a Ladder.
type Level struct {
	// Device is what this level asks.
	Device Device
	// Timeout is how long it may take; zero leaves it to the caller's context alone.
	Timeout time.Duration
}

// Ladder is a list of levels, tried in order. It is a Device itself; its zero value powers nothing and says so.
type Ladder []Level

// Outcome tells how a fence went.
type Outcome struct {
	// Level is the number of the level that confirmed, from 1; 0 if none did.
	Level int
	// Device is the name of that level's device; empty if none confirmed.
	Device string
	// Took is the time of all levels together.
	Took time.Duration
	// Errors joins the errors of the levels before the one that confirmed, or of all; each names its level and device.
	Errors error
}

// Fence powers the machine off by the first level that confirms it. The error is nil only then; else it is
// Outcome.Errors with the next step for a person.
func (l Ladder) Fence(ctx context.Context, machineUUID string) (Outcome, error) {
	start := time.Now()
	level, errs := l.climb(ctx, func(ctx context.Context, d Device) error { return d.Off(ctx, machineUUID) })
	out := Outcome{Level: level, Took: time.Since(start), Errors: errs}
	if level == 0 {
		return out, fmt.Errorf("power off machine %s: %w: check its power by hand, then run hawser fence NODE --confirm-off",
			machineUUID, errs)
	}
	out.Device = l[level-1].Device.Name()
	return out, nil
}

// Name names all levels, as in "bmc, pdu".
func (l Ladder) Name() string {
	names := make([]string, 0, len(l))
	for _, level := range l {
		names = append(names, level.Device.Name())
	}
	return strings.Join(names, ", ")
}

// Off is Fence without the outcome.
func (l Ladder) Off(ctx context.Context, machineUUID string) error {
	_, err := l.Fence(ctx, machineUUID)
	return err
}

// On powers the machine on by the first level that accepts.
func (l Ladder) On(ctx context.Context) error {
	level, errs := l.climb(ctx, func(ctx context.Context, d Device) error { return d.On(ctx) })
	if level == 0 {
		return fmt.Errorf("power on: %w", errs)
	}
	return nil
}

// Power is what the first level that knows it says.
func (l Ladder) Power(ctx context.Context) (Power, error) {
	power := Unknown
	level, errs := l.climb(ctx, func(ctx context.Context, d Device) error {
		read, err := d.Power(ctx)
		if err == nil && read != On && read != Off {
			err = ErrUnknownPower
		}
		power = read
		return err
	})
	if level == 0 {
		return Unknown, fmt.Errorf("read power: %w", errs)
	}
	return power, nil
}

// Test checks the path of every level, each within its own deadline. The slice has one entry per level, nil where the
// path is good.
func (l Ladder) Test(ctx context.Context) []error {
	results := make([]error, len(l))
	for i, level := range l {
		results[i] = level.try(ctx, Test)
	}
	return results
}

// climb tries the levels in order until one succeeds and returns its number, 0 if none did, with the errors of the rest.
func (l Ladder) climb(ctx context.Context, do func(context.Context, Device) error) (int, error) {
	if len(l) == 0 {
		return 0, fmt.Errorf("%w: configure one for this node", ErrNoDevice)
	}
	var errs error
	for i, level := range l {
		err := ctx.Err()
		if err == nil {
			if err = level.try(ctx, do); err == nil {
				return i + 1, errs
			}
		} else {
			err = fmt.Errorf("not tried: %w", context.Cause(ctx))
		}
		errs = also(errs, fmt.Errorf("level %d, %s: %w", i+1, level.Device.Name(), err))
	}
	return 0, errs
}

// also joins errors in one line, for events and logs.
func also(errs, next error) error {
	if errs == nil {
		return next
	}
	return fmt.Errorf("%w; %w", errs, next)
}

// try calls one level within its deadline.
func (l Level) try(ctx context.Context, do func(context.Context, Device) error) error {
	if l.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, l.Timeout, fmt.Errorf("no result within %s: %w", l.Timeout, context.DeadlineExceeded))
		defer cancel()
	}
	err := do(ctx, l.Device)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (%w)", err, cause)
	}
	return err
}
