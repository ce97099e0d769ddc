package ledger

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

// prepared is a ledger on which all ops of opsOfEachKind are good.
func prepared(t *testing.T) *log {
	t.Helper()
	l := founded(t)
	l.prepareOps()
	return l
}

// held sets a change that waits for its release.
func (l *log) held(id string, ops ...cluster.Op) Result {
	l.t.Helper()
	r := l.set(cluster.Change{ID: id, Token: []byte("token-" + id + "0001"), Hold: true, Ops: ops})
	if r.Refusal != nil {
		l.t.Fatal(r.Refusal)
	}
	return r
}

// shown is a state without what only counts on, and without what is held.
func shown(s *cluster.State) cluster.State {
	c := *s.Clone()
	for i, j := range c.HwJobs {
		if j.State == cluster.JobHeld {
			delete(c.HwJobs, i)
		}
	}
	if c.Held = nil; len(c.HwJobs) == 0 {
		c.HwJobs = nil
	}
	c.Serial, c.LastEvent, c.LastWrite, c.Applied, c.NextHwJob = 0, 0, 0, 0, 0
	c.AppliedAt, c.Origins, c.FirstCondition, c.FirstEvent = time.Time{}, nil, 0, 0
	return c
}

func (l *log) results(first uint32) (out []string) {
	for _, w := range l.Writes(first-1, 100) {
		out = append(out, w.Result)
	}
	return out
}

func only(results []string, want string) bool {
	for _, r := range results {
		if r != want {
			return false
		}
	}
	return len(results) > 0
}

// TestHeldChangeStartsNothing: of everything that can be set nothing is to be seen before the release, and all of it after.
func TestHeldChangeStartsNothing(t *testing.T) {
	l, direct := prepared(t), prepared(t)
	before := shown(l.State())
	r := l.held("x", opsOfEachKind()...)
	if got := shown(l.State()); !reflect.DeepEqual(got, before) {
		t.Errorf("while it is held\ngot  %+v\nwant %+v", got, before)
	}
	if j := l.job(2); j.State != cluster.JobHeld || len(r.Events) != 0 || !only(l.results(r.Receipt.WriteSeq), "held") {
		t.Errorf("job %s, events %+v, rows %v", j.State, r.Events, l.results(r.Receipt.WriteSeq))
	}
	l = &log{t: t, Ledger: restored(t, l.bytes()), now: l.now, index: l.index, origin: l.origin} // it outlives a restart
	released := l.apply(cluster.Decision{Release: &cluster.ReleaseHold{ID: "x"}})
	if released.Refusal != nil || len(released.Events) != 1 || !only(l.results(r.Receipt.WriteSeq), "applied") {
		t.Fatalf("released: %v, events %+v, rows %v", released.Refusal, released.Events, l.results(r.Receipt.WriteSeq))
	}
	want := direct.set(cluster.Change{ID: "x", Token: []byte("token-x0001"), Ops: opsOfEachKind()})
	if got, want := shown(l.State()), shown(direct.State()); !reflect.DeepEqual(got, want) {
		t.Errorf("after the release\ngot  %+v\nwant %+v", got, want)
	}
	if l.State().Serial != want.Receipt.Serial || r.Receipt.Serial != want.Receipt.Serial {
		t.Errorf("serial %d, in the receipt %d; a change at once has %d", l.State().Serial, r.Receipt.Serial, want.Receipt.Serial)
	}
	if again := l.apply(cluster.Decision{Release: &cluster.ReleaseHold{ID: "x"}}); again.Refusal != nil || len(again.Events) != 0 {
		t.Errorf("released again: %v %+v", again.Refusal, again.Events)
	}
}

