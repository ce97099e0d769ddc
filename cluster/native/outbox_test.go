package native

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
	"hawser/cluster/raftlog"
)

// boxBench is an outbox over real files and a real ledger, with a leader that a test makes up. A life of the daemon ends by
// kill: nothing is written any more.
type boxBench struct {
	t      testing.TB
	dir    string
	ledger *ledger.Ledger
	index  uint64
	lives  uint64

	*outbox
	numbered, shelved *raftlog.Store
	leader            func([]cluster.Decision) error // what becomes of a proposal
}

func newBoxBench(t testing.TB) *boxBench {
	t.Helper()
	b := &boxBench{t: t, dir: t.TempDir(), ledger: ledger.New()}
	b.leader = b.commit
	b.commitAll(cluster.Decision{Found: &cluster.Found{ClusterID: "c", Generation: 1, EngineID: []byte{1, 2, 3, 4, 5}}})
	b.start()
	t.Cleanup(b.kill)
	return b
}

// start begins a life of the daemon.
func (b *boxBench) start() {
	b.t.Helper()
	b.lives++
	var err error
	if b.numbered, err = raftlog.Open(filepath.Join(b.dir, "raft.db"), raftlog.Options{}); err != nil {
		b.t.Fatal(err)
	}
	if b.shelved, _, err = openShelf(b.dir, quiet()); err != nil {
		b.t.Fatal(err)
	}
	l := b.ledger
	floor := func() uint64 { return max(l.State().Origins["a"], l.State().Handed["a"].Seq) }
	b.outbox = &outbox{
		node: "a", log: quiet(), shelf: shelf{b.shelved.Local("outbox")}, work: newPoke(), wake: newPoke(),
		numbers: &numbers{local: b.numbered.Local("origin"), floor: floor},
		propose: func(_ context.Context, ds ...cluster.Decision) error { return b.leader(ds) },
		mark:    func() cluster.HandedMark { return l.State().Handed["a"] },
	}
	if err := b.numbers.refill(); err != nil {
		b.t.Fatal(err)
	}
	if err := b.open(b.lives); err != nil {
		b.t.Fatal(err)
	}
}

// kill ends a life at once.
func (b *boxBench) kill() {
	b.t.Helper()
	if err := errors.Join(b.numbered.Close(), b.shelved.Close()); err != nil {
		b.t.Error(err)
	}
}

func (b *boxBench) commit(ds []cluster.Decision) error {
	b.commitAll(ds...)
	return nil
}

func (b *boxBench) commitAll(ds ...cluster.Decision) {
	b.t.Helper()
	b.index++
	if _, err := b.ledger.Apply(b.index, cluster.Entry{Version: 1, At: time.Now(), By: "leader", Origin: 2 * b.index, Decisions: ds}); err != nil {
		b.t.Fatal(err)
	}
}

// handOnce is one turn of the goroutine that hands over, without its waits.
func (b *boxBench) handOnce() error {
	b.settle()
	batch, _ := b.due(time.Now())
	if len(batch) == 0 {
		return nil
	}
	return b.propose(context.Background(), batch...)
}

func story(n int) cluster.Event {
	return cluster.Event{
		Time: time.Now(), Type: cluster.EventAuthFailure, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentNode,
		ComponentName: "a", NodeName: "a", Summary: fmt.Sprint("story ", n),
	}
}

// told lists the summaries of the events of node a in the log.
func (b *boxBench) told() []string {
	var out []string
	for _, e := range b.ledger.Events(0, 1<<20) {
		if e.Origin == "a" {
			out = append(out, e.Summary)
		}
	}
	return out
}

