package pacemaker

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

// TestTheDCLeads founds, follows a move of the DC, and checks that each term is a new generation with a copy everywhere.
func TestTheDCLeads(t *testing.T) {
	w := newWorld(t)
	w.show("healthy", "00", "n1", true, three...)
	w.startAll()
	w.leads("n1", three...)
	first := w.nodes["n1"].ledger.State()
	if first.ClusterID != "harbour" || len(first.EngineID) < 5 || first.EngineBoots != 1 || first.Generation < 1_700_000_000 {
		t.Errorf("founded as %q, engine %x, boots %d, generation %d", first.ClusterID, first.EngineID, first.EngineBoots, first.Generation)
	}
	w.await("the states of the cluster", func() bool {
		in := w.nodes["n3"].ledger.State().Instances["web-app/n2"]
		return in.State == cluster.InstanceActive && in.Probe == cluster.ProbeOk
	})
	w.show("healthy", "00", "n2", true, three...)
	w.leads("n2", three...)
	next := w.nodes["n3"].ledger.State()
	if next.Generation != first.Generation+1 || next.EngineBoots != 2 || string(next.EngineID) != string(first.EngineID) {
		t.Errorf("generation %d after %d, boots %d, engine %x", next.Generation, first.Generation, next.EngineBoots, next.EngineID)
	}
	if got := types(w.nodes["n3"].Controller); !strings.HasPrefix(got, "leaderChanged:n1") || !strings.HasSuffix(got, "leaderChanged:n2") {
		t.Errorf("events %s", got)
	}
	if s := w.nodes["n3"].Snapshot(); s.View != cluster.ViewCurrent || !s.Quorate || s.Leader != "n2" {
		t.Errorf("view %s, quorate %v, leader %q", s.View, s.Quorate, s.Leader)
	}
}

// TestNobodyLeadsWithoutQuorum: the term cannot be written, and a view without quorum is isolated.
func TestNobodyLeadsWithoutQuorum(t *testing.T) {
	w := newWorld(t)
	w.show("healthy", "00", "n1", false, "n1")
	w.start("n1")
	n1 := w.nodes["n1"]
	w.await("a reading", func() bool { return n1.sight().view != nil })
	if _, err := n1.Prepare(cluster.Change{}); !errors.Is(err, cluster.ErrNoLeader) {
		t.Errorf("Prepare: %v, want no leader", err)
	}
	if s := n1.Snapshot(); s.View != cluster.ViewIsolated || s.Quorate || s.Leader != "" {
		t.Errorf("view %s, quorate %v, leader %q", s.View, s.Quorate, s.Leader)
	}
	if err := n1.claim(t.Context(), 7); err == nil || !strings.Contains(err.Error(), "Quorum") {
		t.Errorf("claim: %v, want a refusal for want of quorum", err)
	}
}

// TestADeadLeadersEventsComeBack: what a leader alone had written enters the next generation under its origin, once, and a
// deposed leader is refused.
func TestADeadLeadersEventsComeBack(t *testing.T) {
	w := newWorld(t)
	w.show("healthy", "00", "n1", true, three...)
	w.startAll()
	w.leads("n1", three...)
	w.part([]string{"n1"}, []string{"n2", "n3"}) // hawser's wires go first, corosync notices later
	n1 := w.nodes["n1"]
	lonely := cluster.Event{
		Type: cluster.EventAuthFailure, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentNode, ComponentName: "n1",
		Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, Summary: "only n1 knows",
	}
	w.await("n1 writes alone", func() bool { return n1.Raise(t.Context(), lonely) == nil })
	w.show("healthy", "00", "n2", true, "n2", "n3")
	w.show("healthy", "00", "", false, "n1")
	w.leads("n2", "n2", "n3")
	if got := types(w.nodes["n3"].Controller); strings.Contains(got, "authFailure") {
		t.Fatalf("n3 knows what n1 alone was told: %s", got)
	}
	w.part(nil, nil)
	w.show("healthy", "00", "n2", true, three...)
	w.leads("n2", three...)
	w.await("the event of n1 everywhere", func() bool { return strings.Contains(types(w.nodes["n3"].Controller), "authFailure:n1") })
	w.leads("n2", three...)
	count := 0
	for _, e := range w.nodes["n1"].ledger.Events(0, 100) {
		if e.Type == cluster.EventAuthFailure {
			count++
			if e.Origin != "n1" || e.OriginSeq == 0 || e.Summary != "only n1 knows" {
				t.Errorf("it came back as %+v", e)
			}
		}
	}
	if count != 1 {
		t.Errorf("it is there %d times", count)
	}
}

