package native

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
)

// The lease is 5 s, the stop budget 2 s: the stop begins at 3 s, the kill at 4.5 s.

func TestLeaseRunsOutStopsBeforeItsEnd(t *testing.T) {
	for _, test := range []struct {
		name       string
		service    func(*fakeService)
		begin, end time.Duration // of the stop; the death
	}{
		{"stops at once", func(*fakeService) {}, 3 * time.Second, 3 * time.Second},
		{"stops slowly", func(f *fakeService) { f.termTakes = time.Second }, 3 * time.Second, 4 * time.Second},
		{"ignores SIGTERM", func(f *fakeService) { f.ignoreTerm = true }, 3 * time.Second, 4500 * time.Millisecond},
		{"stops too slowly", func(f *fakeService) { f.termTakes = time.Minute }, 3 * time.Second, 4500 * time.Millisecond},
		{"its stop hangs", func(f *fakeService) { f.hangStop = true }, 3 * time.Second, 4500 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cluster.ModeActiveStandby, nil)
				b.res.set(test.service)
				b.order(true, benchEpoch, 0)
				b.state(cluster.InstanceActive)
				b.sleep(10 * time.Second)
				b.state(cluster.InstanceStopped)
				const slack = 20 * time.Millisecond
				b.within("the stop began", b.res.of("stop")[0], test.begin-slack, test.begin)
				b.within("it died", b.res.of("dead")[0], test.begin-slack, test.end)
				if st := b.in.status(); st.StoppedEpoch != 0 {
					t.Errorf("S3 is no proof: the lease was not withdrawn, but the report says %+v", st)
				}
				b.end()
			})
		})
	}
}

func TestAHangingStartIsTakenBackWhenTheStopMustBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		b.res.set(func(f *fakeService) { f.hangStart = true })
		b.order(true, benchEpoch, 0)
		b.sleep(10 * time.Second)
		b.state(cluster.InstanceStopped)
		b.within("it died", b.res.of("dead")[0], 2900*time.Millisecond, 3*time.Second)
		b.end()
	})
}

func TestAHangingStartIsTakenBackAtOnceWhenItIsNotWanted(t *testing.T) {
	for _, mode := range []cluster.Mode{cluster.ModeActiveStandby, cluster.ModeActiveActive} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, mode, nil)
			b.res.set(func(f *fakeService) { f.hangStart = true })
			epoch := uint64(0)
			if mode == cluster.ModeActiveStandby {
				epoch = benchEpoch
			}
			b.order(true, epoch, 0)
			b.sleep(500 * time.Millisecond)
			b.order(false, epoch, 0)
			b.sleep(500 * time.Millisecond)
			if b.res.Running() || !resting(b.in.status().State) || b.in.status().StoppedEpoch != epoch {
				t.Errorf("%s: %+v, calls %v", mode, b.in.status(), b.res.calls)
			}
			b.end()
		})
	}
}

func TestRenewalRestoresUnderTheSameEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		for range 20 { // renewals keep it
			b.order(true, benchEpoch, 0)
			b.sleep(500 * time.Millisecond)
		}
		b.state(cluster.InstanceActive)
		b.sleep(6 * time.Second)
		b.state(cluster.InstanceStopped)
		b.order(true, benchEpoch, 0)
		b.state(cluster.InstanceActive)
		if got, want := b.res.names(), []string{"start 30064771072", "stop", "dead", "start 30064771072"}; !slices.Equal(got, want) {
			t.Errorf("calls %v, want %v", got, want)
		}
		b.end()
	})
}

func TestWithdrawnLeaseGivesProofAndIsNotTakenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		b.order(true, benchEpoch, 0)
		b.order(false, benchEpoch, 0)
		b.state(cluster.InstanceStandby)
		if st := b.in.status(); st.StoppedEpoch != benchEpoch || st.Epoch != 0 {
			t.Errorf("no proof (a): %+v", st)
		}
		b.order(true, benchEpoch, 0) // a grant of the epoch that was given up, delayed on its way (S4)
		b.sleep(time.Second)
		b.state(cluster.InstanceStandby)
		if starts := b.res.of("start"); len(starts) != 1 {
			t.Errorf("started %d times", len(starts))
		}
		b.order(true, benchEpoch+1, 0)
		b.state(cluster.InstanceActive)
		b.end()
	})
}

