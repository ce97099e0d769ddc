package plugin

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/redfish"
)

// hardwareWorker looks after one node's BMC. While this node leads it has two goroutines: reads collects, writes stages and
// applies. A job that waits for its node to be free holds no collection up.
type hardwareWorker struct {
	node     string
	bmc      *redfish.BMC
	source   Source
	recorder Recorder
	hardware Hardware
	pace     hardwarePace
	log      *logrus.Entry
	due      chan struct{} // a collection is due; one place: two that are due are one

	reading  chan struct{} // held by whoever collects
	observed observed      // of the last collection; under reading
	answered atomic.Uint64 // collections that went well

	tried map[string]trial // wishes that could not be staged, by key; only writes touches it
}

// hardwarePace are the times of a worker.
type hardwarePace struct {
	collect   time.Duration // one collection
	again     time.Duration // until a BMC that did not answer is asked once more
	clearance time.Duration // between two requests for a node that is not free
	patience  time.Duration // for a node to be free
	rejoin    time.Duration // for a node to take part again after its reset
}

// defaultPace: a recorded BMC needed 92 s for its health; servers take ten minutes to boot.
func defaultPace() hardwarePace {
	return hardwarePace{
		collect: 3 * time.Minute, again: 2 * time.Second, clearance: time.Second, patience: 24 * time.Hour, rejoin: 15 * time.Minute,
	}
}

func newHardwareWorker(node string, bmc *redfish.BMC, source Source, recorder Recorder, hardware Hardware, log *logrus.Entry) *hardwareWorker {
	return &hardwareWorker{
		node: node, bmc: bmc, source: source, recorder: bounded{recorder}, hardware: hardware, pace: defaultPace(),
		log: log.WithField("node", node), due: make(chan struct{}, 1), reading: make(chan struct{}, 1),
	}
}

// zone is the time zone of a schedule.
func zone(name string) (*time.Location, error) {
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("hardware.collect.location: %w: write UTC, Local, or as Europe/Berlin", err)
	}
	return location, nil
}

// want says that a collection is due.
func (w *hardwareWorker) want() {
	select {
	case w.due <- struct{}{}:
	default:
	}
}

// run works by turns as leader and as follower, until ctx ends.
func (w *hardwareWorker) run(ctx context.Context) {
	defer w.close(ctx)
	for ctx.Err() == nil {
		w.want()
		s := w.source.Snapshot()
		if !leads(s) {
			while(ctx, w.source, func(s *cluster.Snapshot) bool { return !leads(s) }, w.warms)
			continue
		}
		w.observed = observedBefore(s.State, w.node)
		w.tried = map[string]trial{}
		while(ctx, w.source, leadsWith(s.State.EngineBoots), w.reads, w.writes)
	}
}

func (w *hardwareWorker) close(ctx context.Context) {
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := w.bmc.Close(bound); err != nil {
		w.log.WithError(err).Debug("the session at the BMC was left to its timeout")
	}
}

// warms keeps the session open by which this node would fence if it led.
func (w *hardwareWorker) warms(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.due:
			if err := w.bmc.Warm(ctx); err != nil && ctx.Err() == nil {
				w.log.WithError(err).Warn("this node could not fence through this BMC now: check its address and account")
			}
		}
	}
}

// reads collects when it is due or asked for by a job, also one that was left running.
func (w *hardwareWorker) reads(ctx context.Context) {
	for ctx.Err() == nil {
		changed := w.source.Changed()
		if job, ok := w.nextJob(w.source.Snapshot().State, isCollect); ok {
			w.job(ctx, job)
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-w.due:
			if err := w.collect(ctx); err != nil && ctx.Err() == nil {
				w.log.WithError(err).Warn("the BMC could not be read; its facts are unknown until it can")
			}
		}
	}
}

// writes does one thing after the other: nodes left reserved, jobs (those that a former leader began come first), wishes.
func (w *hardwareWorker) writes(ctx context.Context) {
	for ctx.Err() == nil {
		changed := w.source.Changed()
		s := w.source.Snapshot().State
		if job, ok := w.leftReserved(s); ok { // first: the next job would wait for it
			w.free(ctx, job)
			continue
		}
		if job, ok := w.nextJob(s, isWrite); ok {
			w.job(ctx, job)
			continue
		}
		if wishes := w.newWishes(s); len(wishes) > 0 {
			w.stage(ctx, wishes)
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}
