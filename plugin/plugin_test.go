package plugin

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

func TestEngineID(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	mustEngineID := func(machine string) []byte {
		t.Helper()
		id, err := EngineID(folder, machine)
		if err != nil || len(id) < snmp.MinEngineID || len(id) > mib.EngineIDMax {
			t.Fatalf("engine id %x, %v", id, err)
		}
		return id
	}
	first := mustEngineID(testUUID)
	if again := mustEngineID(testUUID); !bytes.Equal(first, again) {
		t.Errorf("%x, then %x: it must stay", first, again)
	}
	path := filepath.Join(folder, "snmp-engine-id")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, %v", info.Mode(), err)
	}
	copied := mustEngineID("another machine")
	if bytes.Equal(copied, first) {
		t.Error("a copied folder has the same id on another machine")
	}
	unbound := mustEngineID("")
	if again := mustEngineID(""); !bytes.Equal(unbound, again) {
		t.Error("the id of a machine that is not known changes with each start")
	}
	for _, damage := range []string{"", "zz " + testUUID, hex.EncodeToString(first), "80 " + testUUID} {
		if err := os.WriteFile(path, []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		id := mustEngineID(testUUID)
		if again := mustEngineID(testUUID); !bytes.Equal(id, again) || bytes.Equal(id, first) {
			t.Errorf("after damage %q: %x, then %x", damage, id, again)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := EngineID(filepath.Join(path, "below a file"), testUUID); err == nil {
		t.Error("no error though the folder cannot be made")
	}
}

// memoryController adds a Changer to a member.
type memoryController struct {
	member
	*fakeChanger
}

func TestMonitorAnswersAndEnds(t *testing.T) {
	m := newMemory(t)
	cfg := trapConfig(t)
	cfg.Node, cfg.DataDir = "db1", t.TempDir()
	cfg.SNMP.Listen = []string{"127.0.0.1:0"}
	cfg.Hardware.Collect = ScheduleConfig{Schedule: "@every 24h", Location: "UTC"}
	id, err := EngineID(cfg.DataDir, testUUID)
	if err != nil {
		t.Fatal(err)
	}
	monitor, err := New(cfg, memoryController{member{m, "db1"}, &fakeChanger{}}, id, nil, "test", quietLog())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- monitor.Run(ctx) }()
	select {
	case <-monitor.Ready():
	case err := <-done:
		t.Fatalf("ended with %v", err)
	}
	user, err := cfg.SNMP.Users[0].USM()
	if err != nil {
		t.Fatal(err)
	}
	client, err := snmp.NewClient(snmp.Target{Address: netip.MustParseAddrPort(monitor.Addrs()[0]), Version: snmp.V3}, user)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	binds, err := client.Get(t.Context(), snmp.OID(mib.HawserClusterName).Append(0), snmp.OID(mib.HawserSelfNotifySent).Append(0))
	if err != nil || string(binds[0].Value.Bytes) != "shop" || binds[1].Value.Uint != 0 {
		t.Errorf("got %v, %v", binds, err)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the monitor does not end")
	}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	m := newMemory(t)
	controller := memoryController{member{m, "db1"}, &fakeChanger{}}
	good := ScheduleConfig{Schedule: "@every 24h", Location: "UTC"}
	for name, change := range map[string]func(*Config){
		"schedule":  func(c *Config) { c.Hardware.Collect.Schedule = "now and then" },
		"location":  func(c *Config) { c.Hardware.Collect.Location = "Atlantis" },
		"user":      func(c *Config) { c.SNMP.Users = []UserConfig{{Name: "anna", AuthProtocol: "MD6"}} },
		"community": func(c *Config) { c.SNMP.Communities = []CommunityConfig{{CommunityFile: "/nowhere/community"}} },
	} {
		cfg := Config{Node: "db1", DataDir: t.TempDir(), Hardware: HardwareConfig{Collect: good}}
		cfg.SNMP.Listen = []string{"127.0.0.1:0"}
		change(&cfg)
		if _, err := New(cfg, controller, clusterEngineID, nil, "test", quietLog()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

var _ Controller = memoryController{}

// TestWhile: parts run only while the condition holds, and are waited for.
func TestWhile(t *testing.T) {
	m := newMemory(t)
	view := member{m, "db1"}
	running, ended := make(chan struct{}), false
	go func() {
		<-running
		_, _ = m.apply("db2", cluster.Decision{Lead: &cluster.Lead{Node: "db2"}})
	}()
	while(t.Context(), view, leads, func(ctx context.Context) {
		close(running)
		<-ctx.Done()
		ended = true
	})
	if !ended {
		t.Error("while returned before its part")
	}
}
