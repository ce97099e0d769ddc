package ledger

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

var olga = cluster.Setter{User: "olga", Address: "192.0.2.7", Via: cluster.ViaSnmp}

func op(object, name string, value int64) cluster.Op {
	return cluster.Op{Object: object, Target: cluster.Target{Name: name}, Int: value}
}

// set applies one change; the id follows the log.
func (l *log) set(c cluster.Change) Result {
	l.t.Helper()
	if c.ID == "" {
		c.ID = fmt.Sprint("c", l.index)
	}
	c.By = olga
	return l.apply(cluster.Decision{Change: &c})
}

func (l *log) lastWrite() cluster.Write {
	l.t.Helper()
	writes := l.Writes(l.State().LastWrite-1, 1)
	if len(writes) != 1 {
		l.t.Fatalf("%d last rows of the write log", len(writes))
	}
	return writes[0]
}

// hardware gives node a a BMC with settings.
func (l *log) hardware() {
	l.t.Helper()
	l.apply(cluster.Decision{Hardware: &cluster.HardwareDiff{Node: "a", BMCState: "ok", Settings: []cluster.HardwareSetting{
		{Scope: cluster.ScopeBIOS, Name: "BootMode", Type: cluster.SettingEnumeration, Current: "Uefi", Values: []string{"Uefi", "LegacyBios"}},
		{Scope: cluster.ScopeBIOS, Name: "AdminPassword", Type: cluster.SettingPassword},
		{Scope: cluster.ScopeBIOS, Name: "Serial", Type: cluster.SettingString, Current: "S1", ReadOnly: true},
	}}})
}

func desired(name, value string) cluster.Op {
	return cluster.Op{Object: "HwSettingDesired", Target: cluster.Target{Name: "a", Scope: cluster.ScopeBIOS, Key: name}, Text: value}
}

func hwJob(index uint32, node string, kind cluster.HwJobKind) cluster.Op {
	return cluster.Op{Object: "HwJob", Target: cluster.Target{Name: node, Index: index}, Int: int64(kind)}
}

// TestSetIsTaken: each object takes its value, shows it, and writes one row with the old and the new one.
func TestSetIsTaken(t *testing.T) {
	for _, test := range []struct {
		op       cluster.Op
		old, new string
		shows    func(s *cluster.State) any
		want     any
	}{
		{op("ServiceReaction", "app", 2), "failover", "notify", func(s *cluster.State) any { return s.Services["app"].Policy.Reaction }, cluster.ReactNotify},
		{op("ServiceProbeInterval", "app", 500), "2000", "500", func(s *cluster.State) any { return s.Services["app"].Policy.ProbeInterval }, 500 * time.Millisecond},
		{op("ServiceProbeTimeout", "app", 50), "1000", "50", func(s *cluster.State) any { return s.Services["app"].Policy.ProbeTimeout }, 50 * time.Millisecond},
		{op("ServiceFailureThreshold", "app", 100), "3", "100", func(s *cluster.State) any { return s.Services["app"].Policy.FailureThreshold }, 100},
		{op("ServiceRestartLimit", "app", 0), "3", "0", func(s *cluster.State) any { return s.Services["app"].Policy.RestartLimit }, 0},
		{op("ServiceFailureWindow", "app", 1000), "300000", "1000", func(s *cluster.State) any { return s.Services["app"].Policy.FailureWindow }, time.Second},
		{op("ServiceAdminState", "app", 2), "enabled", "disabled", func(s *cluster.State) any { return s.Services["app"].Admin }, cluster.ServiceAdminDisabled},
		{op("NodeAdminState", "b", 2), "online", "standby", func(s *cluster.State) any { return s.Nodes["b"].Admin }, cluster.NodeAdminStandby},
		{op("StackFailback", "shop", 2), "never", "automatic", func(s *cluster.State) any { st, _ := s.Spec.Stack("shop"); return s.FailbackOf(st) }, cluster.FailbackAutomatic},
		{cluster.Op{Object: "StackPreferredNode", Target: cluster.Target{Name: "shop"}, Text: "b"}, "", "b", func(s *cluster.State) any { st, _ := s.Spec.Stack("shop"); return s.Preferred(st) }, "b"},
		{desired("BootMode", "LegacyBios"), "", "LegacyBios", func(s *cluster.State) any { return s.Desired["a/2/BootMode"].State }, cluster.SettingDrifted},
		{desired("BootMode", "Uefi"), "", "Uefi", func(s *cluster.State) any { return s.Desired["a/2/BootMode"].State }, cluster.SettingInSync},
		{hwJob(1, "a", cluster.HwJobCollect), "", "collect", func(s *cluster.State) any { return s.HwJobs[1].State }, cluster.JobQueued},
	} {
		t.Run(rowName(test.op), func(t *testing.T) {
			l := founded(t)
			l.hardware()
			serial := l.State().Serial
			r := l.set(cluster.Change{Ops: []cluster.Op{test.op}})
			if r.Refusal != nil || r.Receipt == nil || r.Receipt.Serial != serial+1 || l.State().Serial != serial+1 {
				t.Fatalf("answer %+v %+v, serial %d", r.Receipt, r.Refusal, l.State().Serial)
			}
			if got := test.shows(l.State()); got != test.want {
				t.Errorf("shows %v, want %v", got, test.want)
			}
			w := l.lastWrite()
			want := cluster.Write{Seq: r.Receipt.WriteSeq, Change: r.Receipt.WriteSeq, Time: l.now, By: olga, Object: rowName(test.op), Old: test.old, New: test.new, Result: "applied"}
			if !reflect.DeepEqual(w, want) {
				t.Errorf("row %+v, want %+v", w, want)
			}
			if len(r.Events) != 1 || r.Events[0].Type != cluster.EventConfigChanged || r.Events[0].Setter != "olga" || !strings.Contains(r.Events[0].Summary, rowName(test.op)) {
				t.Errorf("events %+v", r.Events)
			}
		})
	}
}

