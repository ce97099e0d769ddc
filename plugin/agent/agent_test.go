package agent

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

var (
	testRoot   = snmp.OID{1, 3, 6, 1, 4, 1, 32473, 1}
	testState  = testRoot.Append(1) // 1-9: read by everyone
	testPolicy = testRoot.Append(4) // policy writes
	secretTree = testRoot.Append(7) // read by policy only
)

const (
	testAuth = "authpassphrase"
	testPriv = "privpassphrase"
)

// memory is a backend of two writable integers and some rows.
type memory struct {
	mu      sync.Mutex
	values  map[string]snmp.Varbind
	segment []view.Segment
	cached  *view.View
	setters []view.Setter
	commits int
	test    func(ctx context.Context) error // called by Test
	commit  func(ctx context.Context) error // called by Commit
	undone  int
}

func newMemory(rows ...snmp.Varbind) *memory {
	m := &memory{values: make(map[string]snmp.Varbind)}
	for _, row := range rows {
		m.values[row.OID.String()] = row
	}
	m.rebuild()
	return m
}

func (m *memory) rebuild() {
	tables := make(map[uint32][]snmp.Varbind)
	for _, row := range m.values {
		arc := row.OID[len(testRoot)]
		tables[arc] = append(tables[arc], row)
	}
	segments := append([]view.Segment{}, m.segment...)
	for arc, rows := range tables {
		segments = append(segments, view.NewTable(testRoot.Append(arc), rows))
	}
	m.cached = view.New(func(oid snmp.OID) bool { return oid.HasPrefix(testPolicy) }, segments...)
}

func (m *memory) View() *view.View {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cached
}

func (m *memory) Test(ctx context.Context, by view.Setter, binds []snmp.Varbind) (view.Pending, error) {
	if m.test != nil {
		if err := m.test(ctx); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.setters = append(m.setters, by)
	for i, vb := range binds {
		old, ok := m.values[vb.OID.String()]
		switch {
		case !ok:
			return nil, &view.SetError{Status: snmp.NoCreation, Index: i + 1, Err: errors.New("no such instance")}
		case vb.OID[len(testRoot)+1] == 9:
			return nil, &view.SetError{Status: snmp.NotWritable, Index: i + 1, Err: errors.New("read only")}
		case old.Value.Type != vb.Value.Type:
			return nil, &view.SetError{Status: snmp.WrongType, Index: i + 1, Err: errors.New("wants " + old.Value.Type.String())}
		case vb.Value.Int > 100:
			return nil, &view.SetError{Status: snmp.WrongValue, Index: i + 1, Err: errors.New("at most 100")}
		}
	}
	return &change{m, binds}, nil
}

type change struct {
	m     *memory
	binds []snmp.Varbind
}

func (c *change) Commit(ctx context.Context) error {
	if c.m.commit != nil {
		if err := c.m.commit(ctx); err != nil {
			return err
		}
	}
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.m.commits++
	for _, vb := range c.binds {
		c.m.values[vb.OID.String()] = vb
	}
	c.m.rebuild()
	return nil
}

func (c *change) Undo(context.Context) error {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.m.undone++
	return nil
}

func (c *change) Cleanup() {}

func (m *memory) committed() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.commits
}

func testRows() []snmp.Varbind {
	return []snmp.Varbind{
		{OID: testState.Append(1, 0), Value: snmp.String("alpha")},
		{OID: testState.Append(2, 0), Value: snmp.Counter64(1 << 40)},
		{OID: testState.Append(3, 0), Value: snmp.Gauge(4000000000)},
		{OID: testPolicy.Append(1, 0), Value: snmp.Integer(5)},
		{OID: testPolicy.Append(2, 0), Value: snmp.String("text")},
		{OID: testPolicy.Append(9, 0), Value: snmp.Integer(6)},
		{OID: secretTree.Append(1, 0), Value: snmp.String("secret")},
		{OID: testRoot.Append(8, 1, 0), Value: snmp.Integer(8)},
	}
}

func testConfig(t testing.TB) Config {
	t.Helper()
	user := func(name, role string) User {
		return User{snmp.User{
			Name: name, Auth: snmp.SHA256, AuthPassphrase: testAuth, Priv: snmp.AES128, PrivPassphrase: testPriv,
		}, role}
	}
	return Config{
		Listen: []string{"127.0.0.1:0"}, EngineID: snmp.NewEngineID(32473),
		BootsFile: filepath.Join(t.TempDir(), "boots"),
		Roles: []Role{
			{Name: "reader", Read: []snmp.OID{testState, testPolicy, testRoot.Append(8)}},
			{Name: "policy", Read: []snmp.OID{testRoot}, Write: []snmp.OID{testPolicy}},
		},
		Users:      []User{user("reader01", "reader"), user("policy01", "policy")},
		SetTimeout: 20 * time.Second, // a loaded machine is no slow backend
		System:     System{Descr: "hawser test", ObjectID: testRoot.Append(3), Name: "node1", Location: "here", Services: 72},
	}
}

// startAgent runs an agent until the test ends.
func startAgent(t testing.TB, cfg Config, backend view.Backend) *Agent {
	t.Helper()
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	a, err := New(cfg, backend, logrus.NewEntry(quiet))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-a.Ready():
	case err := <-ended:
		ended <- nil
		t.Fatalf("the agent did not start: %v", err)
	case <-time.After(10 * time.Second):
		t.Fatal("the agent is not ready after 10 s")
	}
	return a
}

func newClient(t testing.TB, a *Agent, user string) *snmp.Client {
	t.Helper()
	return newClientTo(t, a.Addrs()[0], user)
}

func newClientTo(t testing.TB, address netip.AddrPort, user string) *snmp.Client {
	t.Helper()
	c, err := snmp.NewClient(snmp.Target{Address: address, Version: snmp.V3}, snmp.User{
		Name: user, Auth: snmp.SHA256, AuthPassphrase: testAuth, Priv: snmp.AES128, PrivPassphrase: testPriv,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Timeout = 5 * time.Second
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestWalkSeesWhatTheRoleMayRead(t *testing.T) {
	a := startAgent(t, testConfig(t), newMemory(testRows()...))
	for _, c := range []struct {
		user string
		want []string
	}{
		{"reader01", []string{"alpha", "1099511627776", "4000000000", "5", "text", "6", "8"}},
		{"policy01", []string{"alpha", "1099511627776", "4000000000", "5", "text", "6", "secret", "8"}},
	} {
		t.Run(c.user, func(t *testing.T) {
			var got []string
			err := newClient(t, a, c.user).Walk(t.Context(), testRoot, 3, func(vb snmp.Varbind) bool {
				got = append(got, vb.Value.String())
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("row %d: got %q, want %q", i, got[i], c.want[i])
				}
			}
		})
	}
}
