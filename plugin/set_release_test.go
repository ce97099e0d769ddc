package plugin

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/mib/snmp"
)

// slowChanger hangs where a test says so, until the deadline of the call.
type slowChanger struct {
	fakeChanger
	refusals bool   // none is written
	release  string // this change's release gets no answer
}

func (s *slowChanger) Refuse(ctx context.Context, change cluster.Change, why cluster.Refusal) error {
	if s.refusals {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.fakeChanger.Refuse(ctx, change, why)
}

func (s *slowChanger) Release(ctx context.Context, receipt cluster.Receipt) error {
	if receipt.ID == s.release {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.fakeChanger.Release(ctx, receipt)
}

// TestReleasesDoNotWait: what a SET holds is void after ten seconds, so neither refusals that nobody can write, nor another
// release that gets no answer, may stand before a release.
func TestReleasesDoNotWait(t *testing.T) {
	for _, test := range []struct {
		name              string
		refusals, release bool
	}{{"behind refusals", true, false}, {"behind a release", false, true}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				changer := &slowChanger{refusals: test.refusals}
				source := richSource()
				backend := NewBackend(BackendConfig{Source: source, Changer: changer, Views: newTestPublisher(source), Log: quietLog()})
				startTask(t, backend.Run)
				<-backend.Ready()
				for range refusalsAtOnce {
					if _, err := backend.Test(t.Context(), byAgentX, []snmp.Varbind{bind("hawserMaintenance", snmp.Integer(9), 0)}); err == nil {
						t.Fatal("a bad value was accepted")
					}
				}
				for range 3 {
					pending := tested(t, backend, byAgentX, job(3)...)
					if err := pending.Commit(t.Context()); err != nil {
						t.Fatal(err)
					}
					if test.release && changer.release == "" {
						changer.release = changer.commits[0].Change.ID
					}
					pending.Cleanup()
					time.Sleep(100 * time.Millisecond) // of the bubble
				}
				synctest.Wait()
				want := 3
				if test.release {
					want = 2
				}
				if got := len(changer.released); got != want {
					t.Errorf("%d released at once, want %d", got, want)
				}
			})
		})
	}
}
