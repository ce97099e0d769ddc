package native

import (
	"context"
	"sync/atomic"
	"time"

	"hawser/cluster"
)

// disk watches the store (S8): a leader whose disk hangs stays leader and would freeze the whole cluster. While an
// operation is pending for too long this node's raft is cut off, so that the others elect another leader; its beats, its
// calls and its leases go on.
type disk struct {
	pending  func() time.Duration
	cut      func(on bool)
	patience time.Duration
	stuck    atomic.Bool
	alarm    func(on bool) // told when it hangs for diskAlarmAfter, and when it answers after that
	alarmed  bool
	left     func() bool // says whether the alarm stands in the log, as far as this node can know by now
	settled  bool        // no alarm of a former life is left to be ended here
}

// diskAlarmAfter is how long a disk must hang to be worth an alarm: a slow moment cuts raft off, and nobody need come.
const diskAlarmAfter = 5 * time.Second

// watch runs until ctx ends; changed is told of each change.
func (d *disk) watch(ctx context.Context, changed func(ctx context.Context, stuck bool, pending time.Duration)) error {
	tick := time.NewTicker(d.patience / 5)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		pending := d.pending()
		if long := pending > diskAlarmAfter; long != d.alarmed && (long || pending == 0) {
			d.alarmed, d.settled = long, true
			d.alarm(long)
		}
		if !d.settled && pending == 0 && d.left() { // this daemon was started while the alarm of the former one stood
			d.settled = true
			d.alarm(false)
		}
		stuck := pending > d.patience || (d.stuck.Load() && pending > 0)
		if stuck == d.stuck.Load() {
			continue
		}
		d.stuck.Store(stuck)
		d.cut(stuck)
		changed(ctx, stuck, pending)
	}
}

// diskChanged tells of it, and a leader asks another node to take its place: its beats go on, so nobody misses it yet.
func (n *Node) diskChanged(ctx context.Context, stuck bool, pending time.Duration) {
	n.notifier.notify() // another leads now (shownLeader)
	log := n.cfg.Log.WithField("component", "store").WithField("pending_ms", pending.Milliseconds())
	if !stuck {
		log.Warn("the disk answers again: this node takes part in the log")
		return
	}
	if trouble := n.store.Trouble(); trouble != nil {
		log = log.WithError(trouble)
	}
	log.Error("the disk hangs or is full: this node leaves the log to the others until it answers (S8); free space and check the disk under " + n.cfg.DataDir)
	if n.leader() != n.cfg.Node {
		return
	}
	for _, p := range n.beats.Report().Peers {
		if !stays(p) || n.role(p.Name) == cluster.RoleWitness {
			continue
		}
		bound, cancel := context.WithTimeout(ctx, renewTimeout/2)
		err := n.call(bound, p.Name, pathCampaign, struct{}{}, nil)
		cancel()
		if err == nil {
			log.WithField("to", p.Name).Warn("it was asked to lead")
			return
		}
		log.WithError(err).WithField("to", p.Name).Warn("it could not be asked to lead")
	}
}

// diskAlarmKey is the key of the alarm of a node's disk.
func diskAlarmKey(node string) string { return "disk/" + node }

// diskAlarmStands says whether the alarm of a node's disk is in a state.
func diskAlarmStands(s *cluster.State, node string) bool {
	for _, a := range s.Alarms {
		if a.Key == diskAlarmKey(node) {
			return true
		}
	}
	return false
}

// diskAlarmLeft says whether this node's alarm stands in the log as it is now: a state that is behind may hold one that has
// ended.
func (n *Node) diskAlarmLeft() bool {
	view, _ := n.viewAt(time.Now())
	return view == cluster.ViewCurrent && diskAlarmStands(n.ledger.State(), n.cfg.Node)
}

// diskAlarm tells the operators of a disk that hangs or is full, and of its end. The event goes out from memory.
func (n *Node) diskAlarm(on bool) {
	e := cluster.Event{
		Type: cluster.EventHardwareRestored, Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentHardware, ComponentName: "disk",
		Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, AlarmKey: diskAlarmKey(n.cfg.Node), Clear: true,
		Summary: "the disk of " + n.cfg.Node + " takes the log again",
	}
	if on {
		e.Type, e.Severity, e.Clear, e.Raise = cluster.EventHardwareDegraded, cluster.SeverityMajor, false, cluster.SeverityMajor
		e.Result = cluster.ResultNotDone
		e.Error = "the disk under " + n.cfg.DataDir + " does not answer"
		if trouble := n.store.Trouble(); trouble != nil {
			e.Error = trouble.Error()
		}
		e.Summary = "the disk of " + n.cfg.Node + " does not take the log: free space or mend it; its services run on, the log is with the others"
	}
	n.note(e)
}
