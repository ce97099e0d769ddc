package metrics

import (
	"strconv"
	"time"

	"hawser/cluster"
)

func collectView(s *scrape) {
	s.send(clusterInfo, 1, s.known.Spec.Name, s.known.ClusterID, s.Local, s.Version)
	states(s, viewState, s.View)
	s.send(viewAge, s.ViewAge.Seconds())
	s.truth(quorate, s.Quorate)
	s.truth(hasLeader, s.Leader != "")
	s.send(generation, float64(s.known.Generation))
	s.send(epoch, float64(uint32(s.known.Epoch))) // the lower half: all of it does not fit a float64
	s.truth(maintenance, s.known.MaintenanceBy != "")
	s.send(clusterEvents, float64(s.known.LastEvent))
	s.send(configRevision, float64(s.known.Revision))
	s.send(logApplied, float64(s.known.Applied))
}

func collectNodes(s *scrape) {
	for _, spec := range s.known.Spec.Nodes {
		name := spec.Name
		states(s, nodeState, s.NodeState(name), name, spec.Role.String())
		s.truth(nodeLeads, name == s.Leader, name)
		is := s.known.Nodes[name]
		if spec.HasBMC {
			s.truth(nodeFence, is.FenceReady && !s.others(name), name)
		}
		s.truth(nodeReserved, is.ReservedBy != "", name)
		live, heard := s.Nodes[name]
		if name == s.Local {
			s.at(nodeBeat, s.Taken, name)
		} else {
			s.at(nodeBeat, live.LastBeat, name)
		}
		if s.others(name) || !heard {
			continue
		}
		s.at(nodeLease, live.LeaseUntil, name)
		if name == s.Local || !live.Reported.IsZero() {
			s.send(nodeOffset, live.ClockOffset.Seconds(), name)
		}
		if applied := live.Applied; applied > 0 {
			s.send(nodeLag, float64(s.known.Applied-min(applied, s.known.Applied)), name)
		}
	}
}

func collectLinks(s *scrape) {
	for _, l := range s.Links {
		labels := func() []string { return []string{l.Node, l.Peer, strconv.Itoa(l.Index)} }
		if s.others(l.Node) {
			states(s, linkState, cluster.LinkUnknown, labels()...)
			continue
		}
		states(s, linkState, l.State, labels()...)
		if l.RTT > 0 && l.State != cluster.LinkDown && l.State != cluster.LinkUnknown {
			s.send(linkRTT, l.RTT.Seconds(), labels()...)
		}
		if l.State != cluster.LinkUnknown {
			s.send(linkLoss, float64(l.LossPermille)/1000, labels()...)
		}
		s.send(linkSent, float64(l.Sent), labels()...)
		s.send(linkReceived, float64(l.Received), labels()...)
		s.send(linkFlaps, float64(l.Flaps), labels()...)
	}
}

func collectStacks(s *scrape) {
	for _, spec := range s.known.Spec.Stacks {
		is := s.known.Stacks[spec.Name]
		if s.View != cluster.ViewIsolated {
			states(s, stackState, cluster.StackStateOf(s.known, spec), spec.Name)
			standby, _ := cluster.StandbyFor(s.known, spec)
			s.truth(stackStandby, standby != "", spec.Name)
			for _, n := range s.known.Spec.Nodes {
				if n.Role == cluster.RoleResource {
					s.truth(stackActive, n.Name == is.Primary, spec.Name, n.Name)
				}
			}
			s.truth(stackMoving, is.Phase != cluster.PhaseIdle, spec.Name)
		}
		s.send(stackFailovers, float64(is.Failovers), spec.Name)
		s.at(stackLast, is.LastFailover, spec.Name)
		if !is.LastFailover.IsZero() {
			s.send(stackTook, is.LastDuration.Seconds(), spec.Name)
		}
		for _, service := range spec.Services {
			collectService(s, spec.Name, service)
		}
	}
}

func collectService(s *scrape, stack string, spec cluster.ServiceSpec) {
	is := s.known.Services[spec.Name]
	now := cluster.ServiceStateOf(s.known, spec)
	if s.View == cluster.ViewIsolated {
		now = cluster.ServiceUnknown
	}
	states(s, serviceState, now, stack, spec.Name, spec.Layer.String())
	s.send(serviceRestarts, float64(is.Restarts), spec.Name)
	s.send(serviceFailures, float64(is.Failures), spec.Name)
	s.truth(serviceQuarantined, !is.Quarantined.IsZero(), spec.Name)
	for _, n := range s.known.Spec.Nodes {
		if n.Role != cluster.RoleResource {
			continue
		}
		key := cluster.InstanceKey(spec.Name, n.Name)
		states(s, instanceState, s.known.Instances[key].State, spec.Name, n.Name)
		s.send(instanceRestarts, float64(s.State.Instances[key].Restarts), spec.Name, n.Name)
		p, ok := s.Probes[key]
		if !ok || p.Count == 0 || s.others(n.Name) {
			continue
		}
		s.send(probeLatency, p.Latency.Seconds(), spec.Name, n.Name)
		s.send(probes, float64(p.Count), spec.Name, n.Name)
		s.send(probeFailures, float64(p.Failures), spec.Name, n.Name)
	}
}

func collectAlarms(s *scrape) {
	counts := map[cluster.Severity]int{}
	for _, a := range s.known.Alarms {
		counts[a.Severity]++
	}
	for severity := cluster.SeverityInfo; severity < cluster.SeverityCleared; severity++ {
		s.send(alarms, float64(counts[severity]), severity.String())
	}
}

func collectSinks(s *scrape) {
	for _, spec := range s.known.Spec.Sinks {
		is := s.known.Sinks[spec.Name]
		states(s, sinkState, is.State, spec.Name)
		s.send(sinkPending, float64(s.known.LastEvent-min(is.Cursor, s.known.LastEvent)), spec.Name)
		s.send(sinkSent, float64(is.Sent), spec.Name)
		s.send(sinkAcked, float64(is.Acked), spec.Name)
		s.send(sinkRetries, float64(is.Retries), spec.Name)
		s.send(sinkLost, float64(is.Lost), spec.Name)
	}
}

// staleHardware is the age from which on a reading is not shown any more, whatever the schedule of collection is.
const staleHardware = time.Hour
