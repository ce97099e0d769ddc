package engine_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStories plays the stories of testdata. A story begins with a comment that names the rule or hazard it shows; each
// line of it is one of the forms below. After each line the world comes to rest; what was decided meanwhile must be told by
// the expect lines that follow, in order and without a gap. An expectation is the beginning of a line of the journal.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 35 {
		t.Fatalf("%d stories found, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			play(t, file)
		})
	}
}

func play(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // only read
	w := newWorld(t)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if n == 1 && !strings.HasPrefix(line, "#") {
			t.Fatalf("%s begins without saying which rule it shows", file)
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		w.line(file, n, line)
		if t.Failed() {
			t.Fatalf("%s:%d: %s", file, n, line)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	w.nothing()
	w.sameReplica()
}

// line carries one line out.
func (w *world) line(file string, n int, line string) {
	w.t.Helper()
	if want, ok := strings.CutPrefix(line, "expect "); ok {
		w.expect(file, n, want)
		return
	}
	words := strings.Fields(line)
	for _, f := range forms {
		args, ok := match(strings.Fields(f.form), words)
		if !ok {
			continue
		}
		if !f.check && len(w.journal) > 0 {
			w.t.Fatalf("%s:%d: before %q, the story does not tell:\n\t%s", file, n, line, strings.Join(w.journal, "\n\t"))
		}
		f.do(w, args)
		return
	}
	w.t.Fatalf("%s:%d: %q is no line of a story", file, n, line)
}

// match compares words with a form: words in capitals take one word, the last one with dots all that are left.
func match(form, words []string) (args []string, ok bool) {
	for i, f := range form {
		switch {
		case strings.HasSuffix(f, "..."):
			return append(args, strings.Join(words[min(i, len(words)):], " ")), len(words) > i
		case i >= len(words):
			return nil, false
		case strings.ToUpper(f) == f && f != "+":
			args = append(args, words[i])
		case f != words[i]:
			return nil, false
		}
	}
	return args, len(form) == len(words)
}

func (w *world) expect(file string, n int, want string) {
	w.t.Helper()
	switch {
	case want == "nothing":
		w.nothing()
	case len(w.journal) == 0:
		w.t.Fatalf("%s:%d: nothing more was decided, but the story expects %q", file, n, want)
	case !strings.HasPrefix(w.journal[0], want):
		w.t.Fatalf("%s:%d:\nwant %s\ngot  %s", file, n, want, strings.Join(w.journal, "\n     "))
	default:
		w.journal = w.journal[1:]
	}
}

func (w *world) nothing() {
	w.t.Helper()
	if len(w.journal) > 0 {
		w.t.Fatalf("the story does not tell:\n\t%s", strings.Join(w.journal, "\n\t"))
	}
}
