package nms

import (
	"time"

	"hawser/nms/analyze"
)

// Config is the configuration of a manager. Keys of the file are the mapstructure names; names are values in lists.
type Config struct {
	Name      string          `mapstructure:"name"`    // of this manager; stored with each event
	DataDir   string          `mapstructure:"dataDir"` // journal, own SNMP engine
	Listen    ListenConfig    `mapstructure:"listen"`
	Traps     TrapsConfig     `mapstructure:"traps"`
	Users     []UserConfig    `mapstructure:"users"`
	Clusters  []ClusterConfig `mapstructure:"clusters"`
	Poll      PollConfig      `mapstructure:"poll"`
	Analysis  AnalysisConfig  `mapstructure:"analysis"`
	Rules     []analyze.Rule  `mapstructure:"rules"`
	Gates     GatesConfig     `mapstructure:"gates"`
	Reconfig  ReconfigConfig  `mapstructure:"reconfig"`
	Retention RetentionConfig `mapstructure:"retention"`
	Web       WebConfig       `mapstructure:"web"`
	Log       LogConfig       `mapstructure:"log"`
}

// ListenConfig is where the manager listens.
type ListenConfig struct {
	Traps []string `mapstructure:"traps"` // address:port, UDP
	HTTP  string   `mapstructure:"http"`  // address:port, loopback; empty: neither pages nor API nor metrics
}

// TrapsConfig is what is accepted as a notification. v3 is always on.
type TrapsConfig struct {
	ReceiveBuffer  int      `mapstructure:"receiveBuffer"`  // octets, per address
	CommunityFiles []string `mapstructure:"communityFiles"` // v1 and v2c are accepted with these; they are only hints to poll
	AnyCommunity   bool     `mapstructure:"anyCommunity"`   // v1 and v2c are accepted with any
	SourceRate     int      `mapstructure:"sourceRate"`     // notifications per second of a source that is not known
	SourceBurst    int      `mapstructure:"sourceBurst"`    // and at once; known clusters may send ten times both
}

// UserConfig is an SNMPv3 user.
type UserConfig struct {
	Name               string   `mapstructure:"name"`
	AuthProtocol       string   `mapstructure:"authProtocol"`
	AuthPassphraseFile string   `mapstructure:"authPassphraseFile"`
	PrivProtocol       string   `mapstructure:"privProtocol"`
	PrivPassphraseFile string   `mapstructure:"privPassphraseFile"`
	Clusters           []string `mapstructure:"clusters"` // the only ones whose notifications it may sign; none: all
}

// ClusterConfig is a cluster that is polled and may be reconfigured.
type ClusterConfig struct {
	Name         string   `mapstructure:"name"`
	ClusterID    string   `mapstructure:"clusterId"`    // hawserClusterId; empty: the first answer tells it
	EngineID     string   `mapstructure:"engineId"`     // of the cluster engine, hexadecimal; empty: learnt from its first notification
	Nodes        []string `mapstructure:"nodes"`        // address:port of each node's agent
	ReadUser     string   `mapstructure:"readUser"`     // role auditor: a plain reader does not see events and conditions
	PolicyUser   string   `mapstructure:"policyUser"`   // role policy; empty: no rule of kind reaction acts here
	HardwareUser string   `mapstructure:"hardwareUser"` // role hardware; empty: no rule of kind hardware acts here
}

// PollConfig is how clusters are polled.
type PollConfig struct {
	Schedule       string        `mapstructure:"schedule"`       // cron, five fields, or @every 30s
	Location       string        `mapstructure:"location"`       // UTC, Local, Europe/Berlin
	Workers        int           `mapstructure:"workers"`        // clusters at the same time
	PassTimeout    time.Duration `mapstructure:"passTimeout"`    // of one cluster
	SilentAfter    time.Duration `mapstructure:"silentAfter"`    // no node answers for so long: silent
	RequestTimeout time.Duration `mapstructure:"requestTimeout"` // of one SNMP request
	Retries        int           `mapstructure:"retries"`        // of a read
}

