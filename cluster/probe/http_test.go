package probe

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// newProber builds a prober that is closed when the test ends.
func newProber(tb testing.TB, kind string, options map[string]any) Prober {
	tb.Helper()
	p, err := New(kind, options)
	if err != nil {
		tb.Fatal(err)
	}
	if c, ok := p.(io.Closer); ok {
		tb.Cleanup(func() {
			if err := c.Close(); err != nil {
				tb.Error(err)
			}
		})
	}
	return p
}

// probe asks with a limit that only a test of silence reaches.
func probe(tb testing.TB, kind string, options map[string]any, limit time.Duration) Result {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	defer cancel()
	return newProber(tb, kind, options).Probe(ctx)
}

const (
	patient = 20 * time.Second       // for an answer that comes
	brief   = 150 * time.Millisecond // for one that does not
)

func want(tb testing.TB, got Result, state State, message string) {
	tb.Helper()
	if got.State != state || !strings.Contains(got.Message, message) {
		tb.Errorf("got %s %q, want %s with %q", got.State, got.Message, state, message)
	}
	if got.Latency <= 0 || !strings.HasPrefix(got.Perfdata, "time=") {
		tb.Errorf("got latency %s, perfdata %q", got.Latency, got.Perfdata)
	}
}

// application answers as the middleware of a stack does, well and badly.
func application(done <-chan struct{}) http.Handler {
	mux := http.NewServeMux()
	text := func(path string, code int, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		})
	}
	text("/good", 200, "all is well\n")
	text("/teapot", 418, "short and stout")
	text("/up", 200, `{"status":"UP","checks":[{"name":"db","status":"UP"},{"name":"queue","status":"UP","data":{"n":1}}]}`)
	text("/twice", 200, `{"status":"UP","checks":[{"name":"db","status":"DOWN"},{"name":"db","status":"UP"}]}`)
	text("/down", 503, `{"status":"DOWN","checks":[{"name":"db","status":"DOWN"},{"name":"queue","status":"UP"}]}`)
	text("/undetermined", 500, "")
	text("/html", 200, "<html>")
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/moved2", http.StatusFound) })
	mux.HandleFunc("/moved2", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good", http.StatusFound) })
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { wait(done, r) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, r *http.Request) {
		block := strings.Repeat("0123456789", 1000)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		wait(done, r)
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.Host, r.Header.Get("X-Colour"), r.UserAgent(), body)
	})
	return mux
}

func wait(done <-chan struct{}, r *http.Request) {
	select {
	case <-done:
	case <-r.Context().Done():
	}
}

func startApplication(tb testing.TB) *httptest.Server {
	tb.Helper()
	done := make(chan struct{})
	server := httptest.NewServer(application(done))
	tb.Cleanup(server.Close)
	tb.Cleanup(func() { close(done) })
	return server
}

func TestHTTP(t *testing.T) {
	server := startApplication(t)
	for _, tt := range []struct {
		name    string
		path    string
		options map[string]any
		limit   time.Duration
		state   State
		message string
	}{
		{"good", "/good", nil, patient, OK, "status 200 OK"},
		{"wrong status", "/teapot", nil, patient, Failed, "status 418"},
		{"expected status", "/teapot", map[string]any{"status": []any{204, "400-499"}}, patient, OK, "418"},
		{"status not listed", "/good", map[string]any{"status": []any{204, "400-499"}}, patient, Failed, "not expected"},
		{"contains", "/good", map[string]any{"contains": "is well"}, patient, OK, ""},
		{"contains not", "/good", map[string]any{"contains": "is bad"}, patient, Failed, `does not contain "is bad"`},
		{"matches", "/good", map[string]any{"matches": "^all .* well"}, patient, OK, ""},
		{"matches not", "/good", map[string]any{"matches": "^well"}, patient, Failed, "does not match"},
		{"redirect is the answer", "/moved", nil, patient, Failed, "status 302"},
		{"redirects end", "/moved", map[string]any{"redirects": 1}, patient, Failed, "status 302"},
		{"redirects", "/moved", map[string]any{"redirects": 2}, patient, OK, "status 200"},
		{"health", "/up", map[string]any{"health": true}, patient, OK, ""},
		{"checks", "/up", map[string]any{"checks": []any{"db", "queue"}}, patient, OK, ""},
		{"check missing", "/up", map[string]any{"checks": []any{"disk"}}, patient, Failed, `no check "disk"`},
		{"check twice", "/twice", map[string]any{"checks": []any{"db"}}, patient, Failed, `check "db" is "DOWN"`},
		{"health down", "/down", map[string]any{"health": true}, patient, Failed, "down: db"},
		{"health down, status allowed", "/down", map[string]any{"health": true, "status": []any{503}}, patient, Failed, "down: db"},
		{"health undetermined", "/undetermined", map[string]any{"health": true}, patient, Failed, "status 500"},
		{"health is html", "/html", map[string]any{"health": true}, patient, Failed, "not MicroProfile Health"},
		{"hang", "/hang", nil, brief, Unknown, "no answer in time"},
		{"drip", "/drip", nil, brief, Unknown, "status 200, then: no answer in time"},
		{"cut", "/cut", nil, patient, Failed, "closed before the answer was complete"},
		{"huge", "/huge", nil, patient, OK, "status 200"},
		{"huge and sought", "/huge", map[string]any{"contains": "x", "bodyLimit": 5000}, patient, Failed, "within its first 5000 bytes"},
		{"huge health", "/huge", map[string]any{"health": true}, patient, Failed, "longer than bodyLimit"},
		{
			"request", "/echo", map[string]any{
				"method": "PUT", "body": "ping", "contains": "PUT shop.example red hawser ping",
				"headers": []any{map[string]any{"name": "host", "value": "shop.example"}, map[string]any{"name": "X-Colour", "value": "red"}},
			}, patient, OK, "",
		},
		{"HEAD", "/good", map[string]any{"method": "HEAD"}, patient, OK, "status 200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			options := map[string]any{"url": server.URL + tt.path}
			maps.Copy(options, tt.options)
			want(t, probe(t, "http", options, tt.limit), tt.state, tt.message)
		})
	}
}

