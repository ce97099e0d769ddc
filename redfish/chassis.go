package redfish

import (
	"context"
	"strings"

	"github.com/stmcginnis/gofish/schemas"
)

// scope is how much of a chassis is read.
type scope int

const (
	chassisWhole scope = iota
	chassisReadings
)

// chassisRefs are the links that gofish keeps to itself.
type chassisRefs struct {
	ID                                        string `json:"@odata.id"`
	Thermal, ThermalSubsystem                 link
	Power, PowerSubsystem, EnvironmentMetrics link
	Sensors, NetworkAdapters, Drives          link
	Links                                     struct {
		ComputerSystems links
		ContainedBy     link
	}
}

// allChassis reads each chassis that belongs to our system.
func (b *BMC) allChassis(sys *systemResource, what scope) branch {
	return func(ctx context.Context) part {
		var p part
		root, err := b.service(ctx, b.c.bulk)
		if err != nil {
			p.problem(rootPath, err)
			return p
		}
		ms, err := b.members(ctx, root.Chassis, revalidate)
		if err != nil {
			p.problem(string(root.Chassis), err)
			return p
		}
		var branches []branch
		for _, m := range ms {
			branches = append(branches, b.oneChassis(sys, m, what, len(ms)))
		}
		return b.parallel(ctx, branches...)
	}
}

// belongs reports whether a chassis is our system's: the BMC of an enclosure
// shows the neighbours' too, each naming its own systems.
func belongs(sys *systemResource, path string, refs *chassisRefs) bool {
	for _, l := range sys.refs.Links.Chassis {
		if samePath(string(l), path) {
			return true
		}
	}
	for _, l := range refs.Links.ComputerSystems {
		if samePath(string(l), sys.ODataID) {
			return true
		}
	}
	return len(refs.Links.ComputerSystems) == 0
}

func (b *BMC) oneChassis(sys *systemResource, m member, what scope, count int) branch {
	return func(ctx context.Context) part {
		var p part
		var refs *chassisRefs
		p.addAll([]member{m}, ClassChassis, "", func(p *part, m member) error {
			v, err := decode[schemas.Chassis](m.raw)
			if err != nil {
				return err
			}
			if refs, err = decode[chassisRefs](m.raw); err != nil {
				return err
			}
			if count > 1 && !belongs(sys, m.path, refs) {
				refs = nil
				return nil
			}
			p.add(Component{
				Path: m.path, Parent: componentPath(string(refs.Links.ContainedBy)), Class: ClassChassis, Slot: slotOf(v.Location, ""),
				Name: first(v.Name, v.ID), Model: first(v.Model, string(v.ChassisType)), Serial: v.SerialNumber, Firmware: v.Version,
			}, v.Status)
			return nil
		})
		if refs == nil {
			return p
		}
		p.merge(b.chassisParts(ctx, componentPath(m.path), refs, what))
		if what == chassisReadings {
			p.components = nil
		}
		return p
	}
}

// chassisParts reads what a chassis holds. The newer schema is preferred; the
// older one is read for what the newer did not give.
func (b *BMC) chassisParts(ctx context.Context, self string, refs *chassisRefs, what scope) part {
	branches := []branch{b.cooling(self, refs), b.powering(self, refs, what)}
	if what == chassisWhole {
		branches = append(branches, b.adapters(refs.NetworkAdapters, self), b.environment(refs))
	}
	readings := b.each(ctx, refs.Sensors, ClassSensor, self, addSensor)
	readings.components = nil // a sensor that cannot be read is a problem, no component
	rest := b.parallel(ctx, branches...)
	if len(readings.sensors) > 0 {
		rest.sensors = label(readings.sensors, rest.sensors)
		rest.sensors = missing(rest.sensors, readings.sensors)
	}
	readings.merge(rest)
	return readings
}

// label gives a sensor of the collection that does not say what it measures the
// type that its device says (a percentage alone does not tell a fan) and each
// the device that shows it, and returns what the collection does not hold.
func label(collected, byDevice []Sensor) []Sensor {
	at := make(map[string]int, len(collected))
	for i, s := range collected {
		at[strings.ToLower(s.Path)] = i
	}
	var rest []Sensor
	for _, s := range byDevice {
		i, ok := at[strings.ToLower(s.Path)]
		if !ok {
			rest = append(rest, s)
			continue
		}
		collected[i].Parent = s.Parent
		if collected[i].Type == SensorOther {
			collected[i].Type = s.Type
		}
	}
	return rest
}

// missing returns the readings of the older schema whose type the newer one
// does not cover at all.
func missing(old, have []Sensor) []Sensor {
	covered := map[SensorType]bool{}
	for _, s := range have {
		covered[s.Type] = true
		if s.Type == SensorFanPercent || s.Type == SensorFanSpeed {
			covered[SensorFanPercent], covered[SensorFanSpeed] = true, true
		}
	}
	var out []Sensor
	for _, s := range old {
		if !covered[s.Type] {
			out = append(out, s)
		}
	}
	return out
}

// environment reads the power limit of the newer schema.
func (b *BMC) environment(refs *chassisRefs) branch {
	return func(ctx context.Context) part {
		var p part
		if refs.EnvironmentMetrics == "" {
			return p
		}
		resp, err := b.c.get(ctx, refs.EnvironmentMetrics, fresh, b.c.bulk)
		if err != nil {
			if !absent(err) {
				p.problem(string(refs.EnvironmentMetrics), err)
			}
			return p
		}
		v, err := decode[schemas.EnvironmentMetrics](resp.body)
		if err != nil {
			p.problem(string(refs.EnvironmentMetrics), err)
			return p
		}
		p.powerLimit = limitWatts(v.PowerLimitWatts.SetPoint)
		return p
	}
}

// noPowerLimit is the least of the numbers that stand for "no limit" (32767
// Dell, 65535 Lenovo, see quirks). No single machine takes as much.
const noPowerLimit = 32767

func limitWatts(w *float64) *float64 {
	if w == nil || *w <= 0 || *w >= noPowerLimit {
		return nil
	}
	return w
}
