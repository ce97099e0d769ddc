package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// memory is a cluster in memory: a real ledger, and a leader that a test names. Each node sees it through a member.
type memory struct {
	ledger *ledger.Ledger

	mu     sync.Mutex // guards what follows
	index  uint64
	origin map[string]uint64
	leader string
	carry  map[string]string // node: why there is no clearance for it
	trace  []string          // clearances and their ends, in order
	refuse error             // of every call of a Recorder
	lose   int               // so many reports of a job are applied, and their answer is lost
	hang   bool              // calls of a Recorder wait for their deadline
	silent map[string]bool   // nodes that are not heard
	seen   []cluster.Hardware
}

// newMemory founds a cluster with these sinks, led by db1. db1 and db2 have a BMC.
func newMemory(t testing.TB, sinks ...cluster.Sink) *memory {
	t.Helper()
	m := &memory{ledger: ledger.New(), origin: map[string]uint64{}, carry: map[string]string{}, silent: map[string]bool{}}
	m.mustApply(t, "db1",
		cluster.Decision{Found: &cluster.Found{ClusterID: "6f0c2f5e-0c4e-4f5e-9e51-6f1d3f0a7b11", Generation: 1795348800, EngineID: clusterEngineID}},
		cluster.Decision{Config: &cluster.Config{Spec: memorySpec(sinks...)}})
	for _, node := range []string{"db1", "db2"} {
		m.join(t, node, "boot-1")
	}
	m.lead(t, "db1")
	return m
}

var clusterEngineID = []byte{0x80, 0, 0x7e, 0xd9, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}

func memorySpec(sinks ...cluster.Sink) cluster.Spec {
	return cluster.Spec{
		Name: "shop",
		Nodes: []cluster.NodeSpec{
			{Name: "db1", Role: cluster.RoleResource, HasBMC: true},
			{Name: "db2", Role: cluster.RoleResource, HasBMC: true},
			{Name: "wit", Role: cluster.RoleWitness},
		},
		Stacks: []cluster.StackSpec{{Name: "shop", Services: []cluster.ServiceSpec{
			{Name: "app", Layer: cluster.LayerApplicationServer, Kind: "process", Mode: cluster.ModeActiveStandby, Policy: cluster.DefaultPolicy()},
		}}},
		Sinks: sinks,
	}
}

// mustApply commits decisions of a node, at the present time.
func (m *memory) mustApply(t testing.TB, by string, decisions ...cluster.Decision) ledger.Result {
	t.Helper()
	result, err := m.apply(by, decisions...)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (m *memory) apply(by string, decisions ...cluster.Decision) (ledger.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.index++
	first := m.origin[by] + 1
	m.origin[by] += ledger.EventsPerDecision * uint64(len(decisions))
	return m.ledger.Apply(m.index, cluster.Entry{Version: 1, At: time.Now(), By: by, Origin: first, Decisions: decisions})
}

// lead makes a node the leader, as an election does.
func (m *memory) lead(t testing.TB, node string) {
	t.Helper()
	m.mu.Lock()
	m.leader = node
	m.mu.Unlock()
	m.mustApply(t, node, cluster.Decision{Lead: &cluster.Lead{Node: node}})
}

func (m *memory) join(t testing.TB, node, boot string) {
	t.Helper()
	m.mustApply(t, node, cluster.Decision{Join: &cluster.Join{
		Node: node, Boot: boot, Incarnation: 1, Version: "test", BootTime: time.Now(), State: cluster.NodeOnline,
	}})
}

// event commits an event of db1.
func (m *memory) event(t testing.TB, e cluster.Event) []cluster.Event {
	t.Helper()
	return m.mustApply(t, "db1", cluster.Decision{Event: &e}).Events
}

// do changes one thing under the lock.
func (m *memory) do(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *memory) state() *cluster.State { return m.ledger.State() }

func (m *memory) events() []cluster.Event { return m.ledger.Events(0, 10_000) }

// eventsOf are the events of a type.
func (m *memory) eventsOf(kind cluster.EventType) []cluster.Event {
	return slices.DeleteFunc(m.events(), func(e cluster.Event) bool { return e.Type != kind })
}

func (m *memory) traces() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.trace)
}

// member is the cluster as one of its nodes has it: Source, Recorder and Hardware.
type member struct {
	*memory
	node string
}

func (m member) Snapshot() *cluster.Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &cluster.Snapshot{
		State: m.ledger.State(), Local: m.node, Taken: time.Now(), Leader: m.leader, View: cluster.ViewCurrent, Quorate: true,
		Nodes: map[string]cluster.NodeLive{},
	}
	for _, n := range s.State.Spec.Nodes {
		s.Nodes[n.Name] = cluster.NodeLive{Heard: true, Suspect: m.silent[n.Name], LastBeat: s.Taken}
	}
	return s
}

func (m member) Changed() <-chan struct{} { return m.ledger.Changed() }

func (m member) Events(after cluster.Seq, limit int) ([]cluster.Event, error) {
	return m.ledger.Events(after, limit), nil
}

func (m member) Conditions(seq cluster.Seq) ([]cluster.Component, error) {
	return m.ledger.Conditions(seq)
}

func (m member) Writes(after uint32, limit int) ([]cluster.Write, error) {
	return m.ledger.Writes(after, limit), nil
}

