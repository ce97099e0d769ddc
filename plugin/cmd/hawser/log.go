package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/plugin"
)

// openLog is a daemon's log: whoever reads it may stop reading without stopping the daemon. done writes what is left.
func (a *app) openLog(cfg plugin.LogConfig) (log *logrus.Logger, done func()) {
	log = a.newLog(cfg)
	w := newLogWriter(a.stderr, gapLine(log))
	log.SetOutput(w)
	// A reader that went away would end the daemon by SIGPIPE. The signal is caught, not ignored: services that the daemon
	// starts would inherit that.
	broken := make(chan os.Signal, 1) // one: nobody reads it
	signal.Notify(broken, syscall.SIGPIPE)
	return log, func() {
		w.Close()
		signal.Stop(broken)
	}
}

// gapLine says, in the form of the log, that lines are missing.
func gapLine(log *logrus.Logger) func(dropped uint64, since time.Time) []byte {
	return func(dropped uint64, since time.Time) []byte {
		e := log.WithFields(logrus.Fields{"component": "log", "lines": dropped, "blocked_ms": time.Since(since).Milliseconds()})
		e.Level, e.Time, e.Message = logrus.WarnLevel, time.Now(), "lines are missing here: nobody read the log"
		line, err := log.Formatter.Format(e)
		if err != nil {
			return fmt.Appendf(nil, "%d log lines are missing here\n", dropped)
		}
		return line
	}
}

// sayLast prints the last words of the program. A reader that does not read holds its end up for a moment only.
func sayLast(out io.Writer, words ...any) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fmt.Fprintln(out, words...)
	}()
	within(logFlush, done)
}
