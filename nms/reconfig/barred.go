package reconfig

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hawser/nms/ask"
)

// barring are the gates that are asked again right before each SET: they may close while a reconfiguration is under way, or
// while no manager runs.
var barring = []gate{{"off", gateOff}, {"maintenance", gateMaintenance}}

// Error says which gate is closed.
func (h *held) Error() string { return fmt.Sprintf("gate %s: %s", h.gate, h.reason) }

// barred says which gate forbids a SET at this moment, by what the node that would get it shows.
func (t *task) barred(ctx context.Context, session *ask.Session) (*held, error) {
	var now ask.Policy
	missing, err := ask.ReadScalars(ctx, session, &now)
	if err != nil {
		return nil, err
	}
	if slices.Contains(missing, "hawserMaintenance") {
		return nil, fmt.Errorf("%w: user %q does not see hawserMaintenance at %s: %s", ask.ErrHidden, t.record.User, session.Address(), t.remedy())
	}
	c := &check{Executor: t.Executor, state: &ask.State{Policy: now}, now: time.Now()}
	for _, g := range barring {
		reason, err := g.check(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("gate %s cannot be judged: %w", g.name, err)
		}
		if reason != "" {
			return &held{gate: g.name, reason: reason}, nil
		}
	}
	return nil, nil
}

// mayBeSent is nil if a SET may be sent to this node now.
func (t *task) mayBeSent(ctx context.Context, session *ask.Session) error {
	closed, err := t.barred(ctx, session)
	if err != nil || closed == nil {
		return err
	}
	return closed
}
