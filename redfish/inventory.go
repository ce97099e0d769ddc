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
	System     System      `json:"system"`
	Components []Component `json:"components"`
	Sensors    []Sensor    `json:"sensors"`
	// Problems are the parts that could not be read, each with its path.
	Problems    []string  `json:"problems"`
	CollectedAt time.Time `json:"collectedAt"`
}

// System is the machine as a whole. Empty strings are unknown.
type System struct {
	Path         string     `json:"path"`
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Manufacturer string     `json:"manufacturer"`
	Model        string     `json:"model"`
	Serial       string     `json:"serial"`
	UUID         string     `json:"uuid"`
	BIOSVersion  string     `json:"biosVersion"`
	BMCVersion   string     `json:"bmcVersion"`
	PowerState   PowerState `json:"powerState"`
	// Health is the worse of the BMC's own verdict and that of any component
	// that is present; HealthReason names what is not OK.
	Health       Health `json:"health"`
	HealthReason string `json:"healthReason"`
	// IndicatorLED is off, lit, blinking or unknown.
	IndicatorLED string `json:"indicatorLed"`
	// PowerLimitWatts is nil where no limit is set or known.
	PowerLimitWatts *float64 `json:"powerLimitWatts"`
	// BootOverride is none, or the target with once or continuous, such as
	// "Pxe (once)".
	BootOverride string `json:"bootOverride"`
}

// Component is one part of the machine.
type Component struct {
	// Path is the part's Redfish path, its identity where it has no serial.
	Path string `json:"path"`
	// Parent is the Path of the part that holds it, empty for a root.
	Parent   string `json:"parent"`
	Class    Class  `json:"class"`
	Slot     string `json:"slot"`
	Name     string `json:"name"`
	Model    string `json:"model"`
	Serial   string `json:"serial"` // of a port its MAC address
	Firmware string `json:"firmware"`
	Health   Health `json:"health"`
	// State is Redfish's Status.State, such as Enabled, Disabled or Absent;
	// empty where the BMC does not say.
	State string `json:"state"`
	// PredictedFailure is true when the part itself foretells its failure.
	PredictedFailure bool `json:"predictedFailure"`
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
	Path string `json:"path"`
	// Parent is the Path of the component that holds the sensor.
	Parent string     `json:"parent"`
	Name   string     `json:"name"`
	Type   SensorType `json:"type"`
	Value  *float64   `json:"value"`
	// Unit as in UCUM, with RPM for fans.
	Unit          string   `json:"unit"`
	LowerCritical *float64 `json:"lowerCritical"`
	LowerWarning  *float64 `json:"lowerWarning"`
	UpperWarning  *float64 `json:"upperWarning"`
	UpperCritical *float64 `json:"upperCritical"`
	Health        Health   `json:"health"`
	State         string   `json:"state"`
	// ReadingTime is when the BMC took the reading where it says so, else when
	// its answer came.
	ReadingTime time.Time `json:"readingTime"`
}

// Readings is what Sensors returns.
type Readings struct {
	Sensors     []Sensor  `json:"sensors"`
	Problems    []string  `json:"problems"`
	CollectedAt time.Time `json:"collectedAt"`
}

// HealthStatus is what Health returns: the BMC's own summary.
type HealthStatus struct {
	UUID         string     `json:"uuid"`
	PowerState   PowerState `json:"powerState"`
	Health       Health     `json:"health"`
	HealthReason string     `json:"healthReason"`
	CollectedAt  time.Time  `json:"collectedAt"`
}

// WorstHealth is the health of the whole: the system's, which counts every
// part whose health is known, and at best unknown while parts could not be
// read. A part of which the BMC states no health does not count.
func (inv *Inventory) WorstHealth() Health {
	if len(inv.Problems) > 0 {
		return inv.System.Health.Worse(HealthUnknown)
	}
	return inv.System.Health
}