// TestARestartKeepsTheLedger: state and events outlive all daemons at once.
func TestARestartKeepsTheLedger(t *testing.T) {
	w := newWorld(t)
	w.show("healthy", "00", "n1", true, three...)
	w.startAll()
	w.leads("n1", three...)
	before := w.nodes["n1"].ledger.State().Generation
	for _, n := range three {
		w.end(n)
	}
	w.startAll()
	w.leads("n1", three...)
	s := w.nodes["n2"].ledger.State()
	if s.Generation != before+1 || s.EngineBoots != 2 || types(w.nodes["n2"].Controller) != "leaderChanged:n1 leaderChanged:n1" {
		t.Errorf("generation %d after %d, boots %d, events %s", s.Generation, before, s.EngineBoots, types(w.nodes["n2"].Controller))
	}
}

// TestAStoryIsToldOnce: a failed stop with its fence, told by the leader; the DC then moves, and its successor, which saw the
// same, tells nothing again.
func TestAStoryIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.show("stopfail", "00", "n2", true, three...)
	w.startAll()
	w.leads("n2", three...)
	for i, v := range capture(t, "stopfail")[1:] {
		file := fmt.Sprintf("%02d", i+1)
		w.show("stopfail", file, "n2", true, three...)
		w.await("reading "+file, func() bool {
			for _, n := range three {
				if s := w.nodes[n].sight(); s.view.Version != v.Version || len(s.view.Fences) != len(v.Fences) || s.view.DC != "n2" {
					return false
				}
			}
			return true
		})
	}
	want := "serviceFailed:web-app alarmRaised:web-app nodeFailed:n1 alarmRaised:n1 nodeFenced:n1 failoverCompleted:n1"
	w.await("the story", func() bool { return strings.Contains(types(w.nodes["n3"].Controller), want) })
	s := w.nodes["n3"].ledger.State()
	if s.Nodes["n1"].State != cluster.NodeFenced || s.Stacks["web"].Primary != "n3" || s.Stacks["web"].Failovers != 1 {
		t.Errorf("n1 is %s, web on %q after %d fail-overs", s.Nodes["n1"].State, s.Stacks["web"].Primary, s.Stacks["web"].Failovers)
	}
	w.show("stopfail", "04", "n3", true, three...)
	w.leads("n3", three...)
	time.Sleep(time.Second) // nothing is to come: several readings are taken meanwhile
	if got := types(w.nodes["n1"].Controller); strings.Count(got, "nodeFenced") != 1 || strings.Count(got, "serviceFailed") != 1 || strings.Count(got, "failoverCompleted") != 1 {
		t.Errorf("told again: %s", got)
	}
}

// TestAnAlarmIsAcknowledgedOverAFollower, and what is Pacemaker's is refused with the tool that does it.
func TestAnAlarmIsAcknowledgedOverAFollower(t *testing.T) {
	w := newWorld(t)
	w.show("blocked", "01", "n1", true, three...)
	w.startAll()
	w.leads("n1", three...)
	w.await("alarms", func() bool { return len(w.nodes["n2"].ledger.State().Alarms) >= 2 }) // stonith is off, web-app is blocked
	n2 := w.nodes["n2"]
	plan, err := n2.Prepare(cluster.Change{
		ID: "1", By: cluster.Setter{User: "op", Via: cluster.ViaCli},
		Ops: []cluster.Op{{Object: "AlarmAcknowledged", Target: cluster.Target{Index: alarm(n2.Controller).Index}, Int: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n2.Commit(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	for _, n := range three {
		if a := w.nodes[n].ledger.State().Alarms[plan.Change.Ops[0].Target.Index]; !a.Acknowledged {
			t.Errorf("not acknowledged at %s though the SET was answered", n)
		}
	}
	for object, tool := range map[string]string{"NodeAdminState": "crm_attribute", "ServiceReaction": "cibadmin", "StackPreferredNode": "crm_resource"} {
		_, err := n2.Prepare(cluster.Change{Ops: []cluster.Op{{Object: object, Target: cluster.Target{Name: "n1"}, Int: 2}}})
		refusal, ok := errors.AsType[*cluster.Refusal](err)
		if !ok || refusal.Code != cluster.RefusedNotWritable || !strings.Contains(refusal.Reason, tool) {
			t.Errorf("%s: %v, want a refusal that names %s", object, err, tool)
		}
	}
}

// TestAMinoritysStoriesAreNotTold: a node without quorum takes the others for lost; when it leads later, it does not say so.
func TestAMinoritysStoriesAreNotTold(t *testing.T) {
	w := newWorld(t)
	w.show("nodekill", "00", "n1", true, three...)
	w.startAll()
	w.leads("n1", three...)
	w.show("nodekill", "02", "", false, "n2") // it misses n3
	n2 := w.nodes["n2"]
	w.await("n2 sees no quorum", func() bool { return !n2.Snapshot().Quorate })
	w.show("nodekill", "00", "n2", true, three...)
	w.leads("n2", three...)
	time.Sleep(time.Second) // nothing is to come: several readings are taken meanwhile
	if got := types(n2.Controller); strings.Contains(got, "nodeFailed") || strings.Contains(got, "nodeFenced") || strings.Contains(got, "nodeRecovered") {
		t.Errorf("told what only a minority believed: %s", got)
	}
}
