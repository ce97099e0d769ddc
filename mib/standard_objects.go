package mib

import "slices"

// StandardObjects is what the standard modules say of the columns and scalars
// that are implemented, sorted by identifier. The writable ones are read only
// here, as the compliance statements of the modules allow.
var StandardObjects = []Object{
	text("entPhysicalDescr", EntPhysicalDescr, 255),
	column("entPhysicalVendorType", EntPhysicalVendorType, ObjectIdentifier),
	column("entPhysicalContainedIn", EntPhysicalContainedIn, Integer32, size(0, 2147483647)),
	labelled("entPhysicalClass", EntPhysicalClass, "other", "unknown", "chassis", "backplane", "container", "powerSupply",
		"fan", "sensor", "module", "port", "stack", "cpu", "energyObject", "battery", "storageDrive"),
	column("entPhysicalParentRelPos", EntPhysicalParentRelPos, Integer32, size(-1, 2147483647)),
	text("entPhysicalName", EntPhysicalName, 255),
	text("entPhysicalHardwareRev", EntPhysicalHardwareRev, 255),
	text("entPhysicalFirmwareRev", EntPhysicalFirmwareRev, 255),
	text("entPhysicalSoftwareRev", EntPhysicalSoftwareRev, 255),
	text("entPhysicalSerialNum", EntPhysicalSerialNum, 32),
	text("entPhysicalMfgName", EntPhysicalMfgName, 255),
	text("entPhysicalModelName", EntPhysicalModelName, 255),
	text("entPhysicalAlias", EntPhysicalAlias, 32),
	text("entPhysicalAssetID", EntPhysicalAssetID, 32),
	labelled("entPhysicalIsFRU", EntPhysicalIsFRU, "true", "false"),
	date("entPhysicalMfgDate", EntPhysicalMfgDate),
	text("entPhysicalUris", EntPhysicalUris, 255),
	column("entPhysicalUUID", EntPhysicalUUID, OctetString, size(0, 0), size(16, 16)),
	column("entPhysicalChildIndex", EntPhysicalChildIndex, Integer32, size(1, 2147483647)),
	{Name: "entLastChangeTime", OID: EntLastChangeTime, Kind: Scalar, Base: TimeTicks, Syntax: "TimeStamp", Access: ReadOnly},
	labelled("entPhySensorType", EntPhySensorType, "other", "unknown", "voltsAC", "voltsDC", "amperes", "watts", "hertz",
		"celsius", "percentRH", "rpm", "cmm", "truthvalue"),
	labelled("entPhySensorScale", EntPhySensorScale, "yocto", "zepto", "atto", "femto", "pico", "nano", "micro", "milli",
		"units", "kilo", "mega", "giga", "tera", "exa", "peta", "zetta", "yotta"),
	column("entPhySensorPrecision", EntPhySensorPrecision, Integer32, size(-8, 9)),
	column("entPhySensorValue", EntPhySensorValue, Integer32, size(SensorValueMin, SensorValueMax)),
	labelled("entPhySensorOperStatus", EntPhySensorOperStatus, "ok", "unavailable", "nonoperational"),
	text("entPhySensorUnitsDisplay", EntPhySensorUnitsDisplay, 255),
	column("entPhySensorValueTimeStamp", EntPhySensorValueTimeStamp, TimeTicks),
	column("entPhySensorValueUpdateRate", EntPhySensorValueUpdateRate, Unsigned32),
	date("entStateLastChanged", EntStateLastChanged),
	labelled("entStateAdmin", EntStateAdmin, "unknown", "locked", "shuttingDown", "unlocked"),
	labelled("entStateOper", EntStateOper, "unknown", "disabled", "enabled", "testing"),
	labelled("entStateUsage", EntStateUsage, "unknown", "idle", "active", "busy"),
	column("entStateAlarm", EntStateAlarm, Bits, size(1, 1)),
	labelled("entStateStandby", EntStateStandby, "unknown", "hotStandby", "coldStandby", "providingService"),
}

func size(low, high int64) [2]int64 { return [2]int64{low, high} }

func column(name string, oid []uint32, base Base, ranges ...[2]int64) Object {
	return Object{Name: name, OID: oid, Kind: Column, Base: base, Syntax: base.String(), Access: ReadOnly, Ranges: ranges}
}

// text is a column of a SnmpAdminString, or of a string that is shown as one.
func text(name string, oid []uint32, longest int64) Object {
	o := column(name, oid, OctetString, size(0, longest))
	o.Syntax = "SnmpAdminString"
	return o
}

// date is a column of a DateAndTime.
func date(name string, oid []uint32) Object {
	o := column(name, oid, OctetString, size(8, 8), size(11, 11))
	o.Syntax = "DateAndTime"
	return o
}

// labelled is a column of an enumeration whose labels are numbered from 1.
func labelled(name string, oid []uint32, labels ...string) Object {
	o := column(name, oid, Integer32)
	for i, label := range labels {
		o.Enum = append(o.Enum, EnumValue{Name: label, Number: int64(i + 1)})
	}
	return o
}

// StandardByOID returns the object of a standard module that is a prefix of oid,
// and what follows it: the instance, which shares oid's memory.
func StandardByOID(oid []uint32) (object Object, instance []uint32, found bool) {
	i, exact := slices.BinarySearchFunc(StandardObjects, oid, func(o Object, p []uint32) int { return slices.Compare(o.OID, p) })
	if !exact {
		i--
	}
	if i < 0 || !hasPrefix(oid, StandardObjects[i].OID) {
		return Object{}, nil, false
	}
	return StandardObjects[i], oid[len(StandardObjects[i].OID):], true
}
