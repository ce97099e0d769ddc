package resource

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestLogFileStaysWithinItsLimit(t *testing.T) {
	options := helper("chatter", "")
	options["log"] = map[string]any{"file": "service.log", "maxBytes": 20_000, "keep": 2}
	spec := newSpec(t, options)
	r := newResource(t, spec)
	mustStart(t, r)
	path := filepath.Join(spec.Dir, "service.log")
	for _, older := range []string{path + ".1", path + ".2"} {
		waitFor(t, older, func() bool { _, err := os.Stat(older); return err == nil })
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 20_000 {
		t.Errorf("the log has %d bytes after the stop, the limit is 20000", info.Size())
	}
	if countLines(t, path+".1") == 0 {
		t.Error("the older log is empty")
	}
	entries, err := os.ReadDir(spec.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".3") || strings.HasSuffix(name, ".new") {
			t.Errorf("%s is left", name)
		}
	}
}

func TestRotateKeepsContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	out, err := openLogFile(path, 1024, 2, discard())
	if err != nil {
		t.Fatal(err)
	}
	log := out.(*logFile)
	want := []string{strings.Repeat("c", 500), strings.Repeat("b", 1500), strings.Repeat("a", 1500)}
	for i := len(want) - 1; i >= 0; i-- {
		if _, err := log.open.WriteString(want[i]); err != nil {
			t.Fatal(err)
		}
		if err := log.rotate(); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.close(); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{path, path + ".1", path + ".2"} {
		got, err := os.ReadFile(name)
		if err != nil || string(got) != want[i] {
			t.Errorf("%s holds %d bytes %.5q, want %d of %.5q, error %v", name, len(got), got, len(want[i]), want[i], err)
		}
	}
}

// lineHook collects the field line.
type lineHook struct {
	mu    sync.Mutex // guards lines
	lines []string
}

func (*lineHook) Levels() []logrus.Level { return logrus.AllLevels }

func (h *lineHook) Fire(e *logrus.Entry) error {
	if line, ok := e.Data["line"]; ok {
		h.mu.Lock()
		h.lines = append(h.lines, line.(string))
		h.mu.Unlock()
	}
	return nil
}

func TestOutputGoesToTheDaemonsLog(t *testing.T) {
	hook := &lineHook{}
	log := discard()
	log.Logger.AddHook(hook)
	options := helper("says", "")
	delete(options, "log")
	r, err := New(newSpec(t, options), log)
	if err != nil {
		t.Fatal(err)
	}
	mustStart(t, r)
	waitExit(t, r)
	if err := r.Stop(t.Context()); err != nil { // waits for the last line
		t.Fatal(err)
	}
	if got := strings.Join(hook.lines, "|"); got != "hello from stdout|hello from stderr" {
		t.Errorf("got %q", got)
	}
}
