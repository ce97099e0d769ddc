package plugin

import (
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// Defaults are what a configuration file need not say: of the whole, and of an entry of each list that has some.
type Defaults struct {
	Config  Config
	Node    NodeConfig
	Stack   StackConfig
	Service ServiceConfig
	Sink    SinkConfig
	User    UserConfig
}

// DefaultConfig holds all defaults there are. Listeners are on loopback until configured.
func DefaultConfig() Defaults {
	return Defaults{
		Config: Config{
			Links: []LinkConfig{{Name: "lan"}},
			SNMP:  SNMPConfig{Listen: []string{"127.0.0.1:1161"}, AgentX: defaultAgentX()},
			Hardware: HardwareConfig{
				Collect: ScheduleConfig{Schedule: "*/5 * * * *", Location: "UTC"},
				Timeout: redfish.DefaultTimeout, MaxConcurrent: redfish.DefaultMaxConcurrent, Poll: redfish.DefaultPoll,
				StageTimeout: redfish.DefaultStageTimeout, ApplyTimeout: redfish.DefaultApplyTimeout,
				Settle: redfish.DefaultSettle, OffTimeout: redfish.DefaultOffTimeout,
				ResetTimeout: redfish.DefaultResetTimeout,
			},
			Fencing: FencingConfig{
				AfterFence: AfterFenceCycle, CycleLimit: 10, CycleWindow: 10 * time.Minute, Deadline: 20 * time.Second,
			},
			Controller: ControllerNative, Pacemaker: defaultPacemaker(),
			Log: LogConfig{Level: "info", Format: "text"},
		},
		Node:  NodeConfig{Role: cluster.RoleResource},
		Stack: StackConfig{Failback: cluster.FailbackNever},
		Service: ServiceConfig{
			Mode: cluster.ModeActiveStandby, Policy: PolicyConfig(cluster.DefaultPolicy()),
			StartTimeout: 30 * time.Second, StopBudget: 10 * time.Second,
		},
		Sink: SinkConfig{
			Kind: cluster.SinkInform, Version: "v3", Channel: cluster.ChannelBoth, Backlog: cluster.BacklogState, Window: 1,
			MinSeverity: cluster.SeverityInfo, GiveUp: 24 * time.Hour,
		},
		User: UserConfig{AuthProtocol: "SHA-256", PrivProtocol: "AES"},
	}
}
