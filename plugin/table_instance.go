package plugin

import (
	"hawser/cluster"
	"hawser/mib"
)

func renderInstances(s sight, r *rows) {
	on := nodes(s.known)
	for _, sv := range services(s.known) {
		for _, n := range on {
			if spec, _ := s.known.Spec.Node(n.name); spec.Role == cluster.RoleWitness {
				continue // a witness carries no service
			}
			key := cluster.InstanceKey(sv.name, n.name)
			in := s.known.Instances[key]
			r.row(sv.index, n.index)
			r.label(mib.HawserInstanceState, int(in.State))
			r.label(mib.HawserInstanceProbeState, int(in.Probe))
			renderProbe(s, n.name, s.Probes[key], r)
			r.number(mib.HawserInstanceRestarts, int64(in.Restarts))
			r.age(mib.HawserInstanceLastChangeAge, s.now, in.Since)
			r.text(mib.HawserInstanceMessage, instanceMessage(s, n.name, in, s.Probes[key]))
		}
	}
}

// renderProbe shows the figures of a probe; of another node they are known only where it reported them.
func renderProbe(s sight, node string, probe cluster.ProbeLive, r *rows) {
	r.age(mib.HawserInstanceLastProbeAge, s.now, probe.Last)
	if s.others(node) || (node != s.Local && probe == cluster.ProbeLive{}) {
		return
	}
	if probe.Latency > 0 {
		r.number(mib.HawserInstanceProbeLatency, probe.Latency.Microseconds())
	}
	r.number(mib.HawserInstanceProbeCount, int64(probe.Count))
	r.number(mib.HawserInstanceProbeFailures, int64(probe.Failures))
}
