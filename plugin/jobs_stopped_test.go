package plugin

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"hawser/cluster"
	"hawser/redfish"
)

// TestWhatAFailedJobSays: its row takes 255 octets, whatever the BMC wrote into its detail and its error.
func TestWhatAFailedJobSays(t *testing.T) {
	const again = "; create the job again: what is done is not done twice"
	rejected := fmt.Errorf("AssetTag: %w", redfish.ErrRejected)
	for _, test := range []struct {
		name, detail string
		err          error
		begins, ends string
	}{
		{"plain", "wait", errors.New("no sign"), `stopped at "wait": no sign`, again},
		{"nothing", "", errors.New("no sign"), `stopped at "": no sign`, again},
		{"control characters", strings.Repeat("\x01", 255), errors.New("no sign"), `stopped at "\x01\x01`, `\x01": no sign` + again},
		{"no text", strings.Repeat("\xff", 255), rejected, `stopped at "\xff`, `\xff": AssetTag: ` + redfish.ErrRejected.Error() + "; wish values that are allowed, then create the job again"},
		{"quotes", strings.Repeat(`"`, 255), errors.New("no sign"), `stopped at "\"`, `\"": no sign` + again},
		{"long", strings.Repeat("ü", 200), errors.New(strings.Repeat("ä", 200)), `stopped at "üü`, "ä" + again},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMemory(t)
			index := m.ask(t, "db2", cluster.HwJobApply)
			m.mustApply(t, "db1", cluster.Decision{Job: &cluster.JobIs{Hw: true, Index: index, State: cluster.JobRunning, Detail: test.detail}})
			view := member{m, "db1"}
			w := newHardwareWorker("db2", nil, view, view, view, quietLog())
			got := w.stopped(m.state().HwJobs[index], test.err)
			if len(got) > 255 || !strings.HasPrefix(got, test.begins) || !strings.HasSuffix(got, test.ends) {
				t.Errorf("%d octets: %s; want at most 255 from %q to %q", len(got), got, test.begins, test.ends)
			}
		})
	}
}

func TestClip(t *testing.T) {
	for _, test := range []struct {
		text  string
		limit int64
		want  string
	}{{"abc", 3, "abc"}, {"abc", 2, "ab"}, {"aü", 2, "a"}, {"abc", 0, ""}, {"abc", -7, ""}, {"", -1, ""}} {
		if got := clip(test.text, test.limit); got != test.want {
			t.Errorf("clip(%q, %d) is %q, want %q", test.text, test.limit, got, test.want)
		}
	}
}
