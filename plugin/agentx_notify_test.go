package plugin

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/fixtures/peers/subagent"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
	"hawser/plugin/agent"
	"hawser/plugin/agentx"
)

// trapsOf listens for what snmpd sends to its sink.
func trapsOf(t *testing.T) (address string, next func() *snmp.Message) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String(), func() *snmp.Message {
		t.Helper()
		packet := make([]byte, snmp.MaxMessageSize)
		_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := conn.Read(packet)
		if err != nil {
			return nil // nothing yet
		}
		m, err := snmp.Parse(packet[:n])
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

// TestNotificationsThroughSnmpd: the leader's events leave by snmpd too, with the varbinds in their order; what was before
// it began, and what happens while another node leads, does not.
func TestNotificationsThroughSnmpd(t *testing.T) {
	address, next := trapsOf(t)
	m := subagent.NewMaster(t, "trap2sink "+address+" public")
	m.Start(t)
	mem := newMemory(t)
	source := member{mem, "db1"}
	mem.event(t, cluster.Event{Type: cluster.EventLinkDown, Severity: cluster.SeverityMinor, ComponentType: cluster.ComponentLink, ComponentName: "old", Summary: "before"})
	backend := NewBackend(BackendConfig{Source: source, Changer: &fakeChanger{}, Views: newTestPublisher(source), Log: quietLog()})
	cfg := DefaultConfig().Config
	cfg.SNMP.AgentX.Socket, cfg.SNMP.AgentX.Notify = m.Socket, true
	x, err := NewAgentX(cfg, source, backend, "test", quietLog())
	if err != nil {
		t.Fatal(err)
	}
	startTask(t, x.Run)
	<-x.Ready()
	happens := func(name string) {
		mem.event(t, cluster.Event{Type: cluster.EventLinkDown, Severity: cluster.SeverityMinor, ComponentType: cluster.ComponentLink, ComponentName: name, Summary: "link " + name + " is down"})
	}
	happens("first")
	waitFor(t, "the first to leave", func() bool { return x.Stats().Notifications == 1 })
	mem.lead(t, "db2")
	happens("not ours")
	mem.lead(t, "db1")
	want, _ := mib.NotificationOID(int(cluster.EventLinkDown))
	var told []string
	for limit := time.Now().Add(30 * time.Second); !slices.Contains(told, "second"); {
		message := next()
		if time.Now().After(limit) {
			t.Fatalf("told were %q", told)
		}
		if message == nil {
			happens("second") // again, in case the notifier had not yet seen who leads
			continue
		}
		got := message.PDU
		if got.Type != snmp.TrapV2 || len(got.Varbinds) < 2 || !got.Varbinds[1].Value.OID.Equal(want) {
			continue // snmpd's own, of its start
		}
		var names []string
		for _, vb := range got.Varbinds[2:] {
			o, _, _ := mib.ByOID(vb.OID)
			names = append(names, o.Name)
			if o.Name == "hawserEventComponentName" {
				told = append(told, vb.Value.String())
			}
		}
		if !slices.Equal(names[:len(mib.NotifyOrder())], mib.NotifyOrder()) {
			t.Errorf("varbinds %v, want %v", names, mib.NotifyOrder())
		}
	}
	if strings.Join(told, " ") != "first second" {
		t.Errorf("told were %q", told)
	}
}

// TestAgentXConfiguration: what is wrong, with path and remedy, and what the subagent is given.
func TestAgentXConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*AgentXConfig)
		path   string
		remedy string
	}{
		"off":                 {func(*AgentXConfig) {}, "", ""},
		"a path":              {func(c *AgentXConfig) { c.Socket = "/var/agentx/master" }, "", ""},
		"unix":                {func(c *AgentXConfig) { c.Socket = "unix:/run/snmpd.agentx" }, "", ""},
		"tcp":                 {func(c *AgentXConfig) { c.Socket, c.Timeout = "tcp:localhost:705", agentx.MaxTimeout }, "", ""},
		"a relative path":     {func(c *AgentXConfig) { c.Socket = "agentx/master" }, "snmp.agentx.socket", "/var/agentx/master"},
		"udp":                 {func(c *AgentXConfig) { c.Socket = "udp:localhost:705" }, "snmp.agentx.socket", "tcp:host:port"},
		"no port":             {func(c *AgentXConfig) { c.Socket = "tcp:localhost" }, "snmp.agentx.socket", "tcp:host:port"},
		"as long as snmpd":    {func(c *AgentXConfig) { c.Socket, c.Timeout = "/x", time.Second }, "snmp.agentx.timeout", "50ms to 900ms"},
		"writing to nobody":   {func(c *AgentXConfig) { c.Write = true }, "snmp.agentx.socket", "/var/agentx/master"},
		"notifying by nobody": {func(c *AgentXConfig) { c.Notify = true }, "snmp.agentx.socket", "/var/agentx/master"},
	} {
		cfg := DefaultConfig().Config
		c.change(&cfg.SNMP.AgentX)
		v := &validator{Config: cfg}
		v.agentx()
		switch {
		case c.path == "" && len(v.Faults) > 0:
			t.Errorf("%s: %v", name, v.Faults)
		case c.path != "" && (len(v.Faults) != 1 || v.Faults[0].Path != c.path || !strings.Contains(v.Faults[0].Remedy, c.remedy)):
			t.Errorf("%s: %v, want %s with %q", name, v.Faults, c.path, c.remedy)
		}
		if c.path == "" && cfg.SNMP.AgentX.On() {
			if err := cfg.agentX("test").Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	var roots []string
	for _, s := range DefaultConfig().Config.agentX("test").Subtrees {
		roots = append(roots, s.OID.String())
		if (len(s.If) > 0) != s.Contexts || (len(s.If) > 0 && !s.If.HasPrefix(s.OID)) {
			t.Errorf("%s: %+v", s.Name, s)
		}
	}
	want := []string{snmp.OID(mib.HawserMIB).String(), "1.3.6.1.2.1.47", "1.3.6.1.2.1.99", "1.3.6.1.2.1.131"}
	if !slices.Equal(roots, want) {
		t.Errorf("registered are %v, want %v", roots, want)
	}
	var _ view.Contexts = (*Backend)(nil)
}

// TestCountersOfBothFrontEnds: the self group counts what this daemon was asked, by whatever way.
func TestCountersOfBothFrontEnds(t *testing.T) {
	s := agent.Stats{Gets: 1, GetNexts: 2, GetBulks: 3, Sets: 4, ParseErrors: 5}
	s.Errors[snmp.GenErr] = 6
	below := agentx.Stats{Gets: 10, GetNexts: 20, GetBulks: 30, Sets: 40, Malformed: 50}
	below.ByStatus[snmp.GenErr], below.ByStatus[snmp.UndoFailed] = 60, 70
	addBelow(&s, below)
	if s.Gets != 11 || s.GetNexts != 22 || s.GetBulks != 33 || s.Sets != 44 || s.ParseErrors != 55 || s.Errors[snmp.GenErr] != 66 || s.Errors[snmp.UndoFailed] != 70 {
		t.Errorf("%+v", s)
	}
}
