package native

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/cluster/engine"
	"hawser/cluster/fence"
	"hawser/cluster/raftlog"
)

const testClusterID = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"

// testCluster is three nodes in this process, over real sockets and with real services.
type testCluster struct {
	t       *testing.T
	names   []string
	record  string            // what the services write
	ports   map[string]string // service address by node
	addrs   map[string]string // raft address by node
	ca      raftlog.KeyPair
	configs map[string]Config
	wires   []*wire
	log     *logrus.Logger
	prepare func(*Node)

	mu    sync.Mutex // guards below
	nodes map[string]*testNode
	power func(node string) error // what the fence devices do
	asked int                     // how often
}

type testNode struct {
	*Node
	cancel context.CancelFunc
	done   chan struct{} // closed when it ended
	err    error         // why
}

// testOptions differ from test to test.
type testOptions struct {
	wired   bool // over wires that can be cut
	spec    func(*cluster.Spec)
	prepare func(*Node) // before it runs
}

// ports gives free addresses on a loopback address of its own: a port that is free for a moment, while its service is
// restarted, can become neither the source port of a dial of this machine nor the port of another test. None is given twice.
type ports struct {
	host  string
	given map[string]bool
}

func newPorts() *ports {
	host := netip.AddrFrom4([4]byte{127, byte(64 + rand.IntN(64)), byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
	return &ports{host: net.JoinHostPort(host.String(), "0"), given: map[string]bool{}}
}

func (p *ports) tcp(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", p.host)
		if err != nil {
			t.Fatal(err)
		}
		if _ = l.Close(); p.first("tcp " + l.Addr().String()) {
			return l.Addr().String()
		}
	}
}

func (p *ports) udp(t *testing.T) string {
	t.Helper()
	for {
		c, err := net.ListenPacket("udp", p.host)
		if err != nil {
			t.Fatal(err)
		}
		if _ = c.Close(); p.first("udp " + c.LocalAddr().String()) {
			return c.LocalAddr().String()
		}
	}
}

func (p *ports) first(addr string) bool {
	was := p.given[addr]
	p.given[addr] = true
	return !was
}

func newCluster(t *testing.T, o testOptions) *testCluster {
	t.Helper()
	tc := &testCluster{
		t: t, names: []string{"n1", "n2", "n3"}, record: filepath.Join(t.TempDir(), "record"), ports: map[string]string{},
		addrs: map[string]string{}, configs: map[string]Config{}, nodes: map[string]*testNode{}, log: logrus.New(),
		power:   func(string) error { return errors.New("this test has no power switch") },
		prepare: o.prepare,
	}
	tc.log.SetOutput(io.Discard)
	if testing.Verbose() {
		tc.log.SetOutput(os.Stderr)
		tc.log.SetLevel(logrus.DebugLevel)
	}
	var err error
	if tc.ca, err = raftlog.NewCA(testClusterID, "test"); err != nil {
		t.Fatal(err)
	}
	beats, free := map[string]string{}, newPorts()
	for _, n := range tc.names {
		tc.ports[n], tc.addrs[n], beats[n] = free.tcp(t), free.tcp(t), free.udp(t)
	}
	for _, n := range tc.names {
		raftPeers, beatPeers := map[string][]string{n: {tc.addrs[n]}}, map[string][]string{n: {beats[n]}}
		for _, peer := range tc.names {
			switch {
			case peer == n:
			case o.wired:
				w := newWire(t, n, peer, tc.addrs[peer], beats[peer])
				t.Cleanup(w.close)
				tc.wires = append(tc.wires, w)
				raftPeers[peer], beatPeers[peer] = []string{w.tcp.Addr().String()}, []string{w.udp.LocalAddr().String()}
			default:
				raftPeers[peer], beatPeers[peer] = []string{tc.addrs[peer]}, []string{beats[peer]}
			}
		}
		spec := tc.spec(n)
		if o.spec != nil {
			o.spec(&spec)
		}
		cert, roots := tc.identity(tc.ca, n)
		tc.configs[n] = Config{
			ClusterID: testClusterID, Node: n, Boot: "boot-" + n, MachineUUID: "uuid-" + n, Version: "test", BootTime: time.Now(),
			DataDir: t.TempDir(), Spec: spec, RaftListen: []string{tc.addrs[n]}, RaftPeers: raftPeers, Cert: cert, Roots: roots,
			BeatListen: []string{beats[n]}, BeatPeers: beatPeers, BeatKeys: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
			DiskPatience: 5 * time.Second, // disks of test machines are slow
			Engine:       engine.DefaultConfig(), Fence: tc.devices(), Log: tc.log.WithField("node", n),
		}
	}
	return tc
}

// startCluster starts all nodes and waits until the stack is up.
func startCluster(t *testing.T, o testOptions) *testCluster {
	t.Helper()
	tc := newCluster(t, o)
	for _, n := range tc.names {
		tc.start(n)
	}
	tc.wait("the stack is up", func() bool { return tc.active() != "" })
	return tc
}

// identity is a certificate of the cluster for a node, signed by a CA, and the CA as root.
func (tc *testCluster) identity(ca raftlog.KeyPair, node string) (func() (*tls.Certificate, error), func() *x509.CertPool) {
	tc.t.Helper()
	pair, err := raftlog.Issue(ca, testClusterID, node, []string{"127.0.0.1"}, time.Hour)
	if err != nil {
		tc.t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		tc.t.Fatal(err)
	}
	roots, err := raftlog.Roots(ca.Cert)
	if err != nil {
		tc.t.Fatal(err)
	}
	return func() (*tls.Certificate, error) { return &cert, nil }, func() *x509.CertPool { return roots }
}

// devices are power switches that do what the test says, and claim what it returns.
func (tc *testCluster) devices() map[string]fence.Device {
	out := map[string]fence.Device{}
	for _, n := range tc.names {
		out[n] = fence.Func{Label: "test", OffFunc: func(_ context.Context, uuid string) error {
			if err := fence.SameMachine("uuid-"+n, uuid); err != nil {
				return err
			}
			tc.mu.Lock()
			tc.asked++
			power := tc.power
			tc.mu.Unlock()
			return power(n)
		}}
	}
	return out
}

func (tc *testCluster) setPower(power func(node string) error) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	tc.power = power
}

