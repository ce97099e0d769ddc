package resource

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// logFile is written by the service itself, so that the service does not depend on the daemon. The daemon looks at its
// size once per logCheck, copies it to FILE.1 when it is over its limit, and empties it: the limit is exceeded by what
// comes within one logCheck, and what comes during the last step of a copy is lost.
type logFile struct {
	path  string
	limit int64
	keep  int
	log   *logrus.Entry
	open  *os.File
	quit  chan struct{} // closed by close
	tasks sync.WaitGroup
}

const logCheck = time.Second

func openLogFile(path string, limit int64, keep int, log *logrus.Entry) (output, error) {
	open, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return nil, fmt.Errorf("log.file: %w: give a path that hawser may write", err)
	}
	return &logFile{path: path, limit: limit, keep: keep, log: log, open: open, quit: make(chan struct{})}, nil
}

func (l *logFile) file() *os.File { return l.open }

func (l *logFile) started() {
	l.tasks.Go(func() {
		tick := time.NewTicker(logCheck)
		defer tick.Stop()
		last := ""
		for {
			last = l.tend(last)
			select {
			case <-l.quit:
				l.tend(last)
				return
			case <-tick.C:
			}
		}
	})
}

// tend rotates and reports a fault once, not every second. It returns the fault.
func (l *logFile) tend(last string) string {
	err := l.rotate()
	if err == nil {
		return ""
	}
	if err.Error() != last {
		l.log.WithError(err).Warn("service log is over its limit and cannot be moved aside")
	}
	return err.Error()
}

// rotate keeps the file within its limit.
func (l *logFile) rotate() error {
	info, err := l.open.Stat()
	if err != nil || info.Size() <= l.limit {
		return err
	}
	if l.keep > 0 {
		if err := l.shift(); err != nil {
			return err
		}
	}
	return l.open.Truncate(0) // the service writes with O_APPEND: it goes on at the new end
}

// shift moves FILE.1 to FILE.2 and so on, and copies FILE to FILE.1, which appears whole or not at all.
func (l *logFile) shift() error {
	for n := l.keep; n > 1; n-- {
		if err := os.Rename(l.older(n-1), l.older(n)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	temporary := l.path + ".new"
	to, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	// The end is looked for again and again while the service writes; a writer that is faster than the copy is cut off.
	_, err = io.Copy(to, io.NewSectionReader(l.open, 0, 2*l.limit))
	if err = errors.Join(err, to.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, l.older(1))
}

func (l *logFile) older(n int) string { return fmt.Sprintf("%s.%d", l.path, n) }

func (l *logFile) close() error {
	close(l.quit)
	l.tasks.Wait()
	return l.open.Close()
}
