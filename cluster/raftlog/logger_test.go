package raftlog

import (
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
)

func TestLogger(t *testing.T) {
	base, hook := test.NewNullLogger()
	base.SetLevel(logrus.DebugLevel)
	l := NewLogger(logrus.NewEntry(base)).Named("raft").Named("net").With("node", "n1")
	tests := []struct {
		name  string
		write func()
		level logrus.Level
		want  logrus.Fields
	}{
		{"info", func() { l.Info("entering state", "term", 3) }, logrus.InfoLevel, logrus.Fields{"term": 3}},
		{"error is ours to retry", func() { l.Error("no contact", "error", "refused") }, logrus.WarnLevel, logrus.Fields{"err": "refused"}},
		{"format", func() { l.Warn("odd", "command", hclog.Fmt("%d-%d", 1, 2)) }, logrus.WarnLevel, logrus.Fields{"command": "1-2"}},
		{"odd pair", func() { l.Debug("odd", "alone") }, logrus.DebugLevel, logrus.Fields{hclog.MissingKey: "alone"}},
		{"reserved", func() { l.Info("late", "time", 1, "msg", 2) }, logrus.InfoLevel, logrus.Fields{"raft_time": 1, "raft_msg": 2}},
		{"standard", func() { l.StandardLogger(nil).Print("plain") }, logrus.InfoLevel, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hook.Reset()
			tt.write()
			got := hook.LastEntry()
			if got == nil || len(hook.Entries) != 1 || got.Level != tt.level {
				t.Fatalf("%d lines, last %v, want one of level %s", len(hook.Entries), got, tt.level)
			}
			for k, v := range tt.want {
				if got.Data[k] != v {
					t.Errorf("field %s is %v, want %v", k, got.Data[k], v)
				}
			}
			if got.Data["node"] != "n1" || got.Data["part"] != "raft.net" {
				t.Errorf("fields %v lack the logger's own", got.Data)
			}
		})
	}
	hook.Reset()
	if l.Trace("quiet"); len(hook.Entries) != 0 || l.IsTrace() || !l.IsDebug() || l.GetLevel() != hclog.Debug {
		t.Errorf("level is %s, %d lines at trace", l.GetLevel(), len(hook.Entries))
	}
	if l.Name() != "raft.net" || len(l.ImpliedArgs()) != 2 {
		t.Errorf("name %q, implied %v", l.Name(), l.ImpliedArgs())
	}
}
