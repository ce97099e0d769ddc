package ask

import "time"

// State is what a cluster shows of itself, as the asked node knows it. Numbers are int64 and names are those of the JSON
// tags, so that rules can use them as they stand.
type State struct {
	Scalars
	Policy
	Nodes     []Node            `json:"nodes"`
	Stacks    []Stack           `json:"stacks"`
	Services  []Service         `json:"services"`
	Instances []ServiceInstance `json:"instances"`
	Hardware  []Hardware        `json:"hardware"`
	Alarms    []Alarm           `json:"alarms"`
	Address   string            `json:"address"` // of the node that was asked
	Asked     time.Time         `json:"asked"`
}

// Scalars are the cluster's scalars that every reader sees.
type Scalars struct {
	ClusterID         string `json:"clusterId" mib:"hawserClusterId"`
	ClusterName       string `json:"clusterName" mib:"hawserClusterName"`
	Generation        int64  `json:"generation" mib:"hawserGeneration"`
	MibVersion        string `json:"mibVersion" mib:"hawserMibVersion"`
	Controller        string `json:"controller" mib:"hawserController"`
	ClusterState      string `json:"clusterState" mib:"hawserClusterState"`
	ClusterHealth     string `json:"clusterHealth" mib:"hawserClusterHealth"`
	HealthReason      string `json:"healthReason" mib:"hawserClusterHealthReason"`
	StandbyReady      bool   `json:"standbyReady" mib:"hawserStandbyReady"`
	Quorate           bool   `json:"quorate" mib:"hawserQuorate"`
	Leader            string `json:"leader" mib:"hawserLeader"`
	Epoch             int64  `json:"epoch" mib:"hawserEpoch"`
	NodeCount         int64  `json:"nodeCount" mib:"hawserNodeCount"`
	NodesOnline       int64  `json:"nodesOnline" mib:"hawserNodesOnline"`
	ServiceCount      int64  `json:"serviceCount" mib:"hawserServiceCount"`
	ServicesFailed    int64  `json:"servicesFailed" mib:"hawserServicesFailed"`
	WorstHwHealth     string `json:"worstHwHealth" mib:"hawserWorstHwHealth"`
	FirstEventSeq     int64  `json:"firstEventSeq" mib:"hawserFirstEventSeq"`
	LastEventSeq      int64  `json:"lastEventSeq" mib:"hawserLastEventSeq"`
	FirstConditionSeq int64  `json:"firstConditionSeq" mib:"hawserFirstConditionSeq"`
	ViewState         string `json:"viewState" mib:"hawserViewState"`
	ViewAge           int64  `json:"viewAge" mib:"hawserViewAge"`
	LocalNode         string `json:"localNode" mib:"hawserLocalNodeName"`
}

// Policy are scalars of the policy branch, which a plain reader does not see.
type Policy struct {
	Maintenance   bool   `json:"maintenance" mib:"hawserMaintenance"`
	MaintenanceBy string `json:"maintenanceBy" mib:"hawserMaintenanceBy"`
	ConfigSerial  int64  `json:"configSerial" mib:"hawserConfigSerial"`
}

// Node is a row of hawserNodeTable.
type Node struct {
	Index          int64  `json:"index" mib:"#0"`
	Name           string `json:"name" mib:"hawserNodeName"`
	Role           string `json:"role" mib:"hawserNodeRole"`
	State          string `json:"state" mib:"hawserNodeState"`
	AdminState     string `json:"adminState" mib:"hawserNodeAdminState"`
	LastBeatAge    int64  `json:"lastBeatAge" mib:"hawserNodeLastBeatAge"`
	HardwareHealth string `json:"hardwareHealth" mib:"hawserNodeHardwareHealth"`
	BmcState       string `json:"bmcState" mib:"hawserNodeBmcState"`
	FenceReady     bool   `json:"fenceReady" mib:"hawserNodeFenceReady"`
	Version        string `json:"version" mib:"hawserNodeVersion"`
	EngineID       []byte `json:"engineId" mib:"hawserNodeEngineId"`
}

