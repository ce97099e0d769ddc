package probe

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// startServer answers each connection by serve and returns its address. When the test ends it closes what is open and
// waits.
func startServer(tb testing.TB, serve func(net.Conn)) string {
	tb.Helper()
	return serveOn(tb, mustListen(tb, "tcp", "127.0.0.1:0"), serve)
}

func serveOn(tb testing.TB, listener net.Listener, serve func(net.Conn)) string {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			tasks.Go(func() { defer stop(); serve(conn) })
		}
	})
	tb.Cleanup(func() {
		cancel()
		_ = listener.Close()
		tasks.Wait()
	})
	return listener.Addr().String()
}

func mustListen(tb testing.TB, network, address string) net.Listener {
	tb.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		tb.Fatal(err)
	}
	return listener
}

// refusedAddress is one that nobody serves: the port is bound, so that nobody else gets it, and does not listen.
func refusedAddress(tb testing.TB) string {
	tb.Helper()
	conn, err := net.Dial("tcp", startServer(tb, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

func say(text string, hold bool) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		if hold {
			_, _ = io.Copy(io.Discard, c)
		}
		_ = c.Close()
	}
}

// pong answers one line with another.
func pong(c net.Conn) {
	line := make([]byte, 6)
	if _, err := io.ReadFull(c, line); err == nil && string(line) == "PING\r\n" {
		_, _ = io.WriteString(c, "+PONG\r\n")
	}
	_, _ = io.Copy(io.Discard, c)
}

func TestTCP(t *testing.T) {
	for _, tt := range []struct {
		name    string
		serve   func(net.Conn)
		options map[string]any
		limit   time.Duration
		state   State
		message string
	}{
		{"opens", say("", true), nil, patient, OK, "accepts connections"},
		{"ping", pong, map[string]any{"send": "PING\r\n", "expect": "+PONG"}, patient, OK, "as expected"},
		{"regexp", say("220 mail ready\r\n", true), map[string]any{"expectRegexp": `^220 .*\r\n`}, patient, OK, "as expected"},
		{"wrong, then closed", say("-ERR", false), map[string]any{"expect": "+PONG"}, patient, Failed, `wrong answer: "-ERR"`},
		{"wrong line, kept open", say("-LOADING\r\n", true), map[string]any{"expect": "+PONG"}, brief, Failed, "-LOADING"},
		{"wrong and long", say(strings.Repeat("x", 9000), true), map[string]any{"expect": "+PONG"}, patient, Failed, "wrong answer"},
		{"half a line", say("+PO", true), map[string]any{"expect": "+PONG"}, brief, Unknown, "no answer in time"},
		{"silent", say("", true), map[string]any{"expect": "x"}, brief, Unknown, "no answer in time"},
		{"closed without a word", say("", false), map[string]any{"expect": "x"}, patient, Failed, "closed before"},
		{"reset", reset, map[string]any{"send": "PING\r\n", "expect": "x"}, patient, Failed, "the connection was"},
		{"both", say("220 a b", true), map[string]any{"expect": "b", "expectRegexp": "^220"}, patient, OK, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			options := map[string]any{"address": startServer(t, tt.serve)}
			maps.Copy(options, tt.options)
			want(t, probe(t, "tcp", options, tt.limit), tt.state, tt.message)
		})
	}
}

func TestTCPRefused(t *testing.T) {
	want(t, probe(t, "tcp", map[string]any{"address": refusedAddress(t)}, patient), Failed, "connection refused")
}

func TestTCPUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	options := map[string]any{"address": "unix:" + path, "send": "PING\r\n", "expect": "PONG"}
	want(t, probe(t, "tcp", options, patient), Failed, "no such socket")
	serveOn(t, mustListen(t, "unix", path), pong)
	want(t, probe(t, "tcp", options, patient), OK, "as expected")
}

func TestTCPCancelWhileReading(t *testing.T) {
	address := startServer(t, say("", true))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	got := newProber(t, "tcp", map[string]any{"address": address, "expect": "x"}).Probe(ctx)
	want(t, got, Unknown, "cancelled")
}

func TestClassifyOwnTrouble(t *testing.T) {
	own := &net.OpError{Op: "dial", Err: errors.New("too many open files")}
	if state, cause := classify(t.Context(), own); state != Unknown || !strings.Contains(cause, "could not ask") {
		t.Errorf("got %s %q: what this node could not ask is unknown", state, cause)
	}
	name := &net.DNSError{Err: "no such host", Name: "db1.invalid", IsNotFound: true}
	if state, _ := classify(t.Context(), &net.OpError{Op: "dial", Err: name}); state != Unknown {
		t.Errorf("got %s for a name that does not resolve, want unknown", state)
	}
}
