package agentx

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

// waitLimit bounds what must come at once on a machine that nobody loads.
const waitLimit = 20 * time.Second

var (
	testRoot   = snmp.OID{1, 3, 6, 1, 4, 1, 32473, 42}
	entityRoot = snmp.OID{1, 3, 6, 1, 2, 1, 47}
)

// stock is a backend whose view and behaviour a test sets.
type stock struct {
	mu       sync.Mutex // guards what follows
	now      *view.View
	contexts map[string]*view.View
	slow     time.Duration   // of View
	hang     <-chan struct{} // View waits for it
	test     func(by view.Setter, binds []snmp.Varbind) (view.Pending, error)
}

func (b *stock) View() *view.View {
	b.mu.Lock()
	v, slow, hang := b.now, b.slow, b.hang
	b.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if slow > 0 {
		time.Sleep(slow)
	}
	return v
}

func (b *stock) Contexts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.contexts))
}

func (b *stock) Context(name string) (*view.View, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, ok := b.contexts[name]
	return v, ok
}

func (b *stock) change(change func(*stock)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func (b *stock) Test(_ context.Context, by view.Setter, binds []snmp.Varbind) (view.Pending, error) {
	b.mu.Lock()
	test := b.test
	b.mu.Unlock()
	return test(by, binds)
}

// allTypes is a view with a value of each type, and rows enough for a walk.
func allTypes() *view.View {
	rows := []snmp.Varbind{
		{OID: testRoot.Append(1, 1, 0), Value: snmp.Integer(-7)},
		{OID: testRoot.Append(1, 2, 0), Value: snmp.String("böse \"text\"\nof two lines")},
		{OID: testRoot.Append(1, 3, 0), Value: snmp.ObjectID(snmp.OID{1, 3, 6, 1, 4, 1, 1})},
		{OID: testRoot.Append(1, 4, 0), Value: snmp.ObjectID(snmp.OID{0, 0})},
		{OID: testRoot.Append(1, 5, 0), Value: snmp.Value{Type: snmp.TypeIPAddress, Bytes: []byte{192, 0, 2, 1}}},
		{OID: testRoot.Append(1, 6, 0), Value: snmp.Counter32(4294967295)},
		{OID: testRoot.Append(1, 7, 0), Value: snmp.Gauge(4000000000)},
		{OID: testRoot.Append(1, 8, 0), Value: snmp.TimeTicks(123456)},
		{OID: testRoot.Append(1, 10, 0), Value: snmp.Counter64(1 << 63)},
		{OID: testRoot.Append(1, 11, 0), Value: snmp.Octets(nil)},
		{OID: testRoot.Append(1, 12, 0), Value: snmp.Octets([]byte(strings.Repeat("\x00\xff", 1000)))},
		{OID: testRoot.Append(1, 13, 1<<32-1, 0, 7), Value: snmp.Integer(1<<31 - 1)},
	}
	for column := range uint32(10) {
		for row := range uint32(100) {
			rows = append(rows, snmp.Varbind{OID: testRoot.Append(2, 1, column+1, row+1), Value: snmp.String(fmt.Sprintf("cell %d of %d", row, column))})
		}
	}
	known := func(oid snmp.OID) bool { return oid.HasPrefix(testRoot.Append(2)) }
	return view.New(known, view.NewTable(testRoot.Append(1), rows[:12]), view.NewTable(testRoot.Append(2), rows[12:]))
}

// entity is a view with one row of a physical table.
func entity(name string) *view.View {
	return view.New(nil, view.NewTable(entityRoot, []snmp.Varbind{{OID: entityRoot.Append(1, 1, 1, 1, 7, 1), Value: snmp.String(name)}}))
}

// all is a view as a plain list.
func all(v *view.View) (out []snmp.Varbind) {
	walker := v.Walk()
	for row, ok := walker.Next(); ok; row, ok = walker.Next() {
		out = append(out, row.Varbind())
	}
	return out
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

// running is an agent that runs until the test ends, or stop is called.
type running struct {
	*Agent
	stop func()
	log  *lines
}

func startAgent(tb testing.TB, cfg Config, backend view.Backend) running {
	tb.Helper()
	log := &lines{}
	a, err := New(cfg, backend, log.entry())
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("the agent ended with %v", err)
		}
	})
	tb.Cleanup(func() {
		stop()
		if tb.Failed() {
			tb.Logf("the agent's log:\n%s", log)
		}
	})
	return running{a, stop, log}
}

func (a running) waitReady(tb testing.TB) {
	tb.Helper()
	select {
	case <-a.Ready():
	case <-time.After(waitLimit):
		tb.Fatal("no subtree was registered")
	}
}

// lines is a log in memory.
type lines struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) entry() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(l)
	log.SetLevel(logrus.DebugLevel)
	log.SetFormatter(&logrus.TextFormatter{DisableColors: true, DisableQuote: true})
	return logrus.NewEntry(log)
}

func quiet() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

// until waits for a condition; it fails the test by name.
func until(tb testing.TB, what string, holds func() bool) time.Duration {
	tb.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > waitLimit {
			tb.Fatalf("%s: not within %s", what, waitLimit)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}
