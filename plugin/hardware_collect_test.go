package plugin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/fixtures/bmc"
)

func TestCollectionHandsOverWhatTheBMCSays(t *testing.T) {
	r := newRig(t)
	r.start(t, "db1")
	r.ready(t)
	first, _ := r.lastSeen()
	sys := first.System
	if sys.UUID != testUUID || sys.Health != cluster.HealthOk || sys.Power != cluster.PowerOn || sys.Manufacturer == "" || sys.BIOSVersion == "" || sys.BMCVersion == "" {
		t.Errorf("system %+v", sys)
	}
	if first.BMCState != "ok" || len(first.Problems) > 0 || time.Since(first.Collected) > time.Minute {
		t.Errorf("state %q of %v, problems %q", first.BMCState, first.Collected, first.Problems)
	}
	checkComponents(t, first)
	i := slices.IndexFunc(first.Sensors, func(s cluster.HardwareSensor) bool { return strings.Contains(s.Name, "Inlet") })
	if i < 0 || first.Sensors[i].Value == nil || *first.Sensors[i].Value < 10_000 || *first.Sensors[i].Value > 60_000 || first.Sensors[i].Units != "Cel" {
		t.Errorf("inlet sensor %+v, want thousandths of a degree", first.Sensors)
	}
	j := slices.IndexFunc(first.Settings, func(s cluster.HardwareSetting) bool { return s.Name == "FanOffsetPercent" })
	if j < 0 {
		t.Fatalf("no FanOffsetPercent among %d settings", len(first.Settings))
	}
	if s := first.Settings[j]; s.Scope != cluster.ScopeBIOS || s.Type != cluster.SettingInteger || s.Current != "10" || s.Step != 5 ||
		s.Lower == nil || *s.Lower != 0 || s.Upper == nil || *s.Upper != 50 || s.Pending != "" || !s.RebootNeeded || s.ReadOnly {
		t.Errorf("setting %+v", s)
	}
	if job := r.collect(t); job.State != cluster.JobDone {
		t.Errorf("job %+v", job)
	}
	again, _ := r.lastSeen()
	if !slices.Equal(keysOf(first), keysOf(again)) {
		t.Errorf("keys changed from %q to %q", keysOf(first), keysOf(again))
	}
	if n := len(r.eventsOf(cluster.EventHardwareDegraded)) + len(r.eventsOf(cluster.EventHardwareRestored)); n != 0 {
		t.Errorf("%d hardware events of a healthy machine", n)
	}
}

func keysOf(hw cluster.Hardware) (keys []string) {
	for _, c := range hw.Components {
		keys = append(keys, c.Key)
	}
	for _, s := range hw.Sensors {
		keys = append(keys, s.Key)
	}
	slices.Sort(keys)
	return keys
}

// checkComponents wants every kind of part, each with a key of its own and a parent that is there.
func checkComponents(t *testing.T, hw cluster.Hardware) {
	t.Helper()
	classes, keys := map[string]int{}, map[string]bool{"": true}
	for _, c := range hw.Components {
		classes[c.Class]++
		if keys[c.Key] || c.Name == "" || c.Health != cluster.HealthOk {
			t.Errorf("component %+v has no name, no health or a key that was there", c)
		}
		if c.Serial != "" && c.Key != "serial:"+c.Serial {
			t.Errorf("%s has serial %s and key %s", c.Name, c.Serial, c.Key)
		}
		keys[c.Key] = true
	}
	for _, class := range []string{"chassis", "bmc", "cpu", "memory", "drive", "volume", "port", "powerSupply", "fan"} {
		if classes[class] == 0 {
			t.Errorf("no component of class %s: %v", class, classes)
		}
	}
	for _, c := range hw.Components {
		if !keys[c.ParentKey] {
			t.Errorf("%s: no parent %q", c.Name, c.ParentKey)
		}
	}
}

func TestSilentBMC(t *testing.T) {
	for _, how := range []struct {
		name    string
		silence func(*bmc.Faults)
	}{
		{"closes", func(f *bmc.Faults) { f.Silent(bmc.Closing) }},
		{"hangs", func(f *bmc.Faults) { f.Silent(bmc.Hanging) }},
	} {
		t.Run(how.name, func(t *testing.T) {
			r := newRig(t)
			m := r.start(t, "db1", quick)
			r.ready(t)
			before := *r.state().Hardware["db2"]
			how.silence(r.server.Faults())
			for range 2 {
				if job := r.collect(t); job.State != cluster.JobFailed {
					t.Errorf("job %+v, want failed", job)
				}
			}
			hw := *r.state().Hardware["db2"]
			checkUnknown(t, before, hw)
			if n := len(r.eventsOf(cluster.EventHardwareDegraded)); n != 1 || !alarmStands(r.state(), bmcAlarm("db2")) {
				t.Errorf("%d events of a silent BMC, want one with an alarm", n)
			}
			r.server.Faults().Silent(bmc.Answering)
			for range 2 {
				if job := r.collect(t); job.State != cluster.JobDone {
					t.Errorf("job %+v, want done", job)
				}
			}
			if n := len(r.eventsOf(cluster.EventHardwareRestored)); n != 1 || alarmStands(r.state(), bmcAlarm("db2")) {
				t.Errorf("%d events of a BMC that answers again, want one that clears the alarm", n)
			}
			if hw := r.state().Hardware["db2"]; hw.BMCState != "ok" || hw.System.Health != cluster.HealthOk || hw.System.Power != cluster.PowerOn {
				t.Errorf("after it answers: %+v", hw.System)
			}
			m.stop()
		})
	}
}

