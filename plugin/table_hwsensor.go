package plugin

import (
	"cmp"
	"slices"

	"hawser/cluster"
	"hawser/mib"
)

func renderHwSensors(s sight, r *rows) {
	for _, n := range hardwareNodes(s.known) {
		sensors := slices.Clone(hardwareOf(s.known, n.name).Sensors)
		index := func(key string) uint32 { return s.known.Index(hwKind(n.name), key) }
		slices.SortFunc(sensors, func(a, b cluster.HardwareSensor) int { return cmp.Compare(index(a.Key), index(b.Key)) })
		for _, sensor := range sensors {
			if index(sensor.Key) == 0 {
				continue
			}
			r.row(n.index, index(sensor.Key))
			r.text(mib.HawserHwSensorName, sensor.Name)
			r.label(mib.HawserHwSensorType, sensorType(sensor.Type))
			r.reading(mib.HawserHwSensorValue, sensor.Value)
			r.text(mib.HawserHwSensorUnits, sensor.Units)
			r.reading(mib.HawserHwSensorLowerCritical, sensor.LowerCritical)
			r.reading(mib.HawserHwSensorLowerWarning, sensor.LowerWarning)
			r.reading(mib.HawserHwSensorUpperWarning, sensor.UpperWarning)
			r.reading(mib.HawserHwSensorUpperCritical, sensor.UpperCritical)
			r.label(mib.HawserHwSensorHealth, int(sensor.Health))
			r.age(mib.HawserHwSensorReadingAge, s.now, sensor.Read)
		}
	}
}

// reading adds a value in thousandths; one that the BMC does not give has no instance.
func (r *rows) reading(oid []uint32, value *int32) {
	if value != nil {
		r.number(oid, int64(*value))
	}
}

// sensorTypes takes the words of package redfish and of Redfish's ReadingType, in lower case.
var sensorTypes = map[string]int{
	"temperature": mib.SensorTypeTemperature, "voltage": mib.SensorTypeVoltage, "current": mib.SensorTypeCurrent,
	"power": mib.SensorTypePower, "energykwh": mib.SensorTypeEnergy, "energyjoules": mib.SensorTypeEnergy,
	"energywh": mib.SensorTypeEnergy, "energy": mib.SensorTypeEnergy, "fanspeed": mib.SensorTypeFanSpeed,
	"rotational": mib.SensorTypeFanSpeed, "humidity": mib.SensorTypeHumidity, "airflow": mib.SensorTypeAirflow,
	"pressure": mib.SensorTypePressure, "pressurekpa": mib.SensorTypePressure, "pressurepa": mib.SensorTypePressure,
	"frequency": mib.SensorTypeFrequency, "percent": mib.SensorTypePercent, "fanpercent": mib.SensorTypePercent,
}

func sensorType(word string) int { return wordOr(sensorTypes, word, mib.SensorTypeOther) }

// sameSensors says whether no sensor was read anew; ages aside.
func sameSensors(old, now *cluster.State) bool {
	return sameHardware(old, now, func(a, b *cluster.Hardware) bool { return sameSlice(a.Sensors, b.Sensors) })
}
