package ledger

import (
	"testing"
	"time"

	"hawser/cluster"
)

// TestWrongDecisionsAreRefused is the mutation check: each case is what a faulty engine, or an old entry, would decide
// against a rule; the ledger does not let it take hold. The control shows that the same decision is taken where the rule
// allows it, so that no case passes because nothing ever takes hold.
func TestWrongDecisionsAreRefused(t *testing.T) {
	epoch := uint64(7)<<32 + 1 // of the first lease
	intent := func(boot string, now time.Time) cluster.Decision {
		return cluster.Decision{Intent: &cluster.Fence{ID: 99, Node: "a", Boot: boot, Executor: "b", Reason: "silent", Intent: now, Deadline: now.Add(20 * time.Second)}}
	}
	off := cluster.Decision{Fenced: &cluster.Fenced{Node: "a", ID: 99, Off: true}}
	withdraw := cluster.Decision{Withdraw: &cluster.Withdraw{Service: "app", Epoch: epoch}}
	released := func(node, boot string, epoch uint64, proof cluster.Proof) cluster.Decision {
		return cluster.Decision{Released: &cluster.Released{Service: "app", Node: node, Boot: boot, Epoch: epoch, Proof: proof}}
	}
	appOn := func(node string) func(*log) bool { return func(l *log) bool { return l.holder("app").Node == node } }
	appFree := appOn("")
	for _, test := range []struct {
		name    string
		before  func(l *log)
		wrong   cluster.Decision
		control func(l *log) cluster.Decision // after before and whatever makes it right
		took    func(l *log) bool
	}{
		{
			"S1 a second lease while somebody holds it", func(l *log) { l.apply(assign("app", "a", "a1")) },
			assign("app", "b", "b1"),
			func(l *log) cluster.Decision {
				l.apply(withdraw)
				l.apply(released("a", "a1", epoch, cluster.ProofStop))
				return assign("app", "b", "b1")
			}, appOn("b"),
		},
		{
			"S1 a second lease while the first is withdrawn but not proven stopped", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(withdraw) },
			assign("app", "b", "b1"),
			func(l *log) cluster.Decision {
				l.apply(released("a", "a1", epoch, cluster.ProofStop))
				return assign("app", "b", "b1")
			}, appOn("b"),
		},
		{
			"S2 a release without proof", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(withdraw) },
			released("a", "a1", epoch, ""),
			func(*log) cluster.Decision { return released("a", "a1", epoch, cluster.ProofStop) }, appFree,
		},
		{
			"S2 a release by lease end, which is off", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(withdraw) },
			released("a", "a1", epoch, "c"),
			func(*log) cluster.Decision { return released("a", "a1", epoch, cluster.ProofStop) }, appFree,
		},
		{
			"S2 a release by a fence that the log does not know", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(withdraw) },
			released("a", "a1", epoch, cluster.ProofFence),
			func(l *log) cluster.Decision { l.apply(intent("a1", l.now)); return off }, appFree,
		},
		{
			"S2 a release of a lease that goes on", func(l *log) { l.apply(assign("app", "a", "a1")) },
			released("a", "a1", epoch, cluster.ProofStop),
			func(l *log) cluster.Decision { l.apply(withdraw); return released("a", "a1", epoch, cluster.ProofStop) }, appFree,
		},
		{
			"S2 a fence that was not confirmed", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(intent("a1", l.now)) },
			cluster.Decision{Fenced: &cluster.Fenced{Node: "a", ID: 99, Error: "no answer"}},
			func(l *log) cluster.Decision {
				l.now = l.now.Add(time.Second)
				d := intent("a1", l.now)
				d.Intent.ID = 100
				l.apply(d)
				return cluster.Decision{Fenced: &cluster.Fenced{Node: "a", ID: 100, Off: true}}
			}, appFree,
		},
		{
			"S4 a proof of an older epoch", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(withdraw) },
			released("a", "a1", epoch-1, cluster.ProofStop),
			func(*log) cluster.Decision { return released("a", "a1", epoch, cluster.ProofStop) }, appFree,
		},
		{
			"S4 a proof of another boot", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(withdraw) },
			released("a", "a0", epoch, cluster.ProofStop),
			func(*log) cluster.Decision { return released("a", "a1", epoch, cluster.ProofStop) }, appFree,
		},
		{
			"S4 a proof of another node", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(withdraw) },
			released("b", "b1", epoch, cluster.ProofStop),
			func(*log) cluster.Decision { return released("a", "a1", epoch, cluster.ProofStop) }, appFree,
		},
		{
			"S4 a lease for another boot", func(*log) {}, assign("app", "a", "a0"),
			func(*log) cluster.Decision { return assign("app", "a", "a1") }, appOn("a"),
		},
		{
			"S4 a lease under an open intent", func(l *log) { l.apply(intent("a1", l.now)) }, assign("app", "a", "a1"),
			func(l *log) cluster.Decision { l.now = l.now.Add(20 * time.Second); return assign("app", "a", "a1") }, appOn("a"),
		},
		{
			"S4 a lease for a node that was confirmed off", func(l *log) { l.apply(intent("a1", l.now)); l.apply(off) }, assign("app", "a", "a1"),
			func(l *log) cluster.Decision { l.apply(join("a", "a2", 2)); return assign("app", "a", "a2") }, appOn("a"),
		},
		{
			"S4 a lease for a silent node", func(l *log) {
				l.apply(cluster.Decision{NodeIs: &cluster.NodeIs{Node: "a", State: cluster.NodeSuspect}})
			},
			assign("app", "a", "a1"),
			func(l *log) cluster.Decision {
				l.apply(cluster.Decision{NodeIs: &cluster.NodeIs{Node: "a", State: cluster.NodeOnline}})
				return assign("app", "a", "a1")
			}, appOn("a"),
		},
		{
			"S4 a fence voids nothing that was granted after its intent", func(l *log) {
				l.apply(intent("a1", l.now))
				l.now = l.now.Add(21 * time.Second)
				l.apply(assign("app", "a", "a1"))
			}, off,
			func(l *log) cluster.Decision {
				d := intent("a1", l.now)
				d.Intent.ID = 100
				l.apply(d)
				return cluster.Decision{Fenced: &cluster.Fenced{Node: "a", ID: 100, Off: true}}
			}, appFree,
		},
		{
			"S4 a fence of a former boot voids nothing", func(l *log) {
				l.apply(intent("a1", l.now))
				l.now = l.now.Add(21 * time.Second)
				l.apply(join("a", "a2", 2))
				l.apply(assign("app", "a", "a2"))
			}, off,
			func(l *log) cluster.Decision {
				d := intent("a2", l.now)
				d.Intent.ID = 100
				l.apply(d)
				return cluster.Decision{Fenced: &cluster.Fenced{Node: "a", ID: 100, Off: true}}
			}, appFree,
		},
		{
			"S4 the end of another intent", func(l *log) { l.apply(assign("app", "a", "a1")); l.apply(intent("a1", l.now)) },
			cluster.Decision{Fenced: &cluster.Fenced{Node: "a", ID: 98, Off: true}},
			func(*log) cluster.Decision { return off }, appFree,
		},
		{
			"S9 the same daemon joins again and would give up what it holds", func(l *log) { l.apply(assign("app", "a", "a1")) },
			join("a", "a1", 1), func(*log) cluster.Decision { return join("a", "a1", 2) }, appFree,
		},
		{
			"S9 an older daemon of the same boot joins", func(l *log) { l.apply(join("a", "a1", 5)); l.apply(assign("app", "a", "a1")) },
			join("a", "a1", 4), func(*log) cluster.Decision { return join("a", "a1", 6) }, appFree,
		},
		{
			"S4 a node under an open intent joins", func(l *log) { l.apply(intent("a1", l.now)) }, join("a", "a2", 2),
			func(l *log) cluster.Decision { l.now = l.now.Add(20 * time.Second); return join("a", "a2", 2) },
			func(l *log) bool { return l.State().Nodes["a"].Boot == "a2" },
		},
		{
			"A13 the boot that was confirmed off joins with a new daemon", func(l *log) { l.apply(intent("a1", l.now)); l.apply(off) },
			join("a", "a1", 2), func(*log) cluster.Decision { return join("a", "a2", 2) },
			func(l *log) bool { return l.State().Nodes["a"].State == cluster.NodeOnline },
		},
		{
			"S5 an intent against a boot that is gone", func(l *log) { l.apply(join("a", "a2", 2)) }, intent("a1", start),
			func(l *log) cluster.Decision { return intent("a2", l.now) },
			func(l *log) bool { return l.State().Fences["a"].ID == 99 },
		},
		{
			"A2 an intent over an open one", func(l *log) { l.apply(intent("a1", l.now)) },
			cluster.Decision{Intent: &cluster.Fence{ID: 100, Node: "a", Boot: "a1", Deadline: start.Add(time.Hour)}},
			func(l *log) cluster.Decision {
				l.now = l.now.Add(20 * time.Second)
				return cluster.Decision{Intent: &cluster.Fence{ID: 100, Node: "a", Boot: "a1", Deadline: start.Add(time.Hour)}}
			},
			func(l *log) bool { return l.State().Fences["a"].ID == 100 },
		},
		{
			"A19 an intent against half of the nodes", func(l *log) {
				l.apply(cluster.Decision{Intent: &cluster.Fence{ID: 98, Node: "b", Boot: "b1", Deadline: l.now.Add(time.Minute)}})
			}, intent("a1", start),
			func(l *log) cluster.Decision {
				l.apply(cluster.Decision{Fenced: &cluster.Fenced{Node: "b", ID: 98, Off: true}})
				return intent("a1", l.now)
			},
			func(l *log) bool { return l.State().Fences["a"].ID == 99 },
		},
		{
			"a hardware job takes a node that carries a service", func(l *log) { l.apply(assign("app", "a", "a1")) },
			cluster.Decision{Reserve: &cluster.Reserve{Node: "a", By: "job"}},
			func(l *log) cluster.Decision {
				l.apply(withdraw)
				l.apply(released("a", "a1", epoch, cluster.ProofStop))
				return cluster.Decision{Reserve: &cluster.Reserve{Node: "a", By: "job"}}
			},
			func(l *log) bool { return l.State().Nodes["a"].ReservedBy == "job" },
		},
		{
			"a lease for a node that a hardware job has reserved", func(l *log) { l.apply(cluster.Decision{Reserve: &cluster.Reserve{Node: "a", By: "job"}}) },
			assign("app", "a", "a1"),
			func(l *log) cluster.Decision {
				l.apply(cluster.Decision{Reserve: &cluster.Reserve{Node: "a"}})
				return assign("app", "a", "a1")
			}, appOn("a"),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := founded(t)
			test.before(l)
			l.apply(test.wrong)
			if test.took(l) {
				t.Errorf("%+v took hold: %+v %+v", test.wrong, l.State().Services, l.State().Fences)
			}
			l.apply(test.control(l))
			if !test.took(l) {
				t.Errorf("the right decision did not take hold: %+v %+v %+v", l.State().Services, l.State().Nodes, l.State().Fences)
			}
		})
	}
}

