package plugin

import (
	"cmp"

	"hawser/cluster"
	"hawser/cluster/probe"
)

// InstanceStatus is a service on one node. Times in milliseconds, the latency in microseconds; -1 where there is none.
type InstanceStatus struct {
	Service   string `json:"service"`
	Node      string `json:"node"`
	State     string `json:"state"`
	Probe     string `json:"probe"`
	Message   string `json:"message,omitempty"`
	LastProbe int64  `json:"lastProbeMs"`
	Latency   int64  `json:"latencyUs"`
	// Perfdata is the line of figures as a Nagios plugin writes it, Metrics the same taken apart.
	Perfdata string         `json:"perfdata,omitempty"`
	Metrics  []probe.Metric `json:"metrics,omitempty"`
}

func instancesStatus(s sight, spec cluster.ServiceSpec) []InstanceStatus {
	var out []InstanceStatus
	for _, n := range s.known.Spec.Nodes {
		if n.Role == cluster.RoleWitness {
			continue
		}
		key := cluster.InstanceKey(spec.Name, n.Name)
		in, live := s.known.Instances[key], s.Probes[key]
		if s.others(n.Name) {
			live = cluster.ProbeLive{}
		}
		is := InstanceStatus{
			Service: spec.Name, Node: n.Name, State: cmp.Or(in.State, cluster.InstanceUnknown).String(),
			Probe: cmp.Or(in.Probe, cluster.ProbeUnknown).String(), Message: cmp.Or(live.Message, in.Message), LastProbe: -1, Latency: -1,
			Perfdata: live.Perfdata, Metrics: probe.ParsePerfdata(live.Perfdata),
		}
		if !live.Last.IsZero() {
			is.LastProbe, is.Latency = max(s.now.Sub(live.Last), 0).Milliseconds(), live.Latency.Microseconds()
		}
		out = append(out, is)
	}
	return out
}

// instanceMessage is what the last probe said, where that is known more freshly than the log has it, with its figures as a
// Nagios plugin writes them: "TEXT | PERFDATA".
func instanceMessage(s sight, node string, in cluster.Instance, live cluster.ProbeLive) string {
	if s.others(node) || live.Message == "" {
		return in.Message
	}
	if live.Perfdata == "" {
		return live.Message
	}
	return live.Message + " | " + live.Perfdata
}
