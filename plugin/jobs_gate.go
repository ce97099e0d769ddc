package plugin

import (
	"context"
	"fmt"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// jobGate stands between an apply and the services of the node: it holds the node's reservation.
type jobGate struct {
	worker   *hardwareWorker
	job      cluster.Job
	done     func() // ends the reservation
	boot     string // of the node before its reset, empty if that is not known
	away     bool   // it was not in the cluster before: it is not waited for
	reset    bool   // the machine may have been reset
	verified bool   // it is up again, as its BMC says
	released bool
	percent  int // that was shown last; it does not fall
}

// await waits until the node carries no active service, and keeps it so. While it waits the job says why, and new wishes
// are staged.
func (g *jobGate) await(ctx context.Context) error {
	w := g.worker
	for limit, said := time.Now().Add(w.pace.patience), ""; ; {
		node := w.source.Snapshot().State.Nodes[w.node]
		g.boot, g.away = node.Boot, away(node)
		bound, cancel := context.WithTimeout(ctx, time.Minute)
		done, err := w.hardware.Clearance(bound, w.node, g.job.Name())
		cancel()
		if err == nil {
			w.log.WithField("job", g.job.Index).Info("the node is free, and kept so")
			g.done = done
			return nil
		}
		if said != err.Error() && g.progress(ctx, 40, "waiting: "+err.Error()) == nil {
			said = err.Error()
		}
		if time.Now().After(limit) {
			return fmt.Errorf("the node was not free within %s; the settings stay staged: %w", w.pace.patience, err)
		}
		if !pause(ctx, w.pace.clearance) {
			return ctx.Err()
		}
		if wishes := w.newWishes(w.source.Snapshot().State); len(wishes) > 0 {
			w.stage(ctx, wishes)
		}
	}
}

// Clear is called before the reset, when the node is reserved already. It stays so until its settings are judged: whoever
// made the gate releases it.
func (g *jobGate) Clear(context.Context, string) (func(), error) {
	if g.released {
		return nil, fmt.Errorf("the reservation of %s has ended", g.worker.node)
	}
	return func() {}, nil
}

// release ends the reservation when the node takes part again. If this node leads no more, the reservation stays, whatever
// the step: the job runs on, and the next leader carries it on under the same reservation. It may be about to reset the node.
func (g *jobGate) release(ctx context.Context) {
	if g.released {
		return
	}
	g.released = true
	if g.reset && g.verified && !g.away {
		g.rejoined(ctx)
	}
	if ctx.Err() != nil || !leads(g.worker.source.Snapshot()) {
		g.worker.log.WithField("job", g.job.Index).Info("the node stays reserved: the next leader finishes the job")
		return
	}
	g.done()
}

// rejoined waits until the node's new boot takes part in the cluster. The machine is up before its daemon is.
func (g *jobGate) rejoined(ctx context.Context) {
	w := g.worker
	bound, cancel := context.WithTimeout(ctx, w.pace.rejoin)
	defer cancel()
	for said := false; ; said = true {
		changed := w.source.Changed()
		if takesPart(w.source.Snapshot(), w.node, g.boot) {
			return
		}
		if !said {
			_ = g.progress(ctx, 99, string(rejoining)+": the machine is up, its node does not take part yet") // logged
		}
		again := time.NewTimer(w.pace.clearance) // what a node hears is not in the log, so nothing may tell of it
		select {
		case <-bound.Done():
			again.Stop()
			w.log.WithField("job", g.job.Index).Warn("the node did not come back after its reset; its silence counts as a failure from now on")
			return
		case <-changed:
		case <-again.C:
		}
		again.Stop()
	}
}

// takesPart says whether a node is in the cluster, under another boot than before.
func takesPart(s *cluster.Snapshot, node, before string) bool {
	n, live := s.State.Nodes[node], s.Nodes[node]
	return !away(n) && n.Boot != before && (node == s.Local || live.Heard && !live.Suspect)
}

// away says whether the node is not in the cluster, so that its silence is no news.
func away(n cluster.Node) bool {
	return n.Boot == "" || n.State == cluster.NodeOffline || n.State == cluster.NodeFenced
}

// Save keeps the step in the job's row before it is taken.
func (g *jobGate) Save(ctx context.Context, step redfish.Step) error {
	g.percent = max(g.percent, stepPercent(step))
	is := cluster.JobIs{Progress: g.percent, Detail: stepDetail(step), Step: keep(step, g.boot, g.away)}
	if err := g.worker.report(ctx, g.job, is); err != nil {
		return err
	}
	switch step.Name {
	case redfish.StepReset:
		if err := g.mayReset(); err != nil {
			return err
		}
		g.reset = true
	case redfish.StepVerify:
		g.verified = true
	}
	return nil
}

// mayReset says why the machine must not be reset. The step is in the log by now, so whatever came before it is known here.
func (g *jobGate) mayReset() error {
	s, w := g.worker.source.Snapshot().State, g.worker
	switch by := s.Nodes[w.node].ReservedBy; {
	case s.HwJobs[g.job.Index].State != cluster.JobRunning:
		return fmt.Errorf("%s has ended, so nothing is reset: look at its row", g.job.Name())
	case by != g.job.Name():
		return fmt.Errorf("%s is not reserved for %s, so it is not reset: the settings stay staged", w.node, g.job.Name())
	}
	return nil
}

// show tells how the BMC's task goes; the steps themselves are told by Save.
func (g *jobGate) show(ctx context.Context, step redfish.Step) {
	if step.Name == redfish.StepTask {
		_ = g.progress(ctx, stepPercent(step), stepDetail(step)) // logged
	}
}

func (g *jobGate) progress(ctx context.Context, percent int, detail string) error {
	g.percent = max(g.percent, percent)
	return g.worker.progress(ctx, g.job, g.percent, detail)
}