// checkUnknown wants all that was known to be there, with its age, and nothing of it to be called good.
func checkUnknown(t *testing.T, before, now cluster.Hardware) {
	t.Helper()
	if now.BMCState != "silent" || now.System.Health != cluster.HealthUnknown || now.System.Power != cluster.PowerUnknown || len(now.Problems) == 0 {
		t.Errorf("system %+v, state %s, problems %q", now.System, now.BMCState, now.Problems)
	}
	if !now.Collected.Equal(before.Collected) || now.System.Serial != before.System.Serial || !slices.Equal(keysOf(now), keysOf(before)) {
		t.Errorf("what was known did not stay as it was: %+v", now)
	}
	for _, c := range now.Components {
		if c.Health != cluster.HealthUnknown || c.State != "" {
			t.Errorf("%s is %s, %q while its BMC is silent", c.Name, c.Health, c.State)
		}
	}
	for _, s := range now.Sensors {
		if s.Health != cluster.HealthUnknown {
			t.Errorf("%s is %s while its BMC is silent", s.Name, s.Health)
		}
	}
	if len(now.Settings) != len(before.Settings) {
		t.Errorf("%d settings, want %d", len(now.Settings), len(before.Settings))
	}
}

func TestHealthIsToldOncePerChange(t *testing.T) {
	r := newRig(t)
	r.start(t, "db1")
	r.ready(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		r.collect(t)
		r.collect(t)
	}
	must(r.server.Faults().Health("Fan2", "Warning"))
	degraded := r.eventsOf(cluster.EventHardwareDegraded)
	if len(degraded) != 1 || degraded[0].Severity != cluster.SeverityMinor || !strings.Contains(degraded[0].Error, "Fan") || degraded[0].AlarmIndex == 0 {
		t.Fatalf("after a warning: %+v, want one event that names the fan", degraded)
	}
	must(r.server.Faults().Health("Fan2", "Critical"))
	degraded = r.eventsOf(cluster.EventHardwareDegraded)
	if len(degraded) != 2 || degraded[1].Severity != cluster.SeverityMajor || degraded[1].AlarmIndex != degraded[0].AlarmIndex {
		t.Errorf("when it is critical: %+v, want one more under the same alarm", degraded)
	}
	must(r.server.Faults().Health("Fan2", "OK"))
	if restored := r.eventsOf(cluster.EventHardwareRestored); len(restored) != 1 || alarmStands(r.state(), hardwareAlarm("db2")) {
		t.Errorf("when it is well: %+v, want one event that clears the alarm", restored)
	}
}

// TestEventsAreNotForgotten: what could not be recorded is told with the next collection; the readings never wait for it.
func TestEventsAreNotForgotten(t *testing.T) {
	r := newRig(t)
	m := r.start(t, "db1")
	r.ready(t)
	r.do(func() { r.refuse = cluster.ErrNoLeader })
	if err := r.server.Faults().Health("Fan2", "Critical"); err != nil {
		t.Fatal(err)
	}
	_, before := r.lastSeen()
	m.collectAll()
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if hw, count := r.lastSeen(); count > before && hw.System.Health == cluster.HealthCritical {
			break
		}
		if time.Now().After(limit) {
			t.Fatal("the reading was not handed over while the log takes nothing")
		}
	}
	r.do(func() { r.refuse = nil })
	r.collect(t)
	if n := len(r.eventsOf(cluster.EventHardwareDegraded)); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
}

// TestFollowerKeepsTheSessionWarm and touches nothing else.
func TestFollowerKeepsTheSessionWarm(t *testing.T) {
	r := newRig(t)
	m := r.start(t, "wit")
	for limit := time.Now().Add(20 * time.Second); r.server.Sessions() != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%d sessions, want one that is kept", r.server.Sessions())
		}
	}
	if _, count := r.lastSeen(); count != 0 {
		t.Errorf("a follower handed over %d readings", count)
	}
	r.lead(t, "wit")
	r.ready(t) // it collects at once when it leads
	m.stop()
	if n := r.server.Sessions(); n != 0 {
		t.Errorf("%d sessions left open", n)
	}
}

// TestHangingBMCHoldsNothingUp: the end of the daemon does not wait for it, nor does a change of leader.
func TestHangingBMCHoldsNothingUp(t *testing.T) {
	for _, node := range []string{"db1", "wit"} { // leader and follower
		r := newRig(t)
		r.server.Faults().Silent(bmc.Hanging)
		m := r.start(t, node)
		<-m.Ready()
		m.collectAll()
		began := time.Now()
		m.stop()
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("%s took %v to end beside a BMC that hangs", node, took)
		}
	}
}
