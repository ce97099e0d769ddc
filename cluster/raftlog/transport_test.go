package raftlog

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

const testCluster = "c0ffee"

// within is the limit for what must happen at all, on a loaded machine.
const within = 10 * time.Second

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func quiet() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

func mustCA(t testing.TB, cluster string) KeyPair {
	t.Helper()
	ca, err := NewCA(cluster, "test CA")
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func mustIssue(t testing.TB, ca KeyPair, cluster, node string) *tls.Certificate {
	t.Helper()
	pair, err := Issue(ca, cluster, node, []string{"127.0.0.1", "localhost"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	return &cert
}

func mustRoots(t testing.TB, certs ...[]byte) *x509.CertPool {
	t.Helper()
	pool, err := Roots(certs...)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// book is the address book of a test cluster.
type book struct {
	// via, if set, gives the address by which others reach a link of a node.
	via func(node string, link int, addr string) string

	raftTimeout   time.Duration // 3 s unless set, for machines under load
	commitTimeout time.Duration // 20 ms unless set

	mu    sync.Mutex // guards addrs
	addrs map[string][]string
}

func (b *book) timeout() time.Duration { return cmp.Or(b.raftTimeout, 3*time.Second) }

func (b *book) set(node string, addrs []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.addrs == nil {
		b.addrs = make(map[string][]string)
	}
	b.addrs[node] = addrs
}

func (b *book) peers(node string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.addrs[node]
}

// config is that of a well-behaved node of the test cluster with two links.
func (b *book) config(t testing.TB, ca KeyPair, node string) TransportConfig {
	cert, roots := mustIssue(t, ca, testCluster, node), mustRoots(t, ca.Cert)
	return TransportConfig{
		Node: node, ClusterID: testCluster, Listen: []string{"127.0.0.1:0", "127.0.0.1:0"},
		Peers: b.peers,
		Cert:  func() (*tls.Certificate, error) { return cert, nil },
		Roots: func() *x509.CertPool { return roots },
		Log:   quiet(), Timeout: within,
	}
}

func startTransport(t testing.TB, cfg TransportConfig, b *book) *Transport {
	t.Helper()
	tr, err := NewTransport(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	addrs := tr.Addrs()
	if b.via != nil {
		for link, addr := range addrs {
			addrs[link] = b.via(cfg.Node, link, addr)
		}
	}
	b.set(cfg.Node, addrs)
	return tr
}

// startEcho answers each RPC connection with the peer's name and its bytes.
func startEcho(t testing.TB, tr *Transport) {
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := tr.RPCListener().Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close() //nolint:errcheck // a test's echo
				if _, err := fmt.Fprintf(conn, "%s\n", PeerName(conn)); err == nil {
					_, _ = io.Copy(conn, conn)
				}
			})
		}
	})
	t.Cleanup(func() { _ = tr.Close(); wg.Wait() })
}

// mustEcho sends text and wants it back, behind the dialler's name.
func mustEcho(t testing.TB, conn net.Conn, greeting, text string) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() { _, err := io.WriteString(conn, text); sent <- err }()
	got := make([]byte, len(greeting)+len(text))
	_, err := io.ReadFull(conn, got)
	if err := errors.Join(err, <-sent); err != nil {
		t.Fatal(err)
	}
	if string(got) != greeting+text {
		t.Fatalf("got %d bytes %.40q..., want %d bytes %.40q...", len(got), got, len(greeting+text), greeting+text)
	}
}

func mustDial(t testing.TB, tr *Transport, node string) net.Conn {
	t.Helper()
	conn, err := tr.DialRPC(t.Context(), node)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestRPCConnectionKnowsItsPeer(t *testing.T) {
	var b book
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	startEcho(t, n2)
	conn := mustDial(t, n1, "n2")
	mustEcho(t, conn, "n1\n", "hello")
	mustEcho(t, conn, "", strings.Repeat("0123456789abcdef", 1<<16)) // 1 MiB
	if got := PeerName(conn); got != "n2" || conn.RemoteAddr().String() != "n2" {
		t.Errorf("dialled peer is %q at %q, want n2", got, conn.RemoteAddr())
	}
	self := mustDial(t, n2, "n2")
	mustEcho(t, self, "n2\n", "to myself")
	if got := PeerName(&net.TCPConn{}); got != "" {
		t.Errorf("a stranger's connection has peer %q", got)
	}
}

func TestEndOfConnectionIsSeen(t *testing.T) {
	var b book
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	conn := mustDial(t, n1, "n2")
	far, err := n2.RPCListener().Accept()
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(far, "last words"); _ = far.Close() }()
	got, err := io.ReadAll(conn)
	if string(got) != "last words" || err != nil {
		t.Errorf("read %q, %v; want the last words and a clean end", got, err)
	}
	if _, err := conn.Write([]byte("x")); err == nil {
		t.Error("wrote to a closed connection")
	}

	conn = mustDial(t, n1, "n2")
	if _, err = n2.RPCListener().Accept(); err != nil {
		t.Fatal(err)
	}
	if err := n2.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err == nil || !strings.Contains(err.Error(), "n2 lost on all links") {
		t.Errorf("peer vanished: %v, want an error that names it", err)
	}
}

