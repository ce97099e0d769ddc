package resource

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// output takes what a service writes.
type output interface {
	// file is what the child gets as its standard output and error.
	file() *os.File
	// started is called once the child has it.
	started()
	// close ends all that tends it; nothing of the service runs any more.
	close() error
}

// openOutput opens the log file, or a way into the daemon's log.
func openOutput(o logOptions, dir string, log *logrus.Entry) (output, error) {
	if o.File == "" {
		return openLines(log)
	}
	path := o.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return openLogFile(path, o.MaxBytes, o.Keep, log)
}

// lines hands each line to the daemon's log. If the daemon dies the pipe breaks: a service that has to outlive its daemon
// needs a log file.
type lines struct {
	log         *logrus.Entry
	read, write *os.File
	tasks       sync.WaitGroup
}

// lineLimit cuts longer lines into several.
const lineLimit = 4096

// drainWait is how long the last lines may take: a stranger who was handed the pipe could hold it open.
const drainWait = time.Second

func openLines(log *logrus.Entry) (output, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &lines{log: log, read: read, write: write}, nil
}

func (l *lines) file() *os.File { return l.write }

func (l *lines) started() {
	_ = l.write.Close() // the child has its own; the write end of a pipe has nothing to flush
	l.write = nil
	l.tasks.Go(func() {
		reader := bufio.NewReaderSize(l.read, lineLimit)
		for {
			line, _, err := reader.ReadLine()
			if err != nil {
				return // the end of the service, or of drainWait
			}
			l.log.WithField("line", string(line)).Info("service output")
		}
	})
}

func (l *lines) close() error {
	if l.write != nil { // never started
		return errors.Join(l.write.Close(), l.read.Close())
	}
	err := l.read.SetReadDeadline(time.Now().Add(drainWait))
	l.tasks.Wait()
	return errors.Join(err, l.read.Close())
}
