package metrics

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fixed is a source with one snapshot.
type fixed struct{ snapshot *cluster.Snapshot }

// Snapshot is that one.
func (f fixed) Snapshot() *cluster.Snapshot { return f.snapshot }

// newSnapshot is a cluster of three nodes as alpha sees it: bravo carries the stack, charlie is a witness that fell silent.
func newSnapshot(change ...func(*cluster.Snapshot)) *cluster.Snapshot {
	web := cluster.ServiceSpec{Name: "web", Layer: cluster.LayerWebServer, Mode: cluster.ModeActiveStandby}
	state := &cluster.State{
		Applied: 100, ClusterID: "c1", Generation: 1700000000, Epoch: 1700000000<<32 | 42, LastEvent: 9, Revision: 3,
		Spec: cluster.Spec{
			Name: "harbour", Nodes: []cluster.NodeSpec{
				{Name: "alpha", Role: cluster.RoleResource, HasBMC: true}, {Name: "bravo", Role: cluster.RoleResource, HasBMC: true}, {Name: "charlie", Role: cluster.RoleWitness},
			},
			Stacks: []cluster.StackSpec{{Name: "shop", Services: []cluster.ServiceSpec{web}}}, Sinks: []cluster.Sink{{Name: "nms"}, {Name: "new"}},
		},
		Nodes: map[string]cluster.Node{
			"alpha": {State: cluster.NodeOnline, Admin: cluster.NodeAdminOnline, FenceReady: true}, "bravo": {State: cluster.NodeOnline, Admin: cluster.NodeAdminOnline}, "charlie": {State: cluster.NodeOffline},
		},
		Stacks:   map[string]cluster.Stack{"shop": {Primary: "bravo", Failovers: 2, LastFailover: noon.Add(-time.Hour), LastDuration: 540 * time.Millisecond}},
		Services: map[string]cluster.Service{"web": {Admin: cluster.ServiceAdminEnabled, Restarts: 3, Failures: 4, Holder: cluster.Holder{Node: "bravo"}}},
		Instances: map[string]cluster.Instance{
			"web/alpha": {State: cluster.InstanceStandby, Probe: cluster.ProbeOff}, "web/bravo": {State: cluster.InstanceActive, Probe: cluster.ProbeOk, Restarts: 3},
		},
		Alarms: map[uint32]cluster.Alarm{1: {Severity: cluster.SeverityMajor}, 2: {Severity: cluster.SeverityMajor}, 3: {Severity: cluster.SeverityWarning}},
		Sinks:  map[string]cluster.SinkStatus{"nms": {State: cluster.SinkStateOk, Cursor: 7, Sent: 8, Acked: 7, Retries: 1, Lost: 2}},
		Desired: map[string]cluster.Desired{
			"alpha/2/Fan": {Node: "alpha", State: cluster.SettingInSync}, "alpha/2/Power": {Node: "alpha"}, "bravo/2/Fan": {Node: "bravo", State: cluster.SettingDrifted},
		},
		Hardware: map[string]*cluster.Hardware{
			"alpha": {
				Node: "alpha", BMCState: "ok", Collected: noon.Add(-time.Minute), System: cluster.HardwareSystem{Health: cluster.HealthWarning, Power: cluster.PowerOn},
				Components: []cluster.HardwarePart{{Class: "fan", Health: cluster.HealthOk}, {Class: "fan", Health: cluster.HealthWarning}, {Class: "fan", Health: cluster.HealthOk}, {Class: "cpu"}},
				Sensors: []cluster.HardwareSensor{
					{Key: "t1", Name: "inlet", Type: "temperature", Units: "Cel", Value: new(int32(21500)), Health: cluster.HealthOk},
					{Key: "t1", Name: "inlet", Type: "temperature", Units: "Cel", Value: new(int32(99000))}, // a BMC that names two alike
					{Key: "f1", Name: "fan", Type: "fanPercent", Units: "%", Value: new(int32(30000))},
					{Key: "s1", Name: "lost", Type: "fanSpeed", Units: "RPM"},
					{Key: "h1", Name: "clock\xff", Type: "frequency", Units: "Hz", Value: new(int32(1500)), Health: cluster.HealthCritical},
				},
			},
			"bravo": {Node: "bravo", BMCState: "silent", Collected: noon.Add(-time.Minute), System: cluster.HardwareSystem{Health: cluster.HealthOk, Power: cluster.PowerOn}},
		},
	}
	s := &cluster.Snapshot{
		State: state, Local: "alpha", Taken: noon, Leader: "bravo", View: cluster.ViewCurrent, Quorate: true, Version: "1.0",
		Nodes: map[string]cluster.NodeLive{
			"alpha": {Applied: 100}, "bravo": {LastBeat: noon.Add(-50 * time.Millisecond), Applied: 97, Reported: noon, ClockOffset: -20 * time.Millisecond, LeaseUntil: noon.Add(3 * time.Second)}, "charlie": {},
		},
		Links: []cluster.LinkLive{
			{Node: "alpha", Peer: "bravo", Index: 1, State: cluster.LinkUp, RTT: 250 * time.Microsecond, LossPermille: 12, Sent: 1000, Received: 988, Flaps: 1},
			{Node: "bravo", Peer: "alpha", Index: 1, State: cluster.LinkUp, RTT: time.Millisecond},
			{Node: "alpha", Peer: "charlie", Index: 1, State: cluster.LinkDown, RTT: time.Millisecond, LossPermille: 1000},
		},
		Probes: map[string]cluster.ProbeLive{"web/bravo": {Latency: 3 * time.Millisecond, Count: 50, Failures: 2}},
	}
	for _, f := range change {
		f(s)
	}
	return s
}

