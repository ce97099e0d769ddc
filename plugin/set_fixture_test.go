package plugin

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// fakeChanger answers as a test tells it, and remembers what it was asked.
type fakeChanger struct {
	mu       sync.Mutex // guards what follows
	prepared []cluster.Change
	commits  []cluster.Plan
	undone   []cluster.Receipt
	released []cluster.Receipt
	refused  []refusedChange

	refuse  *cluster.Refusal // by Prepare
	outcome []error          // of Commit, one after the other; then success
	hang    bool             // Commit waits for its deadline
	repeat  bool             // what Commit applies was applied before
}

type refusedChange struct {
	change cluster.Change
	why    cluster.Refusal
}

func (f *fakeChanger) Prepare(change cluster.Change) (cluster.Plan, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prepared = append(f.prepared, change)
	if f.refuse != nil {
		return cluster.Plan{}, f.refuse
	}
	return cluster.Plan{Change: change, Serial: 17}, nil
}

func (f *fakeChanger) Commit(ctx context.Context, plan cluster.Plan) (cluster.Receipt, error) {
	f.mu.Lock()
	f.commits = append(f.commits, plan)
	hang, n := f.hang, len(f.commits)
	f.mu.Unlock()
	if hang {
		<-ctx.Done()
		return cluster.Receipt{}, errors.Join(cluster.ErrUnknownOutcome, ctx.Err())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if n <= len(f.outcome) {
		return cluster.Receipt{}, f.outcome[n-1]
	}
	return cluster.Receipt{ID: plan.Change.ID, Serial: 18, WriteSeq: 3, Repeated: f.repeat}, nil
}

func (f *fakeChanger) Undo(_ context.Context, receipt cluster.Receipt) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.undone = append(f.undone, receipt)
	return nil
}

func (f *fakeChanger) Release(_ context.Context, receipt cluster.Receipt) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.released = append(f.released, receipt)
	return nil
}

func (f *fakeChanger) Refuse(_ context.Context, change cluster.Change, why cluster.Refusal) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = append(f.refused, refusedChange{change, why})
	return nil
}

func (f *fakeChanger) refusals() []refusedChange {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.refused)
}

// committed is how often a change was to be applied.
func (f *fakeChanger) committed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.commits)
}

// startBackend runs a backend over the rich cluster; it belongs into a synctest bubble.
func startBackend(t *testing.T, changer *fakeChanger) (*Backend, *fakeSource) {
	t.Helper()
	source := richSource()
	backend := NewBackend(BackendConfig{Source: source, Changer: changer, Views: newTestPublisher(source), Log: quietLog()})
	startTask(t, backend.Run)
	<-backend.Ready()
	return backend, source
}

// setting runs one test of SETs in a bubble.
func inBubble(t *testing.T, changer *fakeChanger, run func(*testing.T, *Backend)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		backend, _ := startBackend(t, changer)
		run(t, backend)
	})
}

var (
	bySNMP   = view.Setter{User: "policy", Address: "10.9.0.1:40112", Via: view.ViaSNMP}
	byAgentX = view.Setter{Via: view.ViaAgentX}
)

// bind makes a varbind from the name of an object, an instance and a value.
func bind(object string, value snmp.Value, index ...uint32) snmp.Varbind {
	o, ok := mib.ByName(object)
	if !ok {
		panic("no object " + object)
	}
	return snmp.Varbind{OID: snmp.OID(o.OID).Append(index...), Value: value}
}

// wish is a varbind of hawserHwSettingDesired of db1's BIOS.
func wish(name, value string) snmp.Varbind {
	return bind("hawserHwSettingDesired", snmp.String(value), append([]uint32{1, 2}, indexText(name)...)...)
}

// job is the least SET that makes a row of hawserHwJobTable.
func job(index uint32, more ...snmp.Varbind) []snmp.Varbind {
	return append([]snmp.Varbind{
		bind("hawserHwJobRowStatus", snmp.Integer(mib.RowStatusCreateAndGo), index),
		bind("hawserHwJobKind", snmp.Integer(mib.HwJobKindApply), index),
		bind("hawserHwJobTarget", snmp.String("db1"), index),
	}, more...)
}

// statusOfError takes an answer apart.
func statusOfError(t *testing.T, err error) (snmp.ErrorStatus, int) {
	t.Helper()
	if err == nil {
		return snmp.NoError, 0
	}
	var refused *view.SetError
	if !errors.As(err, &refused) {
		t.Fatalf("%v is no *view.SetError", err)
	}
	return refused.Status, refused.Index
}