// Stack is a row of hawserStackTable.
type Stack struct {
	Index            int64  `json:"index" mib:"#0"`
	Name             string `json:"name" mib:"hawserStackName"`
	State            string `json:"state" mib:"hawserStackState"`
	PrimaryNode      string `json:"primaryNode" mib:"hawserStackPrimaryNode"`
	TargetNode       string `json:"targetNode" mib:"hawserStackTargetNode"`
	StandbyNode      string `json:"standbyNode" mib:"hawserStackStandbyNode"`
	FailoverPossible bool   `json:"failoverPossible" mib:"hawserStackFailoverPossible"`
	BlockedReason    string `json:"blockedReason" mib:"hawserStackBlockedReason"`
	Failovers        int64  `json:"failovers" mib:"hawserStackFailovers"`
	LastFailoverAge  int64  `json:"lastFailoverAge" mib:"hawserStackLastFailoverAge"` // seconds
	LastCause        int64  `json:"lastFailoverCause" mib:"hawserStackLastFailoverCause"`
}

// Service is a row of hawserServiceTable, with the policy that can be set.
type Service struct {
	Index            int64  `json:"index" mib:"#0"`
	Name             string `json:"name" mib:"hawserServiceName"`
	StackIndex       int64  `json:"stackIndex" mib:"hawserServiceStackIndex"`
	Layer            string `json:"layer" mib:"hawserServiceLayer"`
	Mode             string `json:"mode" mib:"hawserServiceMode"`
	ActiveNode       string `json:"activeNode" mib:"hawserServiceActiveNode"`
	State            string `json:"state" mib:"hawserServiceState"`
	AdminState       string `json:"adminState" mib:"hawserServiceAdminState"`
	ProbeInterval    int64  `json:"probeInterval" mib:"hawserServiceProbeInterval"` // milliseconds
	ProbeTimeout     int64  `json:"probeTimeout" mib:"hawserServiceProbeTimeout"`   // milliseconds
	FailureThreshold int64  `json:"failureThreshold" mib:"hawserServiceFailureThreshold"`
	RestartLimit     int64  `json:"restartLimit" mib:"hawserServiceRestartLimit"`
	FailureWindow    int64  `json:"failureWindow" mib:"hawserServiceFailureWindow"`
	Reaction         string `json:"reaction" mib:"hawserServiceReaction"`
	Restarts         int64  `json:"restarts" mib:"hawserServiceRestarts"`
	Failures         int64  `json:"failures" mib:"hawserServiceFailures"`
}

// ServiceInstance is a row of hawserInstanceTable: a service on one node.
type ServiceInstance struct {
	ServiceIndex  int64  `json:"serviceIndex" mib:"#0"`
	NodeIndex     int64  `json:"nodeIndex" mib:"#1"`
	State         string `json:"state" mib:"hawserInstanceState"`
	ProbeState    string `json:"probeState" mib:"hawserInstanceProbeState"`
	Restarts      int64  `json:"restarts" mib:"hawserInstanceRestarts"`
	LastChangeAge int64  `json:"lastChangeAge" mib:"hawserInstanceLastChangeAge"` // seconds
	Message       string `json:"message" mib:"hawserInstanceMessage"`
}

// Hardware is a row of hawserHwSystemTable.
type Hardware struct {
	NodeIndex       int64  `json:"nodeIndex" mib:"#0"`
	Manufacturer    string `json:"manufacturer" mib:"hawserHwSystemManufacturer"`
	Model           string `json:"model" mib:"hawserHwSystemModel"`
	PowerState      string `json:"powerState" mib:"hawserHwSystemPowerState"`
	Health          string `json:"health" mib:"hawserHwSystemHealth"`
	HealthReason    string `json:"healthReason" mib:"hawserHwSystemHealthReason"`
	SettingsInSync  int64  `json:"settingsInSync" mib:"hawserHwSystemSettingsInSync"`
	SettingsDrifted int64  `json:"settingsDrifted" mib:"hawserHwSystemSettingsDrifted"`
	SettingsStaged  int64  `json:"settingsStaged" mib:"hawserHwSystemSettingsStaged"`
	SettingsFailed  int64  `json:"settingsFailed" mib:"hawserHwSystemSettingsFailed"`
	CollectedAge    int64  `json:"collectedAge" mib:"hawserHwSystemCollectedAge"`
}

