package native

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// hardwareLedger is a ledger with one node, and what applies diffs to it, as the log does.
func hardwareLedger(t *testing.T) (l *ledger.Ledger, apply func([]cluster.HardwareDiff)) {
	t.Helper()
	l = ledger.New()
	index := uint64(0)
	commit := func(ds ...cluster.Decision) {
		t.Helper()
		index++
		data, err := ledger.Encode(cluster.Entry{At: time.Unix(int64(index), 0), By: "a", Decisions: ds})
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > maxEntry {
			t.Errorf("an entry has %d bytes", len(data))
		}
		e, err := ledger.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Apply(index, e); err != nil {
			t.Fatal(err)
		}
	}
	commit(cluster.Decision{Config: &cluster.Config{Spec: cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "a"}}}}})
	return l, func(diffs []cluster.HardwareDiff) {
		t.Helper()
		var groups [][]cluster.Decision
		for _, d := range diffs {
			groups = append(groups, []cluster.Decision{{Hardware: &d}})
		}
		for _, part := range split(groups) {
			commit(part...)
		}
	}
}

// randomHardware draws keys from small pools, so that rows stay, change, vanish, and share a key with another kind.
func randomHardware(r *rand.Rand) cluster.Hardware {
	hw := cluster.Hardware{Node: "a", BMCState: "ok", Collected: time.Unix(r.Int64N(1e9), 0).UTC()}
	hw.System = cluster.HardwareSystem{Model: fmt.Sprint("m", r.IntN(2))}
	some := func(f func(i int)) {
		for i := range 60 {
			if r.IntN(3) > 0 {
				f(i)
			}
		}
	}
	some(func(i int) {
		hw.Components = append(hw.Components, cluster.HardwarePart{Key: fmt.Sprint("/redfish/", i), Name: fmt.Sprint(r.IntN(2))})
	})
	some(func(i int) {
		value := r.Int32N(3)
		hw.Sensors = append(hw.Sensors, cluster.HardwareSensor{Key: fmt.Sprint("/redfish/", i+30), Name: "fan", Value: &value})
	})
	some(func(i int) {
		s := cluster.HardwareSetting{Scope: cluster.ScopeBIOS, Name: fmt.Sprint("s", i), Current: fmt.Sprint(r.IntN(2))}
		if i%7 == 0 {
			for v := range 120 {
				s.Values = append(s.Values, fmt.Sprint(strings.Repeat("v", 20), v))
			}
		}
		hw.Settings = append(hw.Settings, s)
	})
	switch r.IntN(6) { // what could not be read at all is kept as it was
	case 0:
		hw.Components = nil
	case 1:
		hw.Sensors = nil
	case 2:
		hw.Settings = nil
	}
	return hw
}

// TestDiffsLeadToWhatIsNow: applying the diffs between two readings to the first gives the second.
func TestDiffsLeadToWhatIsNow(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		l, apply := hardwareLedger(t)
		old := cluster.Hardware{}
		for step := range 5 {
			now := randomHardware(r)
			apply(hardwareDiff(old, now))
			got := *l.State().Hardware["a"]
			want := now
			want.Components, want.Sensors, want.Settings = kept(old.Components, now.Components), kept(old.Sensors, now.Sensors), kept(old.Settings, now.Settings)
			for _, hw := range []*cluster.Hardware{&got, &want} {
				hw.Components = sortedBy(hw.Components, partKey)
				hw.Sensors = sortedBy(hw.Sensors, sensorKey)
				hw.Settings = sortedBy(hw.Settings, ledger.SettingKey)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, step %d:\ngot  %+v\nwant %+v", seed, step, got, want)
			}
			old = *l.State().Hardware["a"]
			if again := hardwareDiff(old, now); len(again) != 1 {
				t.Fatalf("seed %d, step %d: the same reading again makes %d diffs", seed, step, len(again))
			}
		}
	}
}

func sortedBy[T any](rows []T, key func(T) string) []T {
	return slices.SortedFunc(slices.Values(rows), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
