package native

import (
	"context"
	"time"

	"hawser/cluster"
	"hawser/cluster/resource"
)

const (
	// fitEvery is how often a service at rest looks whether it could run here.
	fitEvery = time.Second
	// fitWait bounds one look.
	fitWait = 500 * time.Millisecond
)

// checkFit looks, while the service rests here, whether it could run: the leader gives the stack to a node where it can.
func (m *machine) checkFit(ctx context.Context) {
	c, ok := m.resource.(resource.Checker)
	if !ok || time.Now().Before(m.fit) || !resting(m.status().State) {
		return
	}
	m.fit = time.Now().Add(fitEvery)
	bound, cancel := context.WithTimeout(ctx, fitWait)
	defer cancel()
	unfit := ""
	if err := c.Check(bound); err != nil {
		unfit = err.Error()
	}
	if unfit != m.status().Unfit {
		m.log.WithField("reason", unfit).Info("whether the service could run here has changed")
		m.edit(func(r *cluster.InstanceReport) { r.Unfit = unfit })
	}
}
