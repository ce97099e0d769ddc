package main

import (
	"strings"
	"testing"
)

// runHawser runs the program in this process and returns what it printed; its exit code must be want.
func runHawser(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), args, &out, &out)
	if got := exitCode(err); got != want {
		t.Fatalf("hawser %s: exit code %d, want %d: %v\n%s", strings.Join(args, " "), got, want, err, out.String())
	}
	if err != nil {
		out.WriteString(err.Error())
	}
	return out.String()
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want int
	}{
		{"version", []string{"version"}, exitDone},
		{"unknown command", []string{"moor"}, exitMisuse},
		{"unknown flag", []string{"version", "--moor"}, exitMisuse},
		{"argument too many", []string{"version", "x"}, exitMisuse},
		{"no file", []string{"validate", "--config", "/nonexistent.yaml"}, exitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) { runHawser(t, tt.want, tt.args...) })
	}
}

func TestHelpSpeaksOfEveryCommand(t *testing.T) {
	help := runHawser(t, exitDone, "--help")
	for _, make := range commands {
		c := make(&app{})
		if c.Short == "" {
			t.Errorf("%s has no help", c.Name())
		}
		if strings.Contains(help, "\n  "+c.Name()+" ") == c.Hidden {
			t.Errorf("%s: hidden is %v, but the help says otherwise:\n%s", c.Name(), c.Hidden, help)
		}
	}
}

func TestMibIsTheModule(t *testing.T) {
	if text := runHawser(t, exitDone, "mib"); !strings.Contains(text, "HAWSER-MIB DEFINITIONS ::= BEGIN") {
		t.Errorf("got %.100s", text)
	}
}
