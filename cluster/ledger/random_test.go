package ledger

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"hawser/cluster"
)

// TestRandomEntries applies entries that no engine would write, and looks after each at what must hold whatever comes:
// no service has two holders (S1), an epoch is never given twice (S4), events are numbered without a gap, alarms come in
// pairs, the condition kept of an event is what ConditionOf says at that moment, and a ledger restored from a snapshot in
// the middle ends as the one that saw everything.
func TestRandomEntries(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			randomEntries(t, rand.New(rand.NewPCG(seed, 11)))
		})
	}
}

func randomEntries(t *testing.T, r *rand.Rand) {
	t.Helper()
	l := founded(t)
	second := restored(t, l.bytes())
	watch := &watcher{epochs: map[uint64]cluster.Holder{}, standing: map[uint32]bool{}, last: l.State().LastEvent}
	for range 300 {
		l.now = l.now.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
		var decisions []cluster.Decision
		for range 1 + r.IntN(4) {
			decisions = append(decisions, randomDecision(r, l.State(), l.now))
		}
		before := l.State()
		entry := l.entry(decisions...)
		result, err := l.Apply(l.index, entry)
		if err != nil {
			t.Fatal(err)
		}
		other, err := second.Apply(l.index, entry)
		if err != nil || !reflect.DeepEqual(result, other) {
			t.Fatalf("two ledgers answer differently to %+v:\n%+v\n%+v %v", decisions, result, other, err)
		}
		watch.look(t, l, before, result)
		if r.IntN(40) == 0 {
			second = restored(t, imageOf(t, second))
		}
	}
	if a, b := l.bytes(), imageOf(t, second); !bytes.Equal(a, b) {
		t.Errorf("the restored ledger differs\n%s\n%s", a, b)
	}
}

// watcher remembers what the entries so far have done.
type watcher struct {
	epochs   map[uint64]cluster.Holder
	standing map[uint32]bool
	last     cluster.Seq
}

func (w *watcher) look(t *testing.T, l *log, before *cluster.State, result Result) {
	t.Helper()
	s := l.State()
	for name, sv := range s.Services {
		h, old := sv.Holder, before.Services[name].Holder
		if h.Epoch == 0 {
			continue
		}
		if known, ok := w.epochs[h.Epoch]; ok && (known.Node != h.Node || known.Boot != h.Boot) {
			t.Fatalf("S4: epoch %d was of %+v and is of %+v", h.Epoch, known, h)
		}
		w.epochs[h.Epoch] = h
		if n := s.Nodes[h.Node]; n.Boot != h.Boot || n.State == cluster.NodeFenced {
			t.Fatalf("S4: %s is held by %+v, but the node is %+v", name, h, n)
		}
		if old.Epoch != 0 && h.Epoch < old.Epoch {
			t.Fatalf("S4: the epoch of %s went from %d to %d", name, old.Epoch, h.Epoch)
		}
	}
	for _, e := range result.Events {
		w.last++
		if e.Seq != w.last {
			t.Fatalf("event %d follows %d", e.Seq, w.last-1)
		}
		switch {
		case e.Type == cluster.EventAlarmRaised && w.standing[e.AlarmIndex], e.Type == cluster.EventAlarmCleared && !w.standing[e.AlarmIndex]:
			t.Fatalf("alarm %d: %s out of turn", e.AlarmIndex, e.Type)
		case e.Type == cluster.EventAlarmRaised:
			w.standing[e.AlarmIndex] = true
		case e.Type == cluster.EventAlarmCleared:
			delete(w.standing, e.AlarmIndex)
		}
	}
	if len(w.standing) != len(s.Alarms) {
		t.Fatalf("%d alarms stand, %d were told", len(s.Alarms), len(w.standing))
	}
	if n := len(result.Events); n > 0 {
		w.condition(t, l, result.Events[n-1])
	}
}

