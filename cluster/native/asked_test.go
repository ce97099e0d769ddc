package native

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/cluster/probe"
)

func TestARestartOrderIsCarriedOutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		for range 3 {
			b.order(true, benchEpoch, 0)
		}
		for range 5 {
			b.order(true, benchEpoch, 1)
			b.sleep(300 * time.Millisecond)
		}
		want := []string{"start 30064771072", "stop", "dead", "start 30064771072"}
		if got := b.res.names(); !slices.Equal(got, want) {
			t.Errorf("calls %v, want %v", got, want)
		}
		if st := b.in.status(); st.RestartDone != 1 || st.State != cluster.InstanceActive {
			t.Errorf("after the restart: %+v", st)
		}
		b.end()
	})
}

func TestAnExitIsAFailureAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		prober := &fakeProber{state: probe.OK}
		b := newBench(t, cluster.ModeActiveActive, prober)
		b.order(true, 0, 0)
		b.sleep(100 * time.Millisecond)
		b.state(cluster.InstanceActive)
		b.res.die(false)
		synctest.Wait()
		b.state(cluster.InstanceFailed)
		if st := b.in.status(); st.Probe != cluster.ProbeFailed || st.FailedAt.IsZero() || st.Message == "" {
			t.Errorf("the report does not tell: %+v", st)
		}
		before := len(b.res.of("start"))
		b.sleep(5 * time.Second)
		if len(b.res.of("start")) != before {
			t.Error("it was started again without an order: the leader decides")
		}
		b.order(true, 0, 1)
		b.sleep(100 * time.Millisecond)
		b.state(cluster.InstanceActive)
		b.end()
	})
}

func TestAStartThatFailsIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, cluster.ModeActiveStandby, nil)
		b.res.set(func(f *fakeService) { f.startErr = probeErr("no such program") })
		b.order(true, benchEpoch, 0)
		b.state(cluster.InstanceFailed)
		if st := b.in.status(); st.Message != "no such program" || st.Epoch != benchEpoch {
			t.Errorf("the report does not tell: %+v", st)
		}
		b.end()
	})
}

type probeErr string

func (e probeErr) Error() string { return string(e) }

func TestProbesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		prober := &fakeProber{state: probe.Unknown}
		b := newBench(t, cluster.ModeActiveStandby, prober)
		b.order(true, benchEpoch, 0)
		b.sleep(time.Second)
		b.state(cluster.InstanceStarting) // while it starts only a good answer counts
		if st := b.in.status(); st.Fails != 0 {
			t.Errorf("a start counts as failing: %+v", st)
		}
		prober.set(probe.OK, nil)
		b.sleep(100 * time.Millisecond)
		b.state(cluster.InstanceActive)
		prober.set(probe.Failed, nil)
		b.sleep(350 * time.Millisecond)
		if st := b.in.status(); st.Fails != 3 || st.Probe != cluster.ProbeFailed || st.State != cluster.InstanceActive {
			t.Errorf("after three bad answers: %+v", st)
		}
		prober.set(probe.OK, nil)
		b.sleep(100 * time.Millisecond)
		if st := b.in.status(); st.Fails != 0 || st.Probe != cluster.ProbeOk || !st.FailedAt.IsZero() {
			t.Errorf("after a good answer: %+v", st)
		}
		b.end()
	})
}

func TestAHangingProbeCountsAsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		prober := &fakeProber{state: probe.OK}
		b := newBench(t, cluster.ModeActiveActive, prober)
		b.order(true, 0, 0)
		b.sleep(200 * time.Millisecond)
		b.state(cluster.InstanceActive)
		hang := make(chan struct{})
		prober.set(probe.OK, hang)
		b.sleep(time.Second + 500*time.Millisecond) // its timeout is 1 s
		if st := b.in.status(); st.Fails != 1 || st.Probe != cluster.ProbeUnknown {
			t.Errorf("after the timeout: %+v", st)
		}
		b.sleep(2 * time.Second)
		if st := b.in.status(); st.Fails != 3 {
			t.Errorf("after three timeouts: %+v", st)
		}
		asked := prober.count()
		prober.set(probe.OK, nil)
		close(hang) // its late verdict is dropped, the next one counts
		b.sleep(150 * time.Millisecond)
		if st := b.in.status(); st.Fails != 0 || prober.count() <= asked {
			t.Errorf("after it came back: %+v, asked %d times", st, prober.count())
		}
		b.end()
	})
}

func TestAHangingProbeDelaysNoStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		prober := &fakeProber{state: probe.OK, hang: hang}
		b := newBench(t, cluster.ModeActiveStandby, prober)
		b.order(true, benchEpoch, 0)
		b.sleep(10 * time.Second)
		b.state(cluster.InstanceStopped)
		b.within("it died", b.res.of("dead")[0], 2900*time.Millisecond, 3*time.Second)
		b.end() // and the end of the daemon leaves it behind
		close(hang)
	})
}

func TestAVerdictOfAFormerRunIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		prober := &fakeProber{state: probe.OK, hang: hang}
		b := newBench(t, cluster.ModeActiveStandby, prober)
		b.order(true, benchEpoch, 0)
		b.sleep(100 * time.Millisecond) // the probe of the first run is under way
		prober.set(probe.Unknown, nil)
		b.order(true, benchEpoch, 1)
		b.sleep(100 * time.Millisecond)
		close(hang) // it says OK, about a run that is no more
		b.sleep(200 * time.Millisecond)
		b.state(cluster.InstanceStarting)
		prober.set(probe.OK, nil)
		b.sleep(100 * time.Millisecond)
		b.state(cluster.InstanceActive)
		b.end()
	})
}
