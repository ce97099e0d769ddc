package plugin

import (
	"context"
	"maps"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
	"hawser/fixtures/need"
	"hawser/fixtures/peers/mibs"
	"hawser/fixtures/peers/subagent"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
	"hawser/plugin/agent"
	"hawser/plugin/agentx"
)

// frozen is a backend whose views stand still, so that two readings of them are equal.
type frozen struct {
	*Backend
	views map[string]*view.View
}

func freeze(b *Backend) frozen {
	f := frozen{b, map[string]*view.View{"": b.View()}}
	for _, name := range b.Contexts() {
		f.views[name], _ = b.Context(name)
	}
	return f
}

func (f frozen) View() *view.View { return f.views[""] }

func (f frozen) Contexts() []string {
	names := slices.Sorted(maps.Keys(f.views))
	return names[1:] // but the default one
}

func (f frozen) Context(name string) (*view.View, bool) {
	v, ok := f.views[name]
	return v, ok
}

// startBelow runs the subagent below a new snmpd until the test ends.
func startBelow(t *testing.T, backend view.Backend, write bool) *subagent.Master {
	t.Helper()
	m := subagent.NewMaster(t)
	m.Start(t)
	cfg := DefaultConfig().Config
	cfg.SNMP.AgentX.Socket, cfg.SNMP.AgentX.Write = m.Socket, write
	a, err := agentx.New(cfg.agentX("test"), backend, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	startTask(t, a.Run)
	select {
	case <-a.Ready():
	case <-time.After(30 * time.Second):
		t.Fatal("no subtree was registered")
	}
	return m
}

// embedded runs the embedded agent over the same backend and returns a manager that may read all, in a context.
func embedded(t *testing.T, backend view.Backend) func(context string) *snmp.Client {
	t.Helper()
	user := snmp.User{Name: "auditor", Auth: snmp.SHA256, AuthPassphrase: testPassphrase, Priv: snmp.AES128, PrivPassphrase: testPassphrase}
	cfg := agent.Config{
		Listen: []string{"127.0.0.1:0"}, EngineID: snmp.NewEngineID(mib.PEN), BootsFile: filepath.Join(t.TempDir(), "boots"),
		Users: []agent.User{{User: user, Role: "auditor"}},
	}
	for _, role := range mib.Roles {
		cfg.Roles = append(cfg.Roles, agent.Role{Name: role.Name, Read: oids(role.Read), Write: oids(role.Write)})
	}
	a, err := agent.New(cfg, backend, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	startTask(t, a.Run)
	<-a.Ready()
	return func(context string) *snmp.Client {
		client, err := snmp.NewClient(snmp.Target{Address: netip.MustParseAddrPort(a.Addrs()[0].String()), Version: snmp.V3, ContextName: context}, user)
		if err != nil {
			t.Fatal(err)
		}
		client.Timeout = 30 * time.Second
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
}

// walked reads a subtree: by GETBULK, or, with 0 repetitions, by GETNEXT.
func walked(t *testing.T, client *snmp.Client, root snmp.OID, repetitions int) (out []snmp.Varbind) {
	t.Helper()
	if repetitions > 0 {
		if err := client.Walk(t.Context(), root, repetitions, func(vb snmp.Varbind) bool { out = append(out, vb); return true }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for at := root; ; at = out[len(out)-1].OID {
		next, err := client.Next(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if !next[0].OID.HasPrefix(root) || next[0].Value.IsException() {
			return out
		}
		out = append(out, next[0])
	}
}

// TestBothFrontEndsShowTheSame walks everything through snmpd and at the embedded agent, by GETNEXT and GETBULK, in each
// context, and compares every object and value.
func TestBothFrontEndsShowTheSame(t *testing.T) {
	source := richSource()
	backend := freeze(NewBackend(BackendConfig{Source: source, Changer: &fakeChanger{}, Views: newTestPublisher(source), Log: quietLog()}))
	m, ours := startBelow(t, backend, false), embedded(t, backend)
	total := 0
	for _, context := range append([]string{""}, backend.Contexts()...) {
		roots := []snmp.OID{mib.EntityMIB, mib.EntitySensorMIB, mib.EntityStateMIB}
		if context == "" {
			roots = append(roots, mib.HawserMIB)
		}
		through, direct := m.Client(t, context), ours(context)
		for _, root := range roots {
			want := walked(t, direct, root, 50)
			if len(want) == 0 {
				continue // of a node without a BMC
			}
			waitFor(t, "the registration of "+root.String()+" in context "+context, func() bool {
				next, err := through.Next(t.Context(), root)
				return err == nil && next[0].OID.Equal(want[0].OID)
			})
			for _, repetitions := range []int{0, 1, 50} {
				got := walked(t, through, root, repetitions)
				if i := firstDifference(got, want); i >= 0 {
					t.Fatalf("context %q, %s, %d repetitions: %d varbinds, want %d; number %d: got %v, want %v", context, root, repetitions,
						len(got), len(want), i, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
				}
			}
			total += len(want)
		}
	}
	t.Logf("%d varbinds through snmpd are those of the embedded agent, by GETNEXT and GETBULK", total)
	if total < 500 {
		t.Errorf("only %d varbinds were compared", total)
	}
}

func firstDifference(a, b []snmp.Varbind) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || !a[i].OID.Equal(b[i].OID) || !a[i].Value.Equal(b[i].Value) {
			return i
		}
	}
	return -1
}

// waitFor waits for a condition.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// TestTablesThroughSnmpd prints each table of the module with snmptable, by its names.
func TestTablesThroughSnmpd(t *testing.T) {
	need.Program(t, "snmptable")
	source := richSource()
	backend := NewBackend(BackendConfig{Source: source, Changer: &fakeChanger{}, Views: newTestPublisher(source), Log: quietLog()})
	m, env := startBelow(t, backend, false), mibs.Env(mibs.Dir(t))
	for _, table := range mib.Objects {
		if table.Kind != mib.Table {
			continue
		}
		command := exec.CommandContext(t.Context(), "snmptable", append(append([]string{"-Ci", "-Cb", "-Cw", "200"}, m.Options("")...), table.Name)...)
		command.Env = env
		out, err := command.CombinedOutput()
		text := string(out)
		rows := strings.Count(text, "\n") - 3
		if err != nil || !strings.Contains(text, "SNMP table: HAWSER-MIB::"+table.Name) || rows < 1 {
			t.Errorf("%s: %v\n%s", table.Name, err, text[:min(len(text), 500)])
		}
		for _, bad := range []string{"No entries", "No Such", "Wrong Type", "Unknown Object", "not increasing", "SNMPv2-SMI::enterprises"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: %q is in\n%s", table.Name, bad, text)
			}
		}
	}
}

// logged is a Changer over the log of a memory, as the native controller is one; it counts what it is asked.
type logged struct {
	member
	mu    sync.Mutex // guards calls
	calls []string
}

func (l *logged) call(what string, d cluster.Decision) (cluster.Receipt, error) {
	l.mu.Lock()
	l.calls = append(l.calls, what)
	l.mu.Unlock()
	r, err := l.apply(l.node, d)
	switch {
	case err != nil:
		return cluster.Receipt{}, err
	case r.Refusal != nil:
		return cluster.Receipt{}, r.Refusal
	case r.Receipt == nil:
		return cluster.Receipt{}, nil
	}
	return *r.Receipt, nil
}

func (l *logged) history() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.calls, " ")
}

func (l *logged) Prepare(c cluster.Change) (cluster.Plan, error) {
	if r := ledger.Check(l.state(), c); r != nil {
		return cluster.Plan{}, r
	}
	return cluster.Plan{Change: c, Serial: l.state().Serial}, nil
}

func (l *logged) Commit(_ context.Context, p cluster.Plan) (cluster.Receipt, error) {
	return l.call("commit", cluster.Decision{Change: &p.Change})
}

func (l *logged) Undo(_ context.Context, r cluster.Receipt) error {
	_, err := l.call("undo", cluster.Decision{Undo: &cluster.Undo{ID: r.ID, Serial: r.Serial, Unknown: r.Unknown}})
	return err
}

func (l *logged) Release(_ context.Context, r cluster.Receipt) error {
	_, err := l.call("release", cluster.Decision{Release: &cluster.ReleaseHold{ID: r.ID}})
	return err
}

func (l *logged) Refuse(_ context.Context, c cluster.Change, why cluster.Refusal) error {
	_, err := l.call("refuse", cluster.Decision{Refuse: &cluster.Refuse{Change: c, Refusal: why}})
	return err
}

// TestSetWithAnotherSubagent: one SET of two varbinds of ours, a job of ours and one of another subagent in C, which is fine
// with it, or fails in each phase. Then nothing of ours may have happened.
func TestSetWithAnotherSubagent(t *testing.T) {
	peerOID, err := snmp.ParseOID(subagent.Scalar)
	if err != nil {
		t.Fatal(err)
	}
	program := subagent.Build(t)
	for _, test := range []struct {
		name   string
		value  int32 // for the other subagent
		first  bool  // it comes first in the SET
		status snmp.ErrorStatus
		calls  string // of the log
	}{
		{"all is fine", 7, false, snmp.NoError, "commit release"},
		{"it fails in its test", subagent.FailReserve1, false, snmp.WrongValue, ""},
		{"it fails in its reservation", subagent.FailReserve2, true, snmp.ResourceUnavailable, ""},
		{"it fails in its commit", subagent.FailAction, false, snmp.CommitFailed, "commit undo"},
		{"it fails in its commit, and comes first", subagent.FailAction, true, snmp.CommitFailed, "commit undo"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mem := newMemory(t)
			changer := &logged{member: member{mem, "db1"}}
			backend := NewBackend(BackendConfig{Source: changer, Changer: changer, Views: newTestPublisher(changer), Log: quietLog()})
			startTask(t, backend.Run)
			m := startBelow(t, backend, true)
			subagent.StartPeer(t, program, m, 0)
			client := m.Client(t, "")
			waitFor(t, "the other subagent", func() bool {
				got, err := client.Get(t.Context(), peerOID)
				return err == nil && got[0].Value.Type == snmp.TypeInteger
			})
			node, job := mem.state().Index(kindNode, "db2"), mem.state().NextHwJob
			binds := []snmp.Varbind{
				bind("hawserServiceReaction", snmp.Integer(mib.ServiceReactionNotify), mem.state().Index(kindService, "app")),
				bind("hawserNodeAdminState", snmp.Integer(mib.NodeAdminStateMaintenance), node),
				bind("hawserHwJobRowStatus", snmp.Integer(mib.RowStatusCreateAndGo), job), bind("hawserHwJobKind", snmp.Integer(mib.HwJobKindCollect), job),
				bind("hawserHwJobTarget", snmp.String("db1"), job),
			}
			theirs := snmp.Varbind{OID: peerOID, Value: snmp.Integer(test.value)}
			if test.first {
				binds = append([]snmp.Varbind{theirs}, binds...)
			} else {
				binds = append(binds, theirs)
			}
			before := mem.state()
			var jobs []cluster.JobState // that anybody could ever have seen
			watch, stop := context.WithCancel(t.Context())
			var watching sync.WaitGroup
			watching.Go(func() {
				for watch.Err() == nil {
					changed := mem.ledger.Changed()
					if j, ok := mem.state().HwJobs[job]; ok {
						jobs = append(jobs, j.State)
					}
					select {
					case <-changed:
					case <-watch.Done():
					}
				}
			})
			_, err := client.Set(t.Context(), binds...)
			status := snmp.NoError
			if err != nil {
				refused, ok := err.(*snmp.StatusError) //nolint:errorlint // the client returns it bare
				if !ok {
					t.Fatal(err)
				}
				status = refused.Status
			}
			if status != test.status {
				t.Errorf("snmpd answers %s, want %s", status, test.status)
			}
			waitFor(t, "the end of the SET", func() bool { return changer.history() == test.calls && len(mem.state().Held) == 0 })
			stop()
			watching.Wait()
			if test.status == snmp.NoError {
				s := mem.state()
				if s.Services["app"].Policy.Reaction != cluster.ReactNotify || s.Nodes["db2"].Admin != cluster.NodeAdminMaintenance || s.HwJobs[job].State != cluster.JobQueued || s.Serial != before.Serial+1 {
					t.Errorf("not applied: %s, %s, job %s, serial %d", s.Services["app"].Policy.Reaction, s.Nodes["db2"].Admin, s.HwJobs[job].State, s.Serial)
				}
				return
			}
			checkUndone(t, mem, before, job, jobs, test.calls != "")
		})
	}
}

// checkUndone wants the state of before: values, jobs, events; the serial and the write log alone tell of a commit.
func checkUndone(t *testing.T, mem *memory, before *cluster.State, job uint32, jobs []cluster.JobState, committed bool) {
	t.Helper()
	s := mem.state()
	if s.Services["app"] != before.Services["app"] || s.Nodes["db2"].Admin != before.Nodes["db2"].Admin || len(s.Overrides) != len(before.Overrides) || s.LastEvent != before.LastEvent {
		t.Errorf("something of ours stayed: %+v, %s, %d overrides, event %d", s.Services["app"].Policy, s.Nodes["db2"].Admin, len(s.Overrides), s.LastEvent)
	}
	if _, there := s.HwJobs[job]; there || slices.ContainsFunc(jobs, func(j cluster.JobState) bool { return j != cluster.JobHeld }) {
		t.Errorf("the job is there: %t; it was seen as %v, may only have been held", there, jobs)
	}
	want := before.Serial
	if committed {
		want += 2 // the change, and its way back
	}
	if s.Serial != want {
		t.Errorf("serial %d, want %d", s.Serial, want)
	}
	for _, w := range mem.ledger.Writes(before.LastWrite, 100) {
		if !committed || w.Result != "undone" || w.By.Via != cluster.ViaAgentx || w.By.User != "snmpd" {
			t.Errorf("write log: %+v", w)
		}
	}
	if rows := len(mem.ledger.Writes(before.LastWrite, 100)); committed && rows != 3 {
		t.Errorf("%d rows in the write log, want 3", rows)
	}
}

// TestAnotherWriteComesBetween: while the other subagent takes its time to fail, somebody else writes. Then the answer is
// undoFailed, as the contract has it; what was ours never took effect, and the other write stays.
func TestAnotherWriteComesBetween(t *testing.T) {
	mem := newMemory(t)
	changer := &logged{member: member{mem, "db1"}}
	backend := NewBackend(BackendConfig{Source: changer, Changer: changer, Views: newTestPublisher(changer), Log: quietLog()})
	startTask(t, backend.Run)
	m := startBelow(t, backend, true)
	subagent.StartPeer(t, subagent.Build(t), m, 0)
	client := m.Client(t, "")
	peer, err := snmp.ParseOID(subagent.Scalar)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the other subagent", func() bool {
		got, err := client.Get(t.Context(), peer)
		return err == nil && got[0].Value.Type == snmp.TypeInteger
	})
	before := mem.state()
	var set sync.WaitGroup
	var answer error
	set.Go(func() {
		_, answer = client.Set(t.Context(), bind("hawserServiceReaction", snmp.Integer(mib.ServiceReactionNotify), before.Index(kindService, "app")),
			snmp.Varbind{OID: peer, Value: snmp.Integer(subagent.FailSlowly)})
	})
	waitFor(t, "our commit", func() bool { return len(mem.state().Held) == 1 })
	mem.mustApply(t, "db1", cluster.Decision{Change: &cluster.Change{ID: "other", By: cluster.Setter{User: "anna", Via: cluster.ViaSnmp}, Ops: []cluster.Op{
		{Object: "NodeAdminState", Target: cluster.Target{Name: "db2"}, Int: int64(cluster.NodeAdminMaintenance)},
	}}})
	set.Wait()
	refused, ok := answer.(*snmp.StatusError) //nolint:errorlint // the client returns it bare
	if !ok || refused.Status != snmp.UndoFailed {
		t.Errorf("snmpd answers %v, want undoFailed", answer)
	}
	s := mem.state()
	if s.Services["app"] != before.Services["app"] || len(s.Held) != 0 || s.Nodes["db2"].Admin != cluster.NodeAdminMaintenance {
		t.Errorf("ours: %+v, held %v; the other's: %s", s.Services["app"].Policy, s.Held, s.Nodes["db2"].Admin)
	}
	if rows := mem.ledger.Writes(before.LastWrite, 10); len(rows) != 2 || rows[0].Result != "undone" || rows[1].Result != "applied" {
		t.Errorf("write log %+v", rows)
	}
}

// TestWritesThroughSnmpdAreOff unless they are configured.
func TestWritesThroughSnmpdAreOff(t *testing.T) {
	mem := newMemory(t)
	changer := &logged{member: member{mem, "db1"}}
	backend := NewBackend(BackendConfig{Source: changer, Changer: changer, Views: newTestPublisher(changer), Log: quietLog()})
	startTask(t, backend.Run)
	m := startBelow(t, backend, false)
	_, err := m.Client(t, "").Set(t.Context(), bind("hawserMaintenance", snmp.Integer(1), 0))
	refused, ok := err.(*snmp.StatusError) //nolint:errorlint // the client returns it bare
	if !ok || refused.Status != snmp.NotWritable || refused.Index != 1 || changer.history() != "" {
		t.Errorf("got %v, log asked for %q; want notWritable", err, changer.history())
	}
}
