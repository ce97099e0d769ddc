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
		part, err := build()
		switch {
		case err == nil:
			first[i] = part
		case mayStartLater(err):
			log.WithError(explainHeld(err)).WithField("again_s", againAfter.Seconds()).Error("the node runs without this part until that is mended")
		default: // the configuration is wrong: say so before anything runs
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

// keep runs a part, and again when it fails, until ctx ends. A part that is nil could not be built at first.
func keep(ctx context.Context, part plugin.Task, build builder, log *logrus.Entry) {
	for {
		if part == nil {
			if part = rebuild(ctx, build, log); part == nil {
				return
			}
		}
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
		log.WithError(explainHeld(err)).WithField("again_s", againAfter.Seconds()).Error("the services run on, but nobody sees them here until this is mended")
		part = nil
	}
}

// rebuild makes a part again, as often as that takes; nil: ctx has ended.
func rebuild(ctx context.Context, build builder, log *logrus.Entry) plugin.Task {
	for rest(ctx) {
		part, err := build()
		if err == nil {
			return part
		}
		log.WithError(explainHeld(err)).Error("it cannot be started again yet")
	}
	return nil
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
