package pacemaker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

var testSpec = cluster.Spec{Name: "fixture", Nodes: []cluster.NodeSpec{
	{Name: "n1", Role: cluster.RoleResource}, {Name: "n2", Role: cluster.RoleResource}, {Name: "n3", Role: cluster.RoleResource},
}}

// capture reads the Views of one recorded story, in order.
func capture(t testing.TB, story string) []*View {
	t.Helper()
	cibs, err := filepath.Glob(filepath.Join("testdata", story, "*-cib.xml"))
	if err != nil || len(cibs) == 0 {
		t.Fatalf("no captures of %s: %v", story, err)
	}
	slices.Sort(cibs)
	var out []*View
	for _, name := range cibs {
		v, err := Parse(mustRead(t, name), mustRead(t, strings.Replace(name, "-cib", "-mon", 1)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, v)
	}
	return out
}

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tale plays a story, a second between readings and a still reading at the end, and writes what was told.
func tale(t *testing.T, views []*View) []string {
	t.Helper()
	var tracker Tracker
	now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	var out []string
	for _, v := range append(views, views[len(views)-1]) {
		for _, h := range tracker.Step(now, v, SpecOf(v, testSpec, nil)) {
			e := h.Event
			out = append(out, fmt.Sprintf("%s %s %s@%s %s/%s %q", e.Type, e.ComponentType, e.ComponentName, e.NodeName, e.Reaction, e.Result, e.Error))
		}
		now = now.Add(time.Second)
		if v == views[len(views)-1] {
			now = now.Add(still)
		}
	}
	return out
}

func TestStories(t *testing.T) {
	for _, c := range []struct {
		story string
		want  []string
	}{
		{"healthy", nil},
		{"online", nil},
		{"restart", []string{
			`serviceFailed service web-app@n2 restart/pending "monitor: not running"`,
			`serviceRestarted service web-app@n2 restart/succeeded "monitor: not running"`,
		}},
		{"threshold", []string{
			`serviceFailed service web-app@n2 failover/pending "monitor: not running"`,
			`failoverCompleted service web-app@n2 failover/succeeded "monitor: not running"`,
		}},
		{"failover", []string{
			`serviceFailed service mail@n3 failover/pending "monitor: not running"`,
			`failoverCompleted service mail@n3 failover/succeeded "monitor: not running"`,
		}},
		{"standby", []string{
			`configChanged node n2@n2 none/succeeded ""`,
			`failoverCompleted node n2@n2 move/succeeded "it was set to standby"`,
			`failoverCompleted node n2@n2 move/succeeded "it was set to standby"`,
		}},
		{"disabled", []string{
			`configChanged service mail@ none/succeeded ""`,
		}},
		{"nodekill", []string{
			`nodeFailed node n3@n3 fence/pending "it left the cluster without being told to"`,
			`nodeFenced node n3@n3 fence/succeeded "it left the cluster without being told to"`,
			`failoverCompleted node n3@n3 failover/succeeded "it left the cluster without being told to"`,
		}},
		{"nodemaintenance", []string{
			`configChanged node n2@n2 none/succeeded ""`,
		}},
		{"maintenance", []string{
			`configChanged cluster fixture@ none/succeeded ""`,
		}},
		{"startfail", []string{
			`serviceFailed service cache@n2 none/pending "start: the data is damaged"`,
			`failoverFailed service cache@n2 none/notDone "start: the data is damaged"`,
		}},
		{"blocked", []string{
			`serviceFailed service web-app@n1 none/pending "stop: the process does not end"`,
			`failoverFailed service web-app@n1 none/failed "stop: the process does not end"`,
		}},
		{"stopfail", []string{
			`serviceFailed service web-app@n1 fence/pending "stop: the process does not end"`,
			`nodeFailed node n1@n1 fence/pending "web-app could not be stopped: stop: the process does not end"`,
			`nodeFenced node n1@n1 fence/succeeded "web-app could not be stopped: stop: the process does not end"`,
			`failoverCompleted node n1@n1 failover/succeeded "web-app could not be stopped: stop: the process does not end"`,
		}},
	} {
		t.Run(c.story, func(t *testing.T) {
			if got := tale(t, capture(t, c.story)); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestAFaultElsewhereEnds: a start that failed on the way of a fail-over is over when the stack is complete on a third node.
func TestAFaultElsewhereEnds(t *testing.T) {
	views := capture(t, "failover")
	first, last := views[0], *views[len(views)-1]
	at := last.where("mail")
	var third string
	for _, n := range testSpec.Nodes {
		if r, _ := first.Resource("mail"); n.Name != at && n.Name != r.ActiveOn() {
			third = n.Name
		}
	}
	last.Failed = append(slices.Clone(last.Failed), Op{
		Resource: "mail", Node: third, Key: "mail_start_0", Task: taskStart, Call: 99, RC: 1, Changed: time.Unix(1_800_000_000, 0), Failure: true,
	})
	got := tale(t, []*View{first, &last})
	want := "serviceRecovered service mail@" + at + ` recover/succeeded "start: error"`
	if !slices.Contains(got, want) {
		t.Errorf("got\n%s\nwithout\n%s", strings.Join(got, "\n"), want)
	}
}

func (v *View) where(id string) string {
	r, _ := v.Resource(id)
	return r.ActiveOn()
}

// TestQuorum: lost and restored, once each.
func TestQuorum(t *testing.T) {
	with := capture(t, "healthy")[0]
	without := *with
	without.Quorate = false
	got := tale(t, []*View{with, &without, &without, with})
	want := []string{
		`quorumLost cluster fixture@ none/succeeded "corosync's partition has no quorum"`,
		`quorumRestored cluster fixture@ recover/succeeded ""`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
