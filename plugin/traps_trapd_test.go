package plugin

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/fixtures/need"
	"hawser/fixtures/peers/mibs"
	"hawser/mib"
)

// trapd is net-snmp's snmptrapd.
type trapd struct {
	address string
	folder  string
	mibs    string
	process *os.Process

	mu    sync.Mutex // guards lines
	lines []string
}

// newTrapd prepares a receiver with the users of INFORMs and of the cluster engine's traps; start runs it.
func newTrapd(t *testing.T) *trapd {
	t.Helper()
	need.Program(t, "snmptrapd")
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	d := &trapd{address: conn.LocalAddr().String(), folder: t.TempDir(), mibs: mibs.Dir(t)}
	conf := fmt.Sprintf("createUser -e 0x%x traps SHA-512 authpassphrase AES privpassphrase\ncreateUser informs SHA-512 authpassphrase AES privpassphrase\n"+
		"authUser log traps priv\nauthUser log informs priv\nagentXSocket %s\n", clusterEngineID, filepath.Join(d.folder, "nobody"))
	if err := os.WriteFile(filepath.Join(d.folder, "trapd.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *trapd) start(t *testing.T) {
	t.Helper()
	command := exec.Command(need.Path(t, "snmptrapd"), "-f", "-C", "-c", filepath.Join(d.folder, "trapd.conf"), "-Lo", "-m", "ALL",
		"-F", "NOTIFICATION\n%v\nEND\n", "--persistentDir="+d.folder, "udp:"+d.address)
	command.Env = append(mibs.Env(d.mibs), "SNMP_PERSISTENT_DIR="+d.folder)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	d.process = command.Process
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			d.mu.Lock()
			d.lines = append(d.lines, lines.Text())
			d.mu.Unlock()
		}
		_ = command.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
	})
	d.await(t, "its start", func(lines []string) bool {
		return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "NET-SNMP version") })
	})
}

func (d *trapd) await(t *testing.T, what string, holds func(lines []string) bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		d.mu.Lock()
		lines := slices.Clone(d.lines)
		d.mu.Unlock()
		if holds(lines) {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("snmptrapd: %s did not come; its log:\n%s", what, strings.Join(lines, "\n"))
		}
	}
}

// received are the notifications of the log, each as its varbinds "name = value".
func received(lines []string) (out [][]string) {
	in := false
	for _, line := range lines {
		switch {
		case line == "NOTIFICATION":
			in, out = true, append(out, nil)
		case line == "END":
			in = false
		case in && line != "":
			for vb := range strings.SplitSeq(line, "\t") {
				out[len(out)-1] = append(out[len(out)-1], vb)
			}
		}
	}
	return out
}

func (d *trapd) awaitSummary(t *testing.T, text string) (varbinds []string) {
	t.Helper()
	d.await(t, text, func(lines []string) bool {
		for _, vbs := range received(lines) {
			if slices.ContainsFunc(vbs, func(vb string) bool { return strings.Contains(vb, text) }) {
				varbinds = vbs
				return true
			}
		}
		return false
	})
	return varbinds
}

// trapConfig is a node's file with the two users of the receiver.
func trapConfig(t *testing.T, sinks ...cluster.Sink) Config {
	t.Helper()
	var cfg Config
	folder := t.TempDir()
	for _, name := range []string{"auth", "priv"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name+"passphrase\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, user := range []string{"traps", "informs"} {
		cfg.SNMP.Users = append(cfg.SNMP.Users, UserConfig{
			Name: user, Role: "reader", AuthProtocol: "SHA-512", AuthPassphraseFile: filepath.Join(folder, "auth"), PrivProtocol: "AES",
			PrivPassphraseFile: filepath.Join(folder, "priv"),
		})
	}
	for _, s := range sinks {
		cfg.Sinks = append(cfg.Sinks, SinkConfig{Name: s.Name, Version: s.Version, User: s.User})
	}
	return cfg
}

// sinkAt is a sink at the receiver.
func (d *trapd) sinkAt(kind cluster.SinkKind) cluster.Sink {
	s := inform("nms")
	s.Address, s.Kind, s.User = d.address, kind, "informs"
	if kind == cluster.SinkTrap {
		s.User = "traps"
	}
	return s
}