func TestAStopThatFailsIsTriedAgainAndIsNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		b.res.set(func(f *fakeService) { f.ignoreTerm, f.killErr = true, errors.New("a process in state D") })
		b.order(true, benchEpoch, 0)
		b.order(false, benchEpoch, 0)
		for range 100 {
			b.sleep(100 * time.Millisecond)
			if st := b.in.status(); resting(st.State) || st.StoppedEpoch != 0 {
				t.Fatalf("S5: reported stopped while it runs: %+v", st)
			}
		}
		if tries := len(b.res.of("kill")); tries < 5 || tries > 200 {
			t.Errorf("%d attempts to kill in 10 s", tries)
		}
		b.res.set(func(f *fakeService) { f.killErr = nil })
		b.sleep(3 * time.Second)
		b.state(cluster.InstanceStandby)
		if st := b.in.status(); st.StoppedEpoch != benchEpoch || b.res.Running() {
			t.Errorf("after the stop: %+v", st)
		}
		b.end()
	})
}

func TestAnotherEpochIsAnotherRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		b.order(true, benchEpoch, 0)
		b.order(true, benchEpoch+2, 0)
		b.sleep(time.Second)
		b.state(cluster.InstanceActive)
		want := []string{"start 30064771072", "stop", "dead", "start 30064771074"}
		if got := b.res.names(); !slices.Equal(got, want) {
			t.Errorf("S4, S6: calls %v, want %v", got, want)
		}
		b.end()
	})
}

func TestTheOrderMayChangeDuringASlowStop(t *testing.T) {
	for _, test := range []struct {
		name  string
		later func(*bench)
		want  []string
		state cluster.InstanceState
	}{
		{
			"to another epoch", func(b *bench) { b.order(true, benchEpoch+2, 1) },
			[]string{"start 30064771072", "stop", "dead", "start 30064771074"},
			cluster.InstanceActive,
		},
		{
			"to a stop", func(b *bench) { b.order(false, benchEpoch, 1) },
			[]string{"start 30064771072", "stop", "dead"},
			cluster.InstanceStandby,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cluster.ModeActiveStandby, nil)
				b.res.set(func(f *fakeService) { f.termTakes = time.Second })
				b.order(true, benchEpoch, 0)
				b.order(true, benchEpoch, 1) // a restart begins with the slow stop
				b.sleep(300 * time.Millisecond)
				test.later(b)
				b.sleep(2 * time.Second)
				if got := b.res.names(); !slices.Equal(got, test.want) {
					t.Errorf("calls %v, want %v", got, test.want)
				}
				b.state(test.state)
				b.end()
			})
		})
	}
}

func TestAnOrderForTheOtherModeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, mode := range []cluster.Mode{cluster.ModeActiveStandby, cluster.ModeActiveActive} {
			b := newBench(t, mode, nil)
			b.order(true, map[cluster.Mode]uint64{cluster.ModeActiveActive: benchEpoch}[mode], 0)
			b.sleep(time.Second)
			if starts := b.res.of("start"); len(starts) != 0 {
				t.Errorf("%s: started by an order for the other mode", mode)
			}
			b.end()
		}
	})
}

func TestTheEndOfTheDaemonStopsWithinTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		b.res.set(func(f *fakeService) { f.ignoreTerm = true })
		b.order(true, benchEpoch, 0)
		b.sleep(2900 * time.Millisecond) // no renewal comes any more
		b.end()
		b.within("it died", b.res.of("dead")[0], 4*time.Second, 4500*time.Millisecond)
	})
}

func TestTheEndOfTheDaemonNamesWhatDoesNotStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		b.res.set(func(f *fakeService) { f.ignoreTerm, f.killErr = true, errors.New("a process in state D") })
		b.order(true, benchEpoch, 0)
		b.stop()
		if err := <-b.done; err == nil {
			t.Error("the daemon ended as if the service had stopped")
		}
	})
}
