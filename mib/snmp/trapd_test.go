package snmp

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
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
)

const waitLimit = 20 * time.Second

// trapd is net-snmp's snmptrapd as a receiver.
type trapd struct {
	address netip.AddrPort
	folder  string
	engine  []byte // of our Sender
	lines   chan string
	stop    func()
}

func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func startTrapd(t *testing.T) *trapd {
	t.Helper()
	need.Program(t, "snmptrapd")
	d := &trapd{address: freePort(t), folder: t.TempDir(), engine: NewEngineID(32473), lines: make(chan string, 100)}
	d.start(t, "persistent")
	return d
}

// start runs snmptrapd with its memory in a folder: the same again means a restart, another a new machine.
func (d *trapd) start(t *testing.T, persistent string) {
	t.Helper()
	memory := filepath.Join(d.folder, persistent)
	if err := os.MkdirAll(memory, 0o700); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(d.folder, "snmptrapd.conf")
	content := fmt.Sprintf("createUser -e 0x%s traps001 SHA-256 authpassphrase AES privpassphrase\n", hex.EncodeToString(d.engine)) +
		"createUser informs1 SHA-256 authpassphrase AES privpassphrase\n" +
		"authUser log traps001 priv\nauthUser log informs1 priv\nauthCommunity log looker\n" +
		"agentXSocket " + filepath.Join(d.folder, "nobody") + "\n"
	if err := os.WriteFile(conf, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(need.Path(t, "snmptrapd"), "-f", "-C", "-c", conf, "-Lo", "-m", "", "-On", "-OQ", "-F", "%v\n",
		"--persistentDir="+memory, "udp:"+d.address.String())
	command.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+memory, "SNMPCONFPATH="+d.folder)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			d.lines <- lines.Text()
		}
		_ = command.Wait()
	}()
	stopped := false
	d.stop = func() {
		if !stopped {
			stopped = true
			_ = command.Process.Kill()
			<-ended
		}
	}
	t.Cleanup(d.stop)
	d.wait(t, "NET-SNMP version")
}

// wait reads the log until a line holds text.
func (d *trapd) wait(t *testing.T, text string) {
	t.Helper()
	var seen []string
	for limit := time.After(waitLimit); ; {
		select {
		case line := <-d.lines:
			if strings.Contains(line, text) {
				return
			}
			seen = append(seen, line)
		case <-limit:
			t.Fatalf("snmptrapd did not print %q, but\n%s", text, strings.Join(seen, "\n"))
		}
	}
}

func notification(text string) []Varbind {
	return Notification(4711, OID{1, 3, 6, 1, 4, 1, 32473, 0, 1}, Varbind{OID{1, 3, 6, 1, 4, 1, 32473, 1, 1, 0}, String(text)})
}

func trapUser(name string) User {
	return User{name, SHA256, "authpassphrase", AES128, "privpassphrase"}
}

func newSender(t *testing.T, engine func() Engine) *Sender {
	t.Helper()
	s, err := NewSender(SenderConfig{Engine: engine})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSenderToSnmptrapd(t *testing.T) {
	d := startTrapd(t)
	boots := uint32(7)
	s := newSender(t, func() Engine { return Engine{ID: d.engine, Boots: boots, Time: 100} })
	v2, v3 := Target{Address: d.address, Version: V2c, Community: "looker"}, Target{Address: d.address, Version: V3}
	mustTrap := func(target Target, text string) {
		t.Helper()
		if err := s.Trap(t.Context(), target, trapUser("traps001"), notification(text)); err != nil {
			t.Fatal(err)
		}
		d.wait(t, text)
	}
	mustInform := func(target Target, text string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
		defer cancel()
		if err := s.Inform(ctx, target, trapUser("informs1"), notification(text)); err != nil {
			t.Fatal(err)
		}
		d.wait(t, text)
	}
	mustTrap(v2, "trap by v2c")
	mustTrap(v3, "trap by v3")
	boots = 8
	mustTrap(v3, "trap after a new leader")
	mustInform(v2, "inform by v2c")
	mustInform(v3, "inform by v3")
	mustInform(v3, "inform with a known engine")
	d.stop()
	d.start(t, "persistent")
	mustInform(v3, "inform after a restart of the receiver")
	d.stop()
	d.start(t, "elsewhere")
	mustInform(v3, "inform to a new receiver")
}

func TestInformRefusals(t *testing.T) {
	d := startTrapd(t)
	s := newSender(t, nil)
	inform := func(target Target, user User, limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		return s.Inform(ctx, target, user, notification("refused"))
	}
	v3 := Target{Address: d.address, Version: V3}
	if err := inform(v3, trapUser("nobody"), waitLimit); !errors.Is(err, ErrUnknownUser) {
		t.Errorf("unknown user: got %v, want ErrUnknownUser", err)
	}
	wrong := trapUser("informs1")
	wrong.AuthPassphrase = "another passphrase"
	if err := inform(v3, wrong, waitLimit); !errors.Is(err, ErrWrongDigest) {
		t.Errorf("wrong passphrase: got %v, want ErrWrongDigest", err)
	}
	silent := Target{Address: freePort(t), Version: V2c, Community: "looker"}
	if err := inform(silent, User{}, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody there: got %v, want DeadlineExceeded", err)
	}
	if err := s.Trap(t.Context(), v3, trapUser("traps001"), notification("x")); !errors.Is(err, ErrUnknownEngineID) {
		t.Errorf("trap without an engine: got %v, want ErrUnknownEngineID", err)
	}
	if err := inform(Target{Address: d.address, Version: V1}, User{}, waitLimit); !errors.Is(err, ErrVersion) {
		t.Errorf("inform by v1: got %v, want ErrVersion", err)
	}
}

// TestCloseEndsInform closes the Sender under a waiting INFORM.
func TestCloseEndsInform(t *testing.T) {
	s := newSender(t, nil)
	silent := Target{Address: freePort(t), Version: V2c, Community: "x"}
	ended := make(chan error, 1)
	go func() { ended <- s.Inform(context.Background(), silent, User{}, notification("y")) }()
	for limit := time.Now().Add(waitLimit); s.waitingFor() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the INFORM does not wait for its answer")
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func (t *transport) waitingFor() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}
