package plugin

import (
	"time"

	"hawser/cluster"
)

// Config is the configuration file of one node: what the node is, and what the cluster is. The cluster's part is the same
// on all nodes. Names are values in lists, never keys; secrets stand in files of their own, which are named here. Relative
// paths are below the folder of the configuration file (Resolve).
type Config struct {
	Cluster   ClusterConfig   `mapstructure:"cluster"`
	Node      string          `mapstructure:"node"`    // the name of this node, one of Nodes
	DataDir   string          `mapstructure:"dataDir"` // log, snapshots, runtime records, local socket
	Links     []LinkConfig    `mapstructure:"links"`
	Nodes     []NodeConfig    `mapstructure:"nodes"`
	Stacks    []StackConfig   `mapstructure:"stacks"`
	Sinks     []SinkConfig    `mapstructure:"sinks"`
	SNMP      SNMPConfig      `mapstructure:"snmp"`
	Hardware  HardwareConfig  `mapstructure:"hardware"`
	Fencing   FencingConfig   `mapstructure:"fencing"`
	Emulation EmulationConfig `mapstructure:"emulation"`
	Metrics   MetricsConfig   `mapstructure:"metrics"`
	// Controller decides about the cluster: native, or a pacemaker that runs already.
	Controller string          `mapstructure:"controller"`
	Pacemaker  PacemakerConfig `mapstructure:"pacemaker"`
	Log        LogConfig       `mapstructure:"log"`
}

// ClusterConfig is the identity of the cluster, and what proves that a node belongs to it.
type ClusterConfig struct {
	Name     string `mapstructure:"name"`
	ID       string `mapstructure:"id"`       // as in the certificates: hawser://ID/NODE
	EngineID string `mapstructure:"engineId"` // snmpEngineID of the cluster engine, hexadecimal; empty: random at founding
	CAFile   string `mapstructure:"caFile"`
	CertFile string `mapstructure:"certFile"`
	KeyFile  string `mapstructure:"keyFile"`
	// BeatKeyFiles hold the keys of the beats in hexadecimal: the first signs, all are accepted, so that keys rotate.
	BeatKeyFiles []string `mapstructure:"beatKeyFiles"`
}

// LinkConfig names one network between the nodes, for people; the order of the links is the order of the addresses.
type LinkConfig struct {
	Name string `mapstructure:"name"`
}

// NodeConfig is one node of the cluster, with an address of each link for the log (TCP) and for the beats (UDP).
type NodeConfig struct {
	Name string           `mapstructure:"name"`
	Role cluster.NodeRole `mapstructure:"role"`
	Raft []string         `mapstructure:"raft"`
	Beat []string         `mapstructure:"beat"`
	BMC  BMCConfig        `mapstructure:"bmc"`
}

// BMCConfig says how to reach the management controller of a node; without a URL the node has none.
type BMCConfig struct {
	URL          string `mapstructure:"url"`
	Username     string `mapstructure:"username"`
	UsernameFile string `mapstructure:"usernameFile"`
	PasswordFile string `mapstructure:"passwordFile"`
	CAFile       string `mapstructure:"caFile"`
	Fingerprint  string `mapstructure:"fingerprint"` // SHA-256 of the certificate
	SystemID     string `mapstructure:"systemId"`    // needed when the BMC has several systems
	UUID         string `mapstructure:"uuid"`        // of the machine that this BMC powers
}

// StackConfig is an ordered set of services: activated first to last, stopped last to first.
type StackConfig struct {
	Name          string           `mapstructure:"name"`
	PreferredNode string           `mapstructure:"preferredNode"`
	Failback      cluster.Failback `mapstructure:"failback"`
	Services      []ServiceConfig  `mapstructure:"services"`
}

// ServiceConfig is one service. Options are those of its kind.
type ServiceConfig struct {
	Name         string         `mapstructure:"name"`
	Layer        cluster.Layer  `mapstructure:"layer"`
	Kind         string         `mapstructure:"kind"`
	Mode         cluster.Mode   `mapstructure:"mode"`
	Options      map[string]any `mapstructure:"options"`
	Probe        ProbeConfig    `mapstructure:"probe"`
	Policy       PolicyConfig   `mapstructure:"policy"`
	StartTimeout time.Duration  `mapstructure:"startTimeout"`
	StopBudget   time.Duration  `mapstructure:"stopBudget"`
}

// ProbeConfig is how a service is asked; without a kind only the life of its process is watched.
type ProbeConfig struct {
	Kind    string         `mapstructure:"kind"`
	Options map[string]any `mapstructure:"options"`
}

// PolicyConfig is how the controller reacts to a failing service, until a SET says otherwise (cluster.Policy).
type PolicyConfig struct {
	ProbeInterval    time.Duration    `mapstructure:"probeInterval"`
	ProbeTimeout     time.Duration    `mapstructure:"probeTimeout"`
	FailureThreshold int              `mapstructure:"failureThreshold"`
	RestartLimit     int              `mapstructure:"restartLimit"`
	FailureWindow    time.Duration    `mapstructure:"failureWindow"`
	Reaction         cluster.Reaction `mapstructure:"reaction"`
}