// TestSetIsRefused: a bad op changes nothing, answers with its class and place, and leaves a row that says what is allowed.
func TestSetIsRefused(t *testing.T) {
	for _, test := range []struct {
		name    string
		op      cluster.Op
		code    cluster.Refused
		allowed string
	}{
		{"no such object", op("NodeColour", "a", 1), cluster.RefusedNotWritable, "hawserNodeColour"},
		{"no such node", op("NodeAdminState", "z", 1), cluster.RefusedNoCreation, `"z"`},
		{"no such service", op("ServiceReaction", "z", 1), cluster.RefusedNoCreation, `"z"`},
		{"no such stack", op("StackFailback", "z", 1), cluster.RefusedNoCreation, `"z"`},
		{"node state", op("NodeAdminState", "a", 4), cluster.RefusedValue, "online(1), standby(2), maintenance(3)"},
		{"service state", op("ServiceAdminState", "app", 0), cluster.RefusedValue, "enabled(1), disabled(2), maintenance(3)"},
		{"reaction", op("ServiceReaction", "app", 6), cluster.RefusedValue, "1 to 5"},
		{"interval too short", op("ServiceProbeInterval", "app", 99), cluster.RefusedValue, "100 to 3600000 ms"},
		{"interval far too long", op("ServiceProbeInterval", "app", math.MaxInt64), cluster.RefusedValue, "100 to 3600000 ms"},
		{"interval that wraps round", op("ServiceProbeInterval", "app", math.MaxInt64/1_000_000*2+1000), cluster.RefusedValue, "100 to 3600000 ms"},
		{"threshold", op("ServiceFailureThreshold", "app", 0), cluster.RefusedValue, "1 to 100"},
		{"limit", op("ServiceRestartLimit", "app", -1), cluster.RefusedValue, "0 to 100"},
		{"failback", op("StackFailback", "shop", 9), cluster.RefusedValue, "never(1), automatic(2), manual(3)"},
		{"preferred node", cluster.Op{Object: "StackPreferredNode", Target: cluster.Target{Name: "shop"}, Text: "z"}, cluster.RefusedInconsistent, `"z"`},
		{"alarm", cluster.Op{Object: "AlarmAcknowledged", Target: cluster.Target{Index: 5}, Int: 1}, cluster.RefusedNoCreation, "5"},
		{"setting of no registry", desired("Colour", "red"), cluster.RefusedNoCreation, "Colour"},
		{"setting outside the registry", desired("BootMode", "Both"), cluster.RefusedInconsistent, "Uefi, LegacyBios"},
		{"setting that is read-only", desired("Serial", "S2"), cluster.RefusedNotWritable, "S1"},
		{"job of no kind", hwJob(1, "a", 11), cluster.RefusedValue, "11"},
		{"job of a later release", hwJob(1, "a", cluster.HwJobFirmware), cluster.RefusedInconsistent, "collect(1) and apply(2)"},
		{"job on no node", hwJob(1, "z", cluster.HwJobCollect), cluster.RefusedValue, `"z"`},
		{"job on a node without BMC", hwJob(1, "c", cluster.HwJobCollect), cluster.RefusedInconsistent, "no BMC"},
		{"abort of no job", cluster.Op{Object: "HwJobAbort", Target: cluster.Target{Index: 9}}, cluster.RefusedNoCreation, "9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := founded(t)
			l.hardware()
			good := op("ServiceReaction", "db", 2)
			before := l.State()
			r := l.set(cluster.Change{Ops: []cluster.Op{good, test.op}})
			if r.Receipt != nil || r.Refusal == nil || r.Refusal.Code != test.code || r.Refusal.Op != 1 || !strings.Contains(r.Refusal.Reason, test.allowed) {
				t.Fatalf("answer %+v %+v", r.Receipt, r.Refusal)
			}
			s := l.State()
			if s.Serial != before.Serial || s.Services["db"] != before.Services["db"] || len(s.Overrides) != 0 || len(r.Events) != 0 {
				t.Errorf("the good op of a bad SET was applied: %+v", s.Services["db"])
			}
			if w := l.lastWrite(); s.LastWrite != before.LastWrite+1 || w.Object != rowName(test.op) || w.Result != string(test.code)+": "+r.Refusal.Reason {
				t.Errorf("rows to %d, the last %+v", s.LastWrite, w)
			}
		})
	}
}

