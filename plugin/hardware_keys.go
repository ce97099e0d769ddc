package plugin

import (
	"strings"

	"hawser/cluster"
	"hawser/redfish"
)

// keyer gives components their identity: the serial where that is the part's own, else the path (MIB.md, Indexes). A part
// that could not be read this time keeps the key under which it is known.
type keyer struct {
	keys  map[string]string // by path
	known map[string]string // key by path, of former collections
}

func newKeyer(parts []redfish.Component, before observed) keyer {
	k := keyer{keys: make(map[string]string, len(parts)), known: make(map[string]string, len(before.paths))}
	for key, path := range before.paths {
		k.known[path] = key
	}
	count := map[string]int{}
	for _, c := range parts {
		count[c.Serial]++
	}
	for _, c := range parts {
		k.keys[c.Path] = k.keyOf(c, count[c.Serial] == 1)
	}
	return k
}

func (k keyer) keyOf(c redfish.Component, alone bool) string {
	switch {
	case c.Serial != "" && alone:
		return "serial:" + c.Serial
	case unread(c) && k.known[c.Path] != "":
		return k.known[c.Path]
	}
	return c.Path
}

// unread says that the BMC lists a part and could not show it.
func unread(c redfish.Component) bool {
	return c.Serial == "" && c.Model == "" && c.State == "" && c.Health == redfish.HealthUnknown
}

// keepUnread keeps what is known of parts that the BMC could not show this time, with unknown health: a part that is not
// read is not a part that is gone.
func keepUnread(hw *cluster.Hardware, inv *redfish.Inventory, before observed) {
	if before.hardware == nil || len(inv.Problems) == 0 {
		return
	}
	unreadable := func(key string) bool {
		path, ok := before.paths[key]
		return !ok || underProblem(path, inv.Problems) // of a former reign: the path is not known
	}
	at := map[string]int{}
	for i, c := range hw.Components {
		at[c.Key] = i
	}
	for _, old := range before.hardware.Components {
		old.Health, old.State = cluster.HealthUnknown, ""
		i, listed := at[old.Key]
		switch {
		case listed && hw.Components[i].Model == "" && hw.Components[i].Serial == "" && hw.Components[i].Health == cluster.HealthUnknown:
			hw.Components[i] = old
		case !listed && unreadable(old.Key):
			hw.Components = append(hw.Components, old)
		}
	}
	shown := map[string]bool{}
	for _, s := range hw.Sensors {
		shown[s.Key] = true
	}
	for _, old := range before.hardware.Sensors {
		if !shown[old.Key] && unreadable(old.Key) {
			old.Health, old.State, old.Value = cluster.HealthUnknown, "", nil
			hw.Sensors = append(hw.Sensors, old)
		}
	}
}

// underProblem says whether a path lies at or below one that could not be read. A problem reads "path: cause".
func underProblem(path string, problems []string) bool {
	for _, p := range problems {
		if at, _, ok := strings.Cut(p, ": "); ok && (path == at || strings.HasPrefix(path, strings.TrimSuffix(at, "/")+"/")) {
			return true
		}
	}
	return false
}

// pathsOf are the paths of what is shown now, and of what is kept from before.
func pathsOf(hw cluster.Hardware, inv *redfish.Inventory, before observed) map[string]string {
	out := map[string]string{}
	for path, key := range newKeyer(inv.Components, before).keys {
		out[key] = path
	}
	for _, s := range inv.Sensors {
		out[s.Path] = s.Path
	}
	for _, c := range hw.Components {
		if path := before.paths[c.Key]; out[c.Key] == "" && path != "" {
			out[c.Key] = path
		}
	}
	for _, s := range hw.Sensors {
		if out[s.Key] == "" {
			out[s.Key] = s.Key
		}
	}
	return out
}
