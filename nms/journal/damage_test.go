package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// filled makes a journal of some hundred events, closed, and whole in its file.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var events []Event
	for seq := range uint32(300) {
		events = append(events, event(seq+1, func(e *Event) { e.Summary = strings.Repeat("x", 200) }))
	}
	mustAppend(t, j, events...)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDamageIsNamedAndSetAside(t *testing.T) {
	for _, test := range []struct {
		name  string
		hurt  func(t *testing.T, path string)
		cause string
	}{
		{"empty", func(t *testing.T, path string) { mustTruncate(t, path, 0) }, "0 octets"},
		{"cut in half", func(t *testing.T, path string) { mustTruncate(t, path, size(t, path)/2) }, "journal.db"},
		{"pages overwritten", func(t *testing.T, path string) {
			for at := int64(4096 * 5); at < size(t, path)-100; at += 4096 * 3 {
				overwrite(t, path, at, []byte("this was a page of the journal once, and is none now"))
			}
		}, "journal.db"},
		{"head overwritten", func(t *testing.T, path string) { overwrite(t, path, 0, []byte("not a database at all")) }, "not a database"},
		{"only its log left", func(t *testing.T, path string) {
			if err := os.Rename(path, path+"-wal"); err != nil {
				t.Fatal(err)
			}
		}, "is not there, but its"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filled(t)
			test.hurt(t, path)
			_, err := Open(path)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), test.cause) || !strings.Contains(err.Error(), "hawser fleet set-aside") {
				t.Fatalf("got %v, want that it is damaged, %q, and the way out", err, test.cause)
			}
			a, err := SetAside(t.Context(), path, "a test")
			if err != nil || len(a.Files) == 0 || a.Off.Value != "true" && test.name != "pages overwritten" {
				t.Fatalf("set aside: %+v, %v; want files moved, and reconfiguration off", a, err)
			}
			for _, name := range a.Files {
				if _, err := os.Stat(filepath.Join(a.Folder, name)); err != nil {
					t.Error(err)
				}
			}
			j, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			mustAppend(t, j, event(1))
			if p, err := j.Property(t.Context(), PropertyAside); err != nil || p.Value != a.Folder {
				t.Errorf("the new journal says %+v, %v", p, err)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSetAsideKeepsTheSwitch(t *testing.T) {
	path := filled(t)
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SetAside(t.Context(), path, "a test"); !errors.Is(err, ErrLocked) {
		t.Errorf("a journal in use was set aside: %v", err)
	}
	if err := errors.Join(j.SetProperty(t.Context(), PropertyOff, "false", "an operator"), j.Close()); err != nil {
		t.Fatal(err)
	}
	a, err := SetAside(t.Context(), path, "a test")
	if err != nil || a.Off.Value != "false" || a.Off.By != "an operator" {
		t.Errorf("got %+v, %v; want the switch as it was", a, err)
	}
	if _, err := SetAside(t.Context(), filepath.Join(t.TempDir(), "journal.db"), "a test"); err == nil || !strings.Contains(err.Error(), "there is no journal") {
		t.Errorf("nothing was set aside: %v", err)
	}
}

// TestDamagedLog changes a frame in the midst of the write-ahead log: what comes behind it is gone, and that is told.
func TestDamagedLog(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "journal.db"), filepath.Join(dir, "copy.db")
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for seq := range uint32(60) {
		mustAppend(t, j, event(seq+1))
	}
	for _, suffix := range []string{"", "-wal"} { // as a kill leaves them
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := tornCommits(copied + "-wal"); n != 0 || err != nil {
		t.Errorf("a whole log: %d commits torn, %v", n, err)
	}
	mustTruncate(t, copied+"-wal", size(t, copied+"-wal")-100) // a crash in the midst of the last write
	if n, err := tornCommits(copied + "-wal"); n != 0 || err != nil {
		t.Errorf("a log whose end is missing: %d commits torn, %v", n, err)
	}
	overwrite(t, copied+"-wal", size(t, copied+"-wal")/2, []byte("damage"))
	n, err := tornCommits(copied + "-wal")
	if n < 20 || n > 40 || err != nil {
		t.Errorf("a log with damage half way: %d commits torn, %v; want about 30", n, err)
	}
	after, err := Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = after.Close() }()
	if got := len(mustEvents(t, &after.Reader, EventFilter{})); after.Torn() != n || got < 20 || got > 40 {
		t.Errorf("opened with %d events, %d commits torn, want about 30 and %d", got, after.Torn(), n)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func mustTruncate(t *testing.T, path string, to int64) {
	t.Helper()
	if err := os.Truncate(path, to); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, at int64, data []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(data, at)
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}
