package trapd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"hawser/fixtures/need"
	"hawser/mib/snmp"
	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

// netsnmp runs one of net-snmp's senders against the receiver, in a folder of its own.
func netsnmp(t *testing.T, b *bench, program string, args ...string) ([]byte, error) {
	t.Helper()
	need.Program(t, program)
	command := exec.CommandContext(t.Context(), need.Path(t, program), append(args, netsnmpEvent(b)...)...)
	dir := t.TempDir()
	command.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "SNMPCONFPATH="+dir, "MIBS=", "HOME="+dir)
	return command.CombinedOutput()
}

// netsnmpEvent is the address, the name and the varbinds of a notification, as net-snmp's command line takes them.
func netsnmpEvent(b *bench) []string {
	args := []string{b.Addr().String(), "42", ".1.3.6.1.4.1.32473.42.0.12"}
	for _, vb := range netsnmpVarbinds {
		args = append(args, vb...)
	}
	return args
}

var netsnmpVarbinds = [][]string{
	{".1.3.6.1.4.1.32473.42.1.1.1.1.0", "s", asktest.ID},
	{".1.3.6.1.4.1.32473.42.1.1.1.2.0", "s", asktest.Name},
	{".1.3.6.1.4.1.32473.42.1.1.1.3.0", "u", fmt.Sprint(asktest.Generation)},
	{".1.3.6.1.4.1.32473.42.1.1.10.1.21", "u", "21"},
}

var netsnmpAuth = []string{"-v3", "-u", "auditorUser", "-l", "authPriv", "-a", "SHA-256", "-A", "auditorUserauditorUser", "-x", "AES", "-X", "auditorUserauditorUser"}

func TestNetSNMPSenders(t *testing.T) {
	engine := fmt.Sprintf("0x%x", clusterEngine())
	for _, test := range []struct {
		name, program, via string
		args               []string
		authentic          bool
	}{
		{"v3 inform", "snmpinform", journal.ViaInform, append([]string{"-r2", "-t5"}, netsnmpAuth...), true},
		{"v3 trap", "snmptrap", journal.ViaTrap, append([]string{"-e", engine}, netsnmpAuth...), true},
		{"v2c inform", "snmpinform", journal.ViaInform, []string{"-r2", "-t5", "-v2c", "-c", "public"}, false},
		{"v2c trap", "snmptrap", journal.ViaTrap, []string{"-v2c", "-c", "public"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, nil)
			if out, err := netsnmp(t, b, test.program, test.args...); err != nil {
				t.Fatalf("%s: %v: %s", test.program, err, out)
			}
			waitFor(t, "the event is stored", func() bool { return len(events(t, b)) == 1 })
			e := events(t, b)[0]
			if e.Seq != 21 || e.Via != test.via || e.Authentic != test.authentic || e.ClusterName != asktest.Name {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestNetSNMPInformWithoutCommitFails(t *testing.T) {
	b := newBench(t, nil)
	b.store = brokenStore{}
	startBench(t, b)
	if out, err := netsnmp(t, b, "snmpinform", append([]string{"-r1", "-t1"}, netsnmpAuth...)...); err == nil {
		t.Errorf("snmpinform says that it was acknowledged: %s", out)
	}
	if out, err := netsnmp(t, b, "snmpinform", append([]string{"-r0", "-t1"}, "-v3", "-u", "nobody", "-l", "authNoPriv", "-a", "SHA-256", "-A", "wrongwrong")...); err == nil {
		t.Errorf("an unknown user was acknowledged: %s", out)
	}
}

func TestNetSNMPTrapV1(t *testing.T) {
	need.Program(t, "snmptrap")
	b := start(t, nil)
	dir := t.TempDir()
	command := exec.CommandContext(t.Context(), need.Path(t, "snmptrap"), "-v1", "-c", "public", b.Addr().String(), ".1.3.6.1.4.1.9.1", "10.0.0.1", "2", "0", "42",
		".1.3.6.1.2.1.2.2.1.1.3", "i", "3")
	command.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+filepath.Join(dir, "p"), "SNMPCONFPATH="+dir, "MIBS=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("snmptrap: %v: %s", err, out)
	}
	waitFor(t, "the trap is kept", func() bool { return len(unknown(t, b)) == 1 })
	if u := unknown(t, b)[0]; u.TrapOID != "1.3.6.1.6.3.1.1.5.3" || u.Version != snmp.V1.String() || u.Varbinds[0].Value != "3" {
		t.Errorf("got %+v, want a linkDown", u)
	}
}
