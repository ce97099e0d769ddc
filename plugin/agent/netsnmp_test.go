package agent

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"hawser/fixtures/need"
	"hawser/mib/snmp"
)

// netsnmp runs one of net-snmp's programs against the agent and returns all it prints, and whether it exited with 0.
func netsnmp(t *testing.T, program string, options []string, at netip.AddrPort, args ...string) (string, bool) {
	t.Helper()
	all := append([]string{"-t", "5", "-r", "1", "-m", "", "-On"}, options...)
	all = append(all, at.String())
	command := exec.CommandContext(t.Context(), program, append(all, args...)...)
	command.Env = append(command.Environ(), "SNMPCONFPATH="+t.TempDir(), "SNMP_PERSISTENT_DIR="+t.TempDir())
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

func as(user string) []string {
	return []string{"-v3", "-l", "authPriv", "-u", user, "-a", "SHA-256", "-A", testAuth, "-x", "AES", "-X", testPriv}
}

func TestNetSNMPReads(t *testing.T) {
	for _, program := range []string{"snmpget", "snmpgetnext", "snmpwalk", "snmpbulkwalk", "snmpbulkget"} {
		need.Program(t, program)
	}
	a := startAgent(t, testConfig(t), newMemory(testRows()...))
	at := a.Addrs()[0]
	for _, c := range []struct {
		name, program, user string
		args                []string
		want                []string
		fails               bool
		options             []string
	}{
		{"get", "snmpget", "reader01", []string{".1.3.6.1.2.1.1.5.0", testState.String() + ".1.0"}, []string{`STRING: "node1"`, `STRING: "alpha"`}, false, nil},
		{"get counter64", "snmpget", "reader01", []string{testState.String() + ".2.0"}, []string{"Counter64: 1099511627776"}, false, nil},
		{"no such instance", "snmpget", "reader01", []string{testPolicy.String() + ".1.1"}, []string{"No Such Instance"}, false, nil},
		{"no such object", "snmpget", "reader01", []string{"1.3.6.1.4.1.32473.2.1"}, []string{"No Such Object"}, false, nil},
		{"outside the role", "snmpget", "reader01", []string{secretTree.String() + ".1.0"}, []string{"No Such Object"}, false, nil},
		{"inside the role", "snmpget", "policy01", []string{secretTree.String() + ".1.0"}, []string{"secret"}, false, nil},
		{"getnext", "snmpgetnext", "reader01", []string{testState.String()}, []string{testState.String() + `.1.0 = STRING: "alpha"`}, false, nil},
		{"getnext over a gap", "snmpgetnext", "reader01", []string{testPolicy.String() + ".9.0"}, []string{testRoot.String() + ".8.1.0"}, false, nil},
		{"walk", "snmpwalk", "reader01", []string{"1.3.6.1.4.1.32473"}, []string{"alpha", "4000000000", "INTEGER: 8"}, false, nil},
		{"walk system", "snmpwalk", "reader01", []string{"1.3.6.1.2.1.1"}, []string{"hawser test", "Timeticks", "INTEGER: 72"}, false, nil},
		{"bulkwalk all", "snmpbulkwalk", "policy01", []string{"-Cr50", "1.3"}, []string{"secret", "1.3.6.1.6.3.10.2.1.1.0", "No more variables left"}, false, nil},
		{"bulkget", "snmpbulkget", "policy01", []string{"-Cn1", "-Cr3", "1.3.6.1.2.1.1.1", testState.String(), testPolicy.String()}, []string{"hawser test", "alpha", "INTEGER: 6"}, false, nil},
		{"without authentication", "snmpget", "policy01", []string{testState.String() + ".1.0"}, []string{"authorizationError"}, true, []string{"-l", "noAuthNoPriv"}},
		{"without privacy", "snmpwalk", "policy01", []string{testState.String()}, []string{"authorizationError"}, true, []string{"-l", "authNoPriv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, ok := netsnmp(t, c.program, append(as(c.user), c.options...), at, c.args...)
			if ok == c.fails {
				t.Errorf("exit 0: %t\n%s", ok, out)
			}
			wantAll(t, out, c.want)
		})
	}
}

func wantAll(t *testing.T, out string, want []string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(out, text) {
			t.Errorf("%q is not in\n%s", text, out)
		}
	}
}

