package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"hawser/plugin"
)

// againAfter is the pause before a part that ended is started again.
const againAfter = 5 * time.Second

// builder makes a part that runs once.
type builder func() (plugin.Task, error)

// runNode runs the controller until ctx ends, and what shows it until the controller has ended, so that an operator can
// watch a node leave. A part that shows may fail without harm to the controller (S8): it is started again.
func runNode(ctx context.Context, controller plugin.Task, log *logrus.Entry, shows ...builder) error {
	first := make([]plugin.Task, len(shows))
	for i, build := range shows {
		var err error
		if first[i], err = build(); err != nil { // the configuration is wrong: say so before anything runs
			return err
		}
	}
	shown, hide := context.WithCancel(context.WithoutCancel(ctx))
	defer hide()
	var g errgroup.Group
	g.Go(func() error {
		defer hide()
		return controller.Run(ctx)
	})
	for i, build := range shows {
		g.Go(func() error { keep(shown, first[i], build, log); return nil })
	}
	return g.Wait()
}

// keep runs a part, and again when it fails, until ctx ends.
func keep(ctx context.Context, part plugin.Task, build builder, log *logrus.Entry) {
	for {
		err := part.Run(ctx)
		if ctx.Err() != nil {
			if err != nil {
				log.WithError(err).Warn("a part did not end cleanly")
			}
			return
		}
		if err == nil {
			err = fmt.Errorf("%s ended by itself", part)
		}
		log.WithError(err).WithField("again_s", againAfter.Seconds()).Error("the services run on, but nobody sees them here until this is mended")
		if !rest(ctx) {
			return
		}
		for part, err = build(); err != nil; part, err = build() {
			log.WithError(err).Error("it cannot be started again yet")
			if !rest(ctx) {
				return
			}
		}
	}
}

// rest waits before the next try; false: ctx has ended.
func rest(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(againAfter):
		return true
	}
}
