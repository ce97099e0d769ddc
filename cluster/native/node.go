package native

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"golang.org/x/sync/errgroup"

	"hawser/cluster"
	"hawser/cluster/heartbeat"
	"hawser/cluster/ledger"
	"hawser/cluster/raftlog"
)

// Node is one node of a cluster under the native controller.
type Node struct {
	cfg         Config
	incarnation uint64 // of this daemon: rises with each start
	ledger      *ledger.Ledger
	store       *raftlog.Store
	shelf       *raftlog.Store // of the outbox
	outbox      *outbox
	transport   *raftlog.Transport
	raft        *raft.Raft
	proposer    *proposer
	quorum      *quorum
	disk        *disk
	beats       *heartbeat.Monitor
	agent       *agent
	lead        *lead
	client      *http.Client
	observer    *observer
	notifier    notifier
	fatal       chan error
	ready       chan struct{}
	readyOnce   sync.Once

	sayMu sync.Mutex // guards said, and keeps the order of what is said
	said  heartbeat.Say
}

// New opens the store, binds the sockets and starts raft; Run does the rest. On an error nothing stays open.
func New(cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, ledger: ledger.New(),
		fatal: make(chan error, 1), // one: the first cause counts
		ready: make(chan struct{}),
	}
	if err := n.open(); err != nil {
		n.closeRaft()
		if n.beats != nil {
			err = errors.Join(err, n.beats.Close())
		}
		return nil, fmt.Errorf("node %s: %w", cfg.Node, err)
	}
	return n, nil
}

func (n *Node) open() error {
	err := n.openStore()
	if err != nil {
		return err
	}
	if n.beats, err = heartbeat.New(n.beatConfig(), n.cfg.Log.WithField("component", "heartbeat")); err != nil {
		return err
	}
	n.client = n.newClient()
	if n.agent, err = newAgent(n); err != nil {
		return err
	}
	n.lead = newLead(n)
	n.observer = newObserver(n)
	return n.openRaft()
}

func (n *Node) beatConfig() heartbeat.Config {
	c := heartbeat.Config{
		ClusterID: n.cfg.ClusterID, Node: n.cfg.Node, BootID: n.cfg.Boot, Incarnation: n.incarnation, Keys: n.cfg.BeatKeys,
		Interval: n.cfg.BeatEvery, Missed: n.cfg.BeatMissed, Refused: n.cfg.Refused,
	}
	for i, listen := range n.cfg.BeatListen {
		c.Links = append(c.Links, heartbeat.Link{Index: i + 1, Name: fmt.Sprintf("link%d", i+1), Listen: listen})
	}
	for _, s := range n.cfg.Spec.Nodes {
		if s.Name != n.cfg.Node {
			c.Peers = append(c.Peers, heartbeat.Peer{Name: s.Name, Addrs: n.cfg.BeatPeers[s.Name]})
		}
	}
	return c
}

// String names the task.
func (n *Node) String() string { return "native controller of " + n.cfg.Node }

// Ready is closed when the node follows or is a leader and its first renewal was answered.
func (n *Node) Ready() <-chan struct{} { return n.ready }

