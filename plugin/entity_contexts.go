package plugin

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"hawser/mib/view"
)

// Contexts lists the contexts beside the default one: one for each node whose BMC is known, by the name of the node, this
// one's among them.
func (p *Publisher) Contexts() []string { return p.present().contexts }

// Context returns the present view of a context: the hardware of the node of that name. The empty name is the default
// context, which shows all of this node's view.
func (p *Publisher) Context(name string) (*view.View, bool) {
	now := p.present()
	if name == "" {
		return now.view, true
	}
	if e, ok := now.entities[name]; ok && slices.Contains(now.contexts, name) {
		return e.view, true
	}
	return nil, false
}

// renderEntities makes the hardware of each node anew where it changed. The local node has one in any case: without a BMC
// its tables are empty.
func (p *Publisher) renderEntities(next, old *published) {
	clock := entityClock{started: p.cfg.Started, now: next.made}
	next.entities = map[string]*entity{next.sight.Local: nil}
	for _, n := range hardwareNodes(next.sight.known) {
		next.entities[n.name] = nil
		next.contexts = append(next.contexts, n.name)
	}
	slices.Sort(next.contexts)
	for _, name := range slices.Collect(maps.Keys(next.entities)) {
		var before *entity
		if old != nil {
			before = old.entities[name]
		}
		next.entities[name] = nextEntity(before, next.sight, name, clock, p.cfg.Hardware.Every)
	}
}

// CollectPace is how often the BMCs are read.
type CollectPace struct {
	Every time.Duration // between two collections; 0: not regular
	Old   time.Duration // facts older than this are not believed any more; 0: none are
}

// collectPace reads it from the schedule: two collections in a row may be missed, by ten minutes for a change of the
// leader and for slow BMCs.
func collectPace(schedule ScheduleConfig, now time.Time) (CollectPace, error) {
	const patience, looks = 10 * time.Minute, 50
	times, err := cron.ParseStandard(schedule.Schedule)
	if err != nil {
		return CollectPace{}, fmt.Errorf("hardware.collect.schedule %q: %w: write five fields, or as @every 5m", schedule.Schedule, err)
	}
	var shortest, longest time.Duration
	at := times.Next(now)
	for range looks {
		next := times.Next(at)
		if next.IsZero() {
			break
		}
		gap := next.Sub(at)
		if shortest == 0 || gap < shortest {
			shortest = gap
		}
		longest, at = max(longest, gap), next
	}
	pace := CollectPace{Old: 2*longest + patience}
	if shortest == longest {
		pace.Every = shortest
	}
	if longest == 0 {
		pace.Old = 0 // no second collection is to come
	}
	return pace, nil
}
