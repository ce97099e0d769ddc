package engine_test

import (
	"reflect"
	"testing"

	"hawser/cluster"
	"hawser/cluster/engine"
)

// TestARetriedCommitTellsOnce: a step whose entry was not committed decides the same again; one whose entry was, though its
// leader did not hear of that, decides nothing of it again.
func TestARetriedCommitTellsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addNodes(cluster.RoleResource, "a b c")
	w.addStack("shop", "app(once)")
	w.begin()
	w.joinAll()
	w.leader = "c"
	w.takeOffice()
	w.settle()
	w.off(w.node("a"))
	w.now = w.now.Add(suspectAfter)
	w.journal = nil

	first, second := engine.Step(w.input()), engine.Step(w.input())
	if len(first) == 0 || !reflect.DeepEqual(first, second) {
		t.Fatalf("nothing was committed, and the step decides otherwise\n%+v\n%+v", first, second)
	}
	for _, a := range first {
		w.commit(a.Commit...)
	}
	told := len(w.journal)
	if told != 4 { // suspect, failed, its alarm, the intent
		t.Errorf("told: %q", w.journal)
	}
	w.settle() // by a leader that does not know that this was committed
	if got := w.journal[told:]; len(got) != 1 || got[0] != "fence a by c" {
		t.Errorf("after the commit: %q", got)
	}
}

// TestALeaderNeverFencesItself, even if it believes that it has not heard itself (A19).
func TestALeaderNeverFencesItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addNodes(cluster.RoleResource, "a b c")
	w.addStack("shop", "app(once)")
	w.begin()
	w.joinAll()
	in := w.input()
	for name, v := range in.Nodes {
		v.Suspect, v.Silent = true, w.config.StartGrace
		in.Nodes[name] = v
	}
	intents := 0
	for _, a := range engine.Step(in) {
		for _, d := range a.Commit {
			if d.Intent == nil {
				continue
			}
			intents++
			if d.Intent.Node == in.Self {
				t.Errorf("the leader would fence itself: %s", a.Why)
			}
		}
	}
	if intents != 1 {
		t.Errorf("%d intents of three silent nodes, want 1", intents)
	}
}
