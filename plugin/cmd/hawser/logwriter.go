package main

import (
	"bytes"
	"io"
	"sync"
	"time"
)

const (
	// logRoom is how much of the log waits for a reader that is slow; what comes beyond it is dropped and counted.
	logRoom = 1 << 20
	// logFlush is how long the end of the program waits for such a reader.
	logFlush = 2 * time.Second
)

// logWriter takes log lines without ever blocking (S8): whoever reads standard error may be slow, stuck or gone. Lines are
// written in order by one goroutine, which Close ends. Where lines were dropped, the log says so as soon as it is read
// again.
type logWriter struct {
	out  io.Writer
	told func(dropped uint64, since time.Time) []byte // the line that tells of a gap
	wake chan struct{}                                // one place: a wake-up that waits covers all that came before
	done chan struct{}                                // closed when the goroutine has ended

	mu     sync.Mutex // guards below
	queue  [][]byte
	room   int       // bytes that queue may still take
	gap    uint64    // lines dropped behind the queue
	since  time.Time // when the first of them was
	closed bool
}

// newLogWriter starts a writer to out.
func newLogWriter(out io.Writer, told func(dropped uint64, since time.Time) []byte) *logWriter {
	w := &logWriter{out: out, told: told, wake: make(chan struct{}, 1), done: make(chan struct{}), room: logRoom}
	go w.run()
	return w
}

// Write takes one line. It never blocks and never fails: a logger that cannot log must not say so on the same stream.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	switch {
	case w.closed:
	case w.gap > 0 || len(line) > w.room: // behind a gap nothing is queued, so that the lines keep their order
		w.drop(1)
	default:
		w.queue = append(w.queue, bytes.Clone(line))
		w.room -= len(line)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return len(line), nil
}

// drop counts lines that nobody will read; the caller holds mu.
func (w *logWriter) drop(lines uint64) {
	if w.gap == 0 {
		w.since = time.Now()
	}
	w.gap += lines
}

func (w *logWriter) run() {
	defer close(w.done)
	for range w.wake {
		for {
			batch, lines, closed := w.take()
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
			if _, err := w.out.Write(batch); err != nil && !closed {
				w.mu.Lock()
				w.drop(lines)
				w.mu.Unlock()
				break // the reader is gone; the next line tries again
			}
		}
	}
}

// take empties the queue, and tells of the gap behind it.
func (w *logWriter) take() (batch []byte, lines uint64, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch, lines = bytes.Join(w.queue, nil), uint64(len(w.queue))
	if w.gap > 0 {
		batch = append(batch, w.told(w.gap, w.since)...)
		lines += w.gap
	}
	w.queue, w.room, w.gap = nil, logRoom, 0
	return batch, lines, w.closed
}

// Close writes what is left, as far as the reader takes it in time, and says whether it did.
func (w *logWriter) Close() bool {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return within(logFlush, w.done)
}

// within waits for the end of something, but not longer than limit.
func within(limit time.Duration, done <-chan struct{}) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
