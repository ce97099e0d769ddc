package nms

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestFaultsOfWeb(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*WebConfig)
		want   []string
	}{
		{"defaults", func(*WebConfig) {}, nil},
		{"behind a proxy", func(w *WebConfig) { w.Origin, w.UsersFile, w.RequireLogin = "https://ops.example.org", "users", true }, nil},
		{"nobody could log in", func(w *WebConfig) { w.RequireLogin = true }, []string{"web.requireLogin"}},
		{"no TLS", func(w *WebConfig) { w.Origin = "http://ops.example.org" }, []string{"web.origin"}},
		{"a path", func(w *WebConfig) { w.Origin = "https://ops.example.org/hawser" }, []string{"web.origin"}},
		{"no zone, no time", func(w *WebConfig) { w.Location, w.SessionTime = "Atlantis", time.Second }, []string{"web.sessionTime", "web.location"}},
	} {
		cfg := Defaults()
		cfg.Name = "ops"
		c.change(&cfg.Web)
		var found Faults
		var got []string
		if err := cfg.Validate(); err != nil && !errors.As(err, &found) {
			t.Fatal(err)
		}
		for _, f := range found {
			got = append(got, f.Path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: faults at %v, want %v", c.name, got, c.want)
		}
	}
}

func TestUsersFileIsChecked(t *testing.T) {
	cfg := Defaults()
	cfg.Web.UsersFile = filepath.Join(t.TempDir(), "users")
	for text, want := range map[string]bool{"": true, "ann:operator:secret\n": false} {
		if err := os.WriteFile(cfg.Web.UsersFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cfg.CheckFiles(); (err == nil) != want {
			t.Errorf("users %q: %v", text, err)
		}
	}
	cfg.Web.UsersFile += "-none"
	if err := cfg.CheckFiles(); err == nil {
		t.Error("a file that is not there passes")
	}
}

func TestStaleAfter(t *testing.T) {
	for schedule, want := range map[string]time.Duration{
		"@every 30s": 2 * time.Minute, "@every 1s": 90 * time.Second, "*/5 * * * *": 11 * time.Minute, "no schedule": 90 * time.Second,
	} {
		cfg := Defaults()
		cfg.Poll.Schedule = schedule
		if got := cfg.staleAfter(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("%s: %s, want %s", schedule, got, want)
		}
	}
}
