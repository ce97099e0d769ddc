package agentx

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hawser/fixtures/need"
	"hawser/fixtures/peers/subagent"
	"hawser/mib/snmp"
)

// backWithin is when the tree must be there again (the line); the race detector and a loaded machine are in it.
const backWithin = 5 * time.Second

func freeTCP(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// serves says whether a value of ours is to be had.
func serves(tb testing.TB, client *snmp.Client) bool {
	tb.Helper()
	got, err := client.Get(tb.Context(), testRoot.Append(1, 1, 0))
	return err == nil && got[0].Value.Int == -7
}

// back waits for the tree and says how long that took.
func back(t *testing.T, m *subagent.Master, after string) {
	t.Helper()
	client := m.Client(t, "")
	client.Timeout, client.Retries = 200*time.Millisecond, 0
	took := until(t, "the tree after "+after, func() bool { return serves(t, client) })
	t.Logf("%s: the tree is back after %s", after, took.Round(time.Millisecond))
	if took > backWithin {
		t.Errorf("%s: the tree is back after %s, want %s", after, took, backWithin)
	}
	compare(t, m.Client(t, ""), testRoot, 50, all(allTypes()))
}

// TestTreeComesBack: snmpd is killed, restarted, stopped for a while, told to read its configuration again.
func TestTreeComesBack(t *testing.T) {
	t.Parallel()
	m, a := startBoth(t, &stock{now: allTypes()})
	whole := t // to which a snmpd that was started belongs
	t.Run("killed", func(t *testing.T) {
		m.Kill()
		m.Start(whole)
		back(t, m, "SIGKILL and a start")
	})
	t.Run("killed for a while", func(t *testing.T) {
		m.Kill()
		until(t, "the complaint", func() bool { return strings.Contains(a.log.String(), "not connected to snmpd") })
		m.Start(whole)
		back(t, m, "a time without snmpd")
	})
	t.Run("stopped for a moment", func(t *testing.T) {
		m.Signal(t, unix.SIGSTOP)
		time.Sleep(300 * time.Millisecond) // how long it is stopped is what is tested
		m.Signal(t, unix.SIGCONT)
		back(t, m, "SIGSTOP for a moment")
	})
	t.Run("stopped until we gave up", func(t *testing.T) {
		connects := a.Stats().Connects
		m.Signal(t, unix.SIGSTOP)
		until(t, "the complaint", func() bool { return strings.Contains(a.log.String(), "snmpd did not answer within") })
		time.Sleep(3 * time.Second) // so that its queue fills with connections that we left
		m.Signal(t, unix.SIGCONT)
		back(t, m, "SIGSTOP until we gave up")
		if a.Stats().Connects == connects {
			t.Error("no new session was opened")
		}
	})
	t.Run("reread", func(t *testing.T) {
		m.Signal(t, unix.SIGHUP)
		back(t, m, "SIGHUP")
	})
	t.Run("ended", func(t *testing.T) {
		m.Signal(t, unix.SIGTERM)
		m.Wait()
		m.Start(whole)
		back(t, m, "SIGTERM and a start")
	})
}

// TestHungMasterIsLeft: the snmpd that we are connected to is stopped for ever, and another one takes its place.
func TestHungMasterIsLeft(t *testing.T) {
	t.Parallel()
	m, _ := startBoth(t, &stock{now: allTypes()})
	m.Signal(t, unix.SIGSTOP)
	second := subagent.NewMaster(t, "agentXSocket "+m.Socket)
	if err := os.Remove(m.Socket); err != nil {
		t.Fatal(err)
	}
	second.Start(t)
	back(t, second, "another snmpd at the socket of one that hangs")
}

// TestErrorsNameTheNextStep: what keeps us from snmpd, and what to do.
func TestErrorsNameTheNextStep(t *testing.T) {
	dir, err := os.MkdirTemp("", "ax")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "master")
	stale := filepath.Join(dir, "stale")
	l, err := net.Listen("unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	deaf := filepath.Join(dir, "deaf")
	silent, err := net.Listen("unix", deaf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, c := range map[string]struct {
		socket string
		want   []string
	}{
		"no socket":      {socket, []string{"no such file", "master agentx", "snmp.agentx.socket"}},
		"nobody listens": {stale, []string{"connection refused", "master agentx"}},
		"tcp":            {"tcp:127.0.0.1:" + freeTCP(t), []string{"connection refused", "master agentx"}},
		"deaf":           {deaf, []string{"open: snmpd did not answer within 2s", "restart it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAgent(t, testConfig(c.socket), &stock{now: allTypes()})
			until(t, "the complaint", func() bool {
				said := a.log.String()
				for _, want := range c.want {
					if !strings.Contains(said, want) {
						return false
					}
				}
				return true
			})
			if n := strings.Count(a.log.String(), "not connected"); n != 1 {
				t.Errorf("said %d times", n)
			}
		})
	}
}

// TestSnmpdWithoutAgentX: it runs, and was not told to take subagents. Told so, it is used.
func TestSnmpdWithoutAgentX(t *testing.T) {
	m := subagent.NewMaster(t)
	m.WithoutAgentX(t)
	m.Start(t)
	a := startAgent(t, testConfig(m.Socket), &stock{now: allTypes()})
	until(t, "the complaint", func() bool {
		said := a.log.String()
		return strings.Contains(said, "snmpd runs (process ") && strings.Contains(said, `put the line "master agentx" into snmpd.conf and restart snmpd`)
	})
	m.Kill()
	with := subagent.NewMaster(t, "agentXSocket "+m.Socket)
	with.Start(t)
	back(t, with, "the configuration is corrected")
}

// TestForbiddenSocket: the usual agentXPerms let root alone in.
func TestForbiddenSocket(t *testing.T) {
	err := explain("unix", "/var/agentx/master", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", unix.EACCES)})
	if err == nil || !strings.Contains(err.Error(), "agentXPerms 0660 0550 root GROUP") {
		t.Errorf("%v", err)
	}
	need.File(t, "/proc/self/comm")
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	if pid := findProcess("/proc", strings.TrimSpace(string(comm))); pid == 0 {
		t.Error("this very process is not found by its name")
	}
}
