package redfish

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// Indicator switches the locating LED.
func (b *BMC) Indicator(ctx context.Context, on bool) error {
	return b.errorf("indicator", b.patchSystem(ctx, func(s *systemResource) (any, error) {
		if s.refs.LocationIndicatorActive != nil {
			return map[string]any{"LocationIndicatorActive": on}, nil
		}
		if s.refs.IndicatorLED == nil {
			return nil, fmt.Errorf("the system has no indicator LED")
		}
		led := "Off"
		if on {
			led = "Lit"
		}
		return map[string]any{"IndicatorLED": led}, nil
	}))
}

// BootOnce sets the boot source of the next boot, such as Pxe, Cd, Hdd,
// BiosSetup; "None" takes it back.
func (b *BMC) BootOnce(ctx context.Context, target string) error {
	return b.errorf("boot once", b.patchSystem(ctx, func(s *systemResource) (any, error) {
		var names []string
		for _, t := range s.Boot.AllowableBootSourceOverrideTargetValues {
			names = append(names, string(t))
		}
		if len(names) > 0 && !slices.Contains(names, target) {
			return nil, fmt.Errorf("boot target %q is not among those of the system: %v", target, names)
		}
		mode := "Once"
		if target == "None" {
			mode = "Disabled"
		}
		return map[string]any{"Boot": map[string]any{"BootSourceOverrideEnabled": mode, "BootSourceOverrideTarget": target}}, nil
	}))
}

// maxConflicts is how often a write that met 412 is made again on new values.
const maxConflicts = 3

// patchSystem writes what body makes of the system as it is now; when it was
// changed in between (412), body is asked again.
func (b *BMC) patchSystem(ctx context.Context, body func(*systemResource) (any, error)) error {
	for try := 1; ; try++ {
		s, err := b.system(ctx, b.c.bulk)
		if err != nil {
			return err
		}
		v, err := body(s)
		if err != nil {
			return err
		}
		path, err := b.c.origin.resolve(s.ODataID)
		if err != nil {
			return err
		}
		_, err = b.c.do(ctx, request{method: http.MethodPatch, path: path, body: v, ifMatch: s.etag})
		if statusOf(err) != http.StatusPreconditionFailed || try == maxConflicts {
			return err
		}
	}
}
