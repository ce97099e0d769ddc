package plugin

import (
	"strings"
	"testing"
)

func TestMetricsListen(t *testing.T) {
	for listen, want := range map[string]string{
		"": "", "127.0.0.1:9162": "", "[::1]:9162": "", "10.0.0.1:9162": "warn", "0.0.0.0:9162": "warn",
		"9162": "fault", "localhost:9162": "fault", "127.0.0.1:0": "fault", "127.0.0.1": "fault",
	} {
		v := &validator{Config: Config{Metrics: MetricsConfig{Listen: listen}}}
		v.metrics()
		got := ""
		switch {
		case len(v.Faults) > 0:
			got = "fault"
			if v.Faults[0].Path != "metrics.listen" {
				t.Errorf("the fault names %s", v.Faults[0].Path)
			}
		case strings.Contains(v.Warnings().Error(), "metrics.listen"):
			got = "warn"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", listen, got, want)
		}
	}
}