// AnalysisConfig is how events are judged.
type AnalysisConfig struct {
	ConditionGrace time.Duration `mapstructure:"conditionGrace"` // an event waits so long for its condition
	IncidentWindow time.Duration `mapstructure:"incidentWindow"` // events that follow within it belong to the incident
}

// GatesConfig holds reconfiguration back.
type GatesConfig struct {
	Off            bool           `mapstructure:"off"`
	DryRun         bool           `mapstructure:"dryRun"`
	RatePerHour    int            `mapstructure:"ratePerHour"` // of the whole fleet; 0: no limit
	MaxClusters    int            `mapstructure:"maxClusters"` // at the same time; 0: no limit
	RequireQuorum  bool           `mapstructure:"requireQuorum"`
	RequireStandby bool           `mapstructure:"requireStandby"`
	StateMaxAge    time.Duration  `mapstructure:"stateMaxAge"`
	EventMaxAge    time.Duration  `mapstructure:"eventMaxAge"` // 0: no limit
	Windows        []WindowConfig `mapstructure:"windows"`     // none: always
}

// WindowConfig is a recurring time in which reconfiguration is allowed.
type WindowConfig struct {
	Schedule string        `mapstructure:"schedule"` // cron: when it begins
	Duration time.Duration `mapstructure:"duration"`
	Location string        `mapstructure:"location"`
}

// ReconfigConfig is how long a SET is followed.
type ReconfigConfig struct {
	AnswerTimeout time.Duration `mapstructure:"answerTimeout"` // for the end of a SET that got no answer
	VerifyTimeout time.Duration `mapstructure:"verifyTimeout"` // until a policy reads back as set
	ApplyTimeout  time.Duration `mapstructure:"applyTimeout"`  // until a hardware setting is in effect
	PollEvery     time.Duration `mapstructure:"pollEvery"`     // between two reads while waiting
}

// RetentionConfig is what the journal keeps.
type RetentionConfig struct {
	Events           int           `mapstructure:"events"`           // the newest so many; 0: no limit
	Age              time.Duration `mapstructure:"age"`              // since they were received; 0: no limit
	UnknownPerSource int           `mapstructure:"unknownPerSource"` // notifications that are not of HAWSER-MIB
	Schedule         string        `mapstructure:"schedule"`         // cron: when it is trimmed
	Location         string        `mapstructure:"location"`
}

// LogConfig is the manager's own log, on standard error.
type LogConfig struct {
	Level  string `mapstructure:"level"`  // debug, info, warning or error
	Format string `mapstructure:"format"` // text or json
}

// Defaults is the configuration of a manager that a file then changes.
func Defaults() Config {
	return Config{
		DataDir: "/var/lib/hawser-manager",
		Listen:  ListenConfig{Traps: []string{"127.0.0.1:1162"}, HTTP: "127.0.0.1:8162"},
		Traps:   TrapsConfig{ReceiveBuffer: 4 << 20, SourceRate: 2000, SourceBurst: 10000},
		Poll: PollConfig{
			Schedule: "@every 30s", Location: "UTC", Workers: 16, PassTimeout: time.Minute, SilentAfter: 90 * time.Second,
			RequestTimeout: 2 * time.Second, Retries: 2,
		},
		Analysis: AnalysisConfig{ConditionGrace: 30 * time.Second, IncidentWindow: time.Minute},
		Gates:    GatesConfig{RatePerHour: 60, MaxClusters: 3, RequireQuorum: true, RequireStandby: true, StateMaxAge: time.Minute, EventMaxAge: 10 * time.Minute},
		Reconfig: ReconfigConfig{
			AnswerTimeout: 15 * time.Second, VerifyTimeout: 15 * time.Second, ApplyTimeout: 30 * time.Minute, PollEvery: time.Second,
		},
		Retention: RetentionConfig{Events: 200_000, Age: 400 * 24 * time.Hour, UnknownPerSource: 10000, Schedule: "17 * * * *", Location: "UTC"},
		Web:       webDefaults(),
		Log:       LogConfig{Level: "info", Format: "text"},
	}
}

// UserDefaults is what an entry of users begins with.
func UserDefaults() UserConfig { return UserConfig{AuthProtocol: "SHA-256", PrivProtocol: "AES"} }
