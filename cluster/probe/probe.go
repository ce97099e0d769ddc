package probe

import (
	"context"
	"fmt"
	"time"
)

// State is the verdict of one probe.
type State int

// The values of State. The zero value is Unknown: what was not asked is not known.
const (
	Unknown State = iota
	OK
	Failed
)

// String returns unknown, ok or failed.
func (s State) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case OK:
		return "ok"
	case Failed:
		return "failed"
	default:
		return fmt.Sprintf("state(%d)", int(s))
	}
}

// Result is what one probe found.
type Result struct {
	// State is the verdict; see the package comment.
	State State
	// Latency is how long the probe took, to the verdict.
	Latency time.Duration
	// Message says in one line what was answered, or why there is no answer.
	Message string
	// Perfdata holds figures in the form of the Nagios plugin guidelines, as in "time=0.001s size=12B"; it may be empty.
	Perfdata string
}

// Prober asks one service. Probe returns when it has a verdict or when the context ends, whichever is first; it never
// panics and never returns later than shortly after the context's end. Calls may overlap.
type Prober interface {
	Probe(ctx context.Context) Result
}

// maxMessage bounds Result.Message: foreign text reaches events, logs and SNMP.
const maxMessage = 255

// verdict completes a Result that began at start.
func verdict(start time.Time, state State, format string, args ...any) Result {
	took := time.Since(start)
	return Result{
		State:    state,
		Latency:  took,
		Message:  oneLine(fmt.Sprintf(format, args...)),
		Perfdata: fmt.Sprintf("time=%.6fs", took.Seconds()),
	}
}

// oneLine cuts a text to maxMessage bytes of printable characters.
func oneLine(text string) string {
	out := make([]rune, 0, len(text))
	size := 0
	for _, r := range text {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\ufffd' {
			r = ' '
		}
		size += len(string(r))
		if size > maxMessage {
			break
		}
		out = append(out, r)
	}
	return string(out)
}
