package plugin

import (
	"context"
	"errors"

	"hawser/cluster"
	"hawser/redfish"
)

// observed is what the collections of this reign know: what they handed over last, and what was told of it. The log follows
// later, so it is not asked.
type observed struct {
	hardware *cluster.Hardware
	paths    map[string]string          // of components and sensors, by key
	silent   bool                       // the BMC's alarm stands
	health   cluster.Health             // that was told last: ok, warning or critical
	drifted  map[string]cluster.Desired // wishes whose drift was told, by key
}

// observedBefore is what the log holds of former reigns.
func observedBefore(s *cluster.State, node string) observed {
	o := observed{
		hardware: s.Hardware[node], paths: map[string]string{}, health: cluster.HealthOk, drifted: map[string]cluster.Desired{},
	}
	for _, a := range s.Alarms {
		switch a.Key {
		case bmcAlarm(node):
			o.silent = true
		case hardwareAlarm(node):
			o.health = cluster.HealthWarning
			if a.Severity >= cluster.SeverityMajor {
				o.health = cluster.HealthCritical
			}
		}
	}
	return o
}

// collect reads the BMC and hands over what it says. An error is also handed over: what was known becomes unknown.
func (w *hardwareWorker) collect(ctx context.Context) error {
	select {
	case w.reading <- struct{}{}:
		defer func() { <-w.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	bound, cancel := context.WithTimeout(ctx, w.pace.collect)
	defer cancel()
	inv, err := w.inventory(bound)
	if ctx.Err() != nil {
		return ctx.Err() // we were stopped, not the BMC
	}
	if err != nil {
		state := "silent"
		if errors.Is(err, redfish.ErrCredentials) {
			state = "refused"
		}
		w.handOver(ctx, silent(w.observed.hardware, w.node, state, err.Error()))
		return err
	}
	settings, err := w.bmc.Settings(bound)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		inv.Problems = append(inv.Problems, "settings: "+err.Error())
		settings = nil // what was known of them stays
	}
	hw := hardwareFrom(w.node, inv, settings, w.observed)
	w.observed.paths = pathsOf(hw, inv, w.observed)
	w.driftEvents(ctx, hw)
	w.handOver(ctx, hw)
	w.answered.Add(1)
	return nil
}

// inventory asks twice before a BMC counts as silent: one lost connection is no alarm. A refused password is not tried
// again, because BMCs lock accounts.
func (w *hardwareWorker) inventory(ctx context.Context) (*redfish.Inventory, error) {
	inv, err := w.bmc.Collect(ctx)
	if err == nil || errors.Is(err, redfish.ErrCredentials) || !pause(ctx, w.pace.again) {
		return inv, err
	}
	return w.bmc.Collect(ctx)
}

func (w *hardwareWorker) handOver(ctx context.Context, hw cluster.Hardware) {
	if hw.Settings == nil && w.observed.hardware != nil {
		hw.Settings = w.observed.hardware.Settings
	}
	w.observed.hardware = &hw
	w.hardware.Observe(hw)
	w.bmcEvents(ctx, hw)
	w.healthEvents(ctx, hw)
}