func (b *boxBench) mustTake(n int) *letter {
	b.t.Helper()
	l, err := b.take(story(n), 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

func isSeen(l *letter) bool {
	select {
	case <-l.seen:
		return true
	default:
		return false
	}
}

// TestAnEventIsOnTheDiskFirst: what is not there is not handed over, before the disk had its time.
func TestAnEventIsOnTheDiskFirst(t *testing.T) {
	b := newBoxBench(t)
	l := b.mustTake(1)
	if batch, wait := b.due(l.taken); len(batch) != 0 || wait != outboxPatience {
		t.Fatalf("%d due, look again in %s", len(batch), wait)
	}
	if !b.write() {
		t.Fatal("not written")
	}
	if batch, wait := b.due(l.taken); len(batch) != 1 || wait != 0 {
		t.Fatalf("%d due, look again in %s", len(batch), wait)
	}
	if err := b.handOnce(); err != nil || isSeen(l) {
		t.Fatalf("%v, seen %t before the log was looked at", err, isSeen(l))
	}
	b.settle()
	if got := b.told(); !isSeen(l) || !slices.Equal(got, []string{"story 1"}) {
		t.Errorf("seen %t, told %v", isSeen(l), got)
	}
	b.write()
	if kept, _, err := b.shelf.load(); err != nil || len(kept) != 0 {
		t.Errorf("%d stay on the disk, %v", len(kept), err)
	}
	e := b.ledger.Events(0, 10)[0]
	if e.Origin != "a" || e.OriginSeq == 0 || e.OriginSeq != b.mark().Seq {
		t.Errorf("the log has %+v", e)
	}
}

// TestKilledAtEachStep: whatever the last step was before the daemon was killed, an event that was on the disk is told
// once, and one that was not is told once or never.
func TestKilledAtEachStep(t *testing.T) {
	unknown := fmt.Errorf("%w: test", cluster.ErrUnknownOutcome)
	for _, tt := range []struct {
		name  string
		steps func(b *boxBench)
		want  []string
	}{
		{"before it was written", func(b *boxBench) { b.mustTake(1) }, nil},
		{"written", func(b *boxBench) { b.mustTake(1); b.write() }, []string{"story 1"}},
		{"handed over in vain", func(b *boxBench) {
			b.mustTake(1)
			b.write()
			b.leader = func([]cluster.Decision) error { return cluster.ErrNoLeader }
			_ = b.handOnce()
		}, []string{"story 1"}},
		{"committed, and the answer lost", func(b *boxBench) {
			b.mustTake(1)
			b.write()
			b.leader = func(ds []cluster.Decision) error { b.commitAll(ds...); return unknown }
			_ = b.handOnce()
		}, []string{"story 1"}},
		{"seen, and not taken off the disk", func(b *boxBench) {
			b.mustTake(1)
			b.write()
			_ = b.handOnce()
			b.settle()
		}, []string{"story 1"}},
		{"taken off the disk", func(b *boxBench) {
			b.mustTake(1)
			b.write()
			_ = b.handOnce()
			b.settle()
			b.write()
		}, []string{"story 1"}},
		{"one seen, one written, one not", func(b *boxBench) {
			b.mustTake(1)
			b.write()
			_ = b.handOnce()
			b.mustTake(2)
			b.write()
			b.mustTake(3)
		}, []string{"story 1", "story 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBoxBench(t)
			tt.steps(b)
			b.kill()
			b.leader = b.commit
			b.start()
			for range 3 {
				if err := b.handOnce(); err != nil {
					t.Fatal(err)
				}
			}
			if got := b.told(); !slices.Equal(got, tt.want) {
				t.Errorf("told %v, want %v", got, tt.want)
			}
		})
	}
}

// TestRandomLives runs the steps in any order, with leaders that refuse, lose answers, commit late and commit again, and
// with kills in between: every event that was on the disk is told once, none twice, and in the order in which they arose.
func TestRandomLives(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			randomLives(t, rand.New(rand.NewPCG(seed, 3)))
		})
	}
}

func randomLives(t *testing.T, r *rand.Rand) {
	b := newBoxBench(t)
	var late [][]cluster.Decision // proposals that a later leader may still commit
	b.leader = func(ds []cluster.Decision) error {
		switch r.IntN(5) {
		case 0:
			return cluster.ErrNoLeader
		case 1:
			late = append(late, ds)
			return cluster.ErrUnknownOutcome
		case 2:
			b.commitAll(ds...)
			return cluster.ErrUnknownOutcome
		}
		b.commitAll(ds...)
		return nil
	}
	kept, n := map[string]bool{}, 0
	for range 400 {
		switch r.IntN(12) {
		case 0, 1, 2:
			n++
			b.mustTake(n)
		case 3, 4:
			if b.write() {
				for _, l := range b.letters {
					kept[l.handed.Event.Summary] = true
				}
			}
		case 5, 6, 7:
			_ = b.handOnce() // in vain now and then
		case 8:
			b.settle()
		case 9:
			if len(late) > 0 {
				b.commitAll(late[r.IntN(len(late))]...)
			}
		case 10:
			b.commitAll(cluster.Decision{Lead: &cluster.Lead{Node: "b"}})
		case 11:
			if r.IntN(3) == 0 {
				b.kill()
				b.start()
			}
		}
	}
	b.kill()
	b.start()
	b.leader = b.commit
	for range 200 {
		if err := b.handOnce(); err != nil {
			t.Fatal(err)
		}
	}
	told := b.told()
	last := 0
	for _, s := range told {
		var is int
		if _, err := fmt.Sscanf(s, "story %d", &is); err != nil || is <= last {
			t.Fatalf("%q comes after story %d", s, last)
		}
		last = is
		delete(kept, s)
	}
	if len(kept) > 0 || len(told) == 0 {
		t.Errorf("told %d of %d; on the disk and not told: %v", len(told), n, kept)
	}
	if len(b.letters) != 0 {
		t.Errorf("%d letters are left", len(b.letters))
	}
}

