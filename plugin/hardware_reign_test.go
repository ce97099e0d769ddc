package plugin

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hawser/cluster"
	"hawser/fixtures/bmc"
	"hawser/redfish"
)

// TestNextLeaderKnowsWhatWasTold: what stands as an alarm is not told again, and cleared by whoever sees its end.
func TestNextLeaderKnowsWhatWasTold(t *testing.T) {
	r := newRig(t)
	first := r.start(t, "db1", quick)
	r.ready(t)
	if err := r.server.Faults().Health("Fan2", "Critical"); err != nil {
		t.Fatal(err)
	}
	r.collect(t)
	r.server.Faults().Silent(bmc.Closing)
	r.collect(t)
	if n := len(r.eventsOf(cluster.EventHardwareDegraded)); n != 2 {
		t.Fatalf("%d events, want one of the fan and one of the BMC", n)
	}
	first.stop()
	r.lead(t, "wit")
	r.start(t, "wit", quick)
	r.collect(t)
	r.server.Faults().Silent(bmc.Answering)
	r.collect(t)
	if n := len(r.eventsOf(cluster.EventHardwareDegraded)); n != 2 {
		t.Errorf("%d events after a change of leader, want none again", n)
	}
	if err := r.server.Faults().Health("Fan2", "OK"); err != nil {
		t.Fatal(err)
	}
	r.collect(t)
	if alarmStands(r.state(), bmcAlarm("db2")) || alarmStands(r.state(), hardwareAlarm("db2")) || len(r.eventsOf(cluster.EventHardwareRestored)) != 2 {
		t.Errorf("restored: %v; want both alarms cleared", r.eventsOf(cluster.EventHardwareRestored))
	}
}

func TestRefusedCredentials(t *testing.T) {
	r := newRig(t)
	r.start(t, "db1", func(cfg *redfish.Config) {
		cfg.Password = func() (string, error) { return "wrong", nil }
	})
	r.await(t, "the BMC's refusal", func(s *cluster.State) bool {
		return s.Hardware["db2"] != nil && s.Hardware["db2"].BMCState == "refused"
	})
	r.await(t, "its alarm", func(s *cluster.State) bool { return alarmStands(s, bmcAlarm("db2")) })
	if e := r.eventsOf(cluster.EventHardwareDegraded)[0]; !strings.Contains(e.Summary, "refuses user name or password") || strings.Contains(e.Error, "wrong\"") {
		t.Errorf("event %+v", e)
	}
}

func TestCommunity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "community")
	if err := os.WriteFile(path, []byte("looker\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := CommunityConfig{CommunityFile: path, Role: "reader", From: []string{"10.0.0.0/24"}}.community()
	if err != nil || got.Name != "looker" || got.Role != "reader" || len(got.From) != 1 || got.From[0] != netip.MustParsePrefix("10.0.0.0/24") {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := (CommunityConfig{CommunityFile: path, From: []string{"10.0.0.0"}}).community(); err == nil {
		t.Error("no error for a network without a length")
	}
}

// TestSinkByName sends to a host name.
func TestSinkByName(t *testing.T) {
	d := newTrapd(t)
	d.start(t)
	sink := d.sinkAt(cluster.SinkInform)
	sink.Address = strings.Replace(sink.Address, "127.0.0.1", "localhost", 1)
	m := newMemory(t, sink)
	notify(t, m, "db1")
	m.event(t, story("by name"))
	d.awaitSummary(t, "by name")
}
