package redfish

import (
	"context"
	"encoding/json"

	"github.com/stmcginnis/gofish/schemas"
)

// cooling reads fans and temperatures: ThermalSubsystem, else Thermal.
func (b *BMC) cooling(self string, refs *chassisRefs) branch {
	return func(ctx context.Context) part {
		if refs.ThermalSubsystem != "" {
			p, ok := b.thermalSubsystem(ctx, self, refs.ThermalSubsystem)
			// Where the sensors have a collection, temperatures come from it.
			if ok && (refs.Sensors != "" || refs.Thermal == "") {
				return p
			}
			if ok {
				old := b.thermal(ctx, self, refs.Thermal)
				old.components = nil
				p.sensors = nil
				p.merge(old)
				return p
			}
		}
		return b.thermal(ctx, self, refs.Thermal)
	}
}

// thermalSubsystem reports false where the BMC names it and does not have it.
func (b *BMC) thermalSubsystem(ctx context.Context, self string, l link) (part, bool) {
	var p part
	resp, err := b.c.get(ctx, l, revalidate, b.c.bulk)
	if err != nil {
		return p, false
	}
	sub, err := decode[struct{ Fans link }](resp.body)
	if err != nil || sub.Fans == "" {
		return p, false
	}
	ms, err := b.members(ctx, sub.Fans, fresh)
	if err != nil {
		return p, false
	}
	p.addAll(ms, ClassFan, self, func(p *part, m member) error {
		v, err := decode[schemas.Fan](m.raw)
		if err != nil {
			return err
		}
		p.add(Component{
			Path: m.path, Parent: self, Class: ClassFan, Slot: slotOf(v.Location, ""), Name: first(v.Name, v.ID), Model: v.Model, Serial: v.SerialNumber,
		}, v.Status)
		path := v.SpeedPercent.DataSourceURI
		if path == "" {
			path = componentPath(m.path) + "#/SpeedPercent"
		}
		p.sensor(Sensor{
			Path: path, Parent: componentPath(m.path), Name: first(v.Name, v.ID), Type: SensorFanPercent, Unit: "%", Value: v.SpeedPercent.Reading,
		}, v.Status)
		return nil
	})
	return p, true
}

// oldThermal keeps the members raw, so that one odd fan does not cost all.
type oldThermal struct {
	Fans, Temperatures []json.RawMessage
}

func (b *BMC) thermal(ctx context.Context, self string, l link) part {
	var p part
	if l == "" {
		return p
	}
	resp, err := b.c.get(ctx, l, fresh, b.c.bulk)
	if err != nil {
		if !absent(err) {
			p.problem(string(l), err)
		}
		return p
	}
	t, err := decode[oldThermal](resp.body)
	if err != nil {
		p.problem(string(l), err)
		return p
	}
	at := componentPath(string(l))
	p.embedded(t.Fans, at, "Fans", ClassFan, func(path string, raw []byte) error { return addOldFan(&p, path, self, raw) })
	p.embedded(t.Temperatures, at, "Temperatures", ClassSensor, func(path string, raw []byte) error { return addTemperature(&p, path, self, raw) })
	return p
}

func addOldFan(p *part, path, self string, raw []byte) error {
	v, err := decode[schemas.ThermalFan](raw)
	if err != nil {
		return err
	}
	name := fanName(v)
	p.add(Component{
		Path: path, Parent: self, Class: ClassFan, Slot: slotOf(v.Location, ""), Name: name, Model: first(v.Model, v.PartNumber), Serial: v.SerialNumber,
	}, v.Status)
	s := Sensor{
		Path: fieldPath(path, "Reading"), Parent: path, Name: name, Type: SensorFanSpeed, Unit: "RPM", Value: whole(v.Reading),
		LowerCritical: whole(v.LowerThresholdCritical), LowerWarning: whole(v.LowerThresholdNonCritical),
		UpperWarning: whole(v.UpperThresholdNonCritical), UpperCritical: whole(v.UpperThresholdCritical),
	}
	if v.ReadingUnits == schemas.PercentReadingUnits {
		s.Type, s.Unit = SensorFanPercent, "%"
	}
	p.sensor(s, v.Status)
	return nil
}

func addTemperature(p *part, path, self string, raw []byte) error {
	v, err := decode[schemas.Temperature](raw)
	if err != nil {
		return err
	}
	p.sensor(Sensor{
		Path: path, Parent: self, Name: first(v.Name, v.MemberID), Type: SensorTemperature, Unit: "Cel", Value: v.ReadingCelsius,
		LowerCritical: v.LowerThresholdCritical, LowerWarning: v.LowerThresholdNonCritical,
		UpperWarning: v.UpperThresholdNonCritical, UpperCritical: v.UpperThresholdCritical,
	}, v.Status)
	return nil
}
