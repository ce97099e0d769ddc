package redfish

import (
	"math"
	"strings"
	"time"

	"github.com/stmcginnis/gofish/schemas"
)

// sensor appends s. A sensor whose device is absent, disabled or offline has
// no value, whatever number stands there (Supermicro: 0, see quirks).
func (p *part) sensor(s Sensor, st schemas.Status) {
	s.Path, s.Name = componentPath(s.Path), clean(s.Name)
	s.Health, s.State = statusHealth(st), string(st.State)
	switch st.State {
	case schemas.AbsentState, schemas.DisabledState, schemas.UnavailableOfflineState, schemas.StandbyOfflineState:
		s.Value, s.Health = nil, HealthUnknown
		s.LowerCritical, s.LowerWarning, s.UpperWarning, s.UpperCritical = nil, nil, nil, nil
	}
	if s.Value != nil && (math.IsNaN(*s.Value) || math.IsInf(*s.Value, 0)) {
		s.Value = nil
	}
	if s.Value == nil {
		s.Health = HealthUnknown // a health without a reading is a guess
	}
	p.sensors = append(p.sensors, s)
}

// addSensor reads one member of a sensor collection.
func addSensor(p *part, m member) error {
	v, err := decode[schemas.Sensor](m.raw)
	if err != nil {
		return err
	}
	s := Sensor{
		Path: m.path, Name: first(v.Name, v.ID), Value: v.Reading,
		LowerCritical: v.Thresholds.LowerCritical.Reading, LowerWarning: v.Thresholds.LowerCaution.Reading,
		UpperWarning: v.Thresholds.UpperCaution.Reading, UpperCritical: v.Thresholds.UpperCritical.Reading,
	}
	s.Type, s.Unit = sensorType(string(v.ReadingType), v.ReadingUnits, string(v.PhysicalContext))
	if t, err := time.Parse(time.RFC3339, v.ReadingTime); err == nil {
		s.ReadingTime = t
	}
	p.sensor(s, v.Status)
	return nil
}

// settle gives each sensor a parent that is there: the one that its device is,
// else the part under whose path it stands, else the chassis at home.
func settle(sensors []Sensor, components []Component, home string) {
	there := make(map[string]bool, len(components))
	for _, c := range components {
		there[c.Path] = true
	}
	for i, s := range sensors {
		parent := s.Parent
		for at := s.Path; !there[parent] && at != ""; {
			at = at[:max(strings.LastIndexAny(at, "/#"), 0)]
			parent = at
		}
		if !there[parent] {
			parent = home
		}
		sensors[i].Parent = parent
	}
}

// sensorType tells what is measured from the type where it is given (it often
// is not), else from the unit.
func sensorType(readingType, unit, context string) (SensorType, string) {
	fan := strings.EqualFold(context, "Fan")
	switch readingType {
	case "Rotational":
		return SensorFanSpeed, "RPM"
	case "Humidity":
		return SensorHumidity, "%"
	case "Percent":
		if fan {
			return SensorFanPercent, "%"
		}
		return SensorOther, "%"
	}
	switch {
	case readingType == "Temperature", unit == "Cel", unit == "C":
		return SensorTemperature, "Cel"
	case readingType == "Voltage", unit == "V":
		return SensorVoltage, "V"
	case readingType == "Current", unit == "A":
		return SensorCurrent, "A"
	case readingType == "Power", unit == "W":
		return SensorPower, "W"
	case readingType == "Frequency", unit == "Hz":
		return SensorFrequency, "Hz"
	case strings.EqualFold(unit, "RPM"), unit == "{rev}/min":
		return SensorFanSpeed, "RPM"
	case unit == "%" && fan:
		return SensorFanPercent, "%"
	}
	return SensorOther, unit
}
