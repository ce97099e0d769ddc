package export

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hawser/fixtures/need"
	"hawser/mib/snmp"
)

func set() UserSet {
	return UserSet{
		Cluster: "harbour", ClusterEngineID: "80007ed905636c7573746572", NodeEngineIDs: []string{"80007ed9056e6f646531"}, ManagerEngineID: "80007ed9056d67",
		Users: []User{{Name: "traps", AuthProtocol: "SHA-256", AuthPassphrase: "auth passphrase", PrivProtocol: "AES", PrivPassphrase: "priv passphrase"}},
	}
}

func TestUsers(t *testing.T) {
	var out bytes.Buffer
	if err := Users(&out, set()); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	got := strings.Join(lines, "\n")
	want := `createUser traps SHA-256 "auth passphrase" AES "priv passphrase"
createUser -e 0x80007ed905636c7573746572 traps SHA-256 "auth passphrase" AES "priv passphrase"
createUser -e 0x80007ed9056e6f646531 traps SHA-256 "auth passphrase" AES "priv passphrase"
authUser log,execute,net traps authpriv`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(out.String(), "80007ed9056d67") {
		t.Error("the manager's engine is not named")
	}
}

func TestUsersRefusesWhatTheFileCannotCarry(t *testing.T) {
	for _, u := range []User{{Name: ""}, {Name: "a b"}, {Name: "a", AuthPassphrase: "say \"x\""}, {Name: "a", PrivPassphrase: "two\nlines"}} {
		if err := Users(&bytes.Buffer{}, UserSet{Users: []User{u}}); err == nil || !strings.Contains(err.Error(), "snmptrapd.conf") {
			t.Errorf("%+v: got %v, want a refusal", u, err)
		}
	}
}

// TestSnmptrapdTakesTheUsers gives the printed users to a real snmptrapd, which must then take a trap of the cluster
// engine, and acknowledge an INFORM.
func TestSnmptrapdTakesTheUsers(t *testing.T) {
	need.Program(t, "snmptrapd")
	dir := t.TempDir()
	conf, err := os.OpenFile(filepath.Join(dir, "snmptrapd.conf"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := Users(conf, set()); err != nil {
		t.Fatal(err)
	}
	if err := conf.Close(); err != nil {
		t.Fatal(err)
	}
	to, lines := startSnmptrapd(t, dir, conf.Name())
	id, err := hex.DecodeString(set().ClusterEngineID)
	if err != nil {
		t.Fatal(err)
	}
	s, err := snmp.NewSender(snmp.SenderConfig{Engine: func() snmp.Engine { return snmp.Engine{ID: id, Boots: 2, Time: 9} }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	u := set().Users[0]
	user := snmp.User{Name: u.Name, Auth: snmp.SHA256, AuthPassphrase: u.AuthPassphrase, Priv: snmp.AES128, PrivPassphrase: u.PrivPassphrase}
	target := snmp.Target{Address: to, Version: snmp.V3}
	name := snmp.OID{1, 3, 6, 1, 4, 1, 32473, 42, 0, 12}
	if err := s.Inform(t.Context(), target, user, snmp.Notification(1, name)); err != nil {
		t.Fatal(err)
	}
	if err := s.Trap(t.Context(), target, user, snmp.Notification(2, name)); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"INFORM", "trap"} {
		select {
		case line := <-lines:
			if !strings.Contains(line, "32473.42.0.12") {
				t.Errorf("%s: got %q", what, line)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("snmptrapd did not take the %s", what)
		}
	}
}

// startSnmptrapd runs snmptrapd on a free port and returns its address and what it logs of notifications.
func startSnmptrapd(t *testing.T, dir, conf string) (netip.AddrPort, <-chan string) {
	t.Helper()
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	address := free.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(need.Path(t, "snmptrapd"), "-f", "-Lo", "-On", "-C", "-c", conf, "-F", "got %v\n", address.String())
	command.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "MIBS=")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 16) // more than this test makes it say
	ready := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		scanner := bufio.NewScanner(out)
		for scanner.Scan() {
			switch text := scanner.Text(); {
			case strings.HasPrefix(text, "NET-SNMP version"):
				close(ready)
			case strings.HasPrefix(text, "got "):
				lines <- text
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-done
		_ = command.Wait() // it was killed
	})
	select {
	case <-ready:
	case <-time.After(30 * time.Second):
		t.Fatal(fmt.Errorf("snmptrapd does not begin at %s", address))
	}
	return address, lines
}