func TestReadDeadline(t *testing.T) {
	var b book
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	startEcho(t, n2)
	conn := mustDial(t, n1, "n2")
	mustEcho(t, conn, "n1\n", "warm")
	if err := conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("read behind its deadline: %v", err)
	}
	mustEcho(t, conn, "", "still usable")
}

func TestHTTPServerOnTheListener(t *testing.T) {
	type peerKey struct{}
	var b book
	ca := mustCA(t, testCluster)
	n1, n2 := startTransport(t, b.config(t, ca, "n1"), &b), startTransport(t, b.config(t, ca, "n2"), &b)
	server := &http.Server{
		ReadHeaderTimeout: within,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, PeerName(c))
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, r.Context().Value(peerKey{}))
		}),
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(n2.RPCListener()) })
	client := &http.Client{Timeout: within, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return n1.DialRPC(ctx, strings.TrimSuffix(addr, ":80"))
		},
	}}
	for range 3 {
		resp, err := client.Get("http://n2/")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || string(body) != "n1" {
			t.Fatalf("the handler saw peer %q (%v), want n1", body, err)
		}
	}
	client.CloseIdleConnections()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

// refusals collects what a transport refused.
type refusals struct {
	mu  sync.Mutex // guards got
	got []string
}

func (r *refusals) add(_, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, reason)
}

func (r *refusals) has(part string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(strings.Join(r.got, "\n"), part)
}

func TestStrangersAreRefused(t *testing.T) {
	ca := mustCA(t, testCluster)
	tests := []struct {
		name   string
		change func(t *testing.T, c *TransportConfig)
		want   string // in the refusal by n2
	}{
		{"another cluster, same CA", func(t *testing.T, c *TransportConfig) {
			cert := mustIssue(t, ca, "other", "n1")
			c.ClusterID, c.Cert = testCluster, func() (*tls.Certificate, error) { return cert, nil }
		}, "belongs to cluster other"},
		{"another CA", func(t *testing.T, c *TransportConfig) {
			cert := mustIssue(t, mustCA(t, testCluster), testCluster, "n1")
			c.Cert = func() (*tls.Certificate, error) { return cert, nil }
		}, "certificate of n1"},
		{"cloned node", func(t *testing.T, c *TransportConfig) {
			cert := mustIssue(t, ca, testCluster, "n2")
			c.Cert = func() (*tls.Certificate, error) { return cert, nil }
		}, "own name n2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b book
			var seen refusals
			good := b.config(t, ca, "n2")
			good.Refused = seen.add
			startTransport(t, good, &b)
			bad := b.config(t, ca, "n1")
			tt.change(t, &bad)
			stranger := startTransport(t, bad, &b)
			if _, err := stranger.DialRPC(t.Context(), "n2"); err == nil {
				t.Error("a stranger's dial succeeded")
			}
			eventually(t, "refusal: "+tt.want, func() bool { return seen.has(tt.want) })
		})
	}
}

func TestDialMeetsOnlyWhomItMeans(t *testing.T) {
	var b book
	var seen refusals
	ca := mustCA(t, testCluster)
	cfg := b.config(t, ca, "n1")
	cfg.Refused = seen.add
	n1 := startTransport(t, cfg, &b)
	startTransport(t, b.config(t, ca, "n2"), &b)
	b.set("n3", b.peers("n2")) // a wrong entry in the address book
	_, err := n1.DialRPC(t.Context(), "n3")
	if err == nil || !strings.Contains(err.Error(), "dialled n3 and met n2") || !seen.has("met n2") {
		t.Errorf("got %v, want a refusal that names both", err)
	}
	if _, err := n1.DialRPC(t.Context(), "n4"); err == nil || !strings.Contains(err.Error(), "n4") {
		t.Errorf("dial of an unknown node: %v", err)
	}
}

