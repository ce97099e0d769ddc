package plugin

import (
	"hawser/cluster"
	"hawser/mib"
)

func renderServices(s sight, r *rows) {
	for _, sv := range services(s.known) {
		spec, stack, _ := s.known.Spec.Service(sv.name)
		is, ok := s.known.Services[sv.name]
		if !ok {
			is.Policy = spec.Policy
		}
		r.row(sv.index)
		r.text(mib.HawserServiceName, sv.name)
		r.number(mib.HawserServiceStackIndex, int64(s.known.Index(kindStack, stack.Name)))
		r.label(mib.HawserServiceLayer, int(spec.Layer))
		r.text(mib.HawserServiceKind, spec.Kind)
		r.label(mib.HawserServiceMode, int(spec.Mode))
		if node, known := activeNode(s, spec); known {
			r.text(mib.HawserServiceActiveNode, node)
		}
		r.label(mib.HawserServiceState, int(serviceState(s, spec)))
		r.label(mib.HawserServiceAdminState, int(serviceAdmin(is)))
		r.millis(mib.HawserServiceProbeInterval, is.Policy.ProbeInterval)
		r.millis(mib.HawserServiceProbeTimeout, is.Policy.ProbeTimeout)
		r.number(mib.HawserServiceFailureThreshold, int64(is.Policy.FailureThreshold))
		r.number(mib.HawserServiceRestartLimit, int64(is.Policy.RestartLimit))
		r.millis(mib.HawserServiceFailureWindow, is.Policy.FailureWindow)
		r.label(mib.HawserServiceReaction, int(is.Policy.Reaction))
		r.age(mib.HawserServiceQuarantineAge, s.now, is.Quarantined)
		r.number(mib.HawserServiceRestarts, int64(is.Restarts))
		r.number(mib.HawserServiceFailures, int64(is.Failures))
	}
}

// activeNode is where the service is active: of several nodes this one, else the first; empty if nowhere. An isolated node
// knows it only of itself.
func activeNode(s sight, spec cluster.ServiceSpec) (node string, known bool) {
	active := func(node string) bool {
		return s.known.Instances[cluster.InstanceKey(spec.Name, node)].State == cluster.InstanceActive
	}
	if active(s.Local) {
		return s.Local, true
	}
	for _, n := range s.known.Spec.Nodes {
		if active(n.Name) {
			return n.Name, true
		}
	}
	return "", !s.isolated
}

// serviceAdmin is what is wanted of the service; enabled, where nobody wanted anything yet.
func serviceAdmin(is cluster.Service) cluster.ServiceAdmin {
	if is.Admin == 0 {
		return cluster.ServiceAdminEnabled
	}
	return is.Admin
}
