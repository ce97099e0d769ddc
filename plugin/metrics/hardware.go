package metrics

import (
	"slices"
	"strings"

	"hawser/cluster"
)

// reading is a kind of sensor by its type in package redfish, what makes its unit the base unit, and its metric.
type reading struct {
	kind   string
	scale  float64
	family family
}

// sensors are the readings that are shown. The last one takes what has no metric of its own.
var sensors = []reading{
	{"temperature", 1, sensor("temperature_celsius", "Temperature.")},
	{"fanSpeed", 1, sensor("fan_speed_rpm", "Speed of a fan in turns per minute.")},
	{"power", 1, sensor("power_watts", "Power drawn.")},
	{"voltage", 1, sensor("voltage_volts", "Voltage.")},
	{"current", 1, sensor("current_amperes", "Current.")},
	{"percent", .01, sensor("sensor_ratio", "Reading that is a share of a whole, as a fan's speed in percent.")},
	{"", 1, gauge("hardware_sensor_value", "Reading of a sensor of another kind, in the unit of its label.", "node", "sensor", "key", "unit")},
}

func sensor(name, help string) family {
	return gauge("hardware_"+name, help, "node", "sensor", "key")
}

func collectHardware(s *scrape) {
	for _, spec := range s.known.Spec.Nodes {
		if !spec.HasBMC {
			continue
		}
		hw := s.known.Hardware[spec.Name]
		fresh := hw != nil && hw.BMCState == "ok" && !s.others(spec.Name) && s.Taken.Sub(hw.Collected) < staleHardware
		s.truth(hwReachable, hw != nil && hw.BMCState == "ok" && !s.others(spec.Name), spec.Name)
		if hw == nil || !fresh {
			states(s, hwHealth, cluster.HealthUnknown, spec.Name)
			states(s, hwPower, cluster.PowerUnknown, spec.Name)
			if hw != nil {
				s.at(hwCollected, hw.Collected, spec.Name)
			}
			continue
		}
		states(s, hwHealth, hw.System.Health, spec.Name)
		states(s, hwPower, hw.System.Power, spec.Name)
		s.at(hwCollected, hw.Collected, spec.Name)
		collectParts(s, hw)
		collectSettings(s, spec.Name)
		for _, one := range hw.Sensors {
			collectSensor(s, spec.Name, one)
		}
	}
}

// collectParts counts components: a machine has hundreds, and the MIB lists them.
func collectParts(s *scrape, hw *cluster.Hardware) {
	type key struct{ class, health string }
	counts := map[key]int{}
	for _, part := range hw.Components {
		health := part.Health
		if health == 0 {
			health = cluster.HealthUnknown
		}
		counts[key{part.Class, health.String()}]++
	}
	for k, n := range counts {
		s.send(hwParts, float64(n), hw.Node, k.class, k.health)
	}
}

func collectSettings(s *scrape, node string) {
	counts := map[string]int{}
	for key, d := range s.known.Desired {
		if strings.HasPrefix(key, node+"/") {
			counts[settingState(d)]++
		}
	}
	for state, n := range counts {
		s.send(hwSettings, float64(n), node, state)
	}
}

// settingState is the state of a wish; one that nobody looked at yet is unknown.
func settingState(d cluster.Desired) string {
	if d.State == 0 {
		return "unknown"
	}
	return d.State.String()
}

func collectSensor(s *scrape, node string, one cluster.HardwareSensor) {
	if one.Health != 0 && one.Health != cluster.HealthUnknown {
		s.truth(hwSensorHealth, one.Health == cluster.HealthOk, node, one.Name, one.Key)
	}
	if one.Value == nil {
		return
	}
	value := float64(*one.Value) / 1000
	kind := one.Type
	if one.Units == "%" {
		kind = "percent"
	}
	at := slices.IndexFunc(sensors[:len(sensors)-1], func(r reading) bool { return r.kind == kind })
	if at < 0 {
		s.send(sensors[len(sensors)-1].family, value, node, one.Name, one.Key, one.Units)
		return
	}
	s.send(sensors[at].family, value*sensors[at].scale, node, one.Name, one.Key)
}
