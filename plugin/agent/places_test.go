package agent

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
)

// occupy holds a UDP address until the returned function is called.
func occupy(t *testing.T, network, address string) (at string, free func()) {
	t.Helper()
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	free = sync.OnceFunc(func() { _ = conn.Close() })
	t.Cleanup(free)
	return conn.LocalAddr().String(), free
}

// startWaiting runs an agent that tries again quickly, until the test ends; it need not become ready.
func startWaiting(t *testing.T, cfg Config) (*Agent, *logtest.Hook) {
	t.Helper()
	log, hook := logtest.NewNullLogger()
	a, err := New(cfg, newMemory(testRows()...), logrus.NewEntry(log))
	if err != nil {
		t.Fatal(err)
	}
	a.again = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return a, hook
}

// faults are the lines that call for the operator, with their errors.
func faults(hook *logtest.Hook) (out []string) {
	for _, e := range hook.AllEntries() {
		if e.Level == logrus.ErrorLevel {
			out = append(out, fmt.Sprint(e.Data["address"], ": ", e.Data[logrus.ErrorKey]))
		}
	}
	return out
}

func awaitTrue(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// TestHeldPort: the agent waits for it, says once who holds it, and answers by itself when it is free. Its boots are raised
// once, whatever it tries.
func TestHeldPort(t *testing.T) {
	cfg := testConfig(t)
	at, free := occupy(t, "udp4", "127.0.0.1:0")
	cfg.Listen = []string{at}
	a, hook := startWaiting(t, cfg)
	awaitTrue(t, "the fault is said", func() bool { return len(faults(hook)) > 0 })
	time.Sleep(20 * a.again) // time for many tries: none of them is told
	self, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	said := faults(hook)
	if len(said) != 1 {
		t.Errorf("said %q, want it once", said)
	}
	wantAll(t, said[0], []string{at, fmt.Sprintf("held by %s (pid %d)", strings.TrimSpace(string(self)), os.Getpid()), "stop that or choose another address"})
	select {
	case <-a.Ready():
		t.Error("it is ready, and cannot answer")
	default:
	}
	if got := a.Engine().Boots; got != 1 {
		t.Errorf("boots %d while it waits, want 1: others speak as this engine", got)
	}
	free()
	select {
	case <-a.Ready():
	case <-time.After(20 * time.Second):
		t.Fatal("the port is free, and the agent does not answer")
	}
	if got := fmt.Sprint(a.Addrs()); got != "["+at+"]" {
		t.Errorf("addresses %s", got)
	}
	if _, err := newClient(t, a, "reader01").Get(t.Context(), testState.Append(1, 0)); err != nil || a.Engine().Boots != 1 {
		t.Errorf("%v, boots %d", err, a.Engine().Boots)
	}
}

// TestOtherAddressesAnswer while one is held and one is not of this machine; each is said.
func TestOtherAddressesAnswer(t *testing.T) {
	cfg := testConfig(t)
	at, free := occupy(t, "udp4", "127.0.0.1:0")
	cfg.Listen = []string{at, "192.0.2.1:1161", "127.0.0.1:0"}
	a, hook := startWaiting(t, cfg)
	<-a.Ready()
	if got := a.Addrs(); len(got) != 1 || got[0].String() == at {
		t.Fatalf("addresses %v, want the one that is free", got)
	}
	get := func() error {
		_, err := newClient(t, a, "reader01").Get(t.Context(), testState.Append(1, 0))
		return err
	}
	if err := get(); err != nil {
		t.Error(err)
	}
	if said := faults(hook); len(said) != 2 || !strings.Contains(said[1], "choose an address of this machine") {
		t.Errorf("said %q", said)
	}
	free()
	awaitTrue(t, "the held address answers", func() bool { return len(a.Addrs()) == 2 })
	if got := a.Addrs()[1].String(); got != at {
		t.Errorf("bound %s, want %s", got, at)
	}
	for _, address := range a.Addrs() {
		if _, err := newClientTo(t, address, "reader01").Get(t.Context(), testState.Append(1, 0)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestHolderThatChanges is said again.
func TestHolderThatChanges(t *testing.T) {
	log, hook := logtest.NewNullLogger()
	a := &Agent{log: logrus.NewEntry(log), again: listenAgain}
	at, free := occupy(t, "udp4", "127.0.0.1:0")
	p := &place{address: at, said: "listen on " + at + ": it is held by another one (pid 1)"}
	for range 3 {
		if opened, waiting := a.open(t.Context(), []*place{p}); len(opened) != 0 || len(waiting) != 1 {
			t.Fatalf("%d opened, %d wait", len(opened), len(waiting))
		}
	}
	if said := faults(hook); len(said) != 1 || !strings.Contains(said[0], fmt.Sprintf("(pid %d)", os.Getpid())) {
		t.Errorf("said %q, want the new holder once", said)
	}
	free()
	opened, waiting := a.open(t.Context(), []*place{p})
	if len(opened) != 1 || len(waiting) != 0 {
		t.Errorf("%d opened, %d wait", len(opened), len(waiting))
	}
	_ = closeAll(opened)
}

// TestFamiliesAreBoundApart: of an address without a host, the family that is free answers.
func TestFamiliesAreBoundApart(t *testing.T) {
	var got []string
	for _, p := range placesOf([]string{":161", "127.0.0.1:161", ":0", "[::1]:1161"}) {
		got = append(got, fmt.Sprint(p.address, " ", p.six))
	}
	if want := []string{"0.0.0.0:161 false", "[::]:161 true", "127.0.0.1:161 false", ":0 false", "[::1]:1161 false"}; !slices.Equal(got, want) {
		t.Errorf("places %q, want %q", got, want)
	}
	at, _ := occupy(t, "udp4", "0.0.0.0:0")
	_, port, _ := net.SplitHostPort(at)
	cfg := testConfig(t)
	cfg.Listen = []string{":" + port, "127.0.0.1:0"}
	a, hook := startWaiting(t, cfg)
	<-a.Ready()
	if said := faults(hook); len(said) != 1 || !strings.HasPrefix(said[0], "0.0.0.0:"+port+": ") {
		t.Errorf("said %q", said)
	}
	if probe, err := net.ListenPacket("udp6", "[::1]:0"); err == nil { // this machine has IPv6
		_ = probe.Close()
		if got := a.Addrs(); len(got) != 2 || got[0].String() != "[::]:"+port {
			t.Errorf("addresses %v, want IPv6 at port %s among them", got, port)
		}
	}
}
