package cluster

// Health is the health word of hardware (hawserHwComponentHealth).
type Health int

// The values of Health.
const (
	HealthOk Health = iota + 1
	HealthWarning
	HealthCritical
	HealthUnknown
)

var healthNames = names{"ok", "warning", "critical", "unknown"}

func (h Health) String() string { return healthNames.text(int(h)) }

// MarshalText writes the name; the zero value is empty.
func (h Health) MarshalText() ([]byte, error) { return healthNames.marshal(int(h)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (h *Health) UnmarshalText(b []byte) error {
	code, err := healthNames.parse(b)
	*h = Health(code)
	return err
}

// PowerState is the power of a machine, as its BMC says (hawserHwSystemPowerState).
type PowerState int

// The values of PowerState.
const (
	PowerOn PowerState = iota + 1
	PowerOff
	PowerPoweringOn
	PowerPoweringOff
	PowerUnknown
)

var powerStateNames = names{"on", "off", "poweringOn", "poweringOff", "unknown"}

func (p PowerState) String() string { return powerStateNames.text(int(p)) }

// MarshalText writes the name; the zero value is empty.
func (p PowerState) MarshalText() ([]byte, error) { return powerStateNames.marshal(int(p)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (p *PowerState) UnmarshalText(b []byte) error {
	code, err := powerStateNames.parse(b)
	*p = PowerState(code)
	return err
}

// SettingState is how a hardware setting stands to what is desired (hawserHwSettingState).
type SettingState int

// The values of SettingState.
const (
	SettingInSync SettingState = iota + 1
	SettingDrifted
	SettingStaged
	SettingApplying
	SettingFailed
	SettingRejected
	SettingReverted
	SettingUnknown
)

var settingStateNames = names{"inSync", "drifted", "staged", "applying", "failed", "rejected", "reverted", "unknown"}

func (s SettingState) String() string { return settingStateNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s SettingState) MarshalText() ([]byte, error) { return settingStateNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *SettingState) UnmarshalText(b []byte) error {
	code, err := settingStateNames.parse(b)
	*s = SettingState(code)
	return err
}