func (m member) propose(ctx context.Context, decisions ...cluster.Decision) error {
	m.mu.Lock()
	hang, refuse := m.hang, m.refuse
	m.mu.Unlock()
	if hang {
		<-ctx.Done()
		return fmt.Errorf("%w: %w", cluster.ErrUnknownOutcome, ctx.Err())
	}
	if refuse != nil {
		return refuse
	}
	_, err := m.apply(m.node, decisions...)
	return err
}

func (m member) Raise(ctx context.Context, e cluster.Event) error {
	return m.propose(ctx, cluster.Decision{Event: &e})
}

func (m member) Delivered(ctx context.Context, sinks map[string]cluster.SinkStatus) error {
	var ds []cluster.Decision
	for name, status := range sinks {
		ds = append(ds, cluster.Decision{Sink: &cluster.SinkIs{Name: name, Status: status}})
	}
	return m.propose(ctx, ds...)
}

func (m member) Progress(ctx context.Context, job cluster.JobIs) error {
	m.mu.Lock()
	leader, hang, lost := m.leader, m.hang, m.lose > 0
	m.lose = max(0, m.lose-1)
	m.mu.Unlock()
	if leader != m.node {
		return cluster.ErrNoLeader
	}
	if j, ok := m.state().HwJobs[job.Index]; !hang && (!ok || j.State.Ended()) {
		return fmt.Errorf("hardware job %d has ended, or is not known", job.Index)
	}
	err := m.propose(ctx, cluster.Decision{Job: &job})
	if err == nil && lost {
		return cluster.ErrUnknownOutcome
	}
	return err
}

func (m member) Setting(ctx context.Context, settings ...cluster.SettingIs) error {
	var ds []cluster.Decision
	for _, s := range settings {
		ds = append(ds, cluster.Decision{Setting: &s})
	}
	return m.propose(ctx, ds...)
}

func (m member) Observe(hw cluster.Hardware) {
	m.do(func() { m.seen = append(m.seen, hw) })
	d := cluster.HardwareDiff{
		Node: hw.Node, BMCState: hw.BMCState, Collected: hw.Collected, System: &hw.System, Components: hw.Components,
		Sensors: hw.Sensors, Settings: hw.Settings, Problems: hw.Problems, FenceReady: hw.BMCState == "ok",
	}
	_, _ = m.apply(m.node, cluster.Decision{Hardware: &d}) // the next collection brings it again
}

// observed is what was handed over last.
func (m *memory) lastSeen() (hw cluster.Hardware, count int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seen) > 0 {
		hw = m.seen[len(m.seen)-1]
	}
	return hw, len(m.seen)
}

func (m member) Clearance(ctx context.Context, node, job string) (func(), error) {
	m.mu.Lock()
	why := m.carry[node]
	m.mu.Unlock()
	if by := m.state().Nodes[node].ReservedBy; by != "" && by != job {
		why = "it is reserved for " + by
	}
	if why != "" {
		return nil, fmt.Errorf("clearance for %s: %s", node, why)
	}
	if err := m.propose(ctx, cluster.Decision{Reserve: &cluster.Reserve{Node: node, By: job}}); err != nil {
		return nil, err
	}
	m.do(func() { m.trace = append(m.trace, "reserved "+node+" for "+job) })
	return func() {
		m.do(func() { m.trace = append(m.trace, "freed "+node) })
		_ = m.propose(context.WithoutCancel(ctx), cluster.Decision{Reserve: &cluster.Reserve{Node: node}})
	}, nil
}

// wish sets the desired value of a BIOS attribute, as a SET does.
func (m *memory) wish(t testing.TB, node, name, value string) {
	t.Helper()
	result := m.mustApply(t, "db1", cluster.Decision{Change: &cluster.Change{
		ID: fmt.Sprintf("wish-%s-%s-%s-%d", node, name, value, time.Now().UnixNano()), By: cluster.Setter{User: "anna", Via: cluster.ViaSnmp},
		Ops: []cluster.Op{{Object: "HwSettingDesired", Target: cluster.Target{Name: node, Scope: cluster.ScopeBIOS, Key: name}, Text: value}},
	}})
	if result.Refusal != nil {
		t.Fatal(result.Refusal)
	}
}

// ask creates a hardware job, as a SET does.
func (m *memory) ask(t testing.TB, node string, kind cluster.HwJobKind) uint32 {
	t.Helper()
	index := m.state().NextHwJob
	result := m.mustApply(t, "db1", cluster.Decision{Change: &cluster.Change{
		ID: fmt.Sprintf("job-%d", index), By: cluster.Setter{User: "anna", Via: cluster.ViaSnmp},
		Ops: []cluster.Op{{Object: "HwJob", Target: cluster.Target{Name: node, Index: index}, Int: int64(kind)}},
	}})
	if result.Refusal != nil {
		t.Fatal(result.Refusal)
	}
	return index
}

// await waits until the state of the ledger satisfies a condition.
func (m *memory) await(t testing.TB, what string, holds func(*cluster.State) bool) {
	t.Helper()
	for limit := time.After(30 * time.Second); ; {
		changed := m.ledger.Changed()
		if holds(m.state()) {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("not within 30 s: %s; events:\n%s", what, summaries(m.events()))
		}
	}
}

func summaries(events []cluster.Event) string {
	var out strings.Builder
	for _, e := range events {
		fmt.Fprintf(&out, "%d %s %s: %s\n", e.Seq, e.Type, e.Severity, e.Summary)
	}
	return out.String()
}
