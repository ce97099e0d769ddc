package plugin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hawser/cluster"
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

// while runs parts as long as the newest snapshot satisfies holds, and waits for all of them. Their context ends with it.
func while(ctx context.Context, source Source, holds func(*cluster.Snapshot) bool, parts ...func(context.Context)) {
	term, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	for _, part := range parts {
		tasks.Go(func() { part(term) })
	}
	for ctx.Err() == nil {
		changed := source.Changed()
		if !holds(source.Snapshot()) {
			break
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	cancel()
	tasks.Wait()
}

// leads says whether the node leads and has committed its right to speak as the cluster engine.
func leads(s *cluster.Snapshot) bool {
	return s.Leader == s.Local && s.State.EngineOwner == s.Local && s.State.EngineBoots > 0
}

// leadsWith says whether it does so under these boots: each leadership has its own.
func leadsWith(boots uint32) func(*cluster.Snapshot) bool {
	return func(s *cluster.Snapshot) bool { return leads(s) && s.State.EngineBoots == boots }
}

// recordWait bounds each call of the Recorder: the log may be slow, stuck or without a leader (S8).
const recordWait = 5 * time.Second

// bounded is a Recorder whose calls have a deadline.
type bounded struct{ recorder Recorder }

// Raise records an event.
func (b bounded) Raise(ctx context.Context, event cluster.Event) error {
	ctx, cancel := context.WithTimeout(ctx, recordWait)
	defer cancel()
	return b.recorder.Raise(ctx, event)
}

// Delivered records cursors and counters of sinks.
func (b bounded) Delivered(ctx context.Context, sinks map[string]cluster.SinkStatus) error {
	ctx, cancel := context.WithTimeout(ctx, recordWait)
	defer cancel()
	return b.recorder.Delivered(ctx, sinks)
}

// Progress records how far a job has come.
func (b bounded) Progress(ctx context.Context, job cluster.JobIs) error {
	ctx, cancel := context.WithTimeout(ctx, recordWait)
	defer cancel()
	return b.recorder.Progress(ctx, job)
}

// Setting records how far a desired hardware setting has come.
func (b bounded) Setting(ctx context.Context, settings ...cluster.SettingIs) error {
	ctx, cancel := context.WithTimeout(ctx, recordWait)
	defer cancel()
	return b.recorder.Setting(ctx, settings...)
}
