package nms

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hawser/nms/journal"
	"hawser/nms/web"
)

const (
	scrapeTimeout = 5 * time.Second // of the journal's part; the rest is in memory
	mostScrapes   = 4               // at one time
)

// figure is a metric of the manager with its help and labels.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) figure {
	return figure{prometheus.NewDesc("hawser_manager_"+name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) figure {
	return figure{prometheus.NewDesc("hawser_manager_"+name, help, labels, nil), prometheus.CounterValue}
}

// What the manager shows of itself. Its clusters show themselves, each node at its own address.
var (
	managerInfo    = gauge("info", "The manager; always 1.", "manager", "engine_id")
	managerReady   = gauge("ready", "1 when every configured cluster was polled, or found not to answer.")
	received       = counter("datagrams_received_total", "Datagrams received where notifications come.")
	notifications  = counter("notifications_total", "What became of what was received.", "result")
	informs        = counter("informs_answered_total", "INFORMs acknowledged: their event is durable.")
	kernelDrops    = counter("kernel_drops_total", "Datagrams lost in the kernel because the socket's buffer was full.")
	receiveBuffer  = gauge("receive_buffer_bytes", "Size of the sockets' buffers as the kernel granted it.")
	journalRows    = counter("journal_rows_total", "Rows that are on the disk.")
	journalChanges = counter("journal_changes_total", "Changes that are on the disk.")
	journalFailed  = counter("journal_commit_failures_total", "Commits that failed.")
	journalTook    = figure{prometheus.NewDesc("hawser_manager_journal_commit_duration_seconds", "Time until a commit was on the disk.", nil, nil), prometheus.UntypedValue}
	journalSize    = gauge("journal_size_bytes", "Size of the journal's file, without its write-ahead log.")
	journalOK      = gauge("journal_readable", "1 if the figures below that come from the journal could be read.")
	missing        = gauge("missing_events", "Events, or conditions of events, that are missing (open), were fetched late (filled), or are lost for good (lost).", "what", "state")
	backlog        = gauge("analysis_backlog_events", "Authentic events that no rule has seen yet.")
	incidents      = gauge("incidents_open", "Incidents that are open.")
	changes        = gauge("reconfigurations", "Reconfigurations by what became of them.", "state")
	off            = gauge("reconfiguration_off", "1 while reconfiguration is switched off, here or by configuration.")
	polls          = counter("polls_total", "Passes over a cluster.", "result")
	pollTook       = counter("poll_duration_seconds_total", "Time that all passes took.")
	clusters       = gauge("clusters", "Clusters by health; silent ones do not answer, unknown ones may do well.", "health")
)

var figures = []figure{
	managerInfo, managerReady, received, notifications, informs, kernelDrops, receiveBuffer, journalRows, journalChanges, journalFailed, journalTook, journalSize,
	journalOK, missing, backlog, incidents, changes, off, polls, pollTook, clusters,
}

// metrics answers Prometheus.
func (m *Manager) metrics() (http.Handler, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{&managerCollector{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: m.part("metrics"), ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: mostScrapes, Timeout: statusTimeout,
	}), nil
}

// managerCollector is a prometheus.Collector over the parts of a manager.
type managerCollector struct{ m *Manager }

// Describe sends all that Collect may send.
func (c *managerCollector) Describe(to chan<- *prometheus.Desc) {
	for _, f := range figures {
		to <- f.desc
	}
}

// sender sends samples.
type sender chan<- prometheus.Metric

func (s sender) send(f figure, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(f.desc, f.kind, value, labels...)
}

func (s sender) truth(f figure, value bool) {
	number := 0.0
	if value {
		number = 1
	}
	s.send(f, number)
}

// Collect sends one sample of everything.
func (c *managerCollector) Collect(to chan<- prometheus.Metric) {
	s := sender(to)
	s.send(managerInfo, 1, c.m.cfg.Name, c.m.EngineID())
	s.truth(managerReady, c.m.Ready())
	c.reception(s)
	c.writing(s)
	p := c.m.poller.Stats()
	s.send(polls, float64(p.Passed), "ok")
	s.send(polls, float64(p.Failed), "failed")
	s.send(pollTook, p.Took.Seconds())
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	err := c.stored(ctx, s)
	if err != nil {
		c.m.part("metrics").WithError(err).Error("figures of the journal are not shown: it could not be read")
	}
	s.truth(journalOK, err == nil)
}

func (c *managerCollector) reception(s sender) {
	t := c.m.receiver.Stats()
	s.send(received, float64(t.Received))
	for result, n := range map[string]uint64{
		"stored": t.Events, "known": t.Known, "unknown": t.Unknown, "reported": t.Reports, "malformed": t.Malformed, "refused": t.Refused,
		"over_quota": t.OverQuota, "not_stored": t.Uncommitted,
	} {
		s.send(notifications, float64(n), result)
	}
	s.send(informs, float64(t.Answered))
	s.send(kernelDrops, float64(t.KernelDrops))
	s.send(receiveBuffer, float64(t.ReceiveBuffer))
}

func (c *managerCollector) writing(s sender) {
	w := c.m.journal.Stats()
	s.send(journalRows, float64(w.Rows))
	s.send(journalChanges, float64(w.Changes))
	s.send(journalFailed, float64(w.Failed))
	buckets := map[float64]uint64{}
	for i, bound := range journal.CommitBounds {
		buckets[bound.Seconds()] = w.Within[i]
	}
	s <- prometheus.MustNewConstHistogram(journalTook.desc, w.Commits, w.Took.Seconds(), buckets)
	if info, err := os.Stat(c.m.journal.Path()); err == nil {
		s.send(journalSize, float64(info.Size()))
	}
}

// reconfigurationStates are shown from the beginning, so that a first failure is seen as a rise.
var reconfigurationStates = []string{
	journal.StateProposed, journal.StateHeld, journal.StateDryRun, journal.StateWaiting, journal.StateApproved, journal.StateRejected, journal.StateSending,
	journal.StateUnknown, journal.StateVerifying, journal.StateDone, journal.StateFailed, journal.StateRefused,
}

// stored sends what stands in the journal.
func (c *managerCollector) stored(ctx context.Context, s sender) error {
	tally, err := c.m.journal.Tally(ctx)
	if err != nil {
		return err
	}
	s.send(backlog, float64(tally.Backlog))
	s.send(incidents, float64(tally.OpenIncidents))
	for _, state := range reconfigurationStates {
		s.send(changes, float64(tally.Reconfigurations[state]), state)
	}
	n := map[[2]string]int64{}
	for _, m := range tally.Missing {
		n[[2]string{m.What, m.State}] = m.Events
	}
	for _, what := range []string{journal.GapEvent, journal.GapCondition} {
		for _, state := range []string{journal.GapOpen, journal.GapFilled, journal.GapLost} {
			s.send(missing, float64(n[[2]string{what, state}]), what, state)
		}
	}
	property, err := c.m.journal.Property(ctx, journal.PropertyOff)
	if err != nil {
		return err
	}
	s.truth(off, c.m.cfg.Gates.Off || property.Value == "true")
	members, err := c.m.web.Fleet(ctx)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, member := range members {
		counts[member.Health]++
	}
	for _, health := range web.Healths {
		s.send(clusters, float64(counts[health]), health)
	}
	return nil
}
