package probe

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"hawser/fixtures/need"
)

// plugin writes a shell script and builds a prober of it.
func plugin(t *testing.T, script string, options map[string]any) *commandProber {
	t.Helper()
	path := filepath.Join(t.TempDir(), "check_test")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"command": []any{path, "a b", "$HOME"}}
	maps.Copy(all, options)
	p, err := New("command", all)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*commandProber)
}

// runLimit is ten times what a loaded machine takes for a script.
const runLimit = 20 * time.Second

func ask(t *testing.T, p Prober) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	return p.Probe(ctx)
}

func TestCommandVerdicts(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		options      map[string]any
		state        State
		message      string
		perfdata     string
	}{
		{"ok", "echo 'TCP OK - fine|time=0.1s;1;2;0;10'", nil, OK, "TCP OK - fine", "time=0.1s;1;2;0;10"},
		{"warning", "echo slow; exit 1", nil, OK, "WARNING: slow", ""},
		{"warning that says so", "echo 'DISK WARNING - 9%'; exit 1", nil, OK, "DISK WARNING - 9%", ""},
		{"warning is failed", "echo slow; exit 1", map[string]any{"warningIs": "failed"}, Failed, "WARNING: slow", ""},
		{"critical", "echo down; exit 2", nil, Failed, "down", ""},
		{"unknown", "echo 'wrong arguments'; exit 3", nil, Unknown, "UNKNOWN: wrong arguments", ""},
		{"another code", "echo hm; exit 42", nil, Unknown, "ended with code 42", ""},
		{"a signal", "echo hm; kill -SEGV $$", nil, Unknown, "ended by signal 11 (segmentation fault); hm", ""},
		{"silent", "exit 2", nil, Failed, "it printed nothing", ""},
		{"only standard error", "echo 'no such host' >&2; exit 2", nil, Failed, "no such host", ""},
		{"many lines", "echo 'ok|a=1'; echo long; echo 'text|b=2'; echo \"'c d'=3%\"", nil, OK, "ok", "a=1 b=2 'c d'=3%"},
		{"arguments reach it as they are", `echo "$1/$2"`, nil, OK, "a b/$HOME", ""},
		{"environment", `echo "$LC_ALL $X ${HAWSER_SECRET:-none}"`, map[string]any{"environment": []any{"X=1 2"}}, OK, "C 1 2 none", ""},
		{"folder", "pwd", map[string]any{"dir": "/proc"}, OK, "/proc", ""},
		{"no standard input", "cat; echo done", nil, OK, "done", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("HAWSER_SECRET", "leaked")
			r := ask(t, plugin(t, tt.script, tt.options))
			if r.State != tt.state || !strings.Contains(r.Message, tt.message) || r.Latency <= 0 {
				t.Errorf("%s %q after %s; want %s %q", r.State, r.Message, r.Latency, tt.state, tt.message)
			}
			if r.State == tt.state && (tt.perfdata != "" || r.State == OK) && r.Perfdata != tt.perfdata {
				t.Errorf("perfdata %q, want %q", r.Perfdata, tt.perfdata)
			}
		})
	}
}

func TestCommandThatCannotRun(t *testing.T) {
	folder := t.TempDir()
	plain := filepath.Join(folder, "plain")
	orphan := filepath.Join(folder, "orphan")
	for path, text := range map[string]string{plain: "#!/bin/sh\n", orphan: "#!/nonexistent/perl\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(orphan, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "missing"): "is not installed", plain: "make it executable", orphan: "its interpreter",
	} {
		p, err := New("command", map[string]any{"command": []any{path}})
		if err != nil {
			t.Fatal(err)
		}
		if r := ask(t, p); r.State != Unknown || !strings.Contains(r.Message, want) || !strings.Contains(r.Message, path) {
			t.Errorf("%s %q, want %q", r.State, r.Message, want)
		}
	}
}

// pidsIn reads the pids that a script wrote, once there are enough of them.
func pidsIn(t *testing.T, path string, count int) []int {
	t.Helper()
	for end := time.Now().Add(runLimit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(path)
		words := strings.Fields(string(text))
		if len(words) < count {
			continue
		}
		var out []int
		for _, w := range words {
			n, err := strconv.Atoi(w)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, n)
		}
		return out
	}
	t.Fatalf("%s does not hold %d pids", path, count)
	return nil
}

