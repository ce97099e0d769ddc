package redfish

import (
	"strings"
	"time"
)

// Health is what a BMC says of a part; HealthUnknown where it says nothing or
// could not be read.
type Health string

// The values of Health.
const (
	HealthOK       Health = "ok"
	HealthWarning  Health = "warning"
	HealthCritical Health = "critical"
	HealthUnknown  Health = "unknown"
)

// rank orders healths from good to bad; unknown is worse than ok and better
// than a known trouble.
func (h Health) rank() int {
	switch h {
	case HealthOK:
		return 0
	case HealthWarning:
		return 2
	case HealthCritical:
		return 3
	}
	return 1
}

// Worse returns the worse of h and o.
func (h Health) Worse(o Health) Health {
	if o.rank() > h.rank() {
		return o
	}
	return h
}

// PowerState is a system's power as the BMC names it.
type PowerState string

// The values of PowerState.
const (
	PowerOn          PowerState = "on"
	PowerOff         PowerState = "off"
	PowerPoweringOn  PowerState = "poweringOn"
	PowerPoweringOff PowerState = "poweringOff"
	PowerPaused      PowerState = "paused"
	PowerUnknown     PowerState = "unknown"
)

// Class is what a component is. Physical gives ENTITY-MIB's name for it.
type Class string

// The values of Class.
const (
	ClassChassis     Class = "chassis"
	ClassBMC         Class = "bmc"
	ClassCPU         Class = "cpu"
	ClassMemory      Class = "memory"
	ClassStorage     Class = "storage"
	ClassDrive       Class = "drive"
	ClassVolume      Class = "volume"
	ClassNIC         Class = "nic"
	ClassPort        Class = "port"
	ClassPowerSupply Class = "powerSupply"
	ClassFan         Class = "fan"
	ClassBattery     Class = "battery"
	ClassSensor      Class = "sensor"
	ClassOther       Class = "other"
)

// Physical returns the IANAPhysicalClass name of c.
func (c Class) Physical() string {
	switch c {
	case ClassBMC, ClassMemory, ClassStorage, ClassNIC:
		return "module"
	case ClassDrive:
		return "storageDrive"
	case ClassVolume:
		return "other"
	}
	return string(c)
}

// StateAbsent is the State of an empty slot.
const StateAbsent = "Absent"

// Inventory is what one machine consists of and how it is, as its BMC says.
type Inventory struct {
	System     System
	Components []Component
	Sensors    []Sensor
	// Problems are the parts that could not be read, each with its path.
	Problems    []string
	CollectedAt time.Time
}

// System is the machine as a whole. Empty strings are unknown.
type System struct {
	Path         string
	ID           string
	Name         string
	Manufacturer string
	Model        string
	Serial       string
	UUID         string
	BIOSVersion  string
	BMCVersion   string
	PowerState   PowerState
	// Health is the worse of the BMC's own verdict and that of any component
	// that is present; HealthReason names what is not OK.
	Health       Health
	HealthReason string
	// IndicatorLED is off, lit, blinking or unknown.
	IndicatorLED string
	// PowerLimitWatts is nil where no limit is set or known.
	PowerLimitWatts *float64
	// BootOverride is none, or the target with once or continuous, such as
	// "Pxe (once)".
	BootOverride string
}

// Component is one part of the machine.
type Component struct {
	// Path is the part's Redfish path, its identity where it has no serial.
	Path string
	// Parent is the Path of the part that holds it, empty for a root.
	Parent   string
	Class    Class
	Slot     string
	Name     string
	Model    string
	Serial   string // of a port its MAC address
	Firmware string
	Health   Health
	// State is Redfish's Status.State, such as Enabled, Disabled or Absent;
	// empty where the BMC does not say.
	State string
	// PredictedFailure is true when the part itself foretells its failure.
	PredictedFailure bool
}

// Present reports whether the part is there, not an empty slot.
func (c Component) Present() bool { return !strings.EqualFold(c.State, StateAbsent) }

// SensorType is what a sensor measures.
type SensorType string

// The values of SensorType, with their units.
const (
	SensorTemperature SensorType = "temperature" // Cel
	SensorFanSpeed    SensorType = "fanSpeed"    // RPM
	SensorFanPercent  SensorType = "fanPercent"  // %
	SensorVoltage     SensorType = "voltage"     // V
	SensorCurrent     SensorType = "current"     // A
	SensorPower       SensorType = "power"       // W
	SensorFrequency   SensorType = "frequency"   // Hz
	SensorHumidity    SensorType = "humidity"    // %
	SensorOther       SensorType = "other"       // as Unit says
)

// Sensor is one reading with its thresholds; nil is unknown or not set.
type Sensor struct {
	Path  string
	Name  string
	Type  SensorType
	Value *float64
	// Unit as in UCUM, with RPM for fans.
	Unit          string
	LowerCritical *float64
	LowerWarning  *float64
	UpperWarning  *float64
	UpperCritical *float64
	Health        Health
	State         string
	// ReadingTime is when the BMC took the reading where it says so, else when
	// its answer came.
	ReadingTime time.Time
}

// Readings is what Sensors returns.
type Readings struct {
	Sensors     []Sensor
	Problems    []string
	CollectedAt time.Time
}

// HealthStatus is what Health returns: the BMC's own summary.
type HealthStatus struct {
	UUID         string
	PowerState   PowerState
	Health       Health
	HealthReason string
	CollectedAt  time.Time
}

// WorstHealth is the worst health of the system and of all parts present.
func (inv *Inventory) WorstHealth() Health {
	h := inv.System.Health
	for _, c := range inv.Components {
		if c.Present() {
			h = h.Worse(c.Health)
		}
	}
	return h
}