// TestOldObservationsAreIgnored: a word of another boot, or of a node that is off, changes nothing (S4).
func TestOldObservationsAreIgnored(t *testing.T) {
	l := founded(t)
	observe := func(boot string, state cluster.InstanceState) cluster.Decision {
		return cluster.Decision{Observe: &cluster.Observe{Service: "app", Node: "a", Boot: boot, State: state, Probe: cluster.ProbeOk}}
	}
	shown := func() cluster.InstanceState { return l.State().Instances["app/a"].State }
	l.apply(observe("a0", cluster.InstanceActive))
	if shown() != cluster.InstanceStopped {
		t.Errorf("the word of a former boot counts: %s", shown())
	}
	l.apply(observe("a1", cluster.InstanceActive))
	if shown() != cluster.InstanceActive {
		t.Errorf("the word of the present boot does not count: %s", shown())
	}
	l.apply(cluster.Decision{NodeIs: &cluster.NodeIs{Node: "a", State: cluster.NodeSuspect}})
	if shown() != cluster.InstanceUnknown {
		t.Errorf("what a silent node said last is shown as %s", shown())
	}
}

// TestEpochsGrow: every lease has an epoch of its own, above all of former generations (S4).
func TestEpochsGrow(t *testing.T) {
	l := founded(t)
	l.apply(assign("app", "a", "a1"), assign("db", "a", "a1"))
	first, second := l.holder("app").Epoch, l.holder("db").Epoch
	if first != uint64(7)<<32+1 || second != first+1 {
		t.Errorf("epochs %d and %d", first, second)
	}
	l.apply(cluster.Decision{Found: &cluster.Found{ClusterID: "c", Generation: 7, EngineID: []byte("other")}})
	if s := l.State(); s.Epoch != second || string(s.EngineID) != "engine" {
		t.Errorf("the same generation was founded twice: epoch %d", s.Epoch)
	}
	l.apply(cluster.Decision{Found: &cluster.Found{ClusterID: "c", Generation: 8, EngineID: []byte("engine")}})
	if l.State().Epoch != uint64(8)<<32 {
		t.Errorf("the epoch of generation 8 is %x", l.State().Epoch)
	}
}