// TestSetIsOneThing: the ops of a SET are tested together, as they are applied together.
func TestSetIsOneThing(t *testing.T) {
	place := func(l *log) { l.apply(cluster.Decision{Move: &cluster.Move{Stack: "shop", Primary: "a"}}) }
	for _, test := range []struct {
		name string
		ops  []cluster.Op
		bad  int // -1: taken
	}{
		{"primary and one standby", []cluster.Op{op("NodeAdminState", "a", 2), op("NodeAdminState", "b", 2)}, -1},
		{"primary and every standby", []cluster.Op{op("NodeAdminState", "a", 2), op("NodeAdminState", "b", 2), op("NodeAdminState", "c", 2)}, 0},
		{"every standby, then the primary", []cluster.Op{op("NodeAdminState", "b", 2), op("NodeAdminState", "c", 2), op("NodeAdminState", "a", 2)}, 2},
		{"one job twice", []cluster.Op{hwJob(1, "a", cluster.HwJobCollect), hwJob(1, "b", cluster.HwJobCollect)}, 1},
		{"two jobs", []cluster.Op{hwJob(1, "a", cluster.HwJobCollect), hwJob(2, "b", cluster.HwJobCollect)}, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := founded(t)
			place(l)
			before := l.State()
			r := l.set(cluster.Change{Ops: test.ops})
			switch {
			case test.bad < 0 && r.Receipt == nil:
				t.Errorf("refused: %v", r.Refusal)
			case test.bad >= 0 && (r.Refusal == nil || r.Refusal.Op != test.bad || l.State().Serial != before.Serial || !reflect.DeepEqual(before.Nodes, l.State().Nodes) || len(l.State().HwJobs) != 0):
				t.Errorf("answer %+v %+v", r.Receipt, r.Refusal)
			}
		})
	}
}

