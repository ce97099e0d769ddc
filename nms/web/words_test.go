package web

import (
	"testing"
	"time"

	"hawser/mib"
)

func TestWords(t *testing.T) {
	for label, want := range map[string]string{"failoverCompleted": "failover completed", "ok": "OK", "virtualIp": "virtual IP", "noQuorum": "no quorum", "": ""} {
		if got := words(label); got != want {
			t.Errorf("words(%q) = %q, want %q", label, got, want)
		}
	}
	if got := sentence("écluse"); got != "Écluse" {
		t.Errorf("sentence: %q", got)
	}
}

func TestHuman(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", -time.Second: "0 ms", 850 * time.Millisecond: "850 ms", 9990 * time.Millisecond: "9.9 s", 59*time.Second + 999*time.Millisecond: "59 s",
		time.Minute: "1 min", 250 * time.Second: "4 min 10 s", 125 * time.Minute: "2 h 5 min", 47 * time.Hour: "47 h", 76 * time.Hour: "3 d 4 h",
	} {
		if got := human(d); got != want {
			t.Errorf("human(%s) = %q, want %q", d, got, want)
		}
	}
	for at, want := range map[time.Duration]string{0: "just now", -5 * time.Second: "5 s ago", -time.Hour: "1 h ago", time.Second: "just now", time.Minute: "1 min ahead of this clock"} {
		if got := ago(noon, noon.Add(at)); got != want {
			t.Errorf("age of %s: %q, want %q", at, got, want)
		}
	}
}

// TestEveryStateHasATone walks the MIB: a state that nobody thought of would be shown as unknown.
func TestEveryStateHasATone(t *testing.T) {
	for _, column := range []string{
		"hawserClusterHealth", "hawserClusterState", "hawserViewState", "hawserNodeState", "hawserNodeAdminState", "hawserStackState", "hawserServiceState",
		"hawserServiceAdminState", "hawserInstanceState", "hawserHwSystemHealth", "hawserEventSeverity", "hawserLinkState", "hawserHwSettingState", "hawserEventResult",
	} {
		o, ok := mib.ByName(column)
		if !ok || len(o.Enum) == 0 {
			t.Fatalf("%s is no enumeration of the MIB", column)
		}
		for _, e := range o.Enum {
			if _, ok := tones[e.Name]; !ok && e.Name != "unknown" && e.Name != "other" {
				t.Errorf("%s %s has no tone", column, e.Name)
			}
		}
	}
	if tone("brand new") != "unknown" || tone("") != "unknown" {
		t.Error("what is not known must not look good")
	}
	for state, tone := range tones {
		if _, ok := toneRank[tone]; !ok {
			t.Errorf("%s has the tone %q, which has no rank", state, tone)
		}
	}
}
