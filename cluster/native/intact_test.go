package native

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hawser/cluster"
	"hawser/cluster/raftlog"
)

// spoil damages files in the data folder of a node; it gives their paths.
func spoil(t *testing.T, dataDir, pattern string, how func(path string) error) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dataDir, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", pattern, paths, err)
	}
	for _, path := range paths {
		if err := how(path); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// flip changes one byte in the middle.
func flip(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2]++
	return os.WriteFile(path, data, 0o600)
}

func halve(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()/2)
}

func empty(path string) error { return os.Truncate(path, 0) }

// TestDamagedSnapshots: with one that is damaged the node goes on from an older one and its log, and loses nothing; where
// the log does not reach back, it refuses with file, cause and remedy, and the others go on.
func TestDamagedSnapshots(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(string) error{"flipped": flip, "cut off": halve, "empty": empty} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc := startCluster(t, testOptions{})
			node := tc.others(tc.active())[0]
			for n := 1; n <= 3; n++ {
				tc.raise(node, n)
				if n < 3 {
					if err := tc.node(node).raft.Snapshot().Error(); err != nil {
						t.Fatal(err)
					}
				}
			}
			tc.node(node).cancel()
			<-tc.node(node).done
			dataDir := tc.configs[node].DataDir
			snaps, err := raftlog.Snapshots(dataDir, tc.configs[node].Log)
			if err != nil {
				t.Fatal(err)
			}
			list, err := snaps.List()
			if err != nil || len(list) != 2 {
				t.Fatalf("%d snapshots, %v", len(list), err)
			}
			spoil(t, dataDir, filepath.Join("snapshots", list[0].ID, "state.bin"), how)
			tc.start(node)
			tc.wait("all stories of "+node+" at itself", func() bool {
				events, err := tc.node(node).Events(0, 10_000)
				stories := slices.DeleteFunc(events, func(e cluster.Event) bool { return !strings.HasPrefix(e.Summary, "story") })
				return err == nil && len(stories) == 3
			})
			tc.node(node).cancel()
			<-tc.node(node).done
			spoiled := spoil(t, dataDir, "snapshots/*/state.bin", how)
			n, err := New(tc.configs[node])
			if err == nil {
				n.closeRaft()
				t.Fatal("it starts without any snapshot")
			}
			for _, want := range append(spoiled, "hawser forget, hawser join") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %s", err, want)
				}
			}
		})
	}
}

// TestALogThatReachesBackToNoSnapshot is refused: what lies between is lost.
func TestALogThatReachesBackToNoSnapshot(t *testing.T) {
	t.Parallel()
	tc := newCluster(t, testOptions{})
	cfg := tc.configs["n1"]
	snaps, err := raftlog.Snapshots(cfg.DataDir, cfg.Log)
	if err != nil {
		t.Fatal(err)
	}
	var complaints []string
	complain := func(path string, _ error) { complaints = append(complaints, path) }
	for first, want := range map[uint64]bool{0: true, 1: true, 7: false} {
		err := checkSnapshots(firstIndex{first: first}, snaps, cfg.DataDir, complain)
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "hawser join") {
			t.Errorf("a log that begins with entry %d and no snapshot: %v", first, err)
		}
	}
	if len(complaints) > 0 {
		t.Errorf("complaints about %v", complaints)
	}
}

// TestAnEmptiedStoreIsRefused: an empty file is a new one only where nothing else is.
func TestAnEmptiedStoreIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, storeFile)
	if err := emptied(dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := emptied(dir); err != nil {
		t.Errorf("a first start that did not come far: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, outboxFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := emptied(dir); !errors.Is(err, raftlog.ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "hawser join") {
		t.Errorf("an emptied store: %v", err)
	}
}
