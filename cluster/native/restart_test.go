package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// TestAllNodesRestartFromTheirDisks: what the log said before stands afterwards, on nodes with a snapshot and without.
func TestAllNodesRestartFromTheirDisks(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	first := tc.active()
	if _, err := tc.set("n1", cluster.Change{ID: "c1", By: cluster.Setter{User: "olga"}, Token: []byte("token-one"), Ops: []cluster.Op{
		{Object: "ServiceRestartLimit", Target: cluster.Target{Name: "app"}, Int: 9},
	}}); err != nil {
		t.Fatal(err)
	}
	tc.wait("the change is everywhere", func() bool {
		for _, n := range tc.names {
			if tc.node(n).ledger.State().Services["app"].Policy.RestartLimit != 9 {
				return false
			}
		}
		return true
	})
	for _, n := range []string{"n1", "n2"} {
		if err := tc.node(n).raft.Snapshot().Error(); err != nil {
			t.Fatal(err)
		}
	}
	if err := tc.node("n3").Raise(t.Context(), cluster.Event{Type: cluster.EventResync, Severity: cluster.SeverityInfo, Summary: "behind the snapshot"}); err != nil {
		t.Fatal(err)
	}
	tc.stopAll()
	before, told := tc.state(), tc.events(0)
	incarnations := map[string]uint64{}
	for _, n := range tc.names {
		incarnations[n] = tc.node(n).incarnation
	}
	for _, n := range tc.names {
		tc.start(n)
	}
	tc.wait("the stack is up again", func() bool { return tc.active() != "" && tc.app(tc.active()).status().State == cluster.InstanceActive })
	after := tc.state()
	if after.ClusterID != before.ClusterID || after.Generation != before.Generation || !bytes.Equal(after.EngineID, before.EngineID) {
		t.Errorf("another cluster: %s %d, it was %s %d", after.ClusterID, after.Generation, before.ClusterID, before.Generation)
	}
	if after.EngineBoots <= before.EngineBoots || after.Epoch <= before.Epoch {
		t.Errorf("boots %d, epoch %d; before %d, %d: they must rise", after.EngineBoots, after.Epoch, before.EngineBoots, before.Epoch)
	}
	if !reflect.DeepEqual(after.Indexes, before.Indexes) || !maps.Equal(after.Overrides, before.Overrides) || after.Serial != before.Serial {
		t.Errorf("indexes %v, overrides %v, serial %d; before %v, %v, %d", after.Indexes, after.Overrides, after.Serial, before.Indexes, before.Overrides, before.Serial)
	}
	now := tc.events(0)
	for i, e := range told {
		if !reflect.DeepEqual(jsonOf(t, e), jsonOf(t, now[i])) {
			t.Fatalf("event %d was %+v, is %+v", i, e, now[i])
		}
	}
	for _, e := range now[len(told):] {
		if e.Seq <= told[len(told)-1].Seq || e.OriginSeq <= before.Origins[e.Origin] {
			t.Errorf("event %d of %s %d: numbers are given again", e.Seq, e.Origin, e.OriginSeq)
		}
	}
	for _, n := range tc.names {
		if tc.node(n).incarnation <= incarnations[n] {
			t.Errorf("%s has incarnation %d, before %d", n, tc.node(n).incarnation, incarnations[n])
		}
	}
	again, err := tc.set("n2", cluster.Change{ID: "c2", Token: []byte("token-one"), Ops: []cluster.Op{
		{Object: "ServiceRestartLimit", Target: cluster.Target{Name: "app"}, Int: 9},
	}})
	if err != nil || !again.Repeated {
		t.Errorf("the token of before: %+v, %v", again, err)
	}
	if tc.fences() != 0 {
		t.Errorf("%d fences; the service was on %s", tc.fences(), first)
	}
	tc.onePlace()
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestAnUnknownEntryStopsTheNodes: an entry of a later version ends every node that does not know it, with the reason, and
// with its services stopped (A4).
func TestAnUnknownEntryStopsTheNodes(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	data, err := json.Marshal(map[string]any{"v": cluster.EntryVersion, "d": []any{map[string]any{"teleport": map[string]any{}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tc.node(tc.leader()).raft.Apply(data, proposeWait).Error(); err != nil {
		t.Fatal(err)
	}
	for _, n := range tc.names {
		node := tc.node(n)
		select {
		case <-node.done:
		case <-time.After(limit):
			t.Fatalf("%s goes on", n)
		}
		if !errors.Is(node.err, ledger.ErrUnknownEntry) {
			t.Errorf("%s ended with %v", n, node.err)
		}
		if tc.app(n).resource.Running() {
			t.Errorf("%s left the service running", n)
		}
		node.err = nil
	}
}

// TestAWitnessHandsLeadershipAway (A22).
func TestAWitnessHandsLeadershipAway(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{spec: func(s *cluster.Spec) { s.Nodes[0].Role = cluster.RoleWitness }})
	tc.lead("n1")
	tc.wait("another node leads", func() bool { l := tc.leader(); return l != "" && l != "n1" && tc.state().EngineOwner == l })
	if len(tc.node("n1").agent.instances) != 0 || tc.active() == "n1" {
		t.Error("a witness runs services")
	}
}