// TestSerial: compare and swap, and the wrap of TestAndIncr (RFC 2579).
func TestSerial(t *testing.T) {
	l := founded(t)
	change := func(serial int32) cluster.Change {
		return cluster.Change{Serial: &serial, Ops: []cluster.Op{op("ServiceReaction", "app", int64(1+l.index%5))}}
	}
	if r := l.set(change(0)); r.Receipt == nil || r.Receipt.Serial != 1 {
		t.Fatalf("the right serial: %+v %+v", r.Receipt, r.Refusal)
	}
	r := l.set(change(0))
	if r.Refusal == nil || r.Refusal.Op != -1 || r.Refusal.Code != cluster.RefusedInconsistent || !strings.Contains(r.Refusal.Reason, "is 1, not 0") {
		t.Errorf("a stale serial: %+v %+v", r.Receipt, r.Refusal)
	}
	if w := l.lastWrite(); !strings.HasPrefix(w.Result, "inconsistentValue: ") {
		t.Errorf("row %+v", w)
	}
	alone := int32(9)
	if r := l.set(cluster.Change{Serial: &alone}); r.Refusal == nil || l.lastWrite().Object != "hawserConfigSerial" {
		t.Errorf("a stale serial alone: %+v, row %+v", r.Refusal, l.lastWrite())
	}
	alone = 1
	if r := l.set(cluster.Change{Serial: &alone}); r.Receipt == nil || l.State().Serial != 2 || len(r.Events) != 0 {
		t.Errorf("the right serial alone: %+v %+v", r.Receipt, r.Events)
	}
	if r := l.set(cluster.Change{}); r.Receipt == nil || l.State().Serial != 2 {
		t.Errorf("a SET of nothing: %+v, serial %d", r.Receipt, l.State().Serial)
	}
	top := *l.State()
	top.Serial = math.MaxInt32
	l.state = &top
	if r := l.set(change(math.MaxInt32)); r.Receipt == nil || r.Receipt.Serial != 0 {
		t.Errorf("after 2147483647: %+v %+v", r.Receipt, r.Refusal)
	}
}

// TestToken: the same token with the same varbinds gets the first answer and does nothing; with others it is refused; after
// 24 h it may be used again. A stale serial is no reason to refuse a repetition.
func TestToken(t *testing.T) {
	l := founded(t)
	serial := l.State().Serial
	first := cluster.Change{ID: "x", Token: []byte("01234567"), Serial: &serial, Ops: []cluster.Op{op("ServiceReaction", "app", 2)}}
	a := l.set(first)
	before := l.State()
	again := first
	again.ID = "y" // another node, another request id
	b := l.set(again)
	if b.Receipt == nil || !b.Receipt.Repeated || b.Receipt.Serial != a.Receipt.Serial || b.Receipt.WriteSeq != a.Receipt.WriteSeq || len(b.Events) != 0 {
		t.Errorf("the repetition: %+v %+v", b.Receipt, b.Refusal)
	}
	if s := l.State(); s.Serial != before.Serial || s.LastWrite != before.LastWrite {
		t.Error("the repetition did something")
	}
	for name, other := range map[string]cluster.Change{
		"another value":  {Token: first.Token, Serial: first.Serial, Ops: []cluster.Op{op("ServiceReaction", "app", 3)}},
		"another serial": {Token: first.Token, Serial: new(int32(77)), Ops: first.Ops},
		"no serial":      {Token: first.Token, Ops: first.Ops},
	} {
		if r := l.set(other); r.Refusal == nil || r.Refusal.Op != -2 || r.Refusal.Code != cluster.RefusedInconsistent {
			t.Errorf("%s: %+v %+v", name, r.Receipt, r.Refusal)
		}
	}
	for _, length := range []int{1, 7, 17} {
		if r := l.set(cluster.Change{Token: bytes.Repeat([]byte("x"), length), Ops: first.Ops}); r.Refusal == nil || r.Refusal.Code != cluster.RefusedValue {
			t.Errorf("a token of %d octets: %+v", length, r.Receipt)
		}
	}
	l.now = l.now.Add(24*time.Hour + time.Second)
	l.apply(cluster.Decision{Lead: &cluster.Lead{Node: "b"}})
	if r := l.set(cluster.Change{Token: first.Token, Ops: []cluster.Op{op("ServiceReaction", "app", 3)}}); r.Receipt == nil || r.Receipt.Repeated {
		t.Errorf("the token after 24 h: %+v %+v", r.Receipt, r.Refusal)
	}
}

