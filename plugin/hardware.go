package plugin

import (
	"context"
	"fmt"
	"sync"

	"github.com/robfig/cron/v3"
	"github.com/sirupsen/logrus"

	"hawser/redfish"
)

// HardwareMonitor reads the BMCs on schedule, stages what is desired and carries hardware jobs out. Only the leader's acts;
// the others keep their sessions warm, so that whoever leads next can fence at once.
type HardwareMonitor struct {
	workers []*hardwareWorker
	cron    *cron.Cron
	ready   chan struct{}
}

// NewHardwareMonitor makes a worker for each BMC and the schedule of collections.
func NewHardwareMonitor(cfg Config, source Source, recorder Recorder, hardware Hardware, bmcs map[string]*redfish.BMC, log *logrus.Entry) (*HardwareMonitor, error) {
	log = log.WithField("component", "hardware")
	location, err := zone(cfg.Hardware.Collect.Location)
	if err != nil {
		return nil, err
	}
	h := &HardwareMonitor{ready: make(chan struct{})}
	logger := cron.PrintfLogger(log)
	h.cron = cron.New(cron.WithLocation(location), cron.WithLogger(logger),
		cron.WithChain(cron.Recover(logger), cron.SkipIfStillRunning(logger)))
	for node, bmc := range bmcs {
		h.workers = append(h.workers, newHardwareWorker(node, bmc, source, recorder, hardware, log))
	}
	if _, err := h.cron.AddFunc(cfg.Hardware.Collect.Schedule, h.collectAll); err != nil {
		return nil, fmt.Errorf("hardware.collect.schedule %q: %w: write five fields, or as @every 5m", cfg.Hardware.Collect.Schedule, err)
	}
	return h, nil
}

// collectAll tells every worker that a collection is due; it does not wait for any.
func (h *HardwareMonitor) collectAll() {
	for _, w := range h.workers {
		w.want()
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
