package reconfig

import (
	"strings"
	"testing"
	"time"

	"hawser/nms/journal"
)

// TestEventFromTheFuture: where clocks differ nobody knows how old an event is, and what was cured long ago must not be
// cured again.
func TestEventFromTheFuture(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Gates.EventMaxAge = 10 * time.Minute })
	b.run(t)
	for _, test := range []struct {
		name  string
		at    time.Time
		state string
		why   string
	}{
		{"now", time.Now(), journal.StateDone, ""},
		{"long ago", time.Now().Add(-time.Hour), journal.StateHeld, "gates.eventMaxAge"},
		{"in a moment", time.Now().Add(20 * time.Second), journal.StateDone, ""},
		{"tomorrow", time.Now().Add(24 * time.Hour), journal.StateHeld, "compare the clocks"},
	} {
		p := b.reaction()
		p.Event.Time = test.at
		r := b.carry(t, p)
		if r.State != test.state || !strings.Contains(r.Reason, test.why) {
			t.Errorf("%s: %s, %s; want %s, %q", test.name, r.State, r.Reason, test.state, test.why)
		}
	}
}