// condition compares the condition kept of an entry's last event with what is so now; alone it may differ in what later
// decisions of the same entry changed, so that only entries that end with their event are compared.
func (w *watcher) condition(t *testing.T, l *log, e cluster.Event) {
	t.Helper()
	got, err := l.Conditions(e.Seq)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 || got[0].Type != cluster.ComponentCluster || got[0].State != e.Facts.ClusterState.String() {
		t.Fatalf("the condition of event %d begins with %+v, its facts say %s", e.Seq, got[:min(1, len(got))], e.Facts.ClusterState)
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomDecision is any decision, right or wrong, about what there is.
func randomDecision(r *rand.Rand, s *cluster.State, now time.Time) cluster.Decision {
	node, service, stack := pick(r, "a", "b", "c"), pick(r, "db", "app", "web", "mta"), pick(r, "shop", "mail")
	boot := pick(r, s.Nodes[node].Boot, s.Nodes[node].Boot, fmt.Sprint(node, r.IntN(4)))
	h := s.Services[service].Holder
	epoch := pick(r, h.Epoch, h.Epoch, s.Epoch, s.Epoch-1)
	switch r.IntN(17) {
	case 0:
		return join(node, fmt.Sprint(node, r.IntN(4)), uint64(r.IntN(20)))
	case 1:
		return cluster.Decision{NodeIs: &cluster.NodeIs{Node: node, State: pick(r, cluster.NodeOnline, cluster.NodeSuspect, cluster.NodeOffline, cluster.NodeStandby)}}
	case 2:
		return cluster.Decision{Reserve: &cluster.Reserve{Node: node, By: pick(r, "", "", "job")}}
	case 3:
		return cluster.Decision{Intent: &cluster.Fence{ID: uint64(r.IntN(50)), Node: node, Boot: boot, Executor: "a", Intent: now, Deadline: now.Add(20 * time.Second)}}
	case 4, 5:
		return cluster.Decision{Fenced: &cluster.Fenced{Node: node, ID: s.Fences[node].ID + uint64(r.IntN(2)), Off: r.IntN(2) == 0}}
	case 6, 7, 8:
		return assign(service, node, boot)
	case 9:
		return cluster.Decision{Withdraw: &cluster.Withdraw{Service: service, Epoch: epoch}}
	case 10:
		return cluster.Decision{Released: &cluster.Released{Service: service, Node: pick(r, h.Node, node), Boot: pick(r, h.Boot, boot), Epoch: epoch, Proof: cluster.ProofStop}}
	case 11:
		return cluster.Decision{Move: &cluster.Move{Stack: stack, Primary: node, Phase: pick(r, cluster.PhaseIdle, cluster.PhaseStarting, cluster.PhaseReleasing)}}
	case 12:
		return pick(r, raise, clearing)(pick(r, "node/a", "node/b"))
	case 13:
		return cluster.Decision{Change: &cluster.Change{
			ID: fmt.Sprint(r.IntN(30)), By: cluster.Setter{User: "olga"}, Token: fmt.Appendf(nil, "token%03d", r.IntN(20)),
			Ops: []cluster.Op{{Object: "ServiceReaction", Target: cluster.Target{Name: service}, Int: int64(r.IntN(7))}},
		}}
	case 14:
		return cluster.Decision{Undo: &cluster.Undo{ID: fmt.Sprint(r.IntN(30)), Serial: s.Serial}}
	case 15:
		return letter(node, 1, 1+s.Handed[node].Seq-uint64(r.IntN(2)), func(h *cluster.Handed) {
			h.Boots = uint32(r.IntN(2)) * s.EngineBoots
			h.Event.AlarmKey, h.Event.Raise, h.Event.Clear = pick(r, "node/a", "own/"+node), pick(r, 0, cluster.SeverityMinor), r.IntN(2) == 0
		})
	}
	return cluster.Decision{Observe: &cluster.Observe{Service: service, Node: node, Boot: boot, State: pick(r, cluster.InstanceActive, cluster.InstanceFailed), Probe: cluster.ProbeOk, Failing: r.IntN(3) == 0}}
}

// TestConditionsAreWhatWas: the differences that are kept, expanded, are the whole condition at the time of each event,
// also from a snapshot.
func TestConditionsAreWhatWas(t *testing.T) {
	l := founded(t)
	r := rand.New(rand.NewPCG(3, 3))
	want := map[cluster.Seq][]cluster.Component{}
	for range 200 {
		l.now = l.now.Add(time.Second)
		l.apply(randomDecision(r, l.State(), l.now))
		e := raise("x").Event
		e.AlarmKey, e.Raise = "", 0
		result := l.apply(cluster.Decision{Event: e}) // an event alone changes no component
		want[result.Events[0].Seq] = cluster.ConditionOf(l.State())
	}
	for _, look := range []*Ledger{l.Ledger, restored(t, l.bytes())} {
		for seq, lines := range want {
			got, err := look.Conditions(seq)
			if err != nil || !slices.Equal(got, lines) {
				t.Fatalf("condition of event %d\ngot  %v %v\nwant %v", seq, got, err, lines)
			}
		}
	}
}

// FuzzDecode: whatever stands in the log, Decode gives an entry that can be applied, or an error; nothing panics and a
// refused entry changes nothing.
func FuzzDecode(f *testing.F) {
	for _, line := range goldenLines(f) {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`{"v":1,"d":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Decode(data)
		if err != nil {
			return
		}
		l := founded(t)
		before := l.bytes()
		if _, err := l.Apply(l.index+1, e); err != nil {
			if !bytes.Equal(before, l.bytes()) {
				t.Errorf("a refused entry changed the state: %v", err)
			}
			return
		}
		if _, err := Encode(e); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
