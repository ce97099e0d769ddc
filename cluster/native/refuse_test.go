package native

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/raftlog"
)

// stranger is a program that has a certificate and knows the nodes' addresses.
func (tc *testCluster) stranger(ca raftlog.KeyPair, name string) (client *http.Client, dial func(node string) error) {
	tc.t.Helper()
	cert, _ := tc.identity(ca, name)
	_, roots := tc.identity(tc.ca, name)
	tr, err := raftlog.NewTransport(raftlog.TransportConfig{
		Node: name, ClusterID: testClusterID, Listen: []string{"127.0.0.1:0"}, Log: quiet(), Cert: cert, Roots: roots,
		Peers: func(node string) []string { return []string{tc.addrs[node]} },
	})
	if err != nil {
		tc.t.Fatal(err)
	}
	client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return tr.DialRPC(ctx, host)
	}}}
	tc.t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := tr.Close(); err != nil {
			tc.t.Error(err)
		}
	})
	return client, func(node string) error {
		ctx, cancel := context.WithTimeout(tc.t.Context(), 5*time.Second)
		defer cancel()
		_, err := post(ctx, client, node, pathPoke, struct{}{})
		return err
	}
}

// post gives the status and text of an answer.
func post(ctx context.Context, client *http.Client, node, path string, body any) (string, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+node+path, bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.Status + " " + string(text), err
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	tc := newCluster(t, testOptions{})
	tc.start("n1") // a node that is alone refuses like any other
	other, err := raftlog.NewCA(testClusterID, "another")
	if err != nil {
		t.Fatal(err)
	}
	if _, dial := tc.stranger(other, "n2"); dial("n1") == nil {
		t.Error("a certificate of another CA was taken")
	}
	unknown, _ := tc.stranger(tc.ca, "n9")
	member, _ := tc.stranger(tc.ca, "n2")
	for _, test := range []struct {
		name   string
		client *http.Client
		path   string
		body   any
		want   string // beginning of the status, then what the text must say
		says   string
	}{
		{"an unknown node", unknown, pathRenew, cluster.Report{Node: "n9"}, "403", "no node of this cluster"},
		{"a report for another node", member, pathRenew, cluster.Report{Node: "n3"}, "403", "reports as n3"},
		{"a report to a node that does not lead", member, pathRenew, cluster.Report{Node: "n2"}, "503", "no leader"},
		{"a report that is none", member, pathRenew, []int{1}, "400", ""},
		{"a decision of the engine", member, pathPropose, proposal{Decisions: []cluster.Decision{
			{Assign: &cluster.Assign{Service: "app", Node: "n2", Boot: "boot-n2"}},
		}}, "403", "leader alone"},
		{"a decision of a later version", member, pathPropose, map[string]any{"decisions": []any{map[string]any{"teleport": 1}}}, "400", "unknown field"},
		{"an empty decision", member, pathPropose, proposal{Decisions: []cluster.Decision{{}}}, "400", "exactly one content"},
		{"a body that is too large", member, pathPropose, proposal{Decisions: []cluster.Decision{note(2 << 20)}}, "400", "too large"},
		{"a campaign that a follower asks for", member, pathCampaign, struct{}{}, "409", "asks"},
		{"another path", member, "/v1/other", struct{}{}, "404", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := post(t.Context(), test.client, "n1", test.path, test.body)
			if err != nil || !strings.HasPrefix(got, test.want) || !strings.Contains(got, test.says) {
				t.Errorf("answer %q, %v; want %s with %q", got, err, test.want, test.says)
			}
		})
	}
}

func TestConfigNamesAllFaults(t *testing.T) {
	tc := newCluster(t, testOptions{})
	bad := tc.configs["n1"]
	bad.Node, bad.DataDir, bad.BeatKeys, bad.EngineID = "n9", "", nil, []byte{1, 2}
	bad.Spec.Name = strings.Repeat("x", maxSpec)
	_, err := New(bad)
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{`node "n9" is not among`, "data folder", "beat key", "engine id", "split its stacks"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %q: %v", want, err)
		}
	}
	half := tc.configs["n1"]
	half.RaftListen = []string{"192.0.2.1:1"} // nobody's address: after the beats' sockets were bound
	if _, err := New(half); err == nil {
		t.Fatal("listens on an address that is not its own")
	}
	n, err := New(tc.configs["n1"]) // nothing stayed open: sockets and store are free
	if err != nil {
		t.Fatalf("after an attempt that failed: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Run(ctx); err != nil {
		t.Error(err)
	}
}
