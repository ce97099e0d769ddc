package plugin

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// receiveInforms is a sink: it acknowledges the INFORMs that come and hands over the type of their events.
func receiveInforms(t *testing.T) (address string, events <-chan cluster.EventType) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan cluster.EventType, 1000) // more than a test raises
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		packet := make([]byte, snmp.MaxMessageSize)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			m, err := snmp.Parse(packet[:n])
			if err != nil || m.PDU.Type != snmp.InformRequest {
				t.Errorf("not an INFORM: %+v %v", m, err)
				continue
			}
			heard <- readNote(snmp.Target{}, m.PDU.Varbinds, false).kind
			m.PDU.Type = snmp.Response
			answer, err := m.Encode()
			if err == nil {
				_, err = conn.WriteTo(answer, from)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return conn.LocalAddr().String(), heard
}

func awaitInform(t *testing.T, events <-chan cluster.EventType, want cluster.EventType) {
	t.Helper()
	for limit := time.After(30 * time.Second); ; {
		select {
		case got := <-events:
			if got == want {
				return
			}
		case <-limit:
			t.Fatalf("no INFORM of %s within 30 s", want)
		}
	}
}

// TestHeldPortHoldsNothingElse: while somebody holds the agent's port, events go out by INFORM and refused messages are
// told; when the port is free, the agent answers, and nothing was begun anew.
func TestHeldPortHoldsNothingElse(t *testing.T) {
	t.Parallel() // the agent's next try is 5 s away
	address, informs := receiveInforms(t)
	sink := inform("nms")
	sink.Address, sink.Version = address, "v2c"
	m := newMemory(t, sink)
	cfg := trapConfig(t, sink)
	cfg.Node, cfg.DataDir = "db1", t.TempDir()
	cfg.Sinks[0].CommunityFile = filepath.Join(cfg.DataDir, "community")
	if err := os.WriteFile(cfg.Sinks[0].CommunityFile, []byte("public\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Hardware.Collect = ScheduleConfig{Schedule: "@every 24h", Location: "UTC"}
	held, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()
	cfg.SNMP.Listen = []string{held.LocalAddr().String()}
	monitor, err := New(cfg, memoryController{member{m, "db1"}, &fakeChanger{}}, clusterEngineID, nil, "test", quietLog())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- monitor.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ended with %v", err)
		}
	}()
	m.event(t, story("told while the port is held"))
	awaitInform(t, informs, cluster.EventServiceRestarted)
	monitor.watch.Refused("mallory", netip.MustParseAddrPort("192.0.2.7:4711"), os.ErrPermission)
	awaitInform(t, informs, cluster.EventAuthFailure)
	select {
	case <-monitor.Ready():
		t.Error("it is ready while its port is held")
	case err := <-done:
		t.Fatalf("ended with %v", err)
	default:
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-monitor.Ready():
	case err := <-done:
		t.Fatalf("ended with %v", err)
	case <-time.After(60 * time.Second):
		t.Fatal("the port is free, and the agent does not answer")
	}
	user, err := cfg.SNMP.Users[0].USM()
	if err != nil {
		t.Fatal(err)
	}
	client, err := snmp.NewClient(snmp.Target{Address: netip.MustParseAddrPort(cfg.SNMP.Listen[0]), Version: snmp.V3}, user)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the view has the figures in a while
		binds, err := client.Get(t.Context(), snmp.OID(mib.HawserClusterName).Append(0), snmp.OID(mib.HawserSelfNotifySent).Append(0))
		if err == nil && string(binds[0].Value.Bytes) == "shop" && binds[1].Value.Uint >= 2 {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("got %v, %v; want the notifications of the same life counted", binds, err)
		}
	}
}
