package redfish

import (
	"context"
	"encoding/json"

	"github.com/stmcginnis/gofish/schemas"
)

// powering reads power supplies, voltages, consumption and the power limit:
// PowerSubsystem, and Power for what that does not give.
func (b *BMC) powering(self string, refs *chassisRefs, what scope) branch {
	return func(ctx context.Context) part {
		var p part
		have := false
		if refs.PowerSubsystem != "" {
			p, have = b.powerSubsystem(ctx, self, refs.PowerSubsystem, what)
		}
		if have && refs.Sensors != "" {
			return p // its readings are in the sensor collection
		}
		old := b.power(ctx, self, refs.Power)
		if have {
			old.components = nil
		}
		p.merge(old)
		return p
	}
}

func (b *BMC) powerSubsystem(ctx context.Context, self string, l link, what scope) (part, bool) {
	var p part
	if what == chassisReadings {
		return p, true
	}
	resp, err := b.c.get(ctx, l, revalidate, b.c.bulk)
	if err != nil {
		return p, false
	}
	sub, err := decode[struct{ PowerSupplies, Batteries link }](resp.body)
	if err != nil || sub.PowerSupplies == "" {
		return p, false
	}
	ms, err := b.members(ctx, sub.PowerSupplies, revalidate)
	if err != nil {
		return p, false
	}
	p.addAll(ms, ClassPowerSupply, self, func(p *part, m member) error {
		v, err := decode[schemas.PowerSupplyUnit](m.raw)
		if err != nil {
			return err
		}
		p.add(Component{
			Path: m.path, Parent: self, Class: ClassPowerSupply, Slot: slotOf(v.Location, ""), Name: first(v.Name, v.ID),
			Model: first(v.Model, v.PartNumber), Serial: v.SerialNumber, Firmware: v.FirmwareVersion,
		}, v.Status)
		return nil
	})
	p.merge(b.each(ctx, sub.Batteries, ClassBattery, self, func(p *part, m member) error {
		v, err := decode[schemas.Battery](m.raw)
		if err != nil {
			return err
		}
		p.add(Component{
			Path: m.path, Parent: self, Class: ClassBattery, Slot: slotOf(v.Location, ""), Name: first(v.Name, v.ID),
			Model: first(v.Model, v.PartNumber), Serial: v.SerialNumber, Firmware: v.FirmwareVersion,
		}, v.Status)
		return nil
	}))
	return p, true
}

type oldPower struct {
	PowerControl, PowerSupplies, Voltages []json.RawMessage
}

func (b *BMC) power(ctx context.Context, self string, l link) part {
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
	v, err := decode[oldPower](resp.body)
	if err != nil {
		p.problem(string(l), err)
		return p
	}
	at := componentPath(string(l))
	p.embedded(v.PowerSupplies, at, "PowerSupplies", ClassPowerSupply, func(path string, raw []byte) error { return addOldSupply(&p, path, self, raw) })
	p.embedded(v.Voltages, at, "Voltages", ClassSensor, func(path string, raw []byte) error { return addVoltage(&p, path, self, raw) })
	p.embedded(v.PowerControl, at, "PowerControl", ClassSensor, func(path string, raw []byte) error { return addPowerControl(&p, path, self, raw) })
	return p
}

func addOldSupply(p *part, path, self string, raw []byte) error {
	v, err := decode[schemas.PowerSupply](raw)
	if err != nil {
		return err
	}
	name := first(v.Name, v.MemberID)
	p.add(Component{
		Path: path, Parent: self, Class: ClassPowerSupply, Slot: slotOf(v.Location, v.MemberID), Name: name,
		Model: first(v.Model, v.PartNumber), Serial: v.SerialNumber, Firmware: v.FirmwareVersion,
	}, v.Status)
	for _, r := range []struct {
		field, label string
		typ          SensorType
		unit         string
		value        *float32
	}{
		{"LineInputVoltage", " input", SensorVoltage, "V", v.LineInputVoltage},
		{"PowerInputWatts", " input", SensorPower, "W", v.PowerInputWatts},
		{"PowerOutputWatts", " output", SensorPower, "W", v.PowerOutputWatts},
		{"LastPowerOutputWatts", " output", SensorPower, "W", v.LastPowerOutputWatts},
	} {
		if r.value == nil || r.field == "LastPowerOutputWatts" && v.PowerOutputWatts != nil {
			continue
		}
		p.sensor(Sensor{Path: fieldPath(path, r.field), Parent: path, Name: name + r.label, Type: r.typ, Unit: r.unit, Value: wide(r.value)}, v.Status)
	}
	return nil
}

// fieldPath addresses a property of an embedded member.
func fieldPath(path, field string) string {
	if fragment(path) == "#" {
		return path + "#/" + field
	}
	return path + "/" + field
}

func addVoltage(p *part, path, self string, raw []byte) error {
	v, err := decode[schemas.Voltage](raw)
	if err != nil {
		return err
	}
	p.sensor(Sensor{
		Path: path, Parent: self, Name: first(v.Name, v.MemberID), Type: SensorVoltage, Unit: "V", Value: wide(v.ReadingVolts),
		LowerCritical: wide(v.LowerThresholdCritical), LowerWarning: wide(v.LowerThresholdNonCritical),
		UpperWarning: wide(v.UpperThresholdNonCritical), UpperCritical: wide(v.UpperThresholdCritical),
	}, v.Status)
	return nil
}

func addPowerControl(p *part, path, self string, raw []byte) error {
	v, err := decode[schemas.PowerControl](raw)
	if err != nil {
		return err
	}
	if p.powerLimit == nil {
		p.powerLimit = limitWatts(v.PowerLimit.LimitInWatts)
	}
	if v.PowerConsumedWatts == nil {
		return nil // some control power without metering it
	}
	p.sensor(Sensor{
		Path: path, Parent: self, Name: first(v.Name, "Power consumed"), Type: SensorPower, Unit: "W", Value: wide(v.PowerConsumedWatts),
	}, v.Status)
	return nil
}
