package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/plugin"
)

// gate is a reader of the log that can stop reading, or go away.
type gate struct {
	mu     sync.Mutex // guards below
	open   chan struct{}
	gone   bool
	got    bytes.Buffer
	writes int
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	g.writes++
	if g.gone {
		return 0, errors.New("broken pipe")
	}
	return g.got.Write(p)
}

func (g *gate) leave(gone bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone = gone
}

func (g *gate) text() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.got.String()
}

func missing(dropped uint64, since time.Time) []byte {
	return fmt.Appendf(nil, "missing %d for %s\n", dropped, time.Since(since))
}

// TestALogThatNobodyReadsBlocksNobody: lines up to the limit wait, what comes beyond is counted, and the count stands in
// the log where the lines are missing.
func TestALogThatNobodyReadsBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		w := newLogWriter(g, missing)
		line := func(n int) []byte { return fmt.Appendf(nil, "%07d%s\n", n, strings.Repeat(".", 1016)) }
		const first, all = 1, 1 + 2*logRoom/1024
		fmt.Fprint(w, "in flight\n")
		synctest.Wait() // it is being written
		for n := first; n < first+all; n++ {
			if k, err := w.Write(line(n)); k != 1024 || err != nil {
				t.Fatalf("line %d: %d, %v", n, k, err)
			}
		}
		time.Sleep(time.Minute)
		close(g.open)
		synctest.Wait()
		fmt.Fprint(w, "afterwards\n")
		synctest.Wait()
		lines := strings.Split(strings.TrimSuffix(g.text(), "\n"), "\n")
		kept := logRoom / 1024
		if len(lines) != kept+3 || lines[0] != "in flight" || lines[kept] != strings.TrimSuffix(string(line(kept)), "\n") {
			t.Fatalf("%d lines, want %d", len(lines), kept+3)
		}
		if want := fmt.Sprintf("missing %d for 1m0s", all-kept); lines[kept+1] != want || lines[kept+2] != "afterwards" {
			t.Errorf("the end is %q, want %q and afterwards", lines[kept+1:], want)
		}
		if !w.Close() {
			t.Error("not flushed")
		}
	})
}

// TestTheEndFlushesTheLog waits for a slow reader, and not for ever.
func TestTheEndFlushesTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, late := range []time.Duration{logFlush / 2, 2 * logFlush} {
			g := newGate()
			w := newLogWriter(g, missing)
			fmt.Fprint(w, "last words\n")
			timer := time.AfterFunc(late, func() { close(g.open) })
			began := time.Now()
			flushed := w.Close()
			if want := late < logFlush; flushed != want || time.Since(began) != min(late, logFlush) {
				t.Errorf("a reader that is late by %s: flushed %t after %s", late, flushed, time.Since(began))
			}
			<-w.done
			timer.Stop()
			if g.text() != "last words\n" {
				t.Errorf("read %q", g.text())
			}
			if n, err := w.Write([]byte("x")); n != 1 || err != nil {
				t.Errorf("after the end: %d, %v", n, err)
			}
		}
	})
}

// TestAReaderThatGoesAway: what it did not read is told to the next.
func TestAReaderThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		close(g.open)
		w := newLogWriter(g, missing)
		g.leave(true)
		fmt.Fprint(w, "one\n")
		synctest.Wait()
		fmt.Fprint(w, "two\n")
		synctest.Wait()
		g.leave(false)
		time.Sleep(time.Second)
		fmt.Fprint(w, "three\n")
		synctest.Wait()
		if got := g.text(); !strings.HasPrefix(got, "missing 3 for 1s\n") {
			t.Errorf("read %q", got)
		}
		fmt.Fprint(w, "four\n")
		w.Close()
		if got := g.text(); !strings.HasSuffix(got, "four\n") {
			t.Errorf("read %q", got)
		}
	})
}

// TestADaemonsLogIntoAFullPipe is the same with a pipe of the kernel and logrus.
func TestADaemonsLogIntoAFullPipe(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		r, stderr, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		a := &app{stdout: io.Discard, stderr: stderr}
		log, done := a.openLog(plugin.LogConfig{Level: "info", Format: format})
		const lines = 30_000
		for n := range lines { // far more than a pipe and the queue hold
			log.WithField("line", n).Info(strings.Repeat("x", 100))
		}
		all := make(chan string, 1) // one: all that was written
		go func() {
			text, err := io.ReadAll(r)
			if err != nil {
				t.Error(err)
			}
			all <- string(text)
		}()
		done()
		log.Info("after the end")
		if err := stderr.Close(); err != nil {
			t.Fatal(err)
		}
		text := <-all
		var missing int
		for line := range strings.SplitSeq(text, "\n") {
			if _, after, ok := strings.Cut(line, "lines are missing here"); ok {
				_, count, _ := strings.Cut(after+line, "lines=")
				if format == "json" {
					_, count, _ = strings.Cut(line, `"lines":`)
				}
				var n int
				if _, err := fmt.Sscanf(count, "%d", &n); err != nil {
					t.Errorf("%q: %v", line, err)
				}
				missing += n
			}
		}
		if seen := strings.Count(text, strings.Repeat("x", 100)); missing == 0 || seen+missing != lines {
			t.Errorf("%s: %d lines read, %d told missing, %d written", format, seen, missing, lines)
		}
	}
}

// TestLastWords: a standard error that nobody reads does not keep the program from its end.
func TestLastWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		began := time.Now()
		sayLast(g, "hawser:", logrus.ErrorLevel)
		if took := time.Since(began); took != logFlush {
			t.Errorf("waited %s", took)
		}
		close(g.open)
		synctest.Wait()
		sayLast(g, "done")
		if got := g.text(); got != "hawser: error\ndone\n" {
			t.Errorf("said %q", got)
		}
	})
}