// scrape asks as Prometheus does.
func scrapeOf(t *testing.T, source Source) string {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	handler, err := Handler(source, logrus.NewEntry(log))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func check(t *testing.T, text string, want, lack []string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains(text, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			var near []string
			for l := range strings.Lines(text) {
				if strings.HasPrefix(l, name) {
					near = append(near, l)
				}
			}
			t.Errorf("no sample %s; there are\n%s", line, strings.Join(near, ""))
		}
	}
	for _, part := range lack {
		if strings.Contains(text, "\n"+part) {
			t.Errorf("there is a sample %s", part)
		}
	}
}

func TestSamples(t *testing.T) {
	check(t, scrapeOf(t, fixed{newSnapshot()}), []string{
		`hawser_cluster_info{cluster="harbour",cluster_id="c1",node="alpha",version="1.0"} 1`,
		`hawser_view_state{state="current"} 1`, `hawser_view_state{state="isolated"} 0`, `hawser_cluster_quorate 1`, `hawser_cluster_leader_known 1`,
		`hawser_cluster_generation 1.7e+09`, `hawser_cluster_epoch 42`, `hawser_cluster_events_total 9`, `hawser_cluster_maintenance 0`,
		`hawser_node_state{node="bravo",role="resource",state="online"} 1`, `hawser_node_state{node="charlie",role="witness",state="offline"} 1`,
		`hawser_node_state{node="charlie",role="witness",state="online"} 0`, `hawser_node_leader{node="bravo"} 1`, `hawser_node_leader{node="alpha"} 0`,
		`hawser_node_log_lag_entries{node="bravo"} 3`, `hawser_node_log_lag_entries{node="alpha"} 0`, `hawser_node_clock_offset_seconds{node="bravo"} -0.02`,
		`hawser_node_lease_end_timestamp_seconds{node="bravo"} 1.795348803e+09`, `hawser_node_last_beat_timestamp_seconds{node="alpha"} 1.7953488e+09`,
		`hawser_node_fence_ready{node="alpha"} 1`, `hawser_node_fence_ready{node="bravo"} 0`,
		`hawser_link_state{link="1",node="alpha",peer="bravo",state="up"} 1`, `hawser_link_rtt_seconds{link="1",node="alpha",peer="bravo"} 0.00025`,
		`hawser_link_loss_ratio{link="1",node="alpha",peer="bravo"} 0.012`, `hawser_link_flaps_total{link="1",node="alpha",peer="bravo"} 1`,
		`hawser_stack_state{stack="shop",state="up"} 1`, `hawser_stack_active{node="bravo",stack="shop"} 1`, `hawser_stack_active{node="alpha",stack="shop"} 0`,
		`hawser_stack_standby_ready{stack="shop"} 1`, `hawser_stack_failovers_total{stack="shop"} 2`, `hawser_stack_last_failover_duration_seconds{stack="shop"} 0.54`,
		`hawser_service_state{layer="webServer",service="web",stack="shop",state="up"} 1`, `hawser_service_restarts_total{service="web"} 3`,
		`hawser_instance_state{node="bravo",service="web",state="active"} 1`, `hawser_instance_state{node="alpha",service="web",state="standby"} 1`,
		`hawser_instance_probe_latency_seconds{node="bravo",service="web"} 0.003`, `hawser_instance_probe_failures_total{node="bravo",service="web"} 2`,
		`hawser_alarms{severity="major"} 2`, `hawser_alarms{severity="critical"} 0`, `hawser_alarms{severity="warning"} 1`,
		`hawser_sink_state{sink="nms",state="ok"} 1`, `hawser_sink_pending_events{sink="nms"} 2`, `hawser_sink_notifications_lost_total{sink="nms"} 2`, `hawser_sink_pending_events{sink="new"} 9`,
		`hawser_hardware_health{node="alpha",state="warning"} 1`, `hawser_hardware_components{class="fan",node="alpha",state="ok"} 2`, `hawser_hardware_components{class="cpu",node="alpha",state="unknown"} 1`,
		`hawser_hardware_temperature_celsius{key="t1",node="alpha",sensor="inlet"} 21.5`, `hawser_hardware_sensor_ratio{key="f1",node="alpha",sensor="fan"} 0.3`,
		"hawser_hardware_sensor_value{key=\"h1\",node=\"alpha\",sensor=\"clock\uFFFD\",unit=\"Hz\"} 1.5", `hawser_hardware_sensor_ok{key="t1",node="alpha",sensor="inlet"} 1`,
		"hawser_hardware_sensor_ok{key=\"h1\",node=\"alpha\",sensor=\"clock\uFFFD\"} 0", `hawser_hardware_settings{node="alpha",state="inSync"} 1`, `hawser_hardware_settings{node="alpha",state="unknown"} 1`,
		// a BMC that is silent is unknown, never ok
		`hawser_hardware_bmc_reachable{node="bravo"} 0`, `hawser_hardware_health{node="bravo",state="unknown"} 1`, `hawser_hardware_health{node="bravo",state="ok"} 0`, `hawser_hardware_power_state{node="bravo",state="unknown"} 1`,
	}, []string{
		`hawser_link_rtt_seconds{link="1",node="alpha",peer="charlie"}`, `hawser_hardware_fan_speed_rpm{`, `hawser_sink_state{sink="new"`, `hawser_hardware_health{node="charlie"`,
		`hawser_instance_state{node="charlie"`, `hawser_node_lease_end_timestamp_seconds{node="alpha"}`, `hawser_hardware_settings{node="bravo"`,
	})
}

