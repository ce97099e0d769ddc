package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/redfish"
)

// HardwareMonitor reads the BMCs on schedule, stages what is desired and carries hardware jobs out. Only the leader's acts;
// the others keep their sessions warm, so that whoever leads next can fence at once.
type HardwareMonitor struct {
	workers []*hardwareWorker
	cron    *cron.Cron
	source  Source
	log     *logrus.Entry
	ready   chan struct{}
}

// hardwareWorker does one thing at a time with one node's BMC.
type hardwareWorker struct {
	node     string
	bmc      *redfish.BMC
	source   Source
	recorder Recorder
	hardware Hardware
	timeout  time.Duration
	log      *logrus.Entry
	due      chan struct{} // a collection is due; one place: two that are due are one

	tried map[string]time.Time // wishes that were staged or refused, by key, with the time of the wish
}

// NewHardwareMonitor makes a worker for each BMC and the schedule of collections.
func NewHardwareMonitor(cfg Config, source Source, recorder Recorder, hardware Hardware, bmcs map[string]*redfish.BMC, log *logrus.Entry) (*HardwareMonitor, error) {
	log = log.WithField("component", "hardware")
	location, err := time.LoadLocation(cfg.Hardware.Collect.Location)
	if err != nil {
		return nil, fmt.Errorf("hardware.collect.location: %w", err)
	}
	h := &HardwareMonitor{source: source, log: log, ready: make(chan struct{})}
	logger := cron.PrintfLogger(log)
	h.cron = cron.New(cron.WithLocation(location), cron.WithLogger(logger),
		cron.WithChain(cron.Recover(logger), cron.SkipIfStillRunning(logger)))
	for node, bmc := range bmcs {
		h.workers = append(h.workers, &hardwareWorker{
			node: node, bmc: bmc, source: source, recorder: recorder, hardware: hardware, timeout: collectTimeout,
			log: log.WithField("node", node), due: make(chan struct{}, 1), tried: map[string]time.Time{},
		})
	}
	if _, err := h.cron.AddFunc(cfg.Hardware.Collect.Schedule, h.collectAll); err != nil {
		return nil, fmt.Errorf("hardware.collect.schedule %q: %w", cfg.Hardware.Collect.Schedule, err)
	}
	return h, nil
}

// collectTimeout bounds one collection; a recorded BMC needed 92 s for its health.
const collectTimeout = 3 * time.Minute

// collectAll tells every worker that a collection is due; it does not wait for any.
func (h *HardwareMonitor) collectAll() {
	for _, w := range h.workers {
		w.want()
	}
}

func (w *hardwareWorker) want() {
	select {
	case w.due <- struct{}{}:
	default:
	}
}

// String names the task.
func (h *HardwareMonitor) String() string { return "hardware monitor" }

// Ready is closed when the workers run.
func (h *HardwareMonitor) Ready() <-chan struct{} { return h.ready }

// Run works until ctx ends; then the sessions at the BMCs are closed.
func (h *HardwareMonitor) Run(ctx context.Context) error {
	var tasks sync.WaitGroup
	for _, w := range h.workers {
		tasks.Go(func() { w.run(ctx) })
	}
	h.cron.Start()
	close(h.ready)
	<-ctx.Done()
	<-h.cron.Stop().Done()
	tasks.Wait()
	return nil
}

// run takes the next piece of work while this node leads: a job, a wish, a collection.
func (w *hardwareWorker) run(ctx context.Context) {
	defer w.close(ctx)
	led := false
	for ctx.Err() == nil {
		changed := w.source.Changed()
		s := w.source.Snapshot()
		if lead := leads(s); lead != led {
			if led = lead; led {
				w.tried = map[string]time.Time{}
				w.takeOver(ctx, s)
				w.want()
			}
		}
		if led && w.work(ctx, s) {
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-w.due:
			w.collectOrWarm(ctx, led)
		}
	}
}

func (w *hardwareWorker) close(ctx context.Context) {
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := w.bmc.Close(bound); err != nil {
		w.log.WithError(err).Debug("the session at the BMC was left to its timeout")
	}
}

// work does one piece of work; false: there is none.
func (w *hardwareWorker) work(ctx context.Context, s *cluster.Snapshot) bool {
	if job, ok := w.nextJob(s.State); ok {
		w.job(ctx, job)
		return true
	}
	if wishes := w.newWishes(s.State); len(wishes) > 0 {
		w.stage(ctx, wishes)
		return true
	}
	return false
}

func (w *hardwareWorker) collectOrWarm(ctx context.Context, led bool) {
	bound, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	if led {
		if err := w.collect(bound); err != nil && ctx.Err() == nil {
			w.log.WithError(err).Warn("the BMC could not be read; its facts are unknown until it can")
		}
		return
	}
	if err := w.bmc.Warm(bound); err != nil && ctx.Err() == nil {
		w.log.WithError(err).Warn("this node could not fence through this BMC now")
	}
}

// collect reads the BMC and hands over what it says. An error is also handed over: what was known becomes unknown.
func (w *hardwareWorker) collect(ctx context.Context) error {
	old := w.source.Snapshot().State.Hardware[w.node]
	inv, err := w.bmc.Collect(ctx)
	if err != nil {
		state := "silent"
		if errors.Is(err, redfish.ErrCredentials) {
			state = "refused"
		}
		hw := silent(old, w.node, state, err.Error())
		w.hardware.Observe(hw)
		w.healthEvents(ctx, old, hw)
		return err
	}
	settings, err := w.bmc.Settings(ctx)
	if err != nil {
		inv.Problems = append(inv.Problems, "settings: "+err.Error())
		settings = nil
	}
	hw := hardwareFrom(w.node, inv, settings)
	w.hardware.Observe(hw)
	w.healthEvents(ctx, old, hw)
	w.driftEvents(ctx, hw)
	return nil
}