// TestUndoOfAHeldChange: it is as if it had never been, but that serial and write log tell of it; it is never applied later.
func TestUndoOfAHeldChange(t *testing.T) {
	l := prepared(t)
	before := shown(l.State())
	r := l.held("x", opsOfEachKind()...)
	u := l.apply(cluster.Decision{Undo: &cluster.Undo{ID: "x", Serial: r.Receipt.Serial}})
	if got := shown(l.State()); u.Refusal != nil || !reflect.DeepEqual(got, before) || len(l.State().Held) != 0 {
		t.Errorf("undone: %v\ngot  %+v\nwant %+v", u.Refusal, got, before)
	}
	if _, there := l.State().HwJobs[2]; there || l.State().Serial != r.Receipt.Serial+1 || !only(l.results(r.Receipt.WriteSeq), "undone") || len(u.Events) != 0 {
		t.Errorf("serial %d, rows %v, events %+v", l.State().Serial, l.results(r.Receipt.WriteSeq), u.Events)
	}
	for name, late := range map[string]cluster.Decision{
		"release": {Release: &cluster.ReleaseHold{ID: "x"}}, "the change": {Change: &cluster.Change{ID: "x", Hold: true, Ops: opsOfEachKind()}},
		"undo": {Undo: &cluster.Undo{ID: "x", Serial: r.Receipt.Serial}},
	} {
		if a := l.apply(late); a.Refusal == nil {
			t.Errorf("%s came late and was taken", name)
		}
	}
	if got := shown(l.State()); !reflect.DeepEqual(got, before) {
		t.Errorf("what came late changed something\ngot  %+v\nwant %+v", got, before)
	}
	if r := l.set(cluster.Change{ID: "y", Token: []byte("token-x0001"), Ops: opsOfEachKind()[:1]}); r.Receipt == nil || r.Receipt.Repeated {
		t.Errorf("the token of an undone change: %+v %v", r.Receipt, r.Refusal)
	}
}

// TestAnotherWriteBetween: the undo says that it failed, and what was held is gone nevertheless.
func TestAnotherWriteBetween(t *testing.T) {
	l := prepared(t)
	r := l.held("x", op("ServiceReaction", "app", 1))
	l.set(cluster.Change{Ops: []cluster.Op{op("ServiceReaction", "db", 3)}})
	u := l.apply(cluster.Decision{Undo: &cluster.Undo{ID: "x", Serial: r.Receipt.Serial}})
	if u.Refusal == nil || !strings.Contains(u.Refusal.Reason, "another change came between") {
		t.Errorf("refusal %v", u.Refusal)
	}
	if s := l.State(); s.Services["app"].Policy.Reaction == 1 || s.Services["db"].Policy.Reaction != 3 || len(s.Held) != 0 || l.results(r.Receipt.WriteSeq)[0] != "undone" {
		t.Errorf("app %s, db %s, held %v", s.Services["app"].Policy.Reaction, s.Services["db"].Policy.Reaction, s.Held)
	}
}

// TestOthersSeeWhatIsHeld: a change is tested also as if what is held had been carried out.
func TestOthersSeeWhatIsHeld(t *testing.T) {
	l := prepared(t)
	l.held("x", hwJob(2, "b", cluster.HwJobApply), cluster.Op{Object: "HwJobAbort", Target: cluster.Target{Index: 1}})
	if r := l.set(cluster.Change{Ops: []cluster.Op{hwJob(2, "a", cluster.HwJobApply)}}); r.Refusal == nil {
		t.Error("a job got the number of one that is held")
	}
	abort := cluster.Change{Ops: []cluster.Op{{Object: "HwJobAbort", Target: cluster.Target{Index: 1}}}}
	before := l.job(1).State
	after := founded(t)
	after.prepareOps()
	after.set(abort)
	if want, got := after.set(abort).Refusal == nil, l.set(abort).Refusal == nil; got != want || before != cluster.JobQueued {
		t.Errorf("a second abort is taken: %t, after one that was carried out %t", got, want)
	}
	if r := l.set(cluster.Change{ID: "y", Token: []byte("token-x0001"), Hold: true, Ops: []cluster.Op{op("ServiceReaction", "app", 1)}}); r.Refusal == nil {
		t.Error("a repetition was answered while the first has no end yet")
	}
}

// TestHeldTooLong: a change that nobody releases or takes back is void.
func TestHeldTooLong(t *testing.T) {
	l := prepared(t)
	before := shown(l.State())
	r := l.held("x", opsOfEachKind()...)
	l.now = l.now.Add(holdFor)
	l.apply(cluster.Decision{Refuse: &cluster.Refuse{}})
	if len(l.State().Held) != 1 {
		t.Fatal("it is void too early")
	}
	l.now = l.now.Add(time.Millisecond)
	l.apply(cluster.Decision{Refuse: &cluster.Refuse{}})
	if got := shown(l.State()); !reflect.DeepEqual(got, before) || len(l.State().Held) != 0 || !only(l.results(r.Receipt.WriteSeq), "undone") {
		t.Errorf("void\ngot  %+v\nwant %+v\nrows %v", got, before, l.results(r.Receipt.WriteSeq))
	}
	if a := l.apply(cluster.Decision{Release: &cluster.ReleaseHold{ID: "x"}}); a.Refusal == nil {
		t.Error("it was released when it was void")
	}
}