// TestIsolatedNodeSpeaksOfItselfAlone: what it last heard of others is not shown as if it held.
func TestIsolatedNodeSpeaksOfItselfAlone(t *testing.T) {
	snapshot := newSnapshot(func(s *cluster.Snapshot) {
		s.View, s.ViewAge, s.Quorate, s.Leader = cluster.ViewIsolated, 90*time.Second, false, ""
		hw := *s.State.Hardware["alpha"]
		hw.Node = "bravo"
		s.State.Hardware["bravo"] = &hw
	})
	text := scrapeOf(t, fixed{snapshot})
	check(t, text, []string{
		`hawser_view_state{state="isolated"} 1`, `hawser_view_age_seconds 90`, `hawser_cluster_quorate 0`, `hawser_node_state{node="bravo",role="resource",state="unknown"} 1`,
		`hawser_node_state{node="alpha",role="resource",state="online"} 1`, `hawser_service_state{layer="webServer",service="web",stack="shop",state="unknown"} 1`,
		`hawser_instance_state{node="bravo",service="web",state="unknown"} 1`, `hawser_instance_state{node="alpha",service="web",state="standby"} 1`,
		`hawser_hardware_health{node="bravo",state="unknown"} 1`, `hawser_hardware_health{node="alpha",state="warning"} 1`, `hawser_link_state{link="1",node="bravo",peer="alpha",state="unknown"} 1`,
	}, []string{
		`hawser_stack_active{`, `hawser_stack_standby_ready{`, `hawser_stack_state{`, `hawser_node_log_lag_entries{node="bravo"}`, `hawser_instance_probe_latency_seconds{node="bravo"`,
		`hawser_hardware_temperature_celsius{key="t1",node="bravo"`, `hawser_node_lease_end_timestamp_seconds{node="bravo"}`,
	})
	if snapshot.State.Instances["web/bravo"].State != cluster.InstanceActive {
		t.Error("collecting has changed the controller's state")
	}
}

