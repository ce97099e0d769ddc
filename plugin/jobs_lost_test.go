package plugin

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
)

// TestJobWhoseBeginningIsNotKnown: the log has it that the job runs, and the answer was lost. It is carried out all the same.
func TestJobWhoseBeginningIsNotKnown(t *testing.T) {
	for _, kind := range []cluster.HwJobKind{cluster.HwJobCollect, cluster.HwJobApply} {
		r := newRig(t)
		r.start(t, "db1")
		r.ready(t)
		r.do(func() { r.lose = 1 })
		if job := r.awaitJob(t, r.ask(t, "db2", kind)); job.State != cluster.JobDone {
			t.Errorf("%s: %+v", kind, job)
		}
	}
}

// TestJobWhoseEndIsNotKnown: the log has its end, and the answer was lost. It is not told for ever, nor done again.
func TestJobWhoseEndIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		index := m.ask(t, "db2", cluster.HwJobCollect)
		view := member{m, "db1"}
		w := newHardwareWorker("db2", nil, view, view, view, quietLog())
		if !w.begin(t.Context(), m.state().HwJobs[index]) {
			t.Fatal("the job did not begin")
		}
		m.do(func() { m.lose = 1 })
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		w.end(ctx, cluster.JobIs{Hw: true, Index: index, State: cluster.JobDone, Progress: 100})
		if took := time.Since(begun); took > time.Minute || m.state().HwJobs[index].State != cluster.JobDone {
			t.Errorf("after %s: %+v", took, m.state().HwJobs[index])
		}
	})
}

// lagging shows the cluster as it was: what a node reports does not show there.
type lagging struct {
	member
	snap *cluster.Snapshot
}

func (s lagging) Snapshot() *cluster.Snapshot { return s.snap }

// TestBeginningIsNotTriedInALoop: whatever the reason, each try that did not begin the job takes its time.
func TestBeginningIsNotTriedInALoop(t *testing.T) {
	for _, test := range []struct {
		name  string
		hurt  func(*memory)
		stale bool
	}{
		{"the log refuses", func(m *memory) { m.refuse = errors.New("disk full") }, false},
		{"another leads", func(m *memory) { m.leader = "wit" }, false},
		{"it does not show yet", func(*memory) {}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory(t)
				index := m.ask(t, "db2", cluster.HwJobCollect)
				view := member{m, "db1"}
				w := newHardwareWorker("db2", nil, view, view, view, quietLog())
				if test.stale {
					w.source = lagging{view, view.Snapshot()}
				}
				m.do(func() { test.hurt(m) })
				begun := time.Now()
				if w.begin(t.Context(), m.state().HwJobs[index]) {
					t.Fatal("the job began")
				}
				if took := time.Since(begun); took < time.Second {
					t.Errorf("tried again after %s, want a pause of a second", took)
				}
			})
		})
	}
}