func (tc *testCluster) fences() int {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return tc.asked
}

func (tc *testCluster) spec(self string) cluster.Spec {
	policy := cluster.DefaultPolicy()
	policy.ProbeInterval, policy.ProbeTimeout, policy.RestartLimit = 100*time.Millisecond, time.Second, 1
	spec := cluster.Spec{Name: "test", Stacks: []cluster.StackSpec{{
		Name: "shop", Failback: cluster.FailbackNever, Services: []cluster.ServiceSpec{{
			Name: "app", Layer: cluster.LayerApplicationServer, Kind: "process", Mode: cluster.ModeActiveStandby,
			Options: map[string]any{"command": []string{os.Args[0]}, "environment": []string{
				"HAWSER_TEST_LISTEN=" + tc.ports[self], "HAWSER_TEST_RECORD=" + tc.record,
			}},
			Probe:  cluster.ProbeSpec{Kind: "http", Options: map[string]any{"url": "http://" + tc.ports[self] + "/"}},
			Policy: policy, StartTimeout: 10 * time.Second, StopBudget: time.Second,
		}},
	}}}
	for _, n := range tc.names {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: n, Role: cluster.RoleResource, Addresses: []string{"127.0.0.1"}, HasBMC: true})
	}
	return spec
}

// start starts a node; at the end of the test it must end without an error, unless the test took it out.
func (tc *testCluster) start(name string) *testNode {
	tc.t.Helper()
	n, err := New(tc.configs[name])
	if err != nil {
		tc.t.Fatal(err)
	}
	if tc.prepare != nil {
		tc.prepare(n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	node := &testNode{Node: n, cancel: cancel, done: make(chan struct{})}
	go func() { defer close(node.done); node.err = n.Run(ctx) }()
	tc.mu.Lock()
	tc.nodes[name] = node
	tc.mu.Unlock()
	tc.t.Cleanup(func() {
		cancel()
		<-node.done
		if node.err != nil && tc.node(name) == node {
			tc.t.Errorf("%s ended with %v", name, node.err)
		}
	})
	return node
}

// stopAll stops all nodes at once and takes them out.
func (tc *testCluster) stopAll() {
	tc.t.Helper()
	for _, n := range tc.names {
		tc.node(n).cancel()
	}
	for _, n := range tc.names {
		node := tc.node(n)
		<-node.done
		if node.err != nil {
			tc.t.Errorf("%s ended with %v", n, node.err)
		}
	}
}

func (tc *testCluster) node(name string) *testNode {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return tc.nodes[name]
}

func (tc *testCluster) app(node string) *instance { return tc.node(node).agent.instances[0] }

// isolate cuts all wires of a node, or mends them.
func (tc *testCluster) isolate(node string, on bool) {
	for _, w := range tc.wires {
		if w.from == node || w.to == node {
			w.cut(on)
		}
	}
}

// others are the nodes beside those named.
func (tc *testCluster) others(but ...string) []string {
	return slices.DeleteFunc(slices.Clone(tc.names), func(n string) bool { return slices.Contains(but, n) })
}

// leader is the node that itself says that it is in office, empty if there is none or are two.
func (tc *testCluster) leader(but ...string) string {
	leader := ""
	for _, n := range tc.others(but...) {
		if tc.node(n).lead.inOffice() {
			if leader != "" {
				return ""
			}
			leader = n
		}
	}
	return leader
}

// lead makes a node the leader. Raft may answer that a transfer went well and still elect the former leader again.
func (tc *testCluster) lead(to string) {
	tc.t.Helper()
	var last time.Time
	tc.wait(to+" leads", func() bool {
		leader := tc.leader()
		if leader != "" && leader != to && time.Since(last) > 2*time.Second {
			last = time.Now()
			if err := tc.node(leader).raft.LeadershipTransferToServer(raft.ServerID(to), raft.ServerAddress(to)).Error(); err != nil {
				tc.t.Logf("transfer from %s to %s: %v", leader, to, err)
			}
		}
		return leader == to || tc.state().EngineOwner == to
	})
}

// state is what the best-informed node knows.
func (tc *testCluster) state() *cluster.State {
	var best *cluster.State
	for _, n := range tc.names {
		if node := tc.node(n); node != nil {
			if s := node.ledger.State(); best == nil || s.Applied > best.Applied {
				best = s
			}
		}
	}
	return best
}

// limit is far above what any condition takes on a loaded machine.
const limit = 40 * time.Second

func (tc *testCluster) wait(what string, ok func() bool) {
	tc.t.Helper()
	end := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(end) {
			s := tc.state()
			tc.t.Fatalf("not within the limit: %s\nleader %q, stack %+v\nservices %+v\ninstances %+v\nnodes %+v\nfences %+v\n%s",
				what, tc.leader(), s.Stacks, s.Services, s.Instances, s.Nodes, s.Fences, tc.story())
		}
		time.Sleep(5 * time.Millisecond) // a poll of a condition, not a synchronisation
	}
}

// during checks a condition again and again for a while.
func (tc *testCluster) during(what string, d time.Duration, ok func() bool) {
	tc.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if !ok() {
			tc.t.Fatalf("no more: %s\n%s", what, tc.story())
		}
	}
}