// Run runs the node until ctx ends; then it lets its services move, stops what is left, and says goodbye. A second reason
// to end is an entry of the log that this program does not know.
func (n *Node) Run(ctx context.Context) error {
	defer n.closeRaft()
	defer n.client.CloseIdleConnections()
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, run := errgroup.WithContext(inner)
	agents, stopAgents := context.WithCancel(run)
	defer stopAgents()
	agentDone := make(chan struct{})
	for _, task := range n.tasks() {
		g.Go(func() error { return task(run) })
	}
	g.Go(func() error { defer close(agentDone); return n.agent.run(agents) })
	g.Go(func() error {
		var cause error
		gone := func() bool { return !n.heldHere() }
		select {
		case <-run.Done():
			return nil
		case cause = <-n.fatal: // the log is not followed any more: only this node's own word tells what it still holds
			n.cfg.Log.WithError(cause).Error("this node stops")
			n.store.GiveUp() // before the first goodbye, too
			gone = func() bool { return len(n.agent.holds()) == 0 }
			n.goodbye(run)
		case <-ctx.Done():
		}
		n.store.GiveUp() // what waits for a disk that is full waits no more
		n.leave(run, gone)
		stopAgents()
		select {
		case <-agentDone:
		case <-run.Done():
		}
		n.goodbye(run)
		stop()
		return cause
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("node %s: %w", n.cfg.Node, err)
	}
	return nil
}

// tasks are the long-lived goroutines beside the agent's.
func (n *Node) tasks() []func(context.Context) error {
	tasks := []func(context.Context) error{
		n.beats.Run, n.elect, n.serve, n.lead.run, n.observer.run, n.agent.renew,
		func(ctx context.Context) error { return n.disk.watch(ctx, n.diskChanged) },
		n.outbox.keep, n.outbox.hand, n.watchQuorum,
	}
	for peer := range n.lead.pokes {
		tasks = append(tasks, func(ctx context.Context) error { return n.lead.poker(ctx, peer) })
	}
	return tasks
}

// leave says that this node goes, and waits until its once-only services are gone, or nobody could take them.
func (n *Node) leave(ctx context.Context, gone func() bool) {
	n.agent.leaving.Store(true)
	n.say()
	n.agent.wake.wake()
	n.lead.wake.wake()
	limit := time.NewTimer(leaveWait)
	defer limit.Stop()
	tick := time.NewTicker(campaignStep)
	defer tick.Stop()
	for !gone() && n.somebodyStays() {
		select {
		case <-ctx.Done():
			return
		case <-limit.C:
			n.cfg.Log.Warn("leaving: nobody took the services over in time; they are stopped")
			return
		case <-tick.C:
		}
	}
}

func (n *Node) heldHere() bool {
	for _, sv := range n.ledger.State().Services {
		if sv.Holder.Node == n.cfg.Node {
			return true
		}
	}
	return false
}

// somebodyStays says whether a node is heard that does not leave.
func (n *Node) somebodyStays() bool {
	return slices.ContainsFunc(n.beats.Report().Peers, stays)
}

// goodbye hands leadership away, so that nobody has to find out.
func (n *Node) goodbye(ctx context.Context) {
	if n.raft.State() != raft.Leader || !n.somebodyStays() || ctx.Err() != nil {
		return
	}
	to := n.lead.successor()
	future := n.raft.LeadershipTransfer()
	if to != "" {
		future = n.raft.LeadershipTransferToServer(raft.ServerID(to), raft.ServerAddress(to))
	}
	bound, cancel := context.WithTimeout(ctx, finishWait)
	defer cancel()
	if err := await(bound, future); err != nil {
		n.cfg.Log.WithError(err).Debug("leadership was not handed over")
	}
}

// say tells the heartbeat monitor what to put into its beats, if that changed.
func (n *Node) say() {
	say := heartbeat.Say{Leader: n.leader(), Leaving: n.agent.leaving.Load()}
	for _, h := range n.agent.holds() {
		say.Holds = append(say.Holds, heartbeat.Hold{Service: h.Service, Epoch: h.Epoch})
	}
	n.sayMu.Lock()
	defer n.sayMu.Unlock()
	if reflect.DeepEqual(n.said, say) {
		return
	}
	if err := n.beats.Say(say); err != nil {
		n.cfg.Log.WithError(err).Error("the beats do not tell what this node holds: shorten the names of its services")
		return
	}
	n.said = say
}

// ledgerChanged passes news of the ledger on.
func (n *Node) ledgerChanged() {
	n.lead.wake.wake()
	n.outbox.wake.wake()
	n.notifier.notify()
}

// foundingEngineID is the cluster's snmpEngineID: the configured one, else a random one (RFC 3411: enterprise 32473,
// format octets).
func (n *Node) foundingEngineID() []byte {
	if len(n.cfg.EngineID) > 0 {
		return n.cfg.EngineID
	}
	id := append([]byte{0x80, 0x00, 0x7e, 0xd9, 0x05}, make([]byte, 12)...)
	if _, err := rand.Read(id[5:]); err != nil {
		panic("native: no random numbers: " + err.Error())
	}
	return id
}

// sameSpec compares as the log would keep them, but for what each node takes from its own file.
func sameSpec(a, b cluster.Spec) bool {
	x, errX := json.Marshal(common(a))
	y, errY := json.Marshal(common(b))
	return errX == nil && errY == nil && string(x) == string(y)
}

// common is what the log keeps of a Spec. The options of services and probes stay in each node's own file: they may differ
// from node to node (cluster.ServiceSpec), a change of leader is no change of them, and they may hold what is secret.
func common(s cluster.Spec) cluster.Spec {
	s.Stacks = slices.Clone(s.Stacks)
	for i := range s.Stacks {
		services := slices.Clone(s.Stacks[i].Services)
		for j := range services {
			services[j].Options, services[j].Probe.Options = nil, nil
		}
		s.Stacks[i].Services = services
	}
	return s
}
