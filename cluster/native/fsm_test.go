package native

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/hashicorp/raft"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// TestAfterAnUnknownEntryNothingIsApplied: neither a later entry nor a snapshot may hide that one is missing (A4).
func TestAfterAnUnknownEntryNothingIsApplied(t *testing.T) {
	fatal := make(chan error, 1)
	f := &fsm{ledger: ledger.New(), notify: func() {}, fatal: fatal}
	good := func(index uint64) applied {
		data, err := ledger.Encode(cluster.Entry{By: "a", Decisions: []cluster.Decision{{Lead: &cluster.Lead{Node: "a"}}}})
		if err != nil {
			t.Fatal(err)
		}
		return f.Apply(&raft.Log{Index: index, Data: data}).(applied)
	}
	if a := good(1); a.err != nil || a.index != 1 {
		t.Fatalf("a known entry: %+v", a)
	}
	later, err := json.Marshal(map[string]any{"v": cluster.EntryVersion, "d": []any{map[string]any{"teleport": map[string]any{}}}})
	if err != nil {
		t.Fatal(err)
	}
	if a := f.Apply(&raft.Log{Index: 2, Data: later}).(applied); !errors.Is(a.err, ledger.ErrUnknownEntry) {
		t.Fatalf("an unknown entry: %+v", a)
	}
	if err := <-fatal; !errors.Is(err, ledger.ErrUnknownEntry) {
		t.Errorf("the node stops with %v", err)
	}
	if a := good(3); !errors.Is(a.err, ledger.ErrUnknownEntry) || f.ledger.State().Applied != 1 {
		t.Errorf("the entry behind it: %+v, applied %d", a, f.ledger.State().Applied)
	}
	if _, err := f.Snapshot(); !errors.Is(err, ledger.ErrUnknownEntry) {
		t.Errorf("a snapshot behind it: %v", err)
	}
}
