package plugin

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hawser/fixtures/need"
	"hawser/fixtures/peers/mibs"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/plugin/agent"
)

const testPassphrase = "only-for-this-test"

// outsider runs net-snmp's programs, by MIB names, against the embedded agent over the rich cluster.
type outsider struct {
	t       *testing.T
	address string
	env     []string
}

// startOutsider runs publisher, backend and agent until the test ends.
func startOutsider(t *testing.T, changer *fakeChanger) outsider {
	t.Helper()
	dir := mibs.Dir(t)
	source := richSource()
	publisher := newTestPublisher(source)
	backend := NewBackend(BackendConfig{Source: source, Changer: changer, Views: publisher, Log: quietLog()})
	cfg := agent.Config{
		Listen: []string{"127.0.0.1:0"}, EngineID: snmp.NewEngineID(mib.PEN), BootsFile: filepath.Join(t.TempDir(), "boots"),
		SetTimeout: 20 * time.Second, System: agent.System{Descr: "hawser", ObjectID: mib.HawserIdentities, Name: "db1", Services: 72},
	}
	for _, role := range mib.Roles {
		cfg.Roles = append(cfg.Roles, agent.Role{Name: role.Name, Read: oids(role.Read), Write: oids(role.Write)})
		cfg.Users = append(cfg.Users, agent.User{Role: role.Name, User: snmp.User{
			Name: role.Name, Auth: snmp.SHA256, AuthPassphrase: testPassphrase, Priv: snmp.AES128, PrivPassphrase: testPassphrase,
		}})
	}
	a, err := agent.New(cfg, backend, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	startTask(t, publisher.Run)
	startTask(t, backend.Run)
	startTask(t, a.Run)
	<-a.Ready()
	return outsider{t, a.Addrs()[0].String(), mibs.Env(dir)}
}

// run returns all that a program prints, and whether it exited with 0.
func (o outsider) run(program, user string, args ...string) (string, bool) {
	o.t.Helper()
	all := append([]string{
		"-v3", "-l", "authPriv", "-u", user, "-a", "SHA-256", "-A", testPassphrase, "-x", "AES", "-X", testPassphrase,
		// -Ir leaves the program's own test of ranges out: the agent's is the one to be seen.
		"-t", "10", "-r", "0", "-Ir", o.address,
	}, args...)
	if program == "snmpbulkwalk" {
		all = append([]string{"-Cr50"}, all...)
	}
	command := exec.CommandContext(o.t.Context(), program, all...)
	command.Env = o.env
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

func TestOutsidersReadByName(t *testing.T) {
	for _, program := range []string{"snmpget", "snmpwalk", "snmpbulkwalk", "snmptable"} {
		need.Program(t, program)
	}
	o := startOutsider(t, &fakeChanger{})
	for _, test := range []struct {
		name, program, user string
		args                []string
		want                []string
		least               int // lines
	}{
		{"bulk walk of everything", "snmpbulkwalk", "auditor", []string{"hawserMIB"}, []string{
			"hawserServiceReaction.1 = INTEGER: failover(4)", "hawserNodeAddress.1 = Hex-STRING: 0A 00 00 01",
			"hawserEventTime.2 = STRING: 2026-11-22,11:30:0.0,+0:0", "hawserHwSensorValue.1.3 = INTEGER: 21.500 thousandths",
			`hawserHwSettingDesired.1.2."BootMode" = STRING: Uefi`,
		}, 500},
		{"walk of a table", "snmpwalk", "reader", []string{"hawserHwComponentTable"}, []string{"Power Supply 1"}, 20},
		{"a reader sees no history", "snmpwalk", "reader", []string{"hawserEventTable"}, []string{"No"}, 1},
		{"table of nodes", "snmptable", "reader", []string{"hawserNodeTable"}, []string{"SNMP table: HAWSER-MIB::hawserNodeTable", "db2"}, 5},
		{"table of events", "snmptable", "auditor", []string{"hawserEventTable"}, []string{"failoverCompleted", "exit status 3"}, 5},
		{"a setting by its name", "snmpget", "auditor", []string{`hawserHwSettingAllowed.1.2."BootMode"`}, []string{"Uefi, LegacyBios"}, 1},
		{"what is not known", "snmpget", "reader", []string{"hawserLinkRtt.2.1.1"}, []string{"No Such Instance"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, ok := o.run(test.program, test.user, test.args...)
			if !ok || len(strings.Split(out, "\n")) < test.least {
				t.Fatalf("exit 0: %t, at least %d lines wanted:\n%s", ok, test.least, out)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			for _, bad := range []string{"Wrong Type", "Unknown Object", "not increasing", "SNMPv2-SMI::enterprises"} {
				if strings.Contains(out, bad) {
					t.Errorf("%q is in\n%s", bad, out)
				}
			}
		})
	}
}

func TestOutsidersSetByName(t *testing.T) {
	need.Program(t, "snmpset")
	for _, test := range []struct {
		name, user string
		args       []string
		want       string
		done       bool
	}{
		{"reaction", "policy", []string{"hawserServiceReaction.1", "i", "notify"}, "INTEGER: notify(2)", true},
		{"with serial and token", "policy", []string{"hawserConfigSerial.0", "i", "17", "hawserWriteToken.0", "s", "token-0001", "hawserServiceProbeInterval.1", "u", "500"}, "500 milliseconds", true},
		{"setting", "hardware", []string{`hawserHwSettingDesired.1.2."BootMode"`, "s", "LegacyBios"}, "LegacyBios", true},
		{"setting outside its registry", "hardware", []string{`hawserHwSettingDesired.1.2."BootMode"`, "s", "Bios"}, "inconsistentValue", false},
		{"job", "hardware", []string{"hawserHwJobRowStatus.3", "i", "createAndGo", "hawserHwJobKind.3", "i", "apply", "hawserHwJobTarget.3", "s", "db1"}, "createAndGo(4)", true},
		{"policy sets no hardware", "policy", []string{`hawserHwSettingDesired.1.2."BootMode"`, "s", "LegacyBios"}, "noAccess", false},
		{"a reader sets nothing", "reader", []string{"hawserServiceReaction.1", "i", "notify"}, "authorizationError", false},
		{"read-only", "policy", []string{"hawserNodeName.1", "s", "db9"}, "notWritable", false},
		{"no such service", "policy", []string{"hawserServiceReaction.9", "i", "notify"}, "noCreation", false},
		{"second of two", "policy", []string{"hawserServiceReaction.1", "i", "notify", "hawserServiceRestartLimit.1", "i", "3"}, "hawserServiceRestartLimit.1", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			changer := &fakeChanger{}
			out, ok := startOutsider(t, changer).run("snmpset", test.user, test.args...)
			if ok != test.done || !strings.Contains(out, test.want) {
				t.Errorf("exit 0: %t, want %t with %q:\n%s", ok, test.done, test.want, out)
			}
			if got := changer.committed(); (got == 1) != test.done {
				t.Errorf("%d changes committed, want %t", got, test.done)
			}
		})
	}
}
