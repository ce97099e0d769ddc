package agentx

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/fixtures/need"
	"hawser/fixtures/peers/subagent"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

const waitLimit = 30 * time.Second

var (
	testRoot   = snmp.OID{1, 3, 6, 1, 4, 1, 32473, 42}
	entityRoot = snmp.OID{1, 3, 6, 1, 2, 1, 47}
)

// stock is a backend whose view and behaviour a test sets.
type stock struct {
	mu       sync.Mutex // guards what follows
	now      *view.View
	contexts map[string]*view.View
	slow     time.Duration // of View
	asked    int           // of View
	sets     setter2
}

func (b *stock) View() *view.View {
	b.mu.Lock()
	v, slow := b.now, b.slow
	b.asked++
	b.mu.Unlock()
	time.Sleep(slow)
	return v
}

func (b *stock) Contexts() (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.contexts {
		names = append(names, name)
	}
	return names
}

func (b *stock) Context(name string) (*view.View, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, ok := b.contexts[name]
	return v, ok
}

func (b *stock) set(change func(*stock)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func (b *stock) Test(ctx context.Context, by view.Setter, binds []snmp.Varbind) (view.Pending, error) {
	return b.sets.test(ctx, by, binds)
}

type setter2 struct{}

func (setter2) test(context.Context, view.Setter, []snmp.Varbind) (view.Pending, error) {
	return nil, &view.SetError{Status: snmp.NotWritable}
}

// allTypes is a view with a value of each type, and rows enough for a walk.
func allTypes() *view.View {
	rows := []snmp.Varbind{
		{OID: testRoot.Append(1, 1, 0), Value: snmp.Integer(-7)},
		{OID: testRoot.Append(1, 2, 0), Value: snmp.String("böse \"text\"")},
		{OID: testRoot.Append(1, 3, 0), Value: snmp.ObjectID(snmp.OID{1, 3, 6, 1, 4, 1, 1})},
		{OID: testRoot.Append(1, 4, 0), Value: snmp.ObjectID(snmp.OID{0, 0})},
		{OID: testRoot.Append(1, 5, 0), Value: snmp.Value{Type: snmp.TypeIPAddress, Bytes: []byte{192, 0, 2, 1}}},
		{OID: testRoot.Append(1, 6, 0), Value: snmp.Counter32(4294967295)},
		{OID: testRoot.Append(1, 7, 0), Value: snmp.Gauge(4000000000)},
		{OID: testRoot.Append(1, 8, 0), Value: snmp.TimeTicks(123456)},
		{OID: testRoot.Append(1, 9, 0), Value: snmp.Value{Type: snmp.TypeOpaque, Bytes: []byte{0x9f, 0x78, 4, 0x42, 0xf6, 0, 0}}},
		{OID: testRoot.Append(1, 10, 0), Value: snmp.Counter64(1 << 63)},
		{OID: testRoot.Append(1, 11, 0), Value: snmp.Octets(nil)},
		{OID: testRoot.Append(1, 12, 0), Value: snmp.Octets(make([]byte, 2000))},
	}
	for column := range uint32(10) {
		for row := range uint32(100) {
			rows = append(rows, snmp.Varbind{OID: testRoot.Append(2, 1, column+1, row+1), Value: snmp.String(fmt.Sprint("cell ", column, row))})
		}
	}
	known := func(oid snmp.OID) bool { return oid.HasPrefix(testRoot.Append(2)) }
	return view.New(known, view.NewTable(testRoot, rows))
}

func quiet() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

func testConfig(socket string) Config {
	return Config{
		Socket: socket, ID: testRoot.Append(3), Description: "hawser test",
		Subtrees: []Subtree{
			{Name: "HAWSER-MIB", OID: testRoot},
			{Name: "ENTITY-MIB", OID: entityRoot, If: entityRoot.Append(1), Contexts: true},
		},
		Capabilities: []Capability{{testRoot.Append(2, 1), "all of HAWSER-MIB"}},
	}
}

// startAgent runs an agent until the test ends.
func startAgent(tb testing.TB, cfg Config, backend view.Backend, log *logrus.Entry) *Agent {
	tb.Helper()
	a, err := New(cfg, backend, log)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("the agent ended with %v", err)
		}
	})
	return a
}

func waitReady(tb testing.TB, a *Agent) {
	tb.Helper()
	select {
	case <-a.Ready():
	case <-time.After(waitLimit):
		tb.Fatal("no subtree was registered")
	}
}

// netsnmp runs one of net-snmp's programs against a master.
func netsnmp(tb testing.TB, m *subagent.Master, program, context string, args ...string) (string, bool) {
	tb.Helper()
	need.Program(tb, program)
	command := exec.CommandContext(tb.Context(), program, append(append([]string{"-m", "", "-On", "-Ox"}, m.Options(context)...), args...)...)
	command.Env = append(command.Environ(), "SNMPCONFPATH="+m.Dir+"/none", "SNMP_PERSISTENT_DIR="+tb.TempDir())
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

func TestWalkThroughSnmpd(t *testing.T) {
	m := subagent.NewMaster(t)
	m.Start(t)
	b := &stock{now: allTypes()}
	a := startAgent(t, testConfig(m.Socket), b, quiet())
	waitReady(t, a)
	for _, program := range []string{"snmpwalk", "snmpbulkwalk"} {
		out, ok := netsnmp(t, m, program, "", "."+testRoot.String())
		if !ok || strings.Count(out, "\n."+testRoot.String()) < 1011 {
			t.Errorf("%s: %t\n%s", program, ok, out[:min(len(out), 3000)])
		}
	}
	t.Logf("%+v\n%s", a.Stats(), m.Log())
}
