package agentx

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hawser/fixtures/peers/subagent"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// sysUpTime is answered by snmpd itself.
var sysUpTime = snmp.OID{1, 3, 6, 1, 2, 1, 1, 3, 0}

// samples is how often a foreign object is asked for in each situation.
const samples = 150

// latency is how long foreign GETs took.
type latency struct{ median, worst time.Duration }

func (l latency) String() string {
	return fmt.Sprintf("median %s, worst %s", l.median.Round(10*time.Microsecond), l.worst.Round(10*time.Microsecond))
}

// foreign asks snmpd for its own object and for that of the other subagent, in turns, n times and for a while at least.
func foreign(t *testing.T, client *snmp.Client, n int, while ...time.Duration) latency {
	t.Helper()
	var took []time.Duration
	end := time.Now()
	for _, more := range while {
		end = end.Add(more)
	}
	for i := 0; i < n || time.Now().Before(end); i++ {
		oid := sysUpTime
		if i%2 == 1 {
			oid = mustOID(t, subagent.Scalar)
		}
		began := time.Now()
		got, err := client.Get(t.Context(), oid)
		if err != nil || got[0].Value.IsException() {
			t.Fatalf("get %s: %v %v", oid, got, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return latency{took[len(took)/2], took[len(took)-1]}
}

// background does something again and again until stop is called.
func background(do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var g sync.WaitGroup
	g.Go(func() {
		for ctx.Err() == nil {
			do(ctx)
		}
	})
	return func() { cancel(); g.Wait() }
}

// startPeers runs a master with the other subagent.
func startPeers(t *testing.T, lines ...string) (*subagent.Master, *snmp.Client) {
	t.Helper()
	m := subagent.NewMaster(t, lines...)
	m.Start(t)
	subagent.StartPeer(t, subagent.Build(t), m, 0)
	client := m.Client(t, "")
	until(t, "the other subagent", func() bool {
		got, err := client.Get(t.Context(), mustOID(t, subagent.Scalar))
		return err == nil && got[0].Value.Type == snmp.TypeInteger
	})
	return m, client
}

// stallLimit is what a foreign request may take longer than without us, be our backend as slow as it may.
const stallLimit = 50 * time.Millisecond

// TestSnmpdIsNeverStalled measures foreign GETs without our subagent and with it: idle, walked, with a backend that hangs.
// The control is the same snmpd in the same run.
func TestSnmpdIsNeverStalled(t *testing.T) {
	m, client := startPeers(t)
	control := foreign(t, client, 3*samples)
	t.Logf("without our subagent:     %s", control)
	b := &stock{now: allTypes()}
	a := startAgent(t, testConfig(m.Socket), b)
	a.waitReady(t)
	check := func(name string, got latency) {
		t.Helper()
		t.Logf("%-25s %s", name+":", got)
		if got.median > control.median+stallLimit || got.worst > control.worst+stallLimit+DefaultTimeout/2 {
			t.Errorf("%s: %s, without us %s", name, got, control)
		}
	}
	check("idle", foreign(t, client, samples))
	walker := m.Client(t, "")
	stop := background(func(context.Context) { walk(t, walker, testRoot, 50) })
	check("walked", foreign(t, client, samples))
	stop()
	b.change(func(b *stock) { b.slow = 2 * time.Second })
	var asked, general int
	asker := m.Client(t, "")
	stop = background(func(ctx context.Context) {
		began := time.Now()
		_, err := asker.Get(ctx, testRoot.Append(1, 1, 0))
		if refused, ok := err.(*snmp.StatusError); ok && refused.Status == snmp.GenErr && time.Since(began) < time.Second { //nolint:errorlint // the client returns it bare
			general++
		}
		if ctx.Err() == nil {
			asked++
		}
	})
	check("backend hangs", foreign(t, client, samples, 3*DefaultTimeout))
	stop()
	b.change(func(b *stock) { b.slow = 0 })
	if asked == 0 || general != asked {
		t.Errorf("%d requests while the backend hung, %d were answered genErr within a second", asked, general)
	}
	if s := a.Stats(); s.Connects != 1 || s.Late == 0 {
		t.Errorf("the session did not last: %+v", s)
	}
	until(t, "our answers again", func() bool { return serves(t, client) })
}

// TestSetsServeOneAnother: snmpd does nothing else while a SET is under way; so a SET to us costs others what our log
// costs, and never more than a CommitSet's limit in each phase.
func TestSetsHoldUpNoLongerThanTheirLog(t *testing.T) {
	m, client := startPeers(t)
	control := foreign(t, client, samples)
	const log = 20 * time.Millisecond
	b := &stock{now: allTypes(), test: func(view.Setter, []snmp.Varbind) (view.Pending, error) { return &pending{slow: log}, nil }}
	cfg := testConfig(m.Socket)
	cfg.Write = true
	startAgent(t, cfg, b).waitReady(t)
	setter := m.Client(t, "")
	sets := 0
	stop := background(func(ctx context.Context) {
		if _, err := setter.Set(ctx, snmp.Varbind{OID: row(1, 1), Value: snmp.Integer(3)}); err == nil {
			sets++
		}
	})
	got := foreign(t, client, samples)
	stop()
	t.Logf("without: %s; during %d SETs of which the log takes %s: %s", control, sets, log, got)
	if sets == 0 || got.median > control.median+log+stallLimit || got.worst > control.worst+10*log+stallLimit {
		t.Errorf("%d SETs; foreign GETs %s, without us %s", sets, got, control)
	}
}

// helper names the socket for the agent that TestMain's copy of this program runs.
const helper = "HAWSER_AGENTX_HELPER"

// TestHelperAgent is no test: it is our subagent as a process of its own, which can be stopped.
func TestHelperAgent(t *testing.T) {
	socket := os.Getenv(helper)
	if socket == "" {
		t.Skip("only as a process of another test")
	}
	a, err := New(testConfig(socket), &stock{now: allTypes().With(benchTable(testRoot.Append(4)))}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Run(t.Context()) // until it is killed
}

// startHelper runs our subagent in a process of its own until the test ends.
func startHelper(tb testing.TB, m *subagent.Master) *os.Process {
	tb.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestHelperAgent$", "-test.timeout=10m")
	command.Env = append(os.Environ(), helper+"="+m.Socket)
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return command.Process
}

// TestOurProcessIsStopped: what remains where not even genErr can be said. RFC 2741 lets a subagent ask for a timeout of a
// second at least, and net-snmp waits its own agentXTimeout, agentXRetries times more. In that time snmpd answers GETs of
// others at once; a SET of anybody waits, and what comes after it. snmpd.conf can make that a second.
func TestOurProcessIsStopped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		limit time.Duration // of what waits
	}{
		"as installed":    {nil, 6 * time.Second},
		"agentXRetries 0": {[]string{"agentXRetries 0"}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, client := startPeers(t, c.lines...)
			control := foreign(t, client, samples)
			process := startHelper(t, m)
			until(t, "our subagent", func() bool { return serves(t, client) })
			if err := process.Signal(unix.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			asker, setter := m.Client(t, ""), m.Client(t, "")
			var waiting sync.WaitGroup
			var forUs, forSet time.Duration
			waiting.Go(func() {
				began := time.Now()
				_, _ = asker.Get(t.Context(), testRoot.Append(1, 1, 0)) // genErr, in the end
				forUs = time.Since(began)
			})
			time.Sleep(100 * time.Millisecond) // until snmpd has sent it on
			got := foreign(t, client, samples)
			waiting.Go(func() {
				began := time.Now()
				if _, err := setter.Set(t.Context(), snmp.Varbind{OID: mustOID(t, subagent.Scalar), Value: snmp.Integer(9)}); err != nil {
					t.Errorf("a SET of others: %v", err)
				}
				forSet = time.Since(began)
			})
			waiting.Wait()
			t.Logf("foreign GETs: without us %s, while we are stopped %s; our own GET is given up after %s, a SET of others waits %s", control, got,
				forUs.Round(time.Millisecond), forSet.Round(time.Millisecond))
			if got.median > control.median+stallLimit || got.worst > control.worst+2*stallLimit {
				t.Errorf("foreign GETs: %s, without us %s", got, control)
			}
			if forUs > c.limit+2*time.Second || forSet > c.limit+2*time.Second {
				t.Errorf("given up after %s and %s, want about %s", forUs, forSet, c.limit)
			}
			after := foreign(t, client, samples)
			if err := process.Signal(unix.SIGCONT); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			until(t, "our subagent", func() bool { return serves(t, client) })
			t.Logf("given up, foreign GETs: %s; let go on, our tree is back after %s", after, time.Since(began).Round(time.Millisecond))
		})
	}
}

func mustOID(tb testing.TB, text string) snmp.OID {
	tb.Helper()
	oid, err := snmp.ParseOID(text)
	if err != nil {
		tb.Fatal(err)
	}
	return oid
}
