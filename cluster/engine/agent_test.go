package engine_test

import (
	"hawser/cluster"
)

// act lets every node obey its orders once, and leases end; it says whether something changed.
func (w *world) act() bool {
	changed := false
	for _, spec := range w.spec.Nodes {
		m := w.nodes[spec.Name]
		if !m.power || !m.daemon {
			continue
		}
		for _, st := range w.spec.Stacks {
			for _, sv := range st.Services {
				s := m.services[sv.Name]
				if s == nil {
					continue
				}
				before := *s
				if o, ok := w.order(m, sv); ok && w.nodes[w.leader].heard() && s.trouble != deaf {
					w.obey(s, sv, o)
				} else if sv.OnceOnly() && s.running && !w.now.Before(s.leaseEnd) {
					w.stop(s, cluster.InstanceStopped) // S3: the lease could not be renewed
				}
				changed = changed || before != *s
			}
		}
	}
	return changed
}

// order is what a node is to do with a service, as package native answers renewals: from committed state alone.
func (w *world) order(m *machine, sv cluster.ServiceSpec) (cluster.Order, bool) {
	st := w.ledger.State()
	n := st.Nodes[m.name]
	if !m.heard() || !m.clean || m.mute || n.Boot != m.boot() || n.Incarnation != m.incarnation || n.State == cluster.NodeFenced || st.Fences[m.name].Open(w.now) {
		return cluster.Order{}, false
	}
	row := st.Services[sv.Name]
	o := cluster.Order{Service: sv.Name, Policy: row.Policy, Restart: st.Instances[cluster.InstanceKey(sv.Name, m.name)].Restart}
	switch {
	case sv.OnceOnly() && row.Holder.Node == m.name:
		o.Run, o.Epoch, o.Lease = !row.Holder.Withdrawn, row.Holder.Epoch, sv.Lease()
	case !sv.OnceOnly():
		o.Run = st.Runs(m.name) && row.Admin != cluster.ServiceAdminDisabled && row.Quarantined.IsZero()
	}
	return o, true
}

// obey takes one step towards the order, as the agent does: stop, verify, start (S6).
func (w *world) obey(s *service, sv cluster.ServiceSpec, o cluster.Order) {
	if o.Run {
		if sv.OnceOnly() && o.Epoch <= s.report.StoppedEpoch {
			return // given up (S4)
		}
		s.leaseEnd = w.now.Add(o.Lease)
	}
	r := &s.report
	switch {
	case !o.Run && r.State != cluster.InstanceStandby && r.State != cluster.InstanceStopped || !o.Run && sv.OnceOnly() && r.State == cluster.InstanceStopped:
		rest := cluster.InstanceStopped
		if sv.OnceOnly() {
			rest = cluster.InstanceStandby
		}
		if !w.stop(s, rest) {
			return
		}
		w.yieldEpoch(r, o)
	case !o.Run:
		w.yieldEpoch(r, o)
	case r.RestartDone < o.Restart || r.State == cluster.InstanceStopping || sv.OnceOnly() && r.Epoch != 0 && r.Epoch != o.Epoch:
		if w.stop(s, cluster.InstanceStopped) {
			w.startService(s, o)
		}
	case r.State == cluster.InstanceStopped || r.State == cluster.InstanceStandby:
		w.startService(s, o)
	case r.State == cluster.InstanceStarting && s.trouble == fine:
		r.State, r.Probe, r.Message = cluster.InstanceActive, cluster.ProbeOk, ""
	case r.State == cluster.InstanceActive && s.trouble == hangs:
		r.Probe, r.Fails, r.Message = cluster.ProbeFailed, o.Policy.FailureThreshold, "no answer"
	case r.State == cluster.InstanceActive && s.trouble == fine:
		r.Probe, r.Fails, r.Message = cluster.ProbeOk, 0, ""
	}
}

func (w *world) yieldEpoch(r *cluster.InstanceReport, o cluster.Order) {
	r.StoppedEpoch, r.RestartDone, r.Epoch, r.Fails, r.Message = max(r.StoppedEpoch, o.Epoch), o.Restart, 0, 0, ""
}

// stop stops a service, verified, unless the story forbids it.
func (w *world) stop(s *service, rest cluster.InstanceState) bool {
	if s.trouble == unstopping && s.running {
		s.report.State, s.report.Probe, s.report.Message = cluster.InstanceStopping, cluster.ProbeOff, "a process does not die"
		return false
	}
	s.running = false
	s.report.State, s.report.Probe = rest, cluster.ProbeOff
	if s.trouble == hangs {
		s.trouble = fine
	}
	return true
}

func (w *world) startService(s *service, o cluster.Order) {
	s.running = true
	s.report.State, s.report.Probe, s.report.Message = cluster.InstanceStarting, cluster.ProbeUnknown, "started"
	s.report.Epoch, s.report.RestartDone, s.report.Fails = o.Epoch, o.Restart, 0
	if s.trouble == cannot {
		s.running = false
		s.report.State, s.report.Probe, s.report.Message = cluster.InstanceFailed, cluster.ProbeFailed, "exit status 1"
	}
}
