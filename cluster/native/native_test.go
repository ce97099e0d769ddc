package native

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/cluster/engine"
	"hawser/cluster/fence"
	"hawser/cluster/raftlog"
)

// TestMain lets this binary be the service that the nodes run.
func TestMain(m *testing.M) {
	if addr := os.Getenv("HAWSER_TEST_LISTEN"); addr != "" {
		os.Exit(serviceMain(addr))
	}
	os.Exit(m.Run())
}

func serviceMain(addr string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listen, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s", os.Getenv("HAWSER_NODE"), os.Getenv("HAWSER_EPOCH"))
	}), ReadHeaderTimeout: time.Second}
	go func() { <-ctx.Done(); _ = server.Close() }()
	_ = server.Serve(listen)
	return 0
}

// testCluster is three nodes in this process, over real sockets and with real services.
type testCluster struct {
	t     *testing.T
	ports map[string]string // service address by node
	nodes map[string]*testNode
	fails atomic.Bool // the fence devices refuse
}

type testNode struct {
	*Node
	cancel context.CancelFunc
	done   chan error
}

func freeAddr(t *testing.T, network string) string {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		return c.LocalAddr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func startCluster(t *testing.T) *testCluster {
	t.Helper()
	tc := &testCluster{t: t, ports: map[string]string{}, nodes: map[string]*testNode{}}
	names := []string{"n1", "n2", "n3"}
	const id = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
	ca, err := raftlog.NewCA(id, "test")
	if err != nil {
		t.Fatal(err)
	}
	raftPeers, beatPeers := map[string][]string{}, map[string][]string{}
	for _, n := range names {
		tc.ports[n] = freeAddr(t, "tcp")
		raftPeers[n] = []string{freeAddr(t, "tcp"), freeAddr(t, "tcp")}
		beatPeers[n] = []string{freeAddr(t, "udp"), freeAddr(t, "udp")}
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	if testing.Verbose() {
		log.SetOutput(os.Stderr)
		log.SetLevel(logrus.DebugLevel)
	}
	for _, n := range names {
		pair, err := raftlog.Issue(ca, id, n, []string{"127.0.0.1"}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := pair.TLS()
		if err != nil {
			t.Fatal(err)
		}
		roots, err := raftlog.Roots(ca.Cert)
		if err != nil {
			t.Fatal(err)
		}
		tc.start(Config{
			ClusterID: id, Node: n, Boot: "boot-" + n, MachineUUID: "uuid-" + n, Version: "test", BootTime: time.Now(),
			DataDir: t.TempDir(), Spec: tc.spec(names, n), RaftListen: raftPeers[n], RaftPeers: raftPeers,
			Cert: func() (*tls.Certificate, error) { return &cert, nil }, Roots: func() *x509.CertPool { return roots },
			BeatListen: beatPeers[n], BeatPeers: beatPeers, BeatKeys: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
			Engine: engine.DefaultConfig(), Fence: tc.devices(names), Log: log.WithField("node", n),
		})
	}
	return tc
}

func (tc *testCluster) devices(names []string) map[string]fence.Device {
	out := map[string]fence.Device{}
	for _, n := range names {
		out[n] = fence.Func{Label: "test", OffFunc: func(context.Context, string) error {
			if tc.fails.Load() {
				return fence.ErrNotConfirmed
			}
			return errors.New("this test has no power switch")
		}}
	}
	return out
}

func (tc *testCluster) spec(names []string, self string) cluster.Spec {
	policy := cluster.DefaultPolicy()
	policy.ProbeInterval, policy.ProbeTimeout, policy.RestartLimit = 100*time.Millisecond, time.Second, 1
	spec := cluster.Spec{Name: "test", Stacks: []cluster.StackSpec{{
		Name: "shop", Failback: cluster.FailbackNever, Services: []cluster.ServiceSpec{{
			Name: "app", Layer: cluster.LayerApplicationServer, Kind: "process", Mode: cluster.ModeActiveStandby,
			Options: map[string]any{"command": []string{os.Args[0]}, "environment": []string{"HAWSER_TEST_LISTEN=" + tc.ports[self]}},
			Probe:   cluster.ProbeSpec{Kind: "tcp", Options: map[string]any{"address": tc.ports[self]}},
			Policy:  policy, StartTimeout: 10 * time.Second, StopBudget: 2 * time.Second,
		}},
	}}}
	for _, n := range names {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: n, Role: cluster.RoleResource, Addresses: []string{"127.0.0.1"}, HasBMC: true})
	}
	return spec
}

func (tc *testCluster) start(cfg Config) {
	tc.t.Helper()
	n, err := New(cfg)
	if err != nil {
		tc.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	node := &testNode{Node: n, cancel: cancel, done: make(chan error, 1)}
	go func() { node.done <- n.Run(ctx) }()
	tc.nodes[cfg.Node] = node
	tc.t.Cleanup(func() {
		cancel()
		if err := <-node.done; err != nil {
			tc.t.Errorf("%s ended with %v", cfg.Node, err)
		}
	})
}

// wait waits for a condition, with a limit that is far above what it takes.
func (tc *testCluster) wait(what string, ok func() bool) {
	tc.t.Helper()
	limit := time.Now().Add(40 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			s := tc.nodes["n2"].Snapshot()
			tc.t.Fatalf("not within the limit: %s\nstack %+v\nservices %+v\ninstances %+v\nnodes %+v leader %q",
				what, s.State.Stacks, s.State.Services, s.State.Instances, s.State.Nodes, s.Leader)
		}
		time.Sleep(10 * time.Millisecond) // a poll of a condition, not a synchronisation
	}
}

func (tc *testCluster) active() string {
	s := tc.nodes["n2"].ledger.State()
	if s.Stacks["shop"].Phase != cluster.PhaseIdle || cluster.ClusterStateOf(s) != cluster.ClusterOk {
		return ""
	}
	return s.Stacks["shop"].Primary
}

func (tc *testCluster) event(kind cluster.EventType) (cluster.Event, bool) {
	events, _ := tc.nodes["n2"].Events(0, 1000)
	i := slices.IndexFunc(events, func(e cluster.Event) bool { return e.Type == kind })
	if i < 0 {
		return cluster.Event{}, false
	}
	return events[i], true
}

func TestServiceLivesMovesAndObeys(t *testing.T) {
	tc := startCluster(t)
	tc.wait("the stack is up", func() bool { return tc.active() != "" })
	first := tc.active()

	// A killed service is restarted where it was (S6), under the same epoch.
	app := tc.nodes[first].agent.instances[0]
	epoch := app.status().Epoch
	if err := syscall.Kill(app.resource.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	tc.wait("ServiceRestarted", func() bool { _, ok := tc.event(cluster.EventServiceRestarted); return ok })
	e, _ := tc.event(cluster.EventServiceRestarted)
	if e.NodeName != first || e.Duration <= 0 || e.Result != cluster.ResultSucceeded {
		t.Errorf("event of the restart: %+v", e)
	}
	if got := app.status().Epoch; got != epoch {
		t.Errorf("the restart changed the epoch from %d to %d", epoch, got)
	}
	lines, err := tc.nodes["n2"].Conditions(e.Seq)
	if err != nil || len(lines) < 8 {
		t.Errorf("condition of event %d has %d lines, %v", e.Seq, len(lines), err)
	}

	// A SET moves it: standby by admin state, with a verified stop before the start elsewhere (S2 a).
	plan, err := tc.nodes["n3"].Prepare(cluster.Change{
		ID: "c1", By: cluster.Setter{User: "olga", Via: cluster.ViaSnmp},
		Ops: []cluster.Op{{Object: "NodeAdminState", Target: cluster.Target{Name: first}, Int: int64(cluster.NodeAdminStandby)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := tc.nodes["n3"].Commit(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	tc.wait("the stack moved", func() bool {
		s := tc.nodes["n2"].ledger.State().Stacks["shop"]
		return s.Primary != first && s.Phase == cluster.PhaseIdle
	})
	done, _ := tc.event(cluster.EventFailoverCompleted)
	if done.Reaction != cluster.ReactedMove || done.Setter != "olga" {
		t.Errorf("event of the move: %+v", done)
	}
	if st := app.status(); st.StoppedEpoch < epoch || app.resource.Running() {
		t.Errorf("the former holder gave no proof: %+v", st)
	}
	again, err := tc.nodes["n3"].Commit(t.Context(), plan)
	if err != nil || !again.Repeated || again.Serial != receipt.Serial {
		t.Errorf("the same change again: %+v, %v", again, err)
	}

	// A clean stop of the leader's daemon moves everything away; nobody is fenced.
	leader := tc.nodes["n2"].Snapshot().Leader
	if leader != "n2" {
		tc.nodes[leader].cancel()
		tc.wait("another leader", func() bool { l := tc.nodes["n2"].Snapshot().Leader; return l != "" && l != leader })
		tc.wait("it is offline", func() bool {
			return tc.nodes["n2"].ledger.State().Nodes[leader].State == cluster.NodeOffline
		})
		if f := tc.nodes["n2"].ledger.State().Fences; len(f) != 0 {
			t.Errorf("a clean stop led to a fence: %+v", f)
		}
	}
}
