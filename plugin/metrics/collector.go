package metrics

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hawser/cluster"
)

// Source gives the newest view; it is immutable and never nil. Both controllers satisfy it.
type Source interface {
	Snapshot() *cluster.Snapshot
}

// Collector is a prometheus.Collector over a node's view of its cluster.
type Collector struct{ source Source }

// NewCollector collects from a source.
func NewCollector(source Source) *Collector { return &Collector{source: source} }

// Describe sends all that Collect may send, so that a registry can refuse what would clash.
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, f := range families {
		to <- f.desc
	}
}

// Collect sends one sample of everything, from one snapshot.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	snapshot := c.source.Snapshot()
	s := &scrape{Snapshot: snapshot, known: snapshot.State, to: to, seen: map[string]bool{}}
	if snapshot.View == cluster.ViewIsolated {
		s.known = blindfold(snapshot)
	}
	for _, collect := range []func(*scrape){collectView, collectNodes, collectLinks, collectStacks, collectAlarms, collectSinks, collectHardware} {
		collect(s)
	}
}

// scrape is one collection. known is the state as this node may speak of it.
type scrape struct {
	*cluster.Snapshot
	known *cluster.State
	to    chan<- prometheus.Metric
	seen  map[string]bool
}

// family is a metric with its help and labels.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) family {
	return family{prometheus.NewDesc("hawser_"+name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) family {
	return family{prometheus.NewDesc("hawser_"+name, help, labels, nil), prometheus.CounterValue}
}

// send sends one sample. A second one with the same labels is left out: it would spoil the whole answer.
func (s *scrape) send(f family, value float64, labels ...string) {
	for i, l := range labels {
		labels[i] = strings.ToValidUTF8(l, "\uFFFD")
	}
	key := f.desc.String() + "\x00" + strings.Join(labels, "\x00")
	if s.seen[key] {
		return
	}
	s.seen[key] = true
	s.to <- prometheus.MustNewConstMetric(f.desc, f.kind, value, labels...)
}

func (s *scrape) truth(f family, value bool, labels ...string) {
	number := 0.0
	if value {
		number = 1
	}
	s.send(f, number, labels...)
}

// at sends a moment, if there is one.
func (s *scrape) at(f family, when time.Time, labels ...string) {
	if !when.IsZero() {
		s.send(f, float64(when.UnixMilli())/1000, labels...)
	}
}

// enumeration is a type of package cluster whose values begin at 1.
type enumeration interface {
	~int
	String() string
}

// states sends one series per value of the enumeration, of which the present one is 1. Zero, what nobody said yet, is
// unknown where the enumeration has that, else there is no series.
func states[E enumeration](s *scrape, f family, now E, labels ...string) {
	all := values[E]()
	if now == 0 {
		now = E(slices.IndexFunc(all, func(v E) bool { return v.String() == "unknown" }) + 1)
	}
	if now == 0 {
		return
	}
	for _, v := range all {
		s.truth(f, v == now, slices.Concat(labels, []string{v.String()})...)
	}
}

// values are all values of an enumeration: it has no gaps, and says of others that they are invalid.
func values[E enumeration]() []E {
	var out []E
	for v := E(1); !strings.HasPrefix(v.String(), "invalid("); v++ {
		out = append(out, v)
	}
	return out
}

// others says whether the node is not to be spoken of: an isolated node knows itself alone.
func (s *scrape) others(node string) bool { return s.View == cluster.ViewIsolated && node != s.Local }

// blindfold is the state of an isolated node: what happens on others is unknown to it.
func blindfold(s *cluster.Snapshot) *cluster.State {
	known := s.State.Clone()
	for _, stack := range known.Spec.Stacks {
		for _, service := range stack.Services {
			for _, n := range known.Spec.Nodes {
				if n.Name != s.Local {
					known.Instances[cluster.InstanceKey(service.Name, n.Name)] = cluster.Instance{State: cluster.InstanceUnknown, Probe: cluster.ProbeUnknown}
				}
			}
		}
	}
	return known
}
