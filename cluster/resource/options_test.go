package resource

import (
	"io"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

func discard() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

func TestValidateNamesEveryFault(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options map[string]any
		want    []string
	}{
		{"good", map[string]any{"command": []any{"sleep", "1"}, "stopSignal": "SIGINT", "log": map[string]any{"file": "x"}}, nil},
		{"keys in lower case, as viper gives them", map[string]any{"command": []any{"sleep"}, "stopsignal": "SIGINT"}, nil},
		{"nothing", nil, []string{"command: is missing"}},
		{"unknown", map[string]any{"command": []any{"x"}, "comand": "x"}, []string{"comand: unknown option; known here are command, dir"}},
		{"unknown below", map[string]any{"command": []any{"x"}, "log": map[string]any{"size": 1}}, []string{"log.size: unknown option; known here are file, maxBytes, keep"}},
		{"text for a list", map[string]any{"command": "sleep 1"}, []string{"command: source data must be an array or slice, got string; write a list"}},
		{"number for a text", map[string]any{"command": []any{1}}, []string{"command[0]: 1 is a int; write a text, in quotes"}},
		{"relative", map[string]any{"command": []any{"bin/x"}, "dir": "x"}, []string{"command[0]:", "dir:"}},
		{"signals", map[string]any{"command": []any{"x"}, "stopSignal": "SIGSTOP"}, []string{"stopSignal: \"SIGSTOP\" does not end"}},
		{"log", map[string]any{"command": []any{"x"}, "log": map[string]any{"maxBytes": 1, "keep": -1}}, []string{"log.maxBytes:", "log.keep:"}},
		{
			"environment",
			map[string]any{"command": []any{"x"}, "environment": []any{"A=1", "B", "HAWSER_INSTANCE=x"}},
			[]string{"environment[1]: \"B\" is not", "environment[2]: HAWSER_INSTANCE is set by hawser"},
		},
		{"user", map[string]any{"command": []any{"x"}, "user": "no-such-user"}, []string{"user: "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Validate("process", tt.options)
			if tt.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Errorf("got %d faults, want %d: %v", len(lines), len(tt.want), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			for _, line := range lines {
				if !strings.Contains(line, "; ") {
					t.Errorf("%q has no remedy", line)
				}
			}
		})
	}
}

func TestNewNamesFaultsOfTheSpec(t *testing.T) {
	_, err := New(Spec{Name: "../x", Kind: "process", Dir: "run", Env: []string{"A"}, StopTimeout: -1}, discard())
	for _, want := range []string{"name: ", "dir: ", "env[0]: ", "stopTimeout: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := New(Spec{Kind: "proces"}, discard()); err == nil || !strings.Contains(err.Error(), "use one of process") {
		t.Errorf("got %v", err)
	}
}

func TestKinds(t *testing.T) {
	for _, k := range Kinds() {
		if k.Name == "" || k.Comment == "" || k.build == nil || k.validate == nil {
			t.Errorf("kind %+v is incomplete", k)
		}
	}
}

func TestParseStat(t *testing.T) {
	tail := " S 1 77 66 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 112739 9 9"
	s, err := parseStat("42 (a) b (c)" + tail)
	if err != nil {
		t.Fatal(err)
	}
	want := procStat{pid: 42, ppid: 1, pgrp: 77, session: 66, command: "a) b (c", state: 'S', threads: 3, start: 112739}
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	for _, bad := range []string{"", "42", "42 (a)", "42 (a) S 1", "x (a)" + tail} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if (procStat{state: 'Z', threads: 1}).live() || !(procStat{state: 'Z', threads: 2}).live() {
		t.Error("a zombie lives only while its threads do")
	}
}
