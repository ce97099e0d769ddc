package cluster

import "time"

// Hardware is what the BMC of one node says of it. A part that was not read carries HealthUnknown, never HealthOk.
type Hardware struct {
	Node       string            `json:"node"`
	System     HardwareSystem    `json:"system"`
	Components []HardwarePart    `json:"components,omitempty"`
	Sensors    []HardwareSensor  `json:"sensors,omitempty"`
	Settings   []HardwareSetting `json:"settings,omitempty"`
	BMCState   string            `json:"bmcState"` // ok, silent, refused
	Collected  time.Time         `json:"collected,omitzero"`
	Problems   []string          `json:"problems,omitempty"`
}

// HardwareSystem is the machine itself (hawserHwSystemTable).
type HardwareSystem struct {
	Manufacturer string     `json:"manufacturer,omitempty"`
	Model        string     `json:"model,omitempty"`
	Serial       string     `json:"serial,omitempty"`
	UUID         string     `json:"uuid,omitempty"`
	BIOSVersion  string     `json:"biosVersion,omitempty"`
	BMCVersion   string     `json:"bmcVersion,omitempty"`
	Power        PowerState `json:"power,omitzero"`
	Health       Health     `json:"health,omitzero"`
	HealthReason string     `json:"healthReason,omitempty"`
	IndicatorLED string     `json:"indicatorLed,omitempty"`
	PowerLimit   int        `json:"powerLimit,omitempty"` // W, 0: none
	BootOverride string     `json:"bootOverride,omitempty"`
}

// HardwarePart is a component (hawserHwComponentTable). Key is its identity: UUID, serial or Redfish path.
type HardwarePart struct {
	Key              string `json:"key"`
	ParentKey        string `json:"parentKey,omitempty"`
	Class            string `json:"class"`
	Slot             string `json:"slot,omitempty"`
	Name             string `json:"name"`
	Model            string `json:"model,omitempty"`
	Serial           string `json:"serial,omitempty"`
	Firmware         string `json:"firmware,omitempty"`
	Health           Health `json:"health,omitzero"`
	State            string `json:"state,omitempty"`
	PredictedFailure bool   `json:"predictedFailure,omitempty"`
}

// HardwareSensor is a reading (hawserHwSensorTable); values in thousandths of the unit, nil where there is none.
type HardwareSensor struct {
	Key           string    `json:"key"`
	ParentKey     string    `json:"parentKey,omitempty"` // of the component that holds it
	Name          string    `json:"name"`
	Type          string    `json:"type"`
	Units         string    `json:"units"`
	Value         *int32    `json:"value,omitempty"`
	LowerCritical *int32    `json:"lowerCritical,omitempty"`
	LowerWarning  *int32    `json:"lowerWarning,omitempty"`
	UpperWarning  *int32    `json:"upperWarning,omitempty"`
	UpperCritical *int32    `json:"upperCritical,omitempty"`
	Health        Health    `json:"health,omitzero"`
	State         string    `json:"state,omitempty"` // as the BMC says: Enabled, Disabled, ...
	Read          time.Time `json:"read,omitzero"`
}

// The scopes of hardware settings (hawserHwSettingScope).
const (
	ScopeSystem uint32 = 1
	ScopeBIOS   uint32 = 2
	ScopeBMC    uint32 = 3
)

// HardwareSetting is an attribute of the hardware as the BMC shows it (hawserHwSettingTable). Desired is not here: it is a
// replicated wish (State.Desired), this is an observation.
type HardwareSetting struct {
	Scope        uint32   `json:"scope"`
	Name         string   `json:"name"`
	Type         string   `json:"type"` // Enumeration, Integer, String, Boolean, Password
	Current      string   `json:"current"`
	Pending      string   `json:"pending,omitempty"`
	Default      string   `json:"default,omitempty"`
	Values       []string `json:"values,omitempty"` // of an enumeration
	Lower        *int64   `json:"lower,omitempty"`  // bounds of an integer, or of a string's length
	Upper        *int64   `json:"upper,omitempty"`
	Step         int64    `json:"step,omitempty"`
	Pattern      string   `json:"pattern,omitempty"`
	ReadOnly     bool     `json:"readOnly,omitempty"`
	RebootNeeded bool     `json:"rebootNeeded"`
}

// Desired is what somebody wants a hardware setting to be, and how far that has come.
type Desired struct {
	Node    string       `json:"node"`
	Scope   uint32       `json:"scope"`
	Name    string       `json:"name"`
	Value   string       `json:"value"`
	By      Setter       `json:"by"`
	Time    time.Time    `json:"time"`
	State   SettingState `json:"state"`
	Message string       `json:"message,omitempty"`
}