func TestNoPlainOrOldTLS(t *testing.T) {
	var b book
	ca := mustCA(t, testCluster)
	n1 := startTransport(t, b.config(t, ca, "n1"), &b)
	cert := mustIssue(t, ca, testCluster, "n2")
	tests := []struct {
		name string
		cfg  *tls.Config
	}{
		{"TLS 1.2", &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*cert}, NextProtos: []string{protoRPC}}},
		{"no certificate", &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protoRPC}}},
		{"no protocol", &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{*cert}}},
		{"another protocol", &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{*cert}, NextProtos: []string{"h2"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", n1.Addrs()[0], tt.cfg)
			if err != nil {
				return // refused within the handshake
			}
			defer conn.Close() //nolint:errcheck // only read from
			if err := errors.Join(conn.SetDeadline(time.Now().Add(within)), writePreamble(conn, bondID{1})); err != nil {
				return
			}
			if err := readVerdict(conn); err == nil {
				t.Error("let in")
			}
		})
	}
}

func TestExpiredCertificateIsReportedAndAccepted(t *testing.T) {
	var b book
	ca := mustCA(t, testCluster)
	pair, err := Issue(ca, testCluster, "n1", nil, time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	expired := make(chan string, 8)
	cfg := b.config(t, ca, "n2")
	cfg.Expired = func(node string, _ time.Time) { expired <- node }
	n2 := startTransport(t, cfg, &b)
	startEcho(t, n2)
	old := b.config(t, ca, "n1")
	old.Cert = func() (*tls.Certificate, error) { return &cert, nil }
	n1 := startTransport(t, old, &b)
	eventually(t, "the certificate expires", func() bool { return time.Now().After(cert.Leaf.NotAfter.Add(time.Second)) })
	mustEcho(t, mustDial(t, n1, "n2"), "n1\n", "late but welcome")
	if got := <-expired; got != "n1" {
		t.Errorf("reported %q, want n1", got)
	}
	if at, err := n1.NotAfter(); err != nil || !at.Equal(cert.Leaf.NotAfter) {
		t.Errorf("NotAfter %v, %v", at, err)
	}
}

func TestRotation(t *testing.T) {
	var b book
	oldCA, newCA := mustCA(t, testCluster), mustCA(t, testCluster)
	var mu sync.Mutex // guards cert
	cert := mustIssue(t, oldCA, testCluster, "n1")
	both := mustRoots(t, oldCA.Cert, newCA.Cert)
	cfg1, cfg2 := b.config(t, oldCA, "n1"), b.config(t, oldCA, "n2")
	cfg1.Cert = func() (*tls.Certificate, error) { mu.Lock(); defer mu.Unlock(); return cert, nil }
	cfg1.Roots = func() *x509.CertPool { return both }
	cfg2.Roots = cfg1.Roots
	n1, n2 := startTransport(t, cfg1, &b), startTransport(t, cfg2, &b)
	startEcho(t, n2)
	mustEcho(t, mustDial(t, n1, "n2"), "n1\n", "old")
	mu.Lock()
	cert = mustIssue(t, newCA, testCluster, "n1")
	mu.Unlock()
	mustEcho(t, mustDial(t, n1, "n2"), "n1\n", "new")
}

func TestConfigFaultsAreNamed(t *testing.T) {
	_, err := NewTransport(TransportConfig{Node: "a b", ClusterID: "c"})
	for _, want := range []string{`node name "a b"`, "0 listen addresses", "not set"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %q", err, want)
		}
	}
	var b book
	ca := mustCA(t, testCluster)
	n1 := startTransport(t, b.config(t, ca, "n1"), &b)
	cfg := b.config(t, ca, "n2")
	cfg.Listen = []string{"127.0.0.1:0", n1.Addrs()[0]}
	if _, err := NewTransport(cfg); err == nil || !strings.Contains(err.Error(), "link 1") || !strings.Contains(err.Error(), n1.Addrs()[0]) {
		t.Errorf("held port: %v", err)
	}
}