// notify runs the notifier of a node until stop is called.
func notify(t *testing.T, m *memory, node string) (stop func()) {
	t.Helper()
	view := member{m, node}
	n, err := NewNotifier(trapConfig(t, m.state().Spec.Sinks...), view, view, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("notifier ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// TestSnmptrapdTranslatesEverything: an outsider finds each varbind in the MIB, in its place.
func TestSnmptrapdTranslatesEverything(t *testing.T) {
	d := newTrapd(t)
	d.start(t)
	m := newMemory(t, d.sinkAt(cluster.SinkInform))
	notify(t, m, "db1")
	want := slices.Concat([]string{"SNMPv2-MIB::sysUpTime.0", "SNMPv2-MIB::snmpTrapOID.0"}, mib.NotifyOrder(),
		[]string{"SNMP-COMMUNITY-MIB::snmpTrapAddress.0"})
	for kind := cluster.EventAlarmRaised; kind <= cluster.EventKeepAlive; kind++ {
		e := story("event of type " + kind.String() + ".")
		e.Type, e.StackName, e.NodeName, e.Error = kind, "shop", "db1", "exit status 3"
		switch kind {
		case cluster.EventAlarmRaised:
			e.AlarmKey, e.Raise = "some", cluster.SeverityMinor
		case cluster.EventAlarmCleared:
			e.AlarmKey = "some"
		}
		m.event(t, e)
		varbinds := d.awaitSummary(t, e.Summary)
		if len(varbinds) != len(want) {
			t.Fatalf("%s: %d varbinds, want %d:\n%s", kind, len(varbinds), len(want), strings.Join(varbinds, "\n"))
		}
		for i, vb := range varbinds {
			name, value, _ := strings.Cut(vb, " = ")
			if i >= 2 && i < len(want)-1 {
				if !strings.HasPrefix(name, "HAWSER-MIB::"+want[i]+".") {
					t.Errorf("%s: varbind %d is %q, want HAWSER-MIB::%s", kind, i, vb, want[i])
				}
			} else if !strings.HasSuffix(name, want[i]) {
				t.Errorf("%s: varbind %d is %q, want %s", kind, i, vb, want[i])
			}
			if i == 1 && !strings.HasSuffix(strings.ToLower(value), "hawser-mib::hawser"+strings.ToLower(kind.String())) {
				t.Errorf("%s: named %q", kind, value)
			}
			if o, ok := mib.ByName(want[i]); ok && len(o.Enum) > 0 && !strings.HasSuffix(value, ")") {
				t.Errorf("%s: %s shows no label: %q", kind, want[i], value)
			}
		}
	}
	m.await(t, "the cursor at the end", func(s *cluster.State) bool { return s.Sinks["nms"].Cursor == s.LastEvent })
}

// TestInformToAStoppedSnmptrapd sends again until the receiver runs and acknowledges.
func TestInformToAStoppedSnmptrapd(t *testing.T) {
	d := newTrapd(t)
	m := newMemory(t, d.sinkAt(cluster.SinkInform))
	notify(t, m, "db1")
	m.event(t, story("before it started"))
	m.await(t, "a repetition", func(s *cluster.State) bool { return s.Sinks["nms"].Retries > 0 })
	d.start(t)
	d.awaitSummary(t, "before it started")
	m.await(t, "the acknowledgement", func(s *cluster.State) bool { return s.Sinks["nms"].Acked == 1 })

	if err := d.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	retries := m.state().Sinks["nms"].Retries
	m.event(t, story("while it hung"))
	m.await(t, "a repetition", func(s *cluster.State) bool { return s.Sinks["nms"].Retries > retries })
	if is := m.state().Sinks["nms"]; is.Acked != 1 || is.Cursor != 1 || is.State != cluster.SinkStateRetrying {
		t.Errorf("while it hangs: %+v", is)
	}
	if err := d.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	d.awaitSummary(t, "while it hung")
	m.await(t, "the acknowledgement", func(s *cluster.State) bool { return s.Sinks["nms"].Acked == 2 && s.Sinks["nms"].Cursor == 2 })
}

// TestSnmptrapdFollowsTheLeader: traps of the next leader come under higher boots and are taken; those of the deposed one
// are not, once its successor was heard.
func TestSnmptrapdFollowsTheLeader(t *testing.T) {
	d := newTrapd(t)
	d.start(t)
	m := newMemory(t, d.sinkAt(cluster.SinkTrap))
	stop := notify(t, m, "db1")
	m.event(t, story("from the first leader"))
	d.awaitSummary(t, "from the first leader")
	stop()

	m.lead(t, "db2")
	notify(t, m, "db2")
	m.event(t, story("from the second leader"))
	d.awaitSummary(t, "from the second leader")

	// The deposed leader does not know it yet: its state is of the time before.
	late := newMemory(t, d.sinkAt(cluster.SinkTrap))
	notify(t, late, "db1")
	late.event(t, story("from the deposed leader"))
	late.await(t, "the trap to be sent", func(s *cluster.State) bool { return s.Sinks["nms"].Sent == 1 })
	m.event(t, story("from the second leader again"))
	d.awaitSummary(t, "from the second leader again")
	d.await(t, "nothing", func(lines []string) bool {
		if slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "from the deposed leader") }) {
			t.Error("a trap with lower boots was taken")
		}
		return true
	})
}