// TestIDIsAppliedOnce: a change that is proposed again, because no answer came, is applied once (A24); two changes without
// an id are two.
func TestIDIsAppliedOnce(t *testing.T) {
	l := founded(t)
	change := cluster.Decision{Change: &cluster.Change{ID: "x", By: olga, Ops: []cluster.Op{op("ServiceReaction", "app", 2)}}}
	a, b := l.apply(change), l.apply(change)
	if !b.Receipt.Repeated || b.Receipt.Serial != a.Receipt.Serial || l.State().LastWrite != 1 {
		t.Errorf("the second: %+v, %d rows", b.Receipt, l.State().LastWrite)
	}
	nameless := cluster.Decision{Change: &cluster.Change{By: olga, Ops: change.Change.Ops}}
	a, b = l.apply(nameless), l.apply(nameless)
	if b.Receipt.Repeated || b.Receipt.Serial != a.Receipt.Serial+1 {
		t.Errorf("the second without id: %+v", b.Receipt)
	}
}

// opsOfEachKind is one op of each object that can be set, good after prepareOps.
func opsOfEachKind() []cluster.Op {
	return []cluster.Op{
		op("ServiceReaction", "db", 2), op("ServiceReaction", "app", 1), op("ServiceAdminState", "mta", 1), op("NodeAdminState", "b", 3),
		op("StackFailback", "shop", 2),
		{Object: "StackPreferredNode", Target: cluster.Target{Name: "shop"}, Text: "c"},
		{Object: "AlarmAcknowledged", Target: cluster.Target{Index: 1}, Int: 1},
		{Object: "AlarmAckComment", Target: cluster.Target{Index: 1}, Text: "mine"},
		desired("BootMode", "LegacyBios"), hwJob(2, "b", cluster.HwJobApply),
		{Object: "HwJobAbort", Target: cluster.Target{Index: 1}},
	}
}

func (l *log) prepareOps() {
	l.hardware()
	l.apply(raise("node/b"))
	l.set(cluster.Change{Ops: []cluster.Op{op("ServiceReaction", "db", 4), desired("BootMode", "Uefi"), hwJob(1, "a", cluster.HwJobCollect)}})
	l.apply(cluster.Decision{Service: &cluster.ServiceIs{Service: "mta", Quarantine: true}})
}

// TestUndo: a change is taken back to the last bit, or refused if another came between.
func TestUndo(t *testing.T) {
	ops := opsOfEachKind()
	seen := map[string]bool{}
	for _, o := range ops {
		seen[o.Object] = true
	}
	for object := range objects {
		if !seen[object] && !strings.HasPrefix(object, "Service") {
			t.Errorf("the undo of %s is not tested", object)
		}
	}
	l := founded(t)
	l.prepareOps()
	before := *l.State()
	r := l.set(cluster.Change{ID: "x", Token: []byte("01234567"), Ops: ops})
	if r.Refusal != nil {
		t.Fatal(r.Refusal)
	}
	u := l.apply(cluster.Decision{Undo: &cluster.Undo{ID: "x", Serial: r.Receipt.Serial}})
	if u.Refusal != nil || u.Receipt == nil {
		t.Fatalf("not undone: %v", u.Refusal)
	}
	after := *l.State()
	if len(u.Events) != 1 || !strings.HasPrefix(u.Events[0].Summary, "taken back: ") || u.Events[0].Setter != "olga" {
		t.Errorf("events %+v", u.Events)
	}
	for _, w := range l.Writes(r.Receipt.WriteSeq-1, 100) {
		if w.Result != "undone" {
			t.Errorf("row %+v", w)
		}
	}
	// What counts on stays as it is: numbers are not used twice, and the serial tells that something happened.
	after.Serial, after.LastEvent, after.LastWrite, after.Applied, after.NextHwJob = before.Serial, before.LastEvent, before.LastWrite, before.Applied, before.NextHwJob
	after.Origins, after.FirstCondition, after.FirstEvent = before.Origins, before.FirstCondition, before.FirstEvent
	if !reflect.DeepEqual(before, after) {
		t.Errorf("not as before\ngot  %+v\nwant %+v", after, before)
	}
	if again := l.apply(cluster.Decision{Undo: &cluster.Undo{ID: "x", Serial: r.Receipt.Serial}}); again.Refusal == nil {
		t.Error("it was undone twice")
	}
	if r := l.set(cluster.Change{Token: []byte("01234567"), Ops: ops[:1]}); r.Receipt == nil || r.Receipt.Repeated {
		t.Errorf("the token of an undone change: %+v %+v", r.Receipt, r.Refusal)
	}
}

