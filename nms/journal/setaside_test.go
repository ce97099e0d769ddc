package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSetAsideThatWasStopped: after a stop at any point no empty store is begun, none is opened without its log, and saying
// it again ends it.
func TestSetAsideThatWasStopped(t *testing.T) {
	for _, test := range []struct {
		name  string
		moved int  // files of the former store
		opens bool // as it was
	}{
		{"nothing moved", 0, true}, {"the store moved", 1, false}, {"its log moved", 2, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := unclosed(t)
			a, err := prepareAside(t.Context(), path, "a test")
			if err != nil {
				t.Fatal(err)
			}
			for _, suffix := range storeFiles[:test.moved] {
				if err := os.Rename(path+suffix, filepath.Join(a.Folder, filepath.Base(path)+suffix)); err != nil {
					t.Fatal(err)
				}
			}
			j, err := Open(path)
			switch {
			case test.opens && err != nil:
				t.Fatal(err)
			case test.opens:
				if got := len(mustEvents(t, &j.Reader, EventFilter{Limit: 100})); got != 60 {
					t.Errorf("%d events, want all 60", got)
				}
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
			case !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "hawser fleet set-aside"):
				t.Fatalf("got %v, want that it is refused, with the way out", err)
			}
			end, err := SetAside(t.Context(), path, "a test")
			if err != nil || !slices.Contains(end.Files, "journal.db") || end.Off.Value != "true" || end.Off.By != "an operator" || !test.opens && end.Folder != a.Folder {
				t.Fatalf("set aside: %+v, %v; want the store, and the switch as an operator left it", end, err)
			}
			kept, err := OpenReader(filepath.Join(end.Folder, "journal.db"))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(mustEvents(t, kept, EventFilter{Limit: 100})); got != 60 {
				t.Errorf("%d events are kept, want all 60", got)
			}
			if err := kept.Close(); err != nil {
				t.Error(err)
			}
			mustBeAside(t, path, end.Folder)
		})
	}
}

// mustBeAside opens the new journal and looks at what it says of the former one.
func mustBeAside(t *testing.T, path, folder string) {
	t.Helper()
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	aside, err := j.Property(t.Context(), PropertyAside)
	if err != nil || aside.Value != folder {
		t.Errorf("the new journal says %+v, %v; want %s", aside, err, folder)
	}
	if off, err := j.Property(t.Context(), PropertyOff); err != nil || off.Value != "true" {
		t.Errorf("reconfiguration off: %+v, %v", off, err)
	}
	if got := len(mustEvents(t, &j.Reader, EventFilter{Limit: 100})); got != 0 {
		t.Errorf("%d events in the new journal", got)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(path + ".aside*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// unclosed makes a journal as a kill leaves it: reconfiguration off, and 60 events, some of it in its log alone.
func unclosed(t *testing.T) string {
	t.Helper()
	from, path := filepath.Join(t.TempDir(), "journal.db"), filepath.Join(t.TempDir(), "journal.db")
	j, err := Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	if err := j.SetProperty(t.Context(), PropertyOff, "true", "an operator"); err != nil {
		t.Fatal(err)
	}
	for seq := range uint32(60) {
		mustAppend(t, j, event(seq+1))
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(from + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestManagerThatStartsMeanwhile: it gets the former journal or the whole new one, nothing in between.
func TestManagerThatStartsMeanwhile(t *testing.T) {
	path := filled(t)
	done := make(chan error, 1)
	go func() {
		for {
			if _, err := SetAside(t.Context(), path, "a test"); !errors.Is(err, ErrLocked) {
				done <- err
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	look := func() {
		j, err := Open(path)
		if errors.Is(err, ErrLocked) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := j.Property(t.Context(), PropertyAside)
		if got := len(mustEvents(t, &j.Reader, EventFilter{Limit: 10})); err != nil || got == 0 && p.Value == "" {
			t.Errorf("an empty journal that does not say so: %v", err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			look()
			return
		default:
			look()
			time.Sleep(time.Millisecond)
		}
	}
}
