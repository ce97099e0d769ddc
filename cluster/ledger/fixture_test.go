package ledger

import (
	"bytes"
	"testing"
	"time"

	"hawser/cluster"
)

// log is a ledger with the clock and the numbers of its proposer.
type log struct {
	*Ledger
	t      testing.TB
	now    time.Time
	index  uint64
	origin uint64
}

var start = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func newLog(t testing.TB) *log {
	t.Helper()
	return &log{Ledger: New(), t: t, now: start}
}

// founded is a log of three nodes that have joined, with two stacks.
func founded(t testing.TB) *log {
	t.Helper()
	l := newLog(t)
	l.apply(
		cluster.Decision{Found: &cluster.Found{ClusterID: "c", Generation: 7, EngineID: []byte("engine")}},
		cluster.Decision{Config: &cluster.Config{Spec: testSpec()}},
		cluster.Decision{Lead: &cluster.Lead{Node: "a"}},
	)
	for _, n := range []string{"a", "b", "c"} {
		l.apply(join(n, n+"1", 1))
	}
	return l
}

func testSpec() cluster.Spec {
	service := func(name string, mode cluster.Mode) cluster.ServiceSpec {
		return cluster.ServiceSpec{
			Name: name, Layer: cluster.LayerOther, Kind: "process", Mode: mode, Policy: cluster.DefaultPolicy(),
			StartTimeout: time.Second, StopBudget: time.Second,
		}
	}
	spec := cluster.Spec{
		Name: "test",
		Stacks: []cluster.StackSpec{
			{Name: "shop", Failback: cluster.FailbackNever, Services: []cluster.ServiceSpec{
				service("db", cluster.ModeActiveStandby), service("app", cluster.ModeActiveStandby), service("web", cluster.ModeActiveActive),
			}},
			{Name: "mail", Failback: cluster.FailbackNever, Services: []cluster.ServiceSpec{service("mta", cluster.ModeActiveStandby)}},
		},
		Sinks: []cluster.Sink{{Name: "nms", Address: "127.0.0.1:162", Kind: cluster.SinkTrap, Version: "v3"}},
	}
	for _, n := range []string{"a", "b", "c"} {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: n, Role: cluster.RoleResource, Addresses: []string{"127.0.0.1"}, HasBMC: n != "c"})
	}
	return spec
}

func join(node, boot string, incarnation uint64) cluster.Decision {
	return cluster.Decision{Join: &cluster.Join{Node: node, Boot: boot, Incarnation: incarnation, State: cluster.NodeOnline}}
}

func assign(service, node, boot string) cluster.Decision {
	return cluster.Decision{Assign: &cluster.Assign{Service: service, Node: node, Boot: boot}}
}

func (l *log) entry(decisions ...cluster.Decision) cluster.Entry {
	l.t.Helper()
	data, err := Encode(cluster.Entry{At: l.now, By: "a", Origin: l.origin + 1, Decisions: decisions})
	if err != nil {
		l.t.Fatal(err)
	}
	e, err := Decode(data)
	if err != nil {
		l.t.Fatal(err)
	}
	l.origin += uint64(EventsPerDecision * len(decisions))
	l.index++
	return e
}

// apply applies decisions as one entry, through their encoding.
func (l *log) apply(decisions ...cluster.Decision) Result {
	l.t.Helper()
	r, err := l.Apply(l.index+1, l.entry(decisions...))
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func (l *log) holder(service string) cluster.Holder { return l.State().Services[service].Holder }

// bytes is all that a ledger holds.
func (l *log) bytes() []byte { return imageOf(l.t, l.Ledger) }

func imageOf(t testing.TB, l *Ledger) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := l.Image().Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func restored(t testing.TB, data []byte) *Ledger {
	t.Helper()
	l := New()
	if err := l.Restore(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return l
}

func raise(key string) cluster.Decision {
	return cluster.Decision{Event: &cluster.Event{
		Type: cluster.EventNodeFailed, Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentNode, ComponentName: "b",
		NodeName: "b", Reaction: cluster.ReactedFence, Result: cluster.ResultPending, AlarmKey: key, Raise: cluster.SeverityCritical, Summary: "b failed",
	}}
}

func clearing(key string) cluster.Decision {
	return cluster.Decision{Event: &cluster.Event{
		Type: cluster.EventNodeRecovered, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentNode, ComponentName: "b",
		NodeName: "b", Reaction: cluster.ReactedRecover, Result: cluster.ResultSucceeded, AlarmKey: key, Clear: true, Summary: "b is back",
	}}
}
