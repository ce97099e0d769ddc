package redfish

import (
	"strconv"
	"strings"

	"github.com/stmcginnis/gofish/schemas"
)

// health maps a Redfish health; anything unexpected is unknown.
func health(hs ...schemas.Health) Health {
	out := HealthUnknown
	known := false
	for _, h := range hs {
		var v Health
		switch h {
		case schemas.OKHealth:
			v = HealthOK
		case schemas.WarningHealth:
			v = HealthWarning
		case schemas.CriticalHealth:
			v = HealthCritical
		default:
			continue
		}
		if !known {
			out, known = v, true
		}
		out = out.Worse(v)
	}
	return out
}

func statusHealth(s schemas.Status) Health { return health(s.Health, s.HealthRollup) }

func powerState(s string) PowerState {
	switch s {
	case "On":
		return PowerOn
	case "Off":
		return PowerOff
	case "PoweringOn":
		return PowerPoweringOn
	case "PoweringOff":
		return PowerPoweringOff
	case "Paused":
		return PowerPaused
	}
	return PowerUnknown
}

// wide turns gofish's float32 into the float64 that prints the same.
func wide(f *float32) *float64 {
	if f == nil {
		return nil
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(*f), 'g', -1, 32), 64)
	if err != nil {
		return nil
	}
	return &v
}

func whole(i *int) *float64 {
	if i == nil {
		return nil
	}
	v := float64(*i)
	return &v
}

// slotOf names a place: the service label, or type and ordinal.
func slotOf(l schemas.Location, fallback string) string {
	p := l.PartLocation
	if s := clean(p.ServiceLabel); s != "" {
		return s
	}
	if p.LocationType != "" && p.LocationOrdinalValue != nil {
		return string(p.LocationType) + " " + strconv.Itoa(*p.LocationOrdinalValue)
	}
	return first(locationInfo(l), fallback)
}

// indicator names the LED's state.
func indicator(led *string, active *bool) string {
	switch {
	case led != nil && (*led == "Off" || *led == "Lit" || *led == "Blinking"):
		return strings.ToLower(*led)
	case active != nil && *active:
		return "lit"
	case active != nil:
		return "off"
	}
	return "unknown"
}