// TestUndoIsRefused: after another change, and when a job of the change has begun.
func TestUndoIsRefused(t *testing.T) {
	l := founded(t)
	r := l.set(cluster.Change{ID: "x", Ops: []cluster.Op{op("ServiceReaction", "app", 2)}})
	l.set(cluster.Change{Ops: []cluster.Op{op("ServiceReaction", "db", 2)}})
	for _, serial := range []int32{r.Receipt.Serial, l.State().Serial} {
		u := l.apply(cluster.Decision{Undo: &cluster.Undo{ID: "x", Serial: serial}})
		if u.Refusal == nil || l.State().Services["app"].Policy.Reaction != cluster.ReactNotify {
			t.Errorf("undone over another change, with serial %d", serial)
		}
	}
	job := l.set(cluster.Change{ID: "j", Ops: []cluster.Op{hwJob(1, "a", cluster.HwJobApply)}})
	l.apply(cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: 1, State: cluster.JobRunning}})
	u := l.apply(cluster.Decision{Undo: &cluster.Undo{ID: "j", Serial: job.Receipt.Serial}})
	if u.Refusal == nil || !strings.Contains(u.Refusal.Reason, "job 1 has begun") || l.State().HwJobs[1].State != cluster.JobRunning {
		t.Errorf("a job that runs was undone: %+v", u.Receipt)
	}
}

// TestASecretIsNeverWritten: who tries to SET a password leaves a row without it.
func TestASecretIsNeverWritten(t *testing.T) {
	l := founded(t)
	l.hardware()
	r := l.set(cluster.Change{Ops: []cluster.Op{desired("AdminPassword", "streng-geheim")}})
	if r.Refusal == nil || r.Refusal.Code != cluster.RefusedNotWritable {
		t.Errorf("answer %+v %+v", r.Receipt, r.Refusal)
	}
	if bytes.Contains(l.bytes(), []byte("streng-geheim")) {
		t.Error("the password stands in the ledger")
	}
}

// TestEnabledReleasesFromQuarantine, as hawserServiceAdminState promises; a service that comes back with a new file keeps
// what was SET.
func TestAdminStates(t *testing.T) {
	l := founded(t)
	l.apply(cluster.Decision{Service: &cluster.ServiceIs{Service: "app", Quarantine: true}})
	if cluster.ServiceStateOf(l.State(), testSpec().Stacks[0].Services[1]) != cluster.ServiceQuarantined {
		t.Error("not quarantined")
	}
	l.set(cluster.Change{Ops: []cluster.Op{op("ServiceAdminState", "app", 1)}})
	if !l.State().Services["app"].Quarantined.IsZero() {
		t.Error("still quarantined")
	}
	l.set(cluster.Change{Ops: []cluster.Op{op("ServiceAdminState", "mta", 2), op("NodeAdminState", "c", 3), op("ServiceReaction", "mta", 5)}})
	small := testSpec()
	small.Nodes, small.Stacks = small.Nodes[:2], small.Stacks[:1]
	l.apply(cluster.Decision{Config: &cluster.Config{Spec: small}})
	if _, ok := l.State().Services["mta"]; ok {
		t.Error("a service that is not configured any more has a row")
	}
	l.apply(cluster.Decision{Config: &cluster.Config{Spec: testSpec()}})
	s := l.State()
	if s.Services["mta"].Admin != cluster.ServiceAdminDisabled || s.Nodes["c"].Admin != cluster.NodeAdminMaintenance || s.Services["mta"].Policy.Reaction != cluster.ReactFence {
		t.Errorf("what was SET is forgotten: %+v %+v", s.Services["mta"], s.Nodes["c"])
	}
}
