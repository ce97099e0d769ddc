package plugin

import (
	"testing"

	"hawser/cluster"
	"hawser/redfish"
)

func part(path, serial string) redfish.Component {
	return redfish.Component{Path: path, Class: redfish.ClassMemory, Name: path, Serial: serial, Model: "M", Health: redfish.HealthOK, State: "Enabled"}
}

// unreadable is a part that the BMC lists and cannot show.
func unreadable(path string) redfish.Component {
	return redfish.Component{Path: path, Class: redfish.ClassMemory, Name: path, Health: redfish.HealthUnknown}
}

func TestKeys(t *testing.T) {
	k := newKeyer([]redfish.Component{part("/a", "S1"), part("/b", ""), part("/c", "twice"), part("/d", "twice"), unreadable("/e")},
		observed{paths: map[string]string{"serial:S5": "/e"}})
	for path, want := range map[string]string{"/a": "serial:S1", "/b": "/b", "/c": "/c", "/d": "/d", "/e": "serial:S5"} {
		if got := k.keys[path]; got != want {
			t.Errorf("%s has the key %s, want %s", path, got, want)
		}
	}
}

// TestPartsThatCouldNotBeRead stay, as unknown; parts that are gone go.
func TestPartsThatCouldNotBeRead(t *testing.T) {
	var before observed
	read := func(inv *redfish.Inventory) cluster.Hardware {
		hw := hardwareFrom("db2", inv, nil, before)
		before.paths = pathsOf(hw, inv, before)
		before.hardware = &hw
		return hw
	}
	sensor := redfish.Sensor{Path: "/thermal/1", Name: "Inlet", Health: redfish.HealthOK}
	read(&redfish.Inventory{
		Components: []redfish.Component{part("/sys/mem/1", "S1"), part("/sys/mem/2", "S2"), part("/fans/1", "F1"), part("/fans/2", "F2")},
		Sensors:    []redfish.Sensor{sensor},
	})
	// One module cannot be shown, fans cannot be listed, and so cannot the sensors.
	second := read(&redfish.Inventory{
		Components: []redfish.Component{part("/sys/mem/1", "S1"), unreadable("/sys/mem/2")},
		Problems:   []string{"/sys/mem/2: 500", "/fans: 500", "/thermal: 500"},
	})
	checkHealths(t, second, map[string]cluster.Health{
		"serial:S1": cluster.HealthOk, "serial:S2": cluster.HealthUnknown, "serial:F1": cluster.HealthUnknown, "serial:F2": cluster.HealthUnknown,
	})
	if len(second.Sensors) != 1 || second.Sensors[0].Health != cluster.HealthUnknown || second.Sensors[0].Name != "Inlet" {
		t.Errorf("sensors %+v, want the one that is known, as unknown", second.Sensors)
	}
	for _, c := range second.Components {
		if c.Serial == "" || c.Model == "" {
			t.Errorf("%+v lost what is known of it", c)
		}
	}
	// A module was taken out while the fans can still not be listed.
	third := read(&redfish.Inventory{Components: []redfish.Component{part("/sys/mem/1", "S1")}, Problems: []string{"/fans: 500"}})
	checkHealths(t, third, map[string]cluster.Health{
		"serial:S1": cluster.HealthOk, "serial:F1": cluster.HealthUnknown, "serial:F2": cluster.HealthUnknown,
	})
	fourth := read(&redfish.Inventory{Components: []redfish.Component{part("/sys/mem/1", "S1"), part("/fans/1", "F1")}})
	checkHealths(t, fourth, map[string]cluster.Health{"serial:S1": cluster.HealthOk, "serial:F1": cluster.HealthOk})
}

func checkHealths(t *testing.T, hw cluster.Hardware, want map[string]cluster.Health) {
	t.Helper()
	got := map[string]cluster.Health{}
	for _, c := range hw.Components {
		got[c.Key] = c.Health
	}
	if len(got) != len(want) {
		t.Errorf("parts %v, want %v", got, want)
	}
	for key, health := range want {
		if got[key] != health {
			t.Errorf("%s is %s, want %s", key, got[key], health)
		}
	}
}

func TestThousandths(t *testing.T) {
	for _, test := range []struct {
		value *float64
		want  *int32
	}{
		{nil, nil}, {new(21.5), new(int32(21500))}, {new(-0.0004), new(int32(0))}, {new(3e6), nil}, {new(2147483.647), nil}, {new(2147483.0), new(int32(2147483000))},
	} {
		got := thousandths(test.value)
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("got %v, want %v", got, test.want)
		}
	}
}

// TestPasswordsAreNeverShown: not even a BMC that shows one puts it into the log.
func TestPasswordsAreNeverShown(t *testing.T) {
	rows := settingsFrom(&redfish.Settings{Settings: []redfish.Setting{{
		Name: "AdminPassword", Type: cluster.SettingPassword, Current: redfish.StringValue("geheim"), Pending: redfish.StringValue("neu"),
		Default: redfish.StringValue("admin"),
	}}})
	if r := rows[0]; r.Current != "" || r.Pending != "" || r.Default != "" || r.Name != "AdminPassword" {
		t.Errorf("row %+v", r)
	}
}