func TestOldHardwareIsUnknown(t *testing.T) {
	text := scrapeOf(t, fixed{newSnapshot(func(s *cluster.Snapshot) { s.Taken = noon.Add(2 * time.Hour) })})
	check(t, text, []string{`hawser_hardware_health{node="alpha",state="unknown"} 1`}, []string{`hawser_hardware_temperature_celsius{`, `hawser_hardware_components{`})
}

// TestConventions lets Prometheus' own linter read names, types and help.
func TestConventions(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(onlyOurs(scrapeOf(t, fixed{newSnapshot()})))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// onlyOurs leaves out what the libraries show of process and runtime.
func onlyOurs(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, "hawser_") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// TestOneStateAtATime reads every series of states: one is 1, the others 0.
func TestOneStateAtATime(t *testing.T) {
	registry := prometheus.NewPedanticRegistry() // refuses what was not described, and twins
	for _, s := range []*cluster.Snapshot{newSnapshot(), newSnapshot(func(s *cluster.Snapshot) { s.View = cluster.ViewIsolated }), {State: &cluster.State{}, Taken: noon}} {
		c := NewCollector(fixed{s})
		registry.MustRegister(c)
		found, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]float64{}
		for _, family := range found {
			for _, m := range family.GetMetric() {
				labels, states := family.GetName(), false
				for _, l := range m.GetLabel() {
					if l.GetName() == "state" {
						states = true
						continue
					}
					labels += "," + l.GetValue()
				}
				if states && !strings.Contains(labels, "_components") && !strings.Contains(labels, "_settings") {
					sums[labels] += m.GetGauge().GetValue()
				}
			}
		}
		for labels, sum := range sums {
			if sum != 1 {
				t.Errorf("%s: %g states at a time", labels, sum)
			}
		}
		registry.Unregister(c)
	}
}

func TestEveryFamilyIsListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range families {
		if seen[f.desc.String()] {
			t.Errorf("twice: %s", f.desc)
		}
		seen[f.desc.String()] = true
	}
	for _, s := range sensors {
		if !seen[s.family.desc.String()] {
			t.Errorf("not described: %s", s.family.desc)
		}
	}
}

// TestServer asks a real one, and finds its address taken for another.
func TestServer(t *testing.T) {
	log := logrus.New()
	log.SetOutput(t.Output())
	ctx, cancel := context.WithCancel(t.Context())
	s, err := New("127.0.0.1:0", fixed{newSnapshot()}, logrus.NewEntry(log))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-s.Ready()
	second, err := New(s.Addr().String(), fixed{newSnapshot()}, logrus.NewEntry(log))
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(ctx); err == nil || !strings.Contains(err.Error(), "metrics.listen") || !strings.Contains(err.Error(), s.Addr().String()) {
		t.Errorf("a taken address: %v", err)
	}
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/": http.StatusNotFound} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%s%s", s.Addr(), path), nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || r.StatusCode != want || want == http.StatusOK && !(strings.Contains(string(body), "go_goroutines") && strings.Contains(string(body), "process_open_fds")) {
			t.Errorf("%s: %d, %v", path, r.StatusCode, err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
