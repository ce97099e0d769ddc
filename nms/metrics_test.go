package nms

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

// ask sends a GET to the manager's listener.
func askHTTP(t *testing.T, m *Manager, path string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%s%s", m.HTTPAddr(), path), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
		request.Header.Set(header[i], header[i+1])
	}
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func TestManagersMetrics(t *testing.T) {
	agent := asktest.NewCluster(t)
	m := startManager(t, newConfig(t, agent))
	agent.PutEvent(1, "serviceFailed")
	inform(t, m, asktest.Notification(t, 1, "serviceFailed", nil))
	gap := journal.Gap{ClusterID: asktest.ID, Generation: 1, What: journal.GapEvent, First: 3, Last: 7, State: journal.GapLost}
	if err := m.journal.SaveGap(t.Context(), gap); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the event is analysed", func() bool {
		tally, err := m.journal.Tally(t.Context())
		return err == nil && tally.Backlog == 0
	})
	code, text := askHTTP(t, m, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, text)
	}
	for _, want := range []string{
		`hawser_manager_info{engine_id="` + m.EngineID() + `",manager="nms1"} 1`, "hawser_manager_ready 1", `hawser_manager_notifications_total{result="stored"} 1`, "hawser_manager_informs_answered_total 1",
		"hawser_manager_kernel_drops_total 0", `hawser_manager_missing_events{state="lost",what="event"} 5`, `hawser_manager_missing_events{state="open",what="condition"} 0`,
		`hawser_manager_clusters{health="ok"} 1`, `hawser_manager_clusters{health="silent"} 0`, "hawser_manager_analysis_backlog_events 0", `hawser_manager_reconfigurations{state="done"} 0`,
		"hawser_manager_reconfiguration_off 0", "hawser_manager_journal_readable 1", `hawser_manager_polls_total{result="failed"} 0`, "hawser_manager_journal_commit_failures_total 0",
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no sample %s in\n%s", want, text)
		}
	}
	for _, name := range []string{"hawser_manager_receive_buffer_bytes", "hawser_manager_journal_rows_total", "hawser_manager_journal_commit_duration_seconds_count", "hawser_manager_journal_size_bytes", `hawser_manager_polls_total{result="ok"}`, "go_goroutines", "process_resident_memory_bytes"} {
		if strings.Contains(text, "\n"+name+" 0\n") || !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("%s is not there, or 0", name)
		}
	}
	lint(t, text)
	if err := SetOff(t.Context(), m.cfg.DataDir, true, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, text := askHTTP(t, m, "/metrics"); !strings.Contains(text, "\nhawser_manager_reconfiguration_off 1\n") {
		t.Error("the switch does not show")
	}
	registry := prometheus.NewPedanticRegistry() // refuses what was not described, and twins
	registry.MustRegister(&managerCollector{m})
	if _, err := registry.Gather(); err != nil {
		t.Error(err)
	}
}

// lint lets Prometheus' own linter read names, types and help.
func lint(t *testing.T, text string) {
	t.Helper()
	var ours strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, "hawser_") {
			ours.WriteString(line)
		}
	}
	problems, err := promlint.New(strings.NewReader(ours.String())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestPagesOfARunningManager asks what only a whole manager has: the pages beside the API, over what was really polled.
func TestPagesOfARunningManager(t *testing.T) {
	agent := asktest.NewCluster(t)
	m := startManager(t, newConfig(t, agent))
	agent.PutEvent(1, "serviceFailed")
	inform(t, m, asktest.Notification(t, 1, "serviceFailed", nil))
	waitFor(t, "the condition is there", func() bool {
		_, page := askHTTP(t, m, "/events/1")
		return strings.Contains(page, "<b>2</b> components")
	})
	for path, want := range map[string]string{"/": ">harbour</a>", "/clusters/" + asktest.ID: "Active on <strong>alpha</strong>", "/events": "service failed", "/healthz": `"ready":true`, "/api/v1/fleet": `"clusterId"`} {
		code, page := askHTTP(t, m, path)
		if code != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%s: status %d, want 200 with %q:\n%s", path, code, want, page)
		}
		if code, _ := askHTTP(t, m, path, "Host", "evil.example"); code != http.StatusMisdirectedRequest {
			t.Errorf("%s for a foreign host: status %d, want 421", path, code)
		}
	}
}
