package plugin

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/fixtures/bmc"
	"hawser/redfish"
)

const testUUID = "6f1c2b1e-0b57-4c53-9d0e-3a4f5b6c7d8e"

// rig is a cluster in memory with the emulated BMC of db2, and the hardware monitors of its nodes.
type rig struct {
	*memory
	server *bmc.Server
	node   *bootingNode
}

// bootingNode is what the BMC powers: each boot joins the cluster after a while, as a node's daemon does.
type bootingNode struct {
	join func(boot string)

	mu     sync.Mutex // guards what follows
	absent bool       // later boots do not join
	after  time.Duration
}

type boot struct {
	once   sync.Once
	exited chan struct{}
	timer  *time.Timer
}

// Start boots; the node's daemon takes part after its time.
func (n *bootingNode) Start(id string) (bmc.Process, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := &boot{exited: make(chan struct{})}
	b.timer = time.AfterFunc(n.after, func() {
		n.mu.Lock()
		absent := n.absent
		n.mu.Unlock()
		if !absent {
			n.join(id)
		}
	})
	return b, nil
}

func (n *bootingNode) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

func (b *boot) PID() int                { return 4711 }
func (b *boot) Exited() <-chan struct{} { return b.exited }

func (b *boot) Terminate() error { return b.Kill(context.Background()) }

func (b *boot) Kill(context.Context) error {
	b.timer.Stop()
	b.once.Do(func() { close(b.exited) })
	return nil
}

// newRig founds a cluster led by db1, with db2 powered on.
func newRig(t testing.TB) *rig {
	t.Helper()
	m := newMemory(t)
	r := &rig{memory: m}
	r.node = &bootingNode{after: time.Millisecond, join: func(id string) {
		_, _ = m.apply("db1", cluster.Decision{Join: &cluster.Join{Node: "db2", Boot: id, Incarnation: 1, State: cluster.NodeOnline}})
	}}
	server, err := bmc.New(bmc.Options{
		Name: "db2", UUID: testUUID, Username: "hawser", Password: "correct-horse", BootDelay: 20 * time.Millisecond, Machine: r.node,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.server = server
	m.await(t, "the first boot", func(s *cluster.State) bool { return s.Nodes["db2"].Boot != "boot-1" })
	return r
}

// quick gives up early.
func quick(cfg *redfish.Config) { cfg.Timeout = 300 * time.Millisecond }

// connect opens a handle on the BMC of db2.
func (r *rig) connect(t testing.TB, change ...func(*redfish.Config)) *redfish.BMC {
	t.Helper()
	cfg := redfish.Config{
		Name: "db2", URL: r.server.URL(), Username: "hawser", Password: func() (string, error) { return "correct-horse", nil },
		Fingerprint: r.server.Fingerprint(), Timeout: 5 * time.Second, Poll: 5 * time.Millisecond,
		StageTimeout: 5 * time.Second, ApplyTimeout: 20 * time.Second, Settle: 300 * time.Millisecond, OffTimeout: 5 * time.Second,
	}
	for _, c := range change {
		c(&cfg)
	}
	b, err := redfish.New(cfg, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// monitor is the hardware monitor of a node, while it runs.
type monitor struct {
	*HardwareMonitor
	worker *hardwareWorker
	stop   func()
}

// start runs the hardware monitor of a node; its schedule does not strike during a test.
func (r *rig) start(t testing.TB, node string, change ...func(*redfish.Config)) *monitor {
	t.Helper()
	view := member{r.memory, node}
	cfg := Config{Hardware: HardwareConfig{Collect: ScheduleConfig{Schedule: "@every 24h", Location: "UTC"}}}
	h, err := NewHardwareMonitor(cfg, view, view, view, map[string]*redfish.BMC{"db2": r.connect(t, change...)}, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	w := h.workers[0]
	w.pace.again, w.pace.clearance, w.pace.rejoin = 10*time.Millisecond, 10*time.Millisecond, 10*time.Second
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("hardware monitor ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return &monitor{HardwareMonitor: h, worker: w, stop: stop}
}

// collect asks for a collection by a job and waits for its end.
func (r *rig) collect(t testing.TB) cluster.Job {
	t.Helper()
	return r.awaitJob(t, r.ask(t, "db2", cluster.HwJobCollect))
}

func (r *rig) awaitJob(t testing.TB, index uint32) cluster.Job {
	t.Helper()
	r.await(t, "the end of a job", func(s *cluster.State) bool { return s.HwJobs[index].State.Ended() })
	job := r.state().HwJobs[index]
	if !slices.ContainsFunc(r.eventsOf(cluster.EventJobFinished), func(e cluster.Event) bool {
		return e.Seq == job.EventSeq && e.ComponentName == job.Name()
	}) {
		t.Errorf("job %+v ended without its event", job)
	}
	return job
}

// ready waits until the BMC was read once, so that settings can be wished.
func (r *rig) ready(t testing.TB) {
	t.Helper()
	r.await(t, "the first collection", func(s *cluster.State) bool { return s.Hardware["db2"] != nil && len(s.Hardware["db2"].Settings) > 0 })
}

func (r *rig) desired(name string) cluster.Desired {
	return r.state().Desired[cluster.DesiredKey("db2", cluster.ScopeBIOS, name)]
}

// awaitSetting waits until a wish is in a state.
func (r *rig) awaitSetting(t testing.TB, name string, want cluster.SettingState) {
	t.Helper()
	r.await(t, name+" "+want.String(), func(*cluster.State) bool { return r.desired(name).State == want })
}

// current is the value that the BMC showed last.
func (r *rig) current(name string) string {
	for _, s := range r.state().Hardware["db2"].Settings {
		if s.Name == name {
			return s.Current
		}
	}
	return ""
}