// TestALostStoreGivesNoNumberAgain: with empty files, and even with the clock set back, later events are told, under
// numbers above all that the log holds.
func TestALostStoreGivesNoNumberAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where it is the year 2000
		b := newBoxBench(t)
		b.lives = 77
		b.kill()
		b.start()
		b.mustTake(1)
		b.write()
		if err := b.handOnce(); err != nil {
			t.Fatal(err)
		}
		before := b.mark()
		b.kill()
		b.dir = t.TempDir()
		b.lives = 5
		b.start()
		b.mustTake(2)
		b.write()
		for range 2 {
			if err := b.handOnce(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		b.settle()
		after := b.mark()
		if got := b.told(); !slices.Equal(got, []string{"story 1", "story 2"}) {
			t.Errorf("told %v", got)
		}
		if after.Life <= before.Life || after.Seq <= before.Seq {
			t.Errorf("the log went from %+v to %+v", before, after)
		}
		b.kill()
		b.start() // with what is left of that life on the disk
		if err := b.handOnce(); err != nil {
			t.Fatal(err)
		}
		if got := b.told(); len(got) != 2 {
			t.Errorf("told %v", got)
		}
	})
}

// TestAFullOutboxCountsWhatItLoses: the oldest go, those of alarms last; the loss survives a kill and is told as soon as
// something gets through.
func TestAFullOutboxCountsWhatItLoses(t *testing.T) {
	b := newBoxBench(t)
	alarm := story(0)
	alarm.AlarmKey, alarm.Raise = "k", cluster.SeverityMinor
	if _, err := b.take(alarm, 0); err != nil {
		t.Fatal(err)
	}
	const extra = 7
	for n := 1; n < outboxRoom+extra; n++ {
		b.mustTake(n)
		if n%100 == 0 {
			b.write() // sets numbers aside too
		}
	}
	b.write()
	b.kill()
	b.start()
	if len(b.letters) != outboxRoom || b.lost.Count != extra {
		t.Fatalf("%d wait, %d lost", len(b.letters), b.lost.Count)
	}
	for range 200 {
		b.write()
		if err := b.handOnce(); err != nil {
			t.Fatal(err)
		}
	}
	told := b.told()
	if len(told) != outboxRoom+1 || told[0] != "story 0" || told[1] != fmt.Sprintf("story %d", extra+1) {
		t.Fatalf("%d told, the first are %v, the last %v", len(told), told[:2], told[len(told)-2:])
	}
	events := b.ledger.Events(0, 1<<20)
	last := events[len(events)-1]
	if last.Type != cluster.EventEventsLost || !strings.HasPrefix(last.Summary, fmt.Sprintf("%d events of node a are lost", extra)) || !strings.HasPrefix(last.Error, "between ") {
		t.Errorf("the loss is told as %+v", last)
	}
	b.write()
	b.kill()
	b.start()
	if b.lost.Count != 0 {
		t.Errorf("the loss is told again: %+v", b.lost)
	}
}

// TestADiskThatDoesNotTakeEvents delays them by outboxPatience at the most (S8): they are handed over from memory.
func TestADiskThatDoesNotTakeEvents(t *testing.T) {
	b := newBoxBench(t)
	if err := b.shelved.Close(); err != nil { // from now on every write fails
		t.Fatal(err)
	}
	l := b.mustTake(1)
	if b.write() {
		t.Fatal("written to a closed file")
	}
	if err := b.handOnce(); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if !isSeen(l) || len(b.told()) != 1 {
		t.Error("a write that failed kept the event here")
	}
	hung := b.mustTake(2) // nobody writes it
	if batch, _ := b.due(hung.taken.Add(outboxPatience)); len(batch) != 1 {
		t.Error("a write that hangs kept the event here")
	}
	used := 0
	for ; used < 3*originBlock; used++ {
		if _, err := b.take(story(used), 0); errors.Is(err, errOutboxFull) {
			break
		}
	}
	if used < originBlock/2 || used >= 3*originBlock || b.lost.Count == 0 {
		t.Errorf("without a disk there were numbers for %d events, %d are counted lost", used, b.lost.Count)
	}
}

// TestAnEventThatComesWhileTheDiskHangs is handed over after outboxPatience all the same (S8): nobody but take can tell the
// goroutine that hands over that there is one.
func TestAnEventThatComesWhileTheDiskHangs(t *testing.T) {
	b := newBoxBench(t)
	looked, got := make(chan struct{}, 100), make(chan struct{}, 100)
	mark := b.mark
	b.mark = func() cluster.HandedMark { looked <- struct{}{}; return mark() }
	b.leader = func([]cluster.Decision) error { got <- struct{}{}; return cluster.ErrNoLeader }
	held, release := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() {
		_ = b.shelved.Local("x").Update(func(*raftlog.LocalTx) error { close(held); <-release; return nil })
	})
	<-held
	tasks.Go(func() { _ = b.keep(ctx) })
	tasks.Go(func() { _ = b.hand(ctx) })
	<-looked
	b.mustTake(1)
	select {
	case <-got:
	case <-time.After(limit):
		t.Error("it waits until the disk answers")
	}
	close(release)
	cancel()
	tasks.Wait()
}