// SinkConfig is where notifications go.
type SinkConfig struct {
	Name          string              `mapstructure:"name"`
	Address       string              `mapstructure:"address"` // host:port
	Kind          cluster.SinkKind    `mapstructure:"kind"`
	Version       string              `mapstructure:"version"`       // v3 or v2c
	User          string              `mapstructure:"user"`          // v3: one of snmp.users
	CommunityFile string              `mapstructure:"communityFile"` // v2c
	Channel       cluster.SinkChannel `mapstructure:"channel"`
	Backlog       cluster.SinkBacklog `mapstructure:"backlog"`
	Window        int                 `mapstructure:"window"`
	MinSeverity   cluster.Severity    `mapstructure:"minSeverity"`
	GiveUp        time.Duration       `mapstructure:"giveUp"`
}

// SNMPConfig is the embedded agent of this node.
type SNMPConfig struct {
	Listen      []string          `mapstructure:"listen"`
	Contact     string            `mapstructure:"contact"`
	Location    string            `mapstructure:"location"`
	Users       []UserConfig      `mapstructure:"users"`
	Communities []CommunityConfig `mapstructure:"communities"` // v1 and v2c, reading only; none: off
	AgentX      AgentXConfig      `mapstructure:"agentx"`
}

// UserConfig is an SNMPv3 user and its role (mib.Roles).
type UserConfig struct {
	Name               string `mapstructure:"name"`
	Role               string `mapstructure:"role"`
	AuthProtocol       string `mapstructure:"authProtocol"`
	AuthPassphraseFile string `mapstructure:"authPassphraseFile"`
	PrivProtocol       string `mapstructure:"privProtocol"`
	PrivPassphraseFile string `mapstructure:"privPassphraseFile"`
}

// CommunityConfig is a v1 or v2c community; From restricts where it is taken from, as prefixes.
type CommunityConfig struct {
	CommunityFile string   `mapstructure:"communityFile"`
	Role          string   `mapstructure:"role"`
	From          []string `mapstructure:"from"`
}

// HardwareConfig is how BMCs are read and configured.
type HardwareConfig struct {
	Collect       ScheduleConfig `mapstructure:"collect"`       // inventory, health, sensors, settings
	Timeout       time.Duration  `mapstructure:"timeout"`       // of one request to a BMC
	MaxConcurrent int            `mapstructure:"maxConcurrent"` // requests at one BMC at a time
	Poll          time.Duration  `mapstructure:"poll"`          // between two looks at a task, a power state or a reset
	StageTimeout  time.Duration  `mapstructure:"stageTimeout"`  // until staged settings show as pending
	ApplyTimeout  time.Duration  `mapstructure:"applyTimeout"`  // reset and POST
	Settle        time.Duration  `mapstructure:"settle"`        // until values show after POST
	OffTimeout    time.Duration  `mapstructure:"offTimeout"`    // until power is off
	ResetTimeout  time.Duration  `mapstructure:"resetTimeout"`  // until a reset shows an effect
}

// ScheduleConfig is a cron schedule in an explicit time zone.
type ScheduleConfig struct {
	Schedule string `mapstructure:"schedule"` // five fields, or @every 1m
	Location string `mapstructure:"location"` // UTC, Local, Europe/Berlin
}

// FencingConfig is the policy around fences.
type FencingConfig struct {
	AfterFence  string        `mapstructure:"afterFence"`  // off or cycle
	CycleLimit  int           `mapstructure:"cycleLimit"`  // power-ons within CycleWindow before a person must look
	CycleWindow time.Duration `mapstructure:"cycleWindow"` //
	Deadline    time.Duration `mapstructure:"deadline"`    // of a fence: no answer of a BMC is waited for later
}

// What becomes of a machine after a confirmed fence (FencingConfig.AfterFence).
const (
	AfterFenceOff   = "off"
	AfterFenceCycle = "cycle"
)

// EmulationConfig replaces what the machine says of itself; it is meant for emulated BMCs and shows in the status.
type EmulationConfig struct {
	MachineUUID string `mapstructure:"machineUuid"`
	BootIDFile  string `mapstructure:"bootIdFile"`
}

// Used says whether the node's identity comes from the configuration.
func (e EmulationConfig) Used() bool { return e.MachineUUID != "" || e.BootIDFile != "" }

// LogConfig is the node's own log, on standard error.
type LogConfig struct {
	Level  string `mapstructure:"level"`  // debug, info, warning or error
	Format string `mapstructure:"format"` // text or json
}

// HasBMC says whether the node has a BMC.
func (n NodeConfig) HasBMC() bool { return n.BMC.URL != "" }

// Self is the entry of this node; false if Node names none.
func (c Config) Self() (NodeConfig, bool) {
	for _, n := range c.Nodes {
		if n.Name == c.Node {
			return n, true
		}
	}
	return NodeConfig{}, false
}
