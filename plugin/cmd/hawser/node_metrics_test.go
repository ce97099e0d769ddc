package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/plugin"
	"hawser/plugin/metrics"
)

// alone is a source with an empty cluster.
type alone struct{}

// Snapshot is that cluster.
func (alone) Snapshot() *cluster.Snapshot {
	return &cluster.Snapshot{State: &cluster.State{ClusterID: "c1"}, Local: "alpha", View: cluster.ViewCurrent}
}

// TestMetricsOfNodeAreOffByDefault, and come when an address is named.
func TestMetricsOfNodeAreOffByDefault(t *testing.T) {
	log := logrus.New()
	log.SetOutput(t.Output())
	cfg := plugin.DefaultConfig().Config
	if built := metricsBuilders(cfg, alone{}, logrus.NewEntry(log)); len(built) != 0 {
		t.Fatalf("%d parts without an address", len(built))
	}
	cfg.Metrics.Listen = "127.0.0.1:0"
	task, err := metricsBuilders(cfg, alone{}, logrus.NewEntry(log))[0]()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- task.Run(ctx) }()
	<-task.Ready()
	r, err := http.Get("http://" + task.(*metrics.Server).Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || !strings.Contains(string(body), `hawser_view_state{state="current"} 1`) {
		t.Errorf("%s, %v", body, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestTakenMetricsAddressStopsNoNode: the controller runs on, and the log names the address (S8).
func TestTakenMetricsAddressStopsNoNode(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg := plugin.DefaultConfig().Config
	cfg.Metrics.Listen = taken.Addr().String()
	log := logrus.New()
	log.SetOutput(io.Discard)
	task, err := metricsBuilders(cfg, alone{}, logrus.NewEntry(log))[0]()
	if err != nil {
		t.Fatalf("the node would not start: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := task.Run(ctx); err == nil || !strings.Contains(err.Error(), cfg.Metrics.Listen) {
		t.Errorf("run: %v", err)
	}
}

func TestPasswd(t *testing.T) {
	for _, c := range []struct {
		name, password string
		want           int
	}{{"ann", "correct horse battery\n", exitDone}, {"ann", "short\n", exitMisuse}, {"a b", "correct horse battery", exitMisuse}} {
		var out, complaints bytes.Buffer
		root := (&app{stdout: &out, stderr: &complaints}).root()
		root.SetIn(strings.NewReader(c.password))
		root.SetArgs([]string{"fleet", "passwd", c.name, "--role", "operator"})
		err := root.ExecuteContext(t.Context())
		if code := exitCode(err); code != c.want || c.want == exitDone != strings.HasPrefix(out.String(), "ann:operator:pbkdf2-sha256$600000$") || strings.Contains(out.String(), "horse") {
			t.Errorf("%s %q: exit %d, %q, %v", c.name, c.password, code, out.String(), err)
		}
	}
}