// active is the node on which the stack is up, with all nodes online.
func (tc *testCluster) active() string {
	s := tc.state()
	if s.Stacks["shop"].Phase != cluster.PhaseIdle || cluster.ClusterStateOf(s) != cluster.ClusterOk {
		return ""
	}
	return s.Stacks["shop"].Primary
}

// events lists the story events of a kind, as the best-informed node has them.
func (tc *testCluster) events(kind cluster.EventType) []cluster.Event {
	var best []cluster.Event
	for _, n := range tc.names {
		events, err := tc.node(n).Events(0, 10_000)
		if err != nil {
			tc.t.Fatal(err)
		}
		if len(events) > len(best) {
			best = events
		}
	}
	return slices.DeleteFunc(best, func(e cluster.Event) bool { return kind != 0 && e.Type != kind })
}

func (tc *testCluster) story() string {
	var out strings.Builder
	for _, e := range tc.events(0) {
		fmt.Fprintf(&out, "%s %s %s: %s (%s)\n", e.Time.Format("05.000"), e.NodeName, e.Type, e.Summary, e.Error)
	}
	return out.String()
}

// life is one run of the service: when it first and last wrote, on CLOCK_BOOTTIME.
type life struct {
	node        string
	epoch       uint64
	first, last time.Duration
}

// lives reads the record, in the order of the first lines. A pause in which a run was stopped or starved is part of it.
func (tc *testCluster) lives() []life {
	tc.t.Helper()
	data, err := os.ReadFile(tc.record)
	if err != nil {
		tc.t.Fatal(err)
	}
	var out []life
	for line := range strings.Lines(string(data)) {
		var l life
		var at int64
		if _, err := fmt.Sscan(line, &l.node, &l.epoch, &at); err != nil {
			tc.t.Fatalf("line %q of the record: %v", line, err)
		}
		l.first, l.last = time.Duration(at), time.Duration(at)
		i := slices.IndexFunc(out, func(o life) bool { return o.node == l.node && o.epoch == l.epoch })
		if i < 0 {
			out = append(out, l)
			continue
		}
		out[i].last = max(out[i].last, l.last)
	}
	return out
}

// onePlace says that no two nodes ran the service at one time, and that epochs rise (S1).
func (tc *testCluster) onePlace() {
	tc.t.Helper()
	lives := tc.lives()
	for i, l := range lives[1:] {
		if before := lives[i]; l.epoch <= before.epoch || l.first <= before.last {
			tc.t.Errorf("S1: %+v overlaps %+v", l, before)
		}
	}
}

// set is one SET through a node.
func (tc *testCluster) set(node string, change cluster.Change) (cluster.Receipt, error) {
	tc.t.Helper()
	plan, err := tc.node(node).Prepare(change)
	if err != nil {
		return cluster.Receipt{}, err
	}
	return tc.node(node).Commit(tc.t.Context(), plan)
}
