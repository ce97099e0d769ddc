package trapd

import (
	"os"
	"path/filepath"
	"testing"
)

// TestBootsNeverGoBack: a file that was restored from a backup, or a start that was killed half way.
func TestBootsNeverGoBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.json")
	mustStart := func(known map[string]uint32) *Engine {
		t.Helper()
		e, err := StartEngine(path, known)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first := mustStart(nil)
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		mustStart(nil)
	}
	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	draft := filepath.Join(filepath.Dir(path), ".engine-123")
	if err := os.WriteFile(draft, backup[:5], 0o600); err != nil {
		t.Fatal(err)
	}
	if e := mustStart(map[string]uint32{first.Hex(): 4, "other": 99}); e.Boots != 5 || e.Hex() != first.Hex() {
		t.Errorf("boots %d of %s, want 5 of %s", e.Boots, e.Hex(), first.Hex())
	}
	if _, err := os.Stat(draft); !os.IsNotExist(err) {
		t.Errorf("what a killed start left is still there: %v", err)
	}
}