func TestNetSNMPSets(t *testing.T) {
	need.Program(t, "snmpset")
	one, two, fixed := testPolicy.String()+".1.0", testPolicy.String()+".2.0", testPolicy.String()+".9.0"
	wrongUser := as("nobody01")
	wrongPassword := append(as("policy01"), "-A", "another passphrase")
	wrongPrivacy := append(as("policy01"), "-X", "another passphrase")
	authOnly := append(as("policy01"), "-l", "authNoPriv")
	wrongClock := append(as("policy01"), "-Z", "1,1")
	for _, c := range []struct {
		name    string
		options []string
		args    []string
		want    string
		done    bool
	}{
		{"good", as("policy01"), []string{one, "i", "7", two, "s", "new"}, "INTEGER: 7", true},
		{"wrong type", as("policy01"), []string{one, "s", "x"}, "wrongType", false},
		{"out of range", as("policy01"), []string{one, "i", "101"}, "wrongValue", false},
		{"read only", as("policy01"), []string{fixed, "i", "1"}, "notWritable", false},
		{"no such instance", as("policy01"), []string{testPolicy.String() + ".1.7", "i", "1"}, "noCreation", false},
		{"outside the write view", as("policy01"), []string{testState.String() + ".1.0", "s", "x"}, "noAccess", false},
		{"a reader", as("reader01"), []string{one, "i", "9"}, "authorizationError", false},
		{"second of two bad", as("policy01"), []string{one, "i", "50", two, "i", "1"}, two, false},
		{"unknown user", wrongUser, []string{one, "i", "9"}, "Unknown user name", false},
		{"wrong password", wrongPassword, []string{one, "i", "9"}, "Authentication failure", false},
		{"wrong privacy password", wrongPrivacy, []string{one, "i", "9"}, "Decryption error", false},
		{"level below the user's", authOnly, []string{one, "i", "9"}, "authorizationError", false},
		{"wrong clock is set right by the report", wrongClock, []string{one, "i", "9"}, "INTEGER: 9", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory(testRows()...)
			a := startAgent(t, testConfig(t), m)
			out, ok := netsnmp(t, "snmpset", c.options, a.Addrs()[0], c.args...)
			if ok != c.done {
				t.Errorf("exit 0: %t\n%s", ok, out)
			}
			wantAll(t, out, []string{c.want})
			commits := 0
			if c.done {
				commits = 1
			}
			if got := m.committed(); got != commits {
				t.Errorf("%d commits, want %d\n%s", got, commits, out)
			}
			if value := m.View().Get(testPolicy.Append(1, 0)); !c.done && value.Int != 5 {
				t.Errorf("the value is now %s", value)
			}
		})
	}
}

func TestNetSNMPCommunities(t *testing.T) {
	need.Program(t, "snmpget")
	need.Program(t, "snmpwalk")
	need.Program(t, "snmpset")
	cfg := testConfig(t)
	cfg.Communities = []Community{
		{Name: "looker", Role: "reader", From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		{Name: "elsewhere", Role: "reader", From: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		{Name: "setter", Role: "policy"},
	}
	m := newMemory(testRows()...)
	a := startAgent(t, cfg, m)
	for _, c := range []struct {
		name, program string
		options, args []string
		want          string
		done          bool
	}{
		{"v2c get", "snmpget", []string{"-v2c", "-c", "looker"}, []string{testState.String() + ".1.0"}, "alpha", true},
		{"v1 get", "snmpget", []string{"-v1", "-c", "looker"}, []string{testState.String() + ".1.0"}, "alpha", true},
		{"v1 get of nothing", "snmpget", []string{"-v1", "-c", "looker"}, []string{testState.String() + ".7.0"}, "noSuchName", false},
		{"v1 walk passes over counter64", "snmpwalk", []string{"-v1", "-c", "looker"}, []string{testState.String()}, "4000000000", true},
		{"from elsewhere", "snmpget", []string{"-v2c", "-c", "elsewhere", "-t", "0.3", "-r", "0"}, []string{testState.String() + ".1.0"}, "Timeout", false},
		{"unknown", "snmpget", []string{"-v2c", "-c", "public", "-t", "0.3", "-r", "0"}, []string{testState.String() + ".1.0"}, "Timeout", false},
		{"v2c never sets", "snmpset", []string{"-v2c", "-c", "setter"}, []string{testPolicy.String() + ".1.0", "i", "9"}, "authorizationError", false},
		{"v1 never sets", "snmpset", []string{"-v1", "-c", "setter"}, []string{testPolicy.String() + ".1.0", "i", "9"}, "noSuchName", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, ok := netsnmp(t, c.program, c.options, a.Addrs()[0], c.args...)
			if ok != c.done {
				t.Errorf("exit 0: %t\n%s", ok, out)
			}
			wantAll(t, out, []string{c.want})
		})
	}
	stats := a.Stats()
	if m.committed() != 0 || stats.BadCommunityNames != 2 || stats.BadCommunityUses != 2 {
		t.Errorf("%d commits, %d bad names, %d bad uses; want 0, 2, 2", m.committed(), stats.BadCommunityNames, stats.BadCommunityUses)
	}
}

// TestNetSNMPProtocols speaks every combination that net-snmp's client has.
func TestNetSNMPProtocols(t *testing.T) {
	need.Program(t, "snmpget")
	cfg := testConfig(t)
	cfg.Users = nil
	for auth := snmp.SHA224; auth <= snmp.SHA512; auth++ {
		for priv := snmp.AES128; priv <= snmp.AES256; priv++ {
			cfg.Users = append(cfg.Users, User{snmp.User{
				Name: auth.String() + priv.String(), Auth: auth, AuthPassphrase: testAuth, Priv: priv, PrivPassphrase: testPriv,
			}, "reader"})
		}
	}
	a := startAgent(t, cfg, newMemory(testRows()...))
	for _, user := range cfg.Users {
		t.Run(user.Name, func(t *testing.T) {
			options := []string{
				"-v3", "-l", "authPriv", "-u", user.Name, "-a", user.Auth.String(), "-A", testAuth,
				"-x", user.Priv.String(), "-X", testPriv,
			}
			out, _ := netsnmp(t, "snmpget", options, a.Addrs()[0], testState.String()+".1.0")
			if strings.Contains(out, "Invalid privacy protocol") {
				need.Missing(t, "net-snmp with "+user.Priv.String())
			}
			wantAll(t, out, []string{"alpha"})
		})
	}
}
