package nms

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"hawser/nms/journal"
)

// clock runs what happens by schedule. Its jobs only send wishes to the parts that do the work, or trim the journal.
type clock struct{ m *Manager }

// String names the task.
func (c *clock) String() string { return "schedules" }

// lookAtClock is how often this machine's clock is compared with the time that has passed.
const lookAtClock = 5 * time.Second

// Run runs the schedules until ctx ends, and waits for the last job. When the machine's clock is set back they begin anew:
// their next times would not come for as long.
func (c *clock) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		runner, err := c.schedules(ctx)
		if err != nil {
			return err
		}
		runner.Start()
		c.untilSetBack(ctx)
		<-runner.Stop().Done()
	}
	return nil
}

func (c *clock) schedules(ctx context.Context) (*cron.Cron, error) {
	logger := cron.PrintfLogger(c.m.part("schedules"))
	runner := cron.New(cron.WithLocation(time.UTC), cron.WithChain(cron.Recover(logger), cron.SkipIfStillRunning(cron.DiscardLogger)))
	if err := add(runner, c.m.cfg.Poll.Schedule, c.m.cfg.Poll.Location, c.m.poller.PokeAll); err != nil {
		return nil, err
	}
	return runner, add(runner, c.m.cfg.Retention.Schedule, c.m.cfg.Retention.Location, func() { c.trim(ctx) })
}

// untilSetBack returns when the clock was set back, or ctx ends.
func (c *clock) untilSetBack(ctx context.Context) {
	ticks := time.NewTicker(lookAtClock)
	defer ticks.Stop()
	began := time.Now()
	for last := momentSince(began); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now := momentSince(began)
		if by := setBack(last, now); by > tolerance {
			c.m.clockSetBack(by, "while the manager was running")
			return
		}
		last = now
	}
}

// moment is a time by the wall clock, and by the clock that nobody sets.
type moment struct {
	wall   time.Time
	passed time.Duration
}

// momentSince is now, as counted from the beginning of something.
func momentSince(began time.Time) moment {
	now := time.Now()
	return moment{wall: now.Round(0), passed: now.Sub(began)}
}

// setBack is by how much the wall clock was set back between two moments.
func setBack(from, to moment) time.Duration {
	return max((to.passed-from.passed)-to.wall.Sub(from.wall), 0)
}

// add puts a job on a schedule in the location that its configuration names.
func add(runner *cron.Cron, schedule, location string, job func()) error {
	if _, err := time.LoadLocation(location); err != nil {
		return fmt.Errorf("time zone %q: %w", location, err)
	}
	parsed, err := cron.ParseStandard("CRON_TZ=" + location + " " + schedule)
	if err != nil {
		return fmt.Errorf("schedule %q: %w", schedule, err)
	}
	runner.Schedule(parsed, cron.FuncJob(job))
	return nil
}

func (c *clock) trim(ctx context.Context) {
	keep := c.m.cfg.Retention
	for what, remove := range map[string]func() (int64, error){
		"unknown notifications": func() (int64, error) { return c.m.journal.TrimUnknown(ctx, keep.UnknownPerSource) },
		"events": func() (int64, error) {
			return c.m.journal.TrimEvents(ctx, journal.Keep{Events: keep.Events, Age: keep.Age}, time.Now())
		},
	} {
		removed, err := remove()
		log := c.m.log.WithField("what", what)
		switch {
		case err != nil && ctx.Err() == nil:
			log.WithError(err).Error("the journal could not be trimmed; it is tried again at the next time")
		case removed > 0:
			log.WithField("rows", removed).Info("old rows removed from the journal, as retention says")
		}
	}
}