func lives(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func wantDead(t *testing.T, pids []int) {
	t.Helper()
	for end := time.Now().Add(runLimit); ; time.Sleep(5 * time.Millisecond) {
		left := 0
		for _, pid := range pids {
			if lives(pid) {
				left++
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %v live on", left, pids)
		}
	}
}

// TestCommandAtTheDeadline: child, grandchild, and a grandchild in a session of its own are killed, and the verdict comes.
func TestCommandAtTheDeadline(t *testing.T) {
	need.Program(t, "setsid")
	pids := filepath.Join(t.TempDir(), "pids")
	p := plugin(t, `echo half
trap '' TERM
sh -c 'echo $$ >>"$PIDS"; sleep 1000' &
setsid sh -c 'echo $$ >>"$PIDS"; sleep 1000' &
echo $$ >>"$PIDS"
sleep 1000
`, map[string]any{"environment": []any{"PIDS=" + pids}})
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan Result, 1) // one: the verdict
	go func() { done <- p.Probe(ctx) }()
	started := pidsIn(t, pids, 3)
	cancel()
	select {
	case r := <-done:
		if r.State != Unknown || !strings.Contains(r.Message, "killed") || !strings.Contains(r.Message, "half") {
			t.Errorf("%s %q", r.State, r.Message)
		}
	case <-time.After(runLimit):
		t.Fatal("no verdict after the end of the context")
	}
	wantDead(t, started)
	for end := time.Now().Add(runLimit); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, there were %d", runtime.NumGoroutine(), before)
		}
	}
	if p.stuck.Load() != nil {
		t.Error("it counts as stuck")
	}
}

// TestCommandLeavesNobody: what a plugin leaves behind in its group, holding its output open, neither lives on nor delays
// the verdict; in a session of its own, it delays nothing either.
func TestCommandLeavesNobody(t *testing.T) {
	need.Program(t, "setsid")
	for _, how := range []string{"sh", "setsid sh"} {
		pids := filepath.Join(t.TempDir(), "pids")
		p := plugin(t, how+` -c 'echo $$ >>"$PIDS"; sleep 1000' &
while [ ! -s "$PIDS" ]; do sleep 0.01; done
echo ok`, map[string]any{"environment": []any{"PIDS=" + pids}})
		if r := ask(t, p); r.State != OK || r.Message != "ok" {
			t.Errorf("%s: %s %q after %s", how, r.State, r.Message, r.Latency)
		}
		wantDead(t, pidsIn(t, pids, 1))
	}
}

// TestCommandOutputIsBounded: a plugin that prints without end is read, and blocks neither itself nor us.
func TestCommandOutputIsBounded(t *testing.T) {
	p := plugin(t, "echo first; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo error | head -c 100 >&2", nil)
	run, err := p.start()
	if err != nil {
		t.Fatal(err)
	}
	if !run.endsWithin(runLimit) {
		run.kill()
		t.Fatal("it blocks")
	}
	if n := len(run.stdout.text()); n != outputLimit {
		t.Errorf("kept %d bytes, want %d", n, outputLimit)
	}
	if r := p.judge(time.Now(), run); r.State != OK || r.Message != "first" {
		t.Errorf("%s %q", r.State, r.Message)
	}
}

func TestCommandAsAnotherUser(t *testing.T) {
	need.Root(t)
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("hawser-probe-%d", os.Getpid())) // t.TempDir is closed to others
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "check_id")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho \"$(id -un) $(id -Gn) $HOME\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := New("command", map[string]any{"command": []any{path}, "user": "nobody"})
	if err != nil {
		t.Fatal(err)
	}
	if r := ask(t, p); r.State != OK || r.Message != "nobody nogroup /nonexistent" {
		t.Errorf("%s %q", r.State, r.Message)
	}
}

// TestMonitoringPlugins runs plugins as Debian ships them.
func TestMonitoringPlugins(t *testing.T) {
	const folder = "/usr/lib/nagios/plugins/"
	need.File(t, folder+"check_tcp", folder+"check_http")
	host, port, err := net.SplitHostPort(startServer(t, pong))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprintln(w, "hello")
	}))
	t.Cleanup(web.Close)
	webHost, webPort, err := net.SplitHostPort(web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, closed, err := net.SplitHostPort(refusedAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		command []any
		state   State
		message string
		labels  []string
	}{
		{"tcp", []any{folder + "check_tcp", "-H", host, "-p", port}, OK, "TCP OK", []string{"time"}},
		{"tcp refused", []any{folder + "check_tcp", "-H", "127.0.0.1", "-p", closed}, Failed, "refused", nil},
		{"http", []any{folder + "check_http", "-I", webHost, "-p", webPort, "-u", "/"}, OK, "HTTP OK", []string{"time", "size"}},
		{"http broken", []any{folder + "check_http", "-I", webHost, "-p", webPort, "-u", "/broken"}, Failed, "500", []string{"time", "size"}},
		{"http warning", []any{folder + "check_http", "-I", webHost, "-p", webPort, "-u", "/broken", "-e", "500", "-w", "0.000001"}, OK, "WARNING", []string{"time", "size"}},
		{"usage", []any{folder + "check_tcp", "--nonsense"}, Unknown, "UNKNOWN", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := New("command", map[string]any{"command": tt.command})
			if err != nil {
				t.Fatal(err)
			}
			r := ask(t, p)
			if r.State != tt.state || !strings.Contains(r.Message, tt.message) {
				t.Errorf("%s %q, want %s %q", r.State, r.Message, tt.state, tt.message)
			}
			var labels []string
			for _, m := range ParsePerfdata(r.Perfdata) {
				labels = append(labels, m.Label)
			}
			if tt.labels != nil && strings.Join(labels, " ") != strings.Join(tt.labels, " ") {
				t.Errorf("perfdata %q holds %v, want %v", r.Perfdata, labels, tt.labels)
			}
		})
	}
}
