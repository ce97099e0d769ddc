package reconfig

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

// closings are the ways in which SETs are forbidden while one is under way.
func closings() map[string]struct {
	reason  string
	config  func(*Config)
	arrange func(*testing.T, *bench)
} {
	return map[string]struct {
		reason  string
		config  func(*Config)
		arrange func(*testing.T, *bench)
	}{
		"configuration": {"gate off: reconfiguration is switched off in the configuration", func(c *Config) { c.Gates.Off = true }, nil},
		"switch": {"gate off: reconfiguration was switched off by ann", nil, func(t *testing.T, b *bench) {
			j, err := journal.Open(filepath.Join(b.dir, "journal.db"))
			if err != nil {
				t.Fatal(err)
			}
			if err := j.SetProperty(t.Context(), journal.PropertyOff, "true", "ann"); err != nil {
				t.Fatal(err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		"maintenance": {"gate maintenance: the cluster is in maintenance by bob", nil, func(_ *testing.T, b *bench) {
			b.agent.Put("hawserMaintenance", nil, true)
			b.agent.Put("hawserMaintenanceBy", nil, "bob")
		}},
	}
}

// TestNothingIsSetBackWhileSetsAreForbidden: a person is told what to set instead.
func TestNothingIsSetBackWhileSetsAreForbidden(t *testing.T) {
	for name, test := range closings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			b.agent.Put("hawserServiceReaction", []uint32{4}, "failover")
			b.leave(t, journal.StateRollingBack)
			if test.arrange != nil {
				test.arrange(t, b)
			}
			b.state = nil // not polled since the restart
			b.open(t, test.config)
			b.run(t)
			r := b.ended(t, 1)
			expect(t, r, journal.StateFailed, test.reason)
			expect(t, r, journal.StateFailed, `set by hand: hawserServiceReaction.web to "restart"`)
			if titles := b.incidents(t); len(titles) != 1 || b.agent.Sets() != 0 || strings.Contains(r.Reason, "RestartLimit") {
				t.Errorf("told %q, %d SETs, %s", titles, b.agent.Sets(), r.Reason)
			}
		})
	}
}

// TestNothingIsSaidAgainWhileSetsAreForbidden: the log does not know the SET of the former run.
func TestNothingIsSaidAgainWhileSetsAreForbidden(t *testing.T) {
	for name, test := range closings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			b.leave(t, journal.StateUnknown)
			if test.arrange != nil {
				test.arrange(t, b)
			}
			b.state = nil
			b.open(t, func(c *Config) {
				c.AnswerTimeout = 100 * time.Millisecond
				if test.config != nil {
					test.config(c)
				}
			})
			b.run(t)
			r := b.ended(t, 1)
			expect(t, r, journal.StateFailed, test.reason)
			expect(t, r, journal.StateFailed, `hawserServiceReaction.web to "restart", hawserServiceRestartLimit.web to "5"`)
			if titles := b.incidents(t); len(titles) != 1 || b.agent.Sets() != 0 {
				t.Errorf("told %q, %d SETs", titles, b.agent.Sets())
			}
		})
	}
}

// TestMaintenanceThatBeginsBeforeTheSET: the poll did not see it yet, the read before the SET does.
func TestMaintenanceThatBeginsBeforeTheSET(t *testing.T) {
	b := newBench(t, nil)
	b.agent.Put("hawserMaintenance", nil, true)
	b.agent.Put("hawserMaintenanceBy", nil, "bob")
	b.run(t)
	r := b.carry(t, b.reaction())
	expect(t, r, journal.StateHeld, "maintenance by bob")
	if r.Gate != "maintenance" || b.agent.Sets() != 0 {
		t.Errorf("gate %q, %d SETs", r.Gate, b.agent.Sets())
	}
}

// TestJobIsNotCreatedWhileSetsAreForbidden: what the former run desired is left to a person, and no machine is reset.
func TestJobIsNotCreatedWhileSetsAreForbidden(t *testing.T) {
	b := newBench(t, nil)
	b.run(t)
	b.agent.Turn(func(k *asktest.Knobs) {
		k.Meddle = &asktest.Meddling{After: "hawserHwSettingState", Object: "hawserMaintenance", Value: true} // as the SET is in
	})
	r := b.carry(t, b.hardware("Balanced"))
	expect(t, r, journal.StateFailed, "gate maintenance")
	expect(t, r, journal.StateFailed, "set by hand: hawserHwSettingDesired.alpha/2/PowerProfile")
	if b.agent.Sets() != 1 || r.Job != 0 {
		t.Errorf("%d SETs, job %d; want one and none", b.agent.Sets(), r.Job)
	}
}