// TestTakeWakesBoth: the one that writes and the one that hands over.
func TestTakeWakesBoth(t *testing.T) {
	b := newBoxBench(t)
	b.mustTake(1)
	if len(b.work) != 1 || len(b.wake) != 1 {
		t.Errorf("pokes to write %d, to hand over %d", len(b.work), len(b.wake))
	}
}

// TestWordOfALossThatHasNoNumber: it is told later, and that it could not be told before is no loss.
func TestWordOfALossThatHasNoNumber(t *testing.T) {
	b := newBoxBench(t)
	b.mustTake(1)
	b.write()
	b.numbers.at, b.numbers.end, b.numbers.spare = 0, 0, [2]uint64{} // all are used, and the disk gives none
	if _, err := b.take(story(2), 0); !errors.Is(err, errOutboxFull) {
		t.Fatal(err)
	}
	for range 5 {
		if err := b.handOnce(); err != nil {
			t.Fatal(err)
		}
	}
	if b.lost.Count != 1 {
		t.Fatalf("%d are counted lost, one was", b.lost.Count)
	}
	for range 4 {
		b.write()
		if err := b.handOnce(); err != nil {
			t.Fatal(err)
		}
	}
	if told := b.told(); b.lost.Count != 0 || len(told) != 2 || !strings.HasPrefix(told[1], "1 events of node a are lost") {
		t.Errorf("%d untold, told %v", b.lost.Count, told)
	}
}

// TestTheOutboxRuns lets the two goroutines do what the steps above do, with events from many sides and a leader that comes
// and goes.
func TestTheOutboxRuns(t *testing.T) {
	b := newBoxBench(t)
	var mu sync.Mutex // guards below
	away := true
	b.leader = func(ds []cluster.Decision) error {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return cluster.ErrNoLeader
		}
		b.commitAll(ds...)
		b.wake.wake()
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() { _ = b.keep(ctx) })
	tasks.Go(func() { _ = b.hand(ctx) })
	var raised sync.WaitGroup
	const sides, each = 8, 20
	for side := range sides {
		raised.Go(func() {
			for n := range each {
				l, err := b.take(story(1000*side+n), 0)
				if err != nil {
					t.Error(err)
					return
				}
				if n == each/2 {
					mu.Lock()
					away = !away
					mu.Unlock()
				}
				if n == each-1 {
					mu.Lock()
					away = false
					mu.Unlock()
					<-l.seen
				}
			}
		})
	}
	raised.Wait()
	cancel()
	tasks.Wait()
	if got := b.told(); len(got) != sides*each {
		t.Errorf("told %d, want %d", len(got), sides*each)
	}
}

func TestWhatNoLogCanHoldIsRefused(t *testing.T) {
	b := newBoxBench(t)
	bad := story(1)
	bad.Type = 999
	if _, err := b.take(bad, 0); err == nil || len(b.letters) != 0 {
		t.Errorf("taken: %v", err)
	}
	long := story(2)
	long.Error, long.Seq, long.AlarmIndex = strings.Repeat("ü", maxEntry), 9, 9
	l, err := b.take(long, 0)
	if err != nil {
		t.Fatal(err)
	}
	if e := l.handed.Event; len(e.Error) > maxWords || !strings.HasSuffix(e.Error, "ü") || e.Seq != 0 || e.AlarmIndex != 0 {
		t.Errorf("taken as %d bytes, %+v", len(e.Error), e.Seq)
	}
	b.close(limit)
	if _, err := b.take(story(3), 0); !errors.Is(err, errOutboxClosed) {
		t.Errorf("after the end: %v", err)
	}
	if kept, _, err := b.shelf.load(); err != nil || len(kept) != 1 {
		t.Errorf("%d on the disk, %v", len(kept), err)
	}
}

// TestADamagedOutboxIsMovedAside: the node goes on with an empty one, and what it cannot read stays for a person.
func TestADamagedOutboxIsMovedAside(t *testing.T) {
	b := newBoxBench(t)
	b.mustTake(1)
	b.write()
	b.kill()
	path := filepath.Join(b.dir, outboxFile)
	damageFile(t, path)
	store, damaged, err := openShelf(b.dir, quiet())
	if err != nil || damaged == nil || !strings.Contains(damaged.Error(), path) {
		t.Fatalf("%v, %v", damaged, err)
	}
	if aside, _ := filepath.Glob(path + ".damaged-*"); len(aside) != 1 {
		t.Errorf("set aside: %v", aside)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	b.start() // for the end of the test
}
