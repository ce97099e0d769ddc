package nms

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// clock runs what happens by schedule. Its jobs only send wishes to the parts that do the work, or trim the journal.
type clock struct{ m *Manager }

// String names the task.
func (c *clock) String() string { return "schedules" }

// Run runs the schedules until ctx ends, and waits for the last job.
func (c *clock) Run(ctx context.Context) error {
	logger := cron.PrintfLogger(c.m.part("schedules"))
	runner := cron.New(cron.WithLocation(time.UTC), cron.WithChain(cron.Recover(logger), cron.SkipIfStillRunning(cron.DiscardLogger)))
	if err := add(runner, c.m.cfg.Poll.Schedule, c.m.cfg.Poll.Location, c.m.poller.PokeAll); err != nil {
		return err
	}
	if err := add(runner, c.m.cfg.Retention.Schedule, c.m.cfg.Retention.Location, func() { c.trim(ctx) }); err != nil {
		return err
	}
	runner.Start()
	<-ctx.Done()
	<-runner.Stop().Done()
	return nil
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
	removed, err := c.m.journal.TrimUnknown(ctx, c.m.cfg.Retention.UnknownPerSource)
	switch {
	case err != nil && ctx.Err() == nil:
		c.m.log.WithError(err).Error("the journal could not be trimmed; it is tried again at the next time")
	case removed > 0:
		c.m.log.WithField("rows", removed).Info("old unknown notifications removed from the journal")
	}
}
