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
	} {
		t.Run(c.story, func(t *testing.T) {
			if got := tale(t, capture(t, c.story)); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
	for _, s := range []string{"restart", "failover", "standby", "online", "nodemaintenance", "maintenance", "startfail", "blocked", "stopfail"} {
		t.Log(s + "\n" + strings.Join(tale(t, capture(t, s)), "\n"))
	}
}
