package probe

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestOptionsNameEveryFault(t *testing.T) {
	const good = "http://127.0.0.1:1/"
	for _, tt := range []struct {
		name    string
		kind    string
		options map[string]any
		want    []string // one per fault
	}{
		{"http", "http", map[string]any{"url": good}, nil},
		{"keys in lower case, as viper gives them", "http", map[string]any{"url": good, "bodylimit": 10}, nil},
		{"nothing", "http", nil, []string{"url: is missing"}},
		{"unknown kind", "htp", nil, []string{`kind: there is no probe "htp"; use one of command, http, tcp`}},
		{"unknown", "http", map[string]any{"url": good, "methd": "GET"}, []string{"methd: unknown option; known here are url, socket, method"}},
		{
			"unknown below", "http",
			map[string]any{"url": good, "headers": []any{map[string]any{"nam": "x", "name": "X"}}},
			[]string{"headers[0].nam: unknown option; known here are name, value"},
		},
		{"wrong types", "http", map[string]any{"url": 1, "health": "yes"}, []string{"url: 1 is a int; write a text", "health: yes is a string; write a truth"}},
		{"status", "http", map[string]any{"url": good, "status": []any{99, "x", "300-200", 1.5}}, []string{"status[0]: \"99\"", "status[1]:", "status[2]:", "status[3]:"}},
		{"status as one", "http", map[string]any{"url": good, "status": 200}, []string{"status: "}},
		{"scheme", "http", map[string]any{"url": "ftp://x/"}, []string{"url: \"ftp://x/\" is neither"}},
		{"password", "http", map[string]any{"url": "http://a:b@x/"}, []string{"url: a password does not"}},
		{"limits", "http", map[string]any{"url": good, "bodyLimit": 0, "redirects": 11}, []string{"bodyLimit:", "redirects:"}},
		{"HEAD without a body", "http", map[string]any{"url": good, "method": "HEAD", "contains": "x"}, []string{"method: HEAD has no body"}},
		{"method", "http", map[string]any{"url": good, "method": "GET /"}, []string{"method: "}},
		{"headers", "http", map[string]any{"url": good, "headers": []any{map[string]any{"name": "a b", "value": "c\r\nd"}}}, []string{"headers[0].name:", "headers[0].value:"}},
		{"matches", "http", map[string]any{"url": good, "matches": "("}, []string{"matches: "}},
		{"tls without https", "http", map[string]any{"url": good, "serverName": "x"}, []string{"serverName: has no meaning"}},
		{"ca", "http", map[string]any{"url": "https://x/", "ca": "/nonexistent"}, []string{"ca: open /nonexistent"}},
		{"fingerprint", "http", map[string]any{"url": "https://x/", "fingerprint": "ab"}, []string{"fingerprint: \"ab\" is not"}},
		{"socket", "http", map[string]any{"url": good, "socket": "x"}, []string{"socket: \"x\" is not"}},
		{"tcp", "tcp", map[string]any{"address": "db1:5432"}, nil},
		{"tcp by name of the service", "tcp", map[string]any{"address": "[::1]:http"}, nil},
		{"tcp unix", "tcp", map[string]any{"address": "unix:/run/x"}, nil},
		{"tcp nothing", "tcp", nil, []string{"address: is missing"}},
		{"tcp no port", "tcp", map[string]any{"address": "db1"}, []string{"address: \"db1\" names no"}},
		{"tcp wrong port", "tcp", map[string]any{"address": "db1:99999"}, []string{"address: there is no port"}},
		{"tcp unix relative", "tcp", map[string]any{"address": "unix:x"}, []string{"address: \"x\" is not an absolute"}},
		{"command", "command", map[string]any{"command": []any{"/bin/true"}, "warningIs": "failed"}, nil},
		{"command nothing", "command", nil, []string{"command: is missing"}},
		{"command as text", "command", map[string]any{"command": "/bin/true -x"}, []string{"command: "}},
		{"command relative", "command", map[string]any{"command": []any{"check_tcp"}, "dir": "x"}, []string{"command[0]: \"check_tcp\" is not absolute", "dir: "}},
		{
			"command options", "command",
			map[string]any{"command": []any{"/bin/true"}, "environment": []any{"x"}, "warningIs": "unknown", "user": "nobody-at-all"},
			[]string{"environment[0]: \"x\" names no variable; write NAME=value", "warningIs: there is no \"unknown\"", "user: "},
		},
		{"tcp regexp", "tcp", map[string]any{"address": "a:1", "expectRegexp": "(", "answerLimit": 0}, []string{"expectRegexp:", "answerLimit:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Validate(tt.kind, tt.options)
			if len(tt.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			var fault *OptionError
			if !errors.As(err, &fault) || fault.Path == "" || fault.Remedy == "" {
				t.Errorf("%v is no OptionError with path and remedy", err)
			}
			if got := strings.Split(err.Error(), "\n"); len(got) != len(tt.want) {
				t.Errorf("got %d faults, want %d: %v", len(got), len(tt.want), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestDurationNeedsUnit(t *testing.T) {
	to := reflect.TypeFor[time.Duration]()
	if got, err := durationHook(nil, to, "250ms"); err != nil || got != 250*time.Millisecond {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []any{5, "5", "0", 1.5, "soon"} {
		if got, err := durationHook(nil, to, bad); err == nil || !strings.Contains(err.Error(), "unit, as in 500ms") {
			t.Errorf("%v: got %v, error %v", bad, got, err)
		}
	}
}

func TestKinds(t *testing.T) {
	for _, k := range Kinds() {
		if k.Name == "" || k.Comment == "" || k.build == nil {
			t.Errorf("kind %+v is incomplete", k)
		}
	}
}

func TestMessageIsOneLine(t *testing.T) {
	got := verdict(time.Now(), Failed, "a\nb\x1b[2J%s", strings.Repeat("ü", 500))
	if strings.ContainsAny(got.Message, "\n\x1b") || len(got.Message) > maxMessage {
		t.Errorf("got %d bytes: %q", len(got.Message), got.Message)
	}
	for state, want := range map[State]string{OK: "ok", Failed: "failed", Unknown: "unknown", 9: "state(9)"} {
		if state.String() != want {
			t.Errorf("got %q, want %q", state, want)
		}
	}
}
