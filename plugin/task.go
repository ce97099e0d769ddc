package plugin

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Task is one long-running part of the daemon. Run returns nil when ctx ends.
type Task interface {
	Run(ctx context.Context) error
	Ready() <-chan struct{}
	String() string
}

// RunTasks runs tasks until ctx ends or one fails, and waits for all.
func RunTasks(ctx context.Context, tasks ...Task) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range tasks {
		g.Go(func() error {
			if err := t.Run(ctx); err != nil {
				return fmt.Errorf("%s: %w", t, err)
			}
			return nil
		})
	}
	return g.Wait()
}