func TestHTTPCancelled(t *testing.T) {
	server := startApplication(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := newProber(t, "http", map[string]any{"url": server.URL + "/good"}).Probe(ctx)
	want(t, got, Unknown, "cancelled")
}

func TestHTTPNobodyThere(t *testing.T) {
	refused := refusedAddress(t)
	want(t, probe(t, "http", map[string]any{"url": "http://" + refused}, patient), Failed, "connection refused")
	socket := filepath.Join(t.TempDir(), "none.sock")
	want(t, probe(t, "http", map[string]any{"url": "http://localhost/", "socket": socket}, patient), Failed, "no such socket")
}

// TestHTTPConnections: a kept connection is used again, a fresh one and one after a failure are not.
func TestHTTPConnections(t *testing.T) {
	var opened atomic.Int32
	var status atomic.Int32
	status.Store(200)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)

	for _, tt := range []struct {
		name   string
		fresh  bool
		status int32
		want   int32
	}{
		{"kept", false, 200, 1},
		{"fresh", true, 200, 3},
		{"after a failure", false, 500, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opened.Store(0)
			status.Store(tt.status)
			p := newProber(t, "http", map[string]any{"url": server.URL, "freshConnection": tt.fresh})
			for range 3 {
				if got := p.Probe(t.Context()); got.State == Unknown {
					t.Fatal(got.Message)
				}
			}
			if got := opened.Load(); got != tt.want {
				t.Errorf("three probes opened %d connections, want %d", got, tt.want)
			}
		})
	}
}

// TestHTTPServerRestarted: the kept connection was closed by the server; that is no failure of the service.
func TestHTTPServerRestarted(t *testing.T) {
	server := startApplication(t)
	p := newProber(t, "http", map[string]any{"url": server.URL + "/good"})
	want(t, p.Probe(t.Context()), OK, "")
	server.CloseClientConnections()
	want(t, p.Probe(t.Context()), OK, "")
}

func TestHTTPUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: application(done)}}
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	want(t, probe(t, "http", map[string]any{"url": "http://localhost/good", "socket": path}, patient), OK, "status 200")
}

func TestHTTPS(t *testing.T) {
	done := make(chan struct{})
	server := httptest.NewUnstartedServer(application(done))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what is tested
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(server.Certificate().Raw)
	print := strings.ToUpper(hex.EncodeToString(sum[:]))
	colons := print[:2] + ":" + print[2:]
	for _, tt := range []struct {
		name    string
		options map[string]any
		state   State
		message string
	}{
		{"ca", map[string]any{"ca": ca}, OK, "status 200"},
		{"ca, another name", map[string]any{"ca": ca, "serverName": "shop.invalid"}, Failed, "TLS: "},
		{"system's authorities", nil, Failed, "TLS: "},
		{"fingerprint", map[string]any{"fingerprint": colons}, OK, "status 200"},
		{"another fingerprint", map[string]any{"fingerprint": strings.Repeat("ab", 32)}, Failed, "another than the pinned one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			options := map[string]any{"url": server.URL + "/good"}
			maps.Copy(options, tt.options)
			want(t, probe(t, "http", options, patient), tt.state, tt.message)
		})
	}
	t.Run("no TLS there", func(t *testing.T) {
		plain := startApplication(t)
		options := map[string]any{"url": strings.Replace(plain.URL, "http:", "https:", 1)}
		want(t, probe(t, "http", options, patient), Failed, "HTTP response to HTTPS client")
	})
}

// TestHTTPAgainstRawServers: answers that no HTTP library gives.
func TestHTTPAgainstRawServers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		serve   func(net.Conn)
		limit   time.Duration
		state   State
		message string
	}{
		{"reset", reset, patient, Failed, "the connection was"},
		{"closed", func(c net.Conn) { readRequest(c); _ = c.Close() }, patient, Failed, "closed before the answer was complete"},
		{"no HTTP", func(c net.Conn) { readRequest(c); _, _ = io.WriteString(c, "SSH-2.0-x\r\n\r\n"); _ = c.Close() }, patient, Failed, "wrong answer"},
		{"headers without end", endlessHeaders, patient, Failed, "wrong answer"},
		{"slow headers", slowHeaders, brief, Unknown, "no answer in time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := startServer(t, tt.serve)
			want(t, probe(t, "http", map[string]any{"url": "http://" + address}, tt.limit), tt.state, tt.message)
		})
	}
}

// reset closes with data unread and no linger, so that the kernel answers with RST.
func reset(c net.Conn) {
	_, _ = c.Read(make([]byte, 1))
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

// readRequest reads what there is, or waits for the peer's close.
func readRequest(c net.Conn) { _, _ = bufio.NewReader(c).ReadString('\n') }

func endlessHeaders(c net.Conn) {
	readRequest(c)
	_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n")
	for err == nil {
		_, err = io.WriteString(c, "X-Filler: "+strings.Repeat("x", 1000)+"\r\n")
	}
}

// slowHeaders stops within a header and waits for the peer's close.
func slowHeaders(c net.Conn) {
	reader := bufio.NewReader(c)
	_, _ = reader.ReadString('\n')
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX")
	_, _ = io.Copy(io.Discard, reader)
}
