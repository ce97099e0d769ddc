package plugin

import (
	"math"
	"strings"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

func renderEntSensors(f entityFacts, r *rows) {
	obtained := f.uptime(f.hardware.Collected)
	for _, p := range f.parts {
		if p.sensor == nil {
			continue
		}
		r.row(p.index)
		value, precision := sensorValue(p.sensor.Value)
		r.label(mib.EntPhySensorType, sensorDataType(*p.sensor))
		r.label(mib.EntPhySensorScale, mib.SensorScaleUnits)
		r.number(mib.EntPhySensorPrecision, int64(precision))
		if p.sensor.Value != nil {
			r.number(mib.EntPhySensorValue, int64(value))
		}
		r.label(mib.EntPhySensorOperStatus, sensorStatus(f.hardware, *p.sensor))
		r.text(mib.EntPhySensorUnitsDisplay, p.sensor.Units)
		r.put(mib.EntPhySensorValueTimeStamp, snmp.TimeTicks(obtained))
		r.number(mib.EntPhySensorValueUpdateRate, updateRate(f.every))
	}
}

// sensorValue is a reading in thousandths as an EntitySensorValue: its last three digits stand behind the point. A number
// too large for that loses them.
func sensorValue(thousandths *int32) (value int32, precision int) {
	const precise = 3
	if thousandths == nil {
		return 0, precise
	}
	if *thousandths > mib.SensorValueMin && *thousandths < mib.SensorValueMax {
		return *thousandths, precise
	}
	return int32(math.Round(float64(*thousandths) / 1000)), 0
}

// sensorStatus: a reading that is there is ok. Without one the sensor is broken if its BMC calls it enabled while the
// machine runs; else the reading cannot be had now, or nothing is known of it.
func sensorStatus(hw cluster.Hardware, s cluster.HardwareSensor) int {
	switch {
	case hw.BMCState != "ok":
		return mib.SensorUnavailable
	case s.Value != nil:
		return mib.SensorOk
	case hw.System.Power == cluster.PowerOn && hwState(s.State) == mib.HwStateEnabled:
		return mib.SensorNonoperational
	}
	return mib.SensorUnavailable
}

var sensorDataTypes = map[int]int{
	mib.SensorTypeTemperature: mib.SensorDataCelsius, mib.SensorTypeVoltage: mib.SensorDataVoltsDC,
	mib.SensorTypeCurrent: mib.SensorDataAmperes, mib.SensorTypePower: mib.SensorDataWatts,
	mib.SensorTypeFrequency: mib.SensorDataHertz, mib.SensorTypeHumidity: mib.SensorDataPercentRH,
}

// sensorDataType is what is measured. The line side of a power supply is alternating current, the rails within are not. A
// fan's percentage has no word and is other, with its unit displayed.
func sensorDataType(s cluster.HardwareSensor) int {
	of := sensorType(s.Type)
	switch {
	case of == mib.SensorTypeFanSpeed && s.Units == "RPM":
		return mib.SensorDataRPM
	case of == mib.SensorTypeVoltage && strings.HasSuffix(s.Key, "/LineInputVoltage"):
		return mib.SensorDataVoltsAC
	}
	if t, ok := sensorDataTypes[of]; ok {
		return t
	}
	return mib.SensorDataOther
}

// updateRate is the milliseconds between two readings, 0 if they are not regular.
func updateRate(every time.Duration) int64 { return every.Milliseconds() }
