package agent

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"github.com/sirupsen/logrus"

	"hawser/fixtures/need"
	"hawser/mib/snmp"
)

// run starts an agent that should fail to start, and returns its error.
func run(t *testing.T, cfg Config) error {
	t.Helper()
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	a, err := New(cfg, newMemory(), logrus.NewEntry(quiet))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return a.Run(ctx)
}

func TestBootsRiseWithEachStart(t *testing.T) {
	cfg := testConfig(t)
	cfg.ReplicatedBoots = func() uint32 { return 40 }
	for _, want := range []uint32{41, 42, 43} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			a := startAgent(t, cfg, newMemory(testRows()...))
			if got := a.Engine().Boots; got != want {
				t.Errorf("boots %d, want %d", got, want)
			}
			if text, err := os.ReadFile(cfg.BootsFile); err != nil || strings.TrimSpace(string(text)) != fmt.Sprint(want) {
				t.Errorf("the file holds %q, %v", text, err)
			}
		})
	}
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(cfg.BootsFile), "*")); len(files) != 1 {
		t.Errorf("files left behind: %v", files)
	}
}

func TestManagerFollowsARestart(t *testing.T) {
	cfg := testConfig(t)
	var client *snmp.Client
	t.Run("first", func(t *testing.T) {
		a := startAgent(t, cfg, newMemory(testRows()...))
		cfg.Listen = []string{a.Addrs()[0].String()}
		c, err := snmp.NewClient(snmp.Target{Address: a.Addrs()[0], Version: snmp.V3}, cfg.Users[1].User)
		if err != nil {
			t.Fatal(err)
		}
		client = c
		if _, err := client.Get(t.Context(), testState.Append(1, 0)); err != nil {
			t.Fatal(err)
		}
	})
	defer func() { _ = client.Close() }()
	a := startAgent(t, cfg, newMemory(testRows()...))
	if _, err := client.Set(t.Context(), setOf(9)); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if got := a.Stats().USM[snmp.StatNotInTimeWindows]; got != 1 {
		t.Errorf("%d messages outside the window, want 1: the manager sets its clock by the report", got)
	}
}

func TestStartRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *Config)
		want   []string
	}{
		{"unreadable boots", func(c *Config) { mustWrite(t, c.BootsFile, "many") }, []string{bootsObject, "write a number there"}},
		{"used up boots", func(c *Config) { mustWrite(t, c.BootsFile, "2147483647") }, []string{"used up", "new engine id"}},
		{"no folder for boots", func(c *Config) { c.BootsFile = "/nonexistent/boots" }, []string{"/nonexistent", "writable"}},
		{"all of it wrong", func(c *Config) {
			c.EngineID, c.Listen, c.MaxSize = nil, []string{"nonsense"}, 100
			c.Users[0].Auth, c.Users[1].Role = snmp.SHA1, "nobody"
			c.Communities = []Community{{Name: "", Role: "ghost"}}
			c.Roles = append(c.Roles, c.Roles[0])
		}, []string{"engine id of 0 octets", `"nonsense"`, "message size 100", `user "reader01" has SHA`, `unknown role "nobody"`, `"ghost"`, "no name", `role "reader"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := testConfig(t)
			c.change(&cfg)
			err := run(t, cfg)
			if err == nil {
				t.Fatal("it starts")
			}
			wantAll(t, err.Error(), c.want)
		})
	}
}

const bootsObject = "snmpEngineBoots"

func mustWrite(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAnswerLeavesFromTheAddressAsked asks 127.0.0.5 of an agent on every address: a connected socket hears no other.
func TestAnswerLeavesFromTheAddressAsked(t *testing.T) {
	cfg := testConfig(t)
	cfg.Listen = []string{":0"}
	a := startAgent(t, cfg, newMemory(testRows()...))
	asked := []string{"127.0.0.5"}
	if len(a.Addrs()) == 2 {
		asked = append(asked, "::1")
		if a.Addrs()[0].Port() != a.Addrs()[1].Port() {
			t.Errorf("two ports: %v", a.Addrs())
		}
	}
	for _, host := range asked {
		t.Run(host, func(t *testing.T) {
			conn, err := net.Dial("udp", netip.AddrPortFrom(netip.MustParseAddr(host), a.Addrs()[0].Port()).String())
			if err != nil {
				need.Missing(t, "address "+host+": "+err.Error())
			}
			defer func() { _ = conn.Close() }()
			probe := &snmp.Message{Version: snmp.V3, Flags: snmp.FlagReportable, PDU: snmp.PDU{Type: snmp.GetRequest}}
			packet, err := probe.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write(packet); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := conn.Read(make([]byte, 2000)); err != nil {
				t.Errorf("no answer from %s: %v", host, err)
			}
		})
	}
}

func TestSecondEngine(t *testing.T) {
	engine := snmp.Engine{ID: snmp.NewEngineID(32473), Boots: 77, Time: 5}
	cfg := testConfig(t)
	cfg.EngineID, cfg.BootsFile, cfg.Engine = nil, "", func() snmp.Engine { return engine }
	a := startAgent(t, cfg, newMemory(testRows()...))
	binds, err := newClient(t, a, "reader01").Get(t.Context(), oidEngine.Append(2, 0), oidEngine.Append(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if binds[0].Value.Int != 77 || string(binds[1].Value.Bytes) != string(engine.ID) {
		t.Errorf("got %v", binds)
	}
}

func TestSizes(t *testing.T) {
	rows := testRows()
	long := strings.Repeat("x", 200)
	for i := range uint32(40) {
		rows = append(rows, snmp.Varbind{OID: testRoot.Append(5, i, 0), Value: snmp.String(long)})
	}
	cfg := testConfig(t)
	cfg.MaxSize = 1400
	a := startAgent(t, cfg, newMemory(rows...))
	client := newClient(t, a, "policy01")
	binds, err := client.Bulk(t.Context(), 40, testRoot.Append(5))
	if err != nil || len(binds) < 5 || len(binds) > 6 {
		t.Errorf("a full GETBULK of 200 octets each in 1,400: %d varbinds, %v", len(binds), err)
	}
	var oids []snmp.OID
	for i := range uint32(10) {
		oids = append(oids, testRoot.Append(5, i, 0))
	}
	_, err = client.Get(t.Context(), oids...)
	if got := statusOf(t, err); got != snmp.TooBig {
		t.Errorf("GET: got %s, want tooBig", got)
	}
	_, err = client.Next(t.Context(), oids...)
	if got := statusOf(t, err); got != snmp.TooBig {
		t.Errorf("GETNEXT: got %s, want tooBig", got)
	}
	count := 0
	if err := client.Walk(t.Context(), testRoot, 100, func(snmp.Varbind) bool { count++; return true }); err != nil || count != len(rows) {
		t.Errorf("walk: %d varbinds, %v, want %d", count, err, len(rows))
	}
	if got := a.Stats().Errors[snmp.TooBig]; got != 2 {
		t.Errorf("%d tooBig counted, want 2", got)
	}
}

func TestContextsAndHandlers(t *testing.T) {
	a := startAgent(t, testConfig(t), newMemory(testRows()...))
	c, err := snmp.NewClient(snmp.Target{Address: a.Addrs()[0], Version: snmp.V3, ContextName: "node2"}, testConfig(t).Users[0].User)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err = c.Get(t.Context(), testState.Append(1, 0)); err == nil || !strings.Contains(err.Error(), "1.3.6.1.6.3.12.1.5.0 = 1") {
		t.Errorf("an unknown context: got %v, want the report of snmpUnknownContexts", err)
	}
	_, err = newClient(t, a, "reader01").Do(t.Context(), snmp.PDU{Type: snmp.InformRequest})
	if err == nil || !strings.Contains(err.Error(), "1.3.6.1.6.3.11.2.1.3.0 = 1") {
		t.Errorf("an INFORM: got %v, want the report of snmpUnknownPDUHandlers", err)
	}
}

// TestGoSNMP takes gosnmp as a second opinion on the codec and on USM.
func TestGoSNMP(t *testing.T) {
	m := newMemory(testRows()...)
	a := startAgent(t, testConfig(t), m)
	at := a.Addrs()[0]
	g := &gosnmp.GoSNMP{
		Target: at.Addr().String(), Port: at.Port(), Version: gosnmp.Version3, Timeout: 5 * time.Second, Retries: 1,
		SecurityModel: gosnmp.UserSecurityModel, MsgFlags: gosnmp.AuthPriv, MaxRepetitions: 10,
		SecurityParameters: &gosnmp.UsmSecurityParameters{
			UserName: "policy01", AuthenticationProtocol: gosnmp.SHA256, AuthenticationPassphrase: testAuth,
			PrivacyProtocol: gosnmp.AES, PrivacyPassphrase: testPriv,
		},
	}
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	rows, err := g.BulkWalkAll(testRoot.String())
	if err != nil || len(rows) != len(testRows()) {
		t.Fatalf("walk: %d varbinds, %v, want %d", len(rows), err, len(testRows()))
	}
	if got := rows[1].Value; got != uint64(1<<40) {
		t.Errorf("Counter64: got %v", got)
	}
	answer, err := g.Set([]gosnmp.SnmpPDU{{Name: testPolicy.Append(1, 0).String(), Type: gosnmp.Integer, Value: 77}})
	if err != nil || answer.Error != gosnmp.NoError || m.View().Get(testPolicy.Append(1, 0)).Int != 77 {
		t.Errorf("set: %v, %v", answer, err)
	}
	answer, err = g.Set([]gosnmp.SnmpPDU{
		{Name: testPolicy.Append(1, 0).String(), Type: gosnmp.Integer, Value: 78},
		{Name: testPolicy.Append(9, 0).String(), Type: gosnmp.Integer, Value: 1},
	})
	if err != nil || answer.Error != gosnmp.NotWritable || answer.ErrorIndex != 2 || m.View().Get(testPolicy.Append(1, 0)).Int != 77 {
		t.Errorf("set of two, one bad: %+v, %v", answer, err)
	}
}