// Alarm is a row of hawserAlarmTable.
type Alarm struct {
	Index         int64     `json:"index" mib:"#0"`
	Raised        time.Time `json:"raised" mib:"hawserAlarmRaisedTime"`
	Severity      string    `json:"severity" mib:"hawserAlarmSeverity"`
	Type          string    `json:"type" mib:"hawserAlarmType"`
	ComponentType string    `json:"componentType" mib:"hawserAlarmComponentType"`
	ComponentName string    `json:"componentName" mib:"hawserAlarmComponentName"`
	NodeName      string    `json:"nodeName" mib:"hawserAlarmNodeName"`
	Text          string    `json:"text" mib:"hawserAlarmText"`
	EventSeq      int64     `json:"eventSeq" mib:"hawserAlarmEventSeq"`
	Acknowledged  bool      `json:"acknowledged" mib:"hawserAlarmAcknowledged"`
	AckBy         string    `json:"ackBy" mib:"hawserAlarmAckBy"`
}

// Event is a row of hawserEventTable.
type Event struct {
	Seq           int64     `mib:"#0"`
	Origin        string    `mib:"hawserEventOrigin"`
	OriginSeq     int64     `mib:"hawserEventOriginSeq"`
	Epoch         int64     `mib:"hawserEventEpoch"`
	Time          time.Time `mib:"hawserEventTime"`
	Type          string    `mib:"hawserEventType"`
	Severity      string    `mib:"hawserEventSeverity"`
	ComponentType string    `mib:"hawserEventComponentType"`
	ComponentName string    `mib:"hawserEventComponentName"`
	NodeName      string    `mib:"hawserEventNodeName"`
	Error         string    `mib:"hawserEventError"`
	Reaction      string    `mib:"hawserEventReaction"`
	Result        string    `mib:"hawserEventResult"`
	Duration      int64     `mib:"hawserEventDuration"` // milliseconds
	AlarmIndex    int64     `mib:"hawserEventAlarmIndex"`
	Setter        string    `mib:"hawserEventSetter"`
	Summary       string    `mib:"hawserEventSummary"`
}

// Component is a row of hawserConditionTable.
type Component struct {
	Seq           int64  `mib:"#0"`
	Index         int64  `mib:"#1"`
	ComponentType string `mib:"hawserConditionComponentType"`
	ComponentName string `mib:"hawserConditionComponentName"`
	NodeName      string `mib:"hawserConditionNodeName"`
	State         string `mib:"hawserConditionState"`
	Detail        string `mib:"hawserConditionDetail"`
}

// Write is a row of hawserWriteTable: how a SET ended.
type Write struct {
	Seq      int64     `mib:"#0"`
	Time     time.Time `mib:"hawserWriteTime"`
	User     string    `mib:"hawserWriteUser"`
	SetToken []byte    `mib:"hawserWriteSetToken"`
	Object   string    `mib:"hawserWriteObject"`
	OldValue string    `mib:"hawserWriteOldValue"`
	NewValue string    `mib:"hawserWriteNewValue"`
	Result   string    `mib:"hawserWriteResult"`
	Reason   string    `mib:"hawserWriteReason"`
}

// Setting is a row of hawserHwSettingTable.
type Setting struct {
	Type     string `mib:"hawserHwSettingType"`
	Current  string `mib:"hawserHwSettingCurrent"`
	Desired  string `mib:"hawserHwSettingDesired"`
	Pending  string `mib:"hawserHwSettingPending"`
	Allowed  string `mib:"hawserHwSettingAllowed"`
	ReadOnly bool   `mib:"hawserHwSettingReadOnly"`
	State    string `mib:"hawserHwSettingState"`
	Message  string `mib:"hawserHwSettingMessage"`
}

// Job is a row of hawserHwJobTable.
type Job struct {
	Kind   string `mib:"hawserHwJobKind"`
	Target string `mib:"hawserHwJobTarget"`
	State  string `mib:"hawserHwJobState"`
	Detail string `mib:"hawserHwJobDetail"`
	Result string `mib:"hawserHwJobResult"`
}
