package analyze

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hawser/nms/journal"
)

func TestIncidents(t *testing.T) {
	j, err := journal.Open(filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	g := grouping{journal: j, window: time.Minute}
	seq := uint32(0)
	at := func(second int, eventType, severity, component string) {
		t.Helper()
		seq++
		e := journal.Event{
			Identity: journal.Identity{ClusterID: "c1", Generation: 1, Seq: seq}, Rank: journal.RankPolled, Authentic: true, Type: eventType, Severity: severity,
			ComponentName: component, Time: noon.Add(time.Duration(second) * time.Second), Summary: eventType + " " + component,
		}
		if _, err := j.Append(t.Context(), journal.Batch{Events: []journal.Event{e}}); err != nil {
			t.Fatal(err)
		}
		stored, _, err := j.Event(t.Context(), e.Identity)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.place(t.Context(), stored); err != nil {
			t.Fatal(err)
		}
	}
	at(0, "configChanged", "info", "cluster")
	at(1, "linkDown", "warning", "front")
	at(3, "nodeFailed", "critical", "db1")
	at(4, "failoverCompleted", "minor", "shop")
	at(30, "nodeRecovered", "info", "db1") // not the root
	at(40, "linkUp", "info", "front")
	at(200, "serviceFailed", "major", "web")
	at(290, "serviceFailed", "major", "mail")
	at(300, "serviceRecovered", "cleared", "web")
	list, err := j.Incidents(t.Context(), journal.IncidentFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range slices.Backward(list) {
		got = append(got, fmt.Sprint(i.Title, " ", i.State, " ", i.Severity, " ", i.Events))
	}
	want := []string{"linkDown front closed critical 4", "serviceFailed web closed major 2", "serviceFailed mail open major 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
