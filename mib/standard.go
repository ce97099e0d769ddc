package mib

import "slices"

// The three standard modules that show hardware to every NMS without a template.
// An entPhysicalIndex is the node's hawserHwIndex or hawserSensorIndex.
var (
	// EntityMIB is ENTITY-MIB (RFC 6933).
	EntityMIB = []uint32{1, 3, 6, 1, 2, 1, 47}
	// EntitySensorMIB is ENTITY-SENSOR-MIB (RFC 3433).
	EntitySensorMIB = []uint32{1, 3, 6, 1, 2, 1, 99}
	// EntityStateMIB is ENTITY-STATE-MIB (RFC 4268).
	EntityStateMIB = []uint32{1, 3, 6, 1, 2, 1, 131}
)

// Standard are the subtrees of the standard modules, in order. Every role may
// read them; nobody may write. AgentX registers each apart.
var Standard = [][]uint32{EntityMIB, EntitySensorMIB, EntityStateMIB}

// The tables and the group of the standard modules that are implemented.
var (
	EntPhysicalTable         = []uint32{1, 3, 6, 1, 2, 1, 47, 1, 1, 1}
	EntPhysicalContainsTable = []uint32{1, 3, 6, 1, 2, 1, 47, 1, 3, 3}
	EntityGeneral            = []uint32{1, 3, 6, 1, 2, 1, 47, 1, 4}
	EntPhySensorTable        = []uint32{1, 3, 6, 1, 2, 1, 99, 1, 1}
	EntStateTable            = []uint32{1, 3, 6, 1, 2, 1, 131, 1, 1}
)

// entPhysicalTable.
var (
	EntPhysicalDescr        = standardColumn(EntPhysicalTable, 2)
	EntPhysicalVendorType   = standardColumn(EntPhysicalTable, 3)
	EntPhysicalContainedIn  = standardColumn(EntPhysicalTable, 4)
	EntPhysicalClass        = standardColumn(EntPhysicalTable, 5)
	EntPhysicalParentRelPos = standardColumn(EntPhysicalTable, 6)
	EntPhysicalName         = standardColumn(EntPhysicalTable, 7)
	EntPhysicalHardwareRev  = standardColumn(EntPhysicalTable, 8)
	EntPhysicalFirmwareRev  = standardColumn(EntPhysicalTable, 9)
	EntPhysicalSoftwareRev  = standardColumn(EntPhysicalTable, 10)
	EntPhysicalSerialNum    = standardColumn(EntPhysicalTable, 11)
	EntPhysicalMfgName      = standardColumn(EntPhysicalTable, 12)
	EntPhysicalModelName    = standardColumn(EntPhysicalTable, 13)
	EntPhysicalAlias        = standardColumn(EntPhysicalTable, 14)
	EntPhysicalAssetID      = standardColumn(EntPhysicalTable, 15)
	EntPhysicalIsFRU        = standardColumn(EntPhysicalTable, 16)
	EntPhysicalMfgDate      = standardColumn(EntPhysicalTable, 17)
	EntPhysicalUris         = standardColumn(EntPhysicalTable, 18)
	EntPhysicalUUID         = standardColumn(EntPhysicalTable, 19)
)

// entPhysicalContainsTable and entityGeneral.
var (
	EntPhysicalChildIndex = standardColumn(EntPhysicalContainsTable, 1)
	EntLastChangeTime     = []uint32{1, 3, 6, 1, 2, 1, 47, 1, 4, 1}
)

// entPhySensorTable.
var (
	EntPhySensorType            = standardColumn(EntPhySensorTable, 1)
	EntPhySensorScale           = standardColumn(EntPhySensorTable, 2)
	EntPhySensorPrecision       = standardColumn(EntPhySensorTable, 3)
	EntPhySensorValue           = standardColumn(EntPhySensorTable, 4)
	EntPhySensorOperStatus      = standardColumn(EntPhySensorTable, 5)
	EntPhySensorUnitsDisplay    = standardColumn(EntPhySensorTable, 6)
	EntPhySensorValueTimeStamp  = standardColumn(EntPhySensorTable, 7)
	EntPhySensorValueUpdateRate = standardColumn(EntPhySensorTable, 8)
)

// entStateTable.
var (
	EntStateLastChanged = standardColumn(EntStateTable, 1)
	EntStateAdmin       = standardColumn(EntStateTable, 2)
	EntStateOper        = standardColumn(EntStateTable, 3)
	EntStateUsage       = standardColumn(EntStateTable, 4)
	EntStateAlarm       = standardColumn(EntStateTable, 5)
	EntStateStandby     = standardColumn(EntStateTable, 6)
)

// standardColumn is a column of a table: each has its row at 1.
func standardColumn(table []uint32, column uint32) []uint32 {
	return append(slices.Clone(table), 1, column)
}

// The tables of the labels below are those of IANA-ENTITY-MIB and of the RFCs.

// Values of IANAPhysicalClass.
const (
	PhysicalOther        = 1
	PhysicalUnknown      = 2
	PhysicalChassis      = 3
	PhysicalBackplane    = 4
	PhysicalContainer    = 5
	PhysicalPowerSupply  = 6
	PhysicalFan          = 7
	PhysicalSensor       = 8
	PhysicalModule       = 9
	PhysicalPort         = 10
	PhysicalCPU          = 12
	PhysicalBattery      = 14
	PhysicalStorageDrive = 15
)

// Values of EntitySensorDataType.
const (
	SensorDataOther     = 1
	SensorDataUnknown   = 2
	SensorDataVoltsAC   = 3
	SensorDataVoltsDC   = 4
	SensorDataAmperes   = 5
	SensorDataWatts     = 6
	SensorDataHertz     = 7
	SensorDataCelsius   = 8
	SensorDataPercentRH = 9
	SensorDataRPM       = 10
	SensorDataCMM       = 11
)

// SensorScaleUnits is the EntitySensorDataScale of values in the unit itself.
const SensorScaleUnits = 9

// Values of EntitySensorStatus.
const (
	SensorOk             = 1
	SensorUnavailable    = 2
	SensorNonoperational = 3
)

// The bounds of an EntitySensorValue; the number itself means "beyond".
const (
	SensorValueMin = -1000000000
	SensorValueMax = 1000000000
)

// Values of EntityAdminState.
const (
	AdminUnknown      = 1
	AdminLocked       = 2
	AdminShuttingDown = 3
	AdminUnlocked     = 4
)

// Values of EntityOperState.
const (
	OperUnknown  = 1
	OperDisabled = 2
	OperEnabled  = 3
	OperTesting  = 4
)

// Values of EntityUsageState.
const (
	UsageUnknown = 1
	UsageIdle    = 2
	UsageActive  = 3
	UsageBusy    = 4
)

// The bits of EntityAlarmStatus in its octet; 0 is no alarm.
const (
	AlarmStatusUnknown       = 0x80
	AlarmStatusUnderRepair   = 0x40
	AlarmStatusCritical      = 0x20
	AlarmStatusMajor         = 0x10
	AlarmStatusMinor         = 0x08
	AlarmStatusWarning       = 0x04
	AlarmStatusIndeterminate = 0x02
)

// Values of EntityStandbyStatus.
const (
	StandbyUnknown          = 1
	StandbyHot              = 2
	StandbyCold             = 3
	StandbyProvidingService = 4
)
