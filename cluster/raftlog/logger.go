package raftlog

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"slices"

	"github.com/hashicorp/go-hclog"
	"github.com/sirupsen/logrus"
)

// NewLogger lets raft log through logrus. raft calls an error what it will
// try again by itself; here an error is for a person, so raft's errors come
// out as warnings.
func NewLogger(to *logrus.Entry) hclog.Logger { return &logger{to: to} }

// logger is an hclog.Logger over a logrus entry; values, never changed.
type logger struct {
	to   *logrus.Entry
	name string
	args []any
}

// levels maps hclog's levels to logrus's.
var levels = map[hclog.Level]logrus.Level{
	hclog.Trace: logrus.TraceLevel,
	hclog.Debug: logrus.DebugLevel,
	hclog.Info:  logrus.InfoLevel,
	hclog.Warn:  logrus.WarnLevel,
	hclog.Error: logrus.WarnLevel,
}

// Log writes one line with its key and value pairs as fields.
func (l *logger) Log(level hclog.Level, msg string, args ...any) {
	to, ok := levels[level]
	if !ok || !l.to.Logger.IsLevelEnabled(to) {
		return
	}
	l.to.WithFields(fields(args)).Log(to, msg)
}

func (l *logger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l *logger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l *logger) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l *logger) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l *logger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

func (l *logger) IsTrace() bool { return l.to.Logger.IsLevelEnabled(logrus.TraceLevel) }
func (l *logger) IsDebug() bool { return l.to.Logger.IsLevelEnabled(logrus.DebugLevel) }
func (l *logger) IsInfo() bool  { return l.to.Logger.IsLevelEnabled(logrus.InfoLevel) }
func (l *logger) IsWarn() bool  { return l.to.Logger.IsLevelEnabled(logrus.WarnLevel) }
func (l *logger) IsError() bool { return l.to.Logger.IsLevelEnabled(logrus.WarnLevel) }

func (l *logger) ImpliedArgs() []any { return slices.Clone(l.args) }
func (l *logger) Name() string       { return l.name }

// With returns a logger that adds these pairs to every line.
func (l *logger) With(args ...any) hclog.Logger {
	return &logger{to: l.to.WithFields(fields(args)), name: l.name, args: slices.Concat(l.args, args)}
}

// Named returns a logger of a longer name.
func (l *logger) Named(name string) hclog.Logger {
	if l.name != "" {
		name = l.name + "." + name
	}
	return l.ResetNamed(name)
}

// ResetNamed returns a logger of another name.
func (l *logger) ResetNamed(name string) hclog.Logger {
	return &logger{to: l.to.WithField("part", name), name: name, args: l.args}
}

// SetLevel does nothing: the level is logrus's, set in one place.
func (l *logger) SetLevel(hclog.Level) {}

// GetLevel is the level that logrus would let through.
func (l *logger) GetLevel() hclog.Level {
	for _, level := range []hclog.Level{hclog.Trace, hclog.Debug, hclog.Info, hclog.Warn} {
		if l.to.Logger.IsLevelEnabled(levels[level]) {
			return level
		}
	}
	return hclog.Error
}

// StandardLogger is a log.Logger whose lines come out at level info.
func (l *logger) StandardLogger(opts *hclog.StandardLoggerOptions) *log.Logger {
	return log.New(l.StandardWriter(opts), "", 0)
}

// StandardWriter is a writer whose lines come out at level info.
func (l *logger) StandardWriter(*hclog.StandardLoggerOptions) io.Writer { return lineWriter{l} }

type lineWriter struct{ to *logger }

func (w lineWriter) Write(p []byte) (int, error) {
	w.to.Info(string(bytes.TrimRight(p, "\n")))
	return len(p), nil
}

// fields makes pairs into fields. An odd last value keeps its place under
// hclog's own word for it.
func fields(args []any) logrus.Fields {
	out := make(logrus.Fields, len(args)/2+1)
	for len(args) > 1 {
		out[fieldName(args[0])] = fieldValue(args[1])
		args = args[2:]
	}
	if len(args) == 1 {
		out[hclog.MissingKey] = fieldValue(args[0])
	}
	return out
}

// fieldName avoids the three names that logrus uses itself.
func fieldName(key any) string {
	name := fmt.Sprint(key)
	switch name {
	case "error":
		return "err"
	case "time", "level", "msg":
		return "raft_" + name
	}
	return name
}

func fieldValue(v any) any {
	if f, ok := v.(hclog.Format); ok && len(f) > 0 {
		if format, ok := f[0].(string); ok {
			return fmt.Sprintf(format, f[1:]...)
		}
	}
	return v
}
