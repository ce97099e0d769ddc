package plugin

import "sync/atomic"

// setCounters are the figures of a Backend.
type setCounters struct{ applied, repeated atomic.Uint64 }

// Counters are the figures of SETs by descriptor without "hawser" (hawserSelf...).
func (b *Backend) Counters() map[string]uint64 {
	return map[string]uint64{
		"SelfSetsApplied": b.counters.applied.Load(), "SelfTokensRepeated": b.counters.repeated.Load(),
	}
}

// count counts a SET that was answered with success.
func (c *setCounters) count(repeated bool) {
	if repeated {
		c.repeated.Add(1)
		return
	}
	c.applied.Add(1)
}