// TestReleaseUnderAnotherClock: a release is carried out by whatever clock its leader has; what it leaves held is void where
// the clocks are too far apart, forwards and back.
func TestReleaseUnderAnotherClock(t *testing.T) {
	for _, ahead := range []time.Duration{holdFor + time.Hour, -holdFor - time.Hour} {
		l := prepared(t)
		l.held("x", op("ServiceReaction", "app", 1))
		l.held("y", op("ServiceReaction", "db", 3))
		l.now = l.now.Add(ahead)
		r := l.apply(cluster.Decision{Release: &cluster.ReleaseHold{ID: "x"}})
		if r.Refusal != nil || l.State().Services["app"].Policy.Reaction != 1 {
			t.Errorf("%s ahead: refused with %v, reaction %s", ahead, r.Refusal, l.State().Services["app"].Policy.Reaction)
		}
		if len(l.State().Held) != 0 || l.State().Services["db"].Policy.Reaction == 3 {
			t.Errorf("%s ahead: %d are held still", ahead, len(l.State().Held))
		}
	}
}

// TestWhatIsHeldMakesNothingPossible: it may be taken back, so that a change must be good with it and without it.
func TestWhatIsHeldMakesNothingPossible(t *testing.T) {
	admin := func(node string, to cluster.NodeAdmin) cluster.Op { return op("NodeAdminState", node, int64(to)) }
	l := founded(t)
	l.apply(cluster.Decision{Move: &cluster.Move{Stack: "shop", Primary: "a"}})
	for _, n := range []string{"b", "c"} {
		if r := l.set(cluster.Change{Ops: []cluster.Op{admin(n, cluster.NodeAdminStandby)}}); r.Refusal != nil {
			t.Fatal(r.Refusal)
		}
	}
	l.held("h", admin("b", cluster.NodeAdminOnline))
	direct := cluster.Change{Ops: []cluster.Op{admin("a", cluster.NodeAdminStandby)}}
	if r := l.set(direct); r.Refusal == nil {
		t.Error("the last node was set to standby, counting on one that is online only if a change is not taken back")
	}
	l.apply(cluster.Decision{Release: &cluster.ReleaseHold{ID: "h"}})
	if r := l.set(direct); r.Refusal != nil {
		t.Errorf("after the release: %v", r.Refusal)
	}
}

// TestReleaseOfWhatIsImpossibleNow: what is no SET can take the ground away. All of it is refused, and the write log says why.
func TestReleaseOfWhatIsImpossibleNow(t *testing.T) {
	l := prepared(t)
	r := l.held("x", op("ServiceReaction", "app", 1), cluster.Op{Object: "HwJobAbort", Target: cluster.Target{Index: 1}}, hwJob(2, "a", cluster.HwJobApply))
	l.apply(cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: 1, State: cluster.JobRunning}})
	a := l.apply(cluster.Decision{Release: &cluster.ReleaseHold{ID: "x"}})
	_, there := l.State().HwJobs[2]
	if a.Refusal == nil || a.Refusal.Op != 1 || there || l.State().Services["app"].Policy.Reaction == 1 {
		t.Errorf("refusal %+v, job there %t", a.Refusal, there)
	}
	if rows := l.results(r.Receipt.WriteSeq); !strings.HasPrefix(rows[0], "inconsistentValue: ") {
		t.Errorf("rows %v", rows)
	}
}

// TestUndoOfTheUnknown: a change of which nobody knows whether it was applied is taken back if it was, and not applied if it
// comes late; asked again, the answer is the same.
func TestUndoOfTheUnknown(t *testing.T) {
	change := cluster.Decision{Change: &cluster.Change{ID: "x", By: olga, Ops: []cluster.Op{op("ServiceReaction", "app", 1)}}}
	hold := cluster.Decision{Change: &cluster.Change{ID: "x", By: olga, Hold: true, Ops: change.Change.Ops}}
	undo := cluster.Decision{Undo: &cluster.Undo{ID: "x", Unknown: true}}
	for name, order := range map[string][]cluster.Decision{
		"applied": {change, undo, undo}, "held": {hold, undo, undo}, "late": {undo, change, undo}, "held late": {undo, hold, undo},
	} {
		l := prepared(t)
		before := shown(l.State())
		for _, d := range order {
			if r := l.apply(d); r.Refusal != nil && d.Undo != nil {
				t.Errorf("%s: %v", name, r.Refusal)
			}
		}
		if got := shown(l.State()); !reflect.DeepEqual(got, before) || len(l.State().Held) != 0 {
			t.Errorf("%s\ngot  %+v\nwant %+v", name, got, before)
		}
	}
}
