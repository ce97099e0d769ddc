package web

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// severities are the MIB's labels, worst first.
var severities = []string{"critical", "major", "minor", "warning", "info", "cleared"}

// severityRank orders severities, worst first; what is not known comes last.
func severityRank(s string) int {
	if i := slices.Index(severities, s); i >= 0 {
		return i
	}
	return len(severities)
}

// atLeast are the severities from the worst down to least.
func atLeast(least string) []string {
	i := slices.Index(severities, least)
	if i < 0 {
		return nil
	}
	return severities[:i+1]
}

// tones says how a state is shown: bad, warn, unknown, calm (neither good nor bad) or ok. What is not in it is unknown,
// never ok.
var tones = map[string]string{
	"silent": "bad", "critical": "bad", "major": "bad", "failed": "bad", "down": "bad", "offline": "bad", "fenced": "bad", "noQuorum": "bad",
	"refused": "bad", "lost": "bad", "quarantined": "bad", "isolated": "bad",
	"warning": "warn", "minor": "warn", "degraded": "warn", "suspect": "warn", "lossy": "warn", "blocked": "warn", "starting": "warn", "stopping": "warn",
	"waiting": "warn", "held": "warn", "lagging": "warn", "drifted": "warn", "partial": "warn",
	"sending": "warn", "verifying": "warn", "proposed": "warn", "approved": "warn", "open": "warn", "pending": "warn",
	"ok": "ok", "up": "ok", "online": "ok", "active": "ok", "succeeded": "ok", "done": "ok", "cleared": "ok", "closed": "ok", "current": "ok", "on": "ok",
	"inSync": "ok", "enabled": "ok",
	"failingOver": "warn", "staged": "warn", "applying": "warn", "reverted": "warn", "notDone": "warn", "cancelled": "calm",
	"standby": "calm", "stopped": "calm", "disabled": "calm", "maintenance": "calm", "info": "calm", "off": "calm", "dryRun": "calm", "rejected": "calm",
	"none": "calm", "notNeeded": "calm",
}

// toneRank orders tones, worst first.
var toneRank = map[string]int{"bad": 0, "unknown": 1, "warn": 2, "calm": 3, "ok": 4}

// tone is how a state is shown.
func tone(state string) string {
	if t, ok := tones[state]; ok {
		return t
	}
	return "unknown"
}

// special are labels whose words are not in their letters.
var special = map[string]string{
	"ok": "OK", "virtualIp": "virtual IP", "bmc": "BMC", "notOk": "not OK", "dryRun": "dry run", "activeActive": "on all nodes", "activeStandby": "on one node",
}

// words spells a label of the MIB for people: failoverCompleted is "failover completed".
func words(label string) string {
	if s, ok := special[label]; ok {
		return s
	}
	var b strings.Builder
	for i, r := range label {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// human is a duration as people say it: 850 ms, 3.2 s, 4 min 10 s, 2 h 5 min, 3 d 4 h.
func human(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", math.Floor(d.Seconds()*10)/10)
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return two(int(d.Minutes()), "min", int(d.Seconds())%60, "s")
	case d < 48*time.Hour:
		return two(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	}
	return two(int(d.Hours())/24, "d", int(d.Hours())%24, "h")
}

func two(big int, unit string, small int, of string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", big, unit)
	}
	return fmt.Sprintf("%d %s %d %s", big, unit, small, of)
}

// seconds is a duration that is known in whole seconds.
func seconds(n int64) string {
	if n < 60 {
		return fmt.Sprintf("%d s", max(n, 0))
	}
	return human(time.Duration(n) * time.Second)
}

// sentence begins with a capital letter.
func sentence(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// ago is the age of a moment. A moment after now is a clock that goes ahead: it is said, not hidden.
func ago(now, t time.Time) string {
	switch d := now.Sub(t); {
	case d < -2*time.Second:
		return human(-d) + " ahead of this clock"
	case d < time.Second:
		return "just now"
	case d < 10*time.Second:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	default:
		return human(d) + " ago"
	}
}

// plural is a number with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
