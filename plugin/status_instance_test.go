package plugin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

// TestWhatAPluginSaysIsSeen: message and figures of a probe stand in `hawser status --json` and in the MIB; of another node
// an isolated view shows none.
func TestWhatAPluginSaysIsSeen(t *testing.T) {
	live := cluster.ProbeLive{
		Latency: 3 * time.Millisecond, Count: 7, Message: "TCP OK - fine", Perfdata: "time=0.003s;1;2 'open files'=12",
	}
	snap := statusSnapshot(func(s *cluster.Snapshot) {
		live.Last = s.Taken.Add(-time.Second)
		s.Probes = map[string]cluster.ProbeLive{cluster.InstanceKey("app", "a"): live}
	})
	status := StatusOf(snap)
	data, err := json.Marshal(status.Instances[0])
	const want = `{"service":"app","node":"a","state":"active","probe":"ok","message":"TCP OK - fine","lastProbeMs":1000,"latencyUs":3000,` +
		`"perfdata":"time=0.003s;1;2 'open files'=12","metrics":[{"label":"time","value":"0.003","unit":"s","warn":"1","crit":"2"},{"label":"open files","value":"12"}]}`
	if err != nil || string(data) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, data, want)
	}
	if other := status.Instances[1]; other.Node != "b" || other.State != "unknown" || other.Probe != "unknown" || other.LastProbe != -1 || other.Metrics != nil {
		t.Errorf("where nothing was probed: %+v", other)
	}
	s := newSight(snap, 0)
	in := cluster.Instance{Message: "as logged"}
	if got := instanceMessage(s, "a", in, live); got != "TCP OK - fine | time=0.003s;1;2 'open files'=12" {
		t.Errorf("message %q", got)
	}
	if got := instanceMessage(s, "b", in, cluster.ProbeLive{}); got != "as logged" {
		t.Errorf("message %q", got)
	}
	snap.View = cluster.ViewIsolated
	isolated := StatusOf(snap).Instances[0]
	if isolated.State != "unknown" || strings.Contains(isolated.Message, "fine") || isolated.Perfdata != "" {
		t.Errorf("an isolated view shows %+v", isolated)
	}
}
