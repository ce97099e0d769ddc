package native

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/cluster/engine"
	"hawser/cluster/fence"
)

// Config is what a Node needs to know of itself and of the cluster.
type Config struct {
	ClusterID   string // as in the certificates
	Node        string
	Boot        string // the kernel's boot id, or the emulated one
	MachineUUID string // the DMI product UUID, or the emulated one; empty: unknown, and the node cannot be fenced by BMC
	Emulated    bool   // boot id and machine UUID come from configuration
	Version     string
	BootTime    time.Time

	DataDir string // store, snapshots, runtime records of services
	Spec    cluster.Spec
	// ServiceEnv is added to the environment of every service (NAME=value).
	ServiceEnv []string

	// EngineID is the cluster's snmpEngineID at its founding; empty: random. NodeEngineID is this node's own.
	EngineID     []byte
	NodeEngineID []byte

	RaftListen []string            // one address per link
	RaftPeers  map[string][]string // by node, one address per link; this node included
	Cert       func() (*tls.Certificate, error)
	Roots      func() *x509.CertPool

	BeatListen []string            // one address per link
	BeatPeers  map[string][]string // by node, one address per link
	BeatKeys   [][]byte
	BeatEvery  time.Duration // default 100 ms
	BeatMissed int           // default 4

	// DiskPatience is how long an operation of the store may be pending before this node's raft is cut off (S8); default
	// 500 ms.
	DiskPatience time.Duration

	Engine engine.Config
	Fence  map[string]fence.Device // by node

	// Refused, if set, is told of connections and beats that were refused.
	Refused func(addr, reason string)
	Log     *logrus.Entry
}

// The timing of the profile lan (SAFETY, Timing).
const (
	raftTimeout   = time.Second
	raftLease     = 500 * time.Millisecond
	commitTimeout = 200 * time.Millisecond // followers learn of a commit within twice this: a SET shows everywhere within 1 s
	renewEvery    = 500 * time.Millisecond
	renewTimeout  = time.Second
	killBudget    = 500 * time.Millisecond
	finishWait    = 5 * time.Second // beyond its stop budget, for a service that does not stop at the daemon's end
	campaignStep  = 100 * time.Millisecond
	viewStale     = 2 * time.Second
	reportStale   = 3 * time.Second
	proposeWait   = 5 * time.Second
	leaveWait     = 15 * time.Second
	reserveWait   = 30 * time.Second
	diskPatience  = 500 * time.Millisecond
	maxEntry      = 16 << 10
	storeReserve  = 16 << 20 // room for a thousand entries of the largest size on a disk that is full
	maxSpec       = 256 << 10
)

// Validate names all faults at once.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.ClusterID == "" || c.Node == "" || c.Boot == "" {
		bad("cluster id, node name and boot id are needed")
	}
	if _, ok := c.Spec.Node(c.Node); !ok {
		bad("node %q is not among the nodes of the cluster", c.Node)
	}
	if n := len(c.Spec.Nodes); n < 3 || n > 7 {
		bad("the native controller wants 3 to 7 nodes, there are %d: add a witness, or run Pacemaker for two", n)
	}
	if len(c.BeatKeys) == 0 || c.Cert == nil || c.Roots == nil {
		bad("a beat key, a certificate and the cluster's CA are needed: run `hawser init`")
	}
	if c.DataDir == "" {
		bad("a data folder is needed")
	}
	if l := len(c.EngineID); l != 0 && (l < 5 || l > 32) {
		bad("the engine id of the cluster has %d octets; 5 to 32 are taken (RFC 3411)", l)
	}
	if data, err := json.Marshal(common(c.Spec)); err != nil || len(data) > maxSpec {
		bad("the configuration of the cluster takes %d bytes in the log, at most %d are taken: split its stacks over clusters", len(data), maxSpec)
	}
	for _, n := range c.Spec.Nodes {
		if len(c.RaftPeers[n.Name]) == 0 || len(c.BeatPeers[n.Name]) == 0 {
			bad("node %s has no address on any link", n.Name)
		}
	}
	return errors.Join(errs...)
}
