package plugin

import (
	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

func renderCluster(s sight, r *rows) {
	state, alarms := s.known, countAlarms(s.known)
	health, reason := clusterHealth(s)
	r.text(mib.HawserClusterId, state.ClusterID)
	r.text(mib.HawserClusterName, state.Spec.Name)
	r.number(mib.HawserGeneration, int64(state.Generation))
	r.text(mib.HawserMibVersion, s.mibVersion)
	r.label(mib.HawserController, s.controller)
	r.label(mib.HawserClusterState, int(clusterState(s)))
	r.label(mib.HawserClusterHealth, int(health))
	r.text(mib.HawserClusterHealthReason, reason)
	r.truth(mib.HawserStandbyReady, standbyReady(s))
	r.truth(mib.HawserQuorate, s.Quorate && !s.isolated)
	r.text(mib.HawserLeader, s.Leader)
	r.put(mib.HawserEpoch, snmp.Counter64(state.Epoch))
	r.number(mib.HawserNodeCount, int64(len(state.Spec.Nodes)))
	r.number(mib.HawserNodesOnline, int64(nodesOnline(s)))
	r.number(mib.HawserServiceCount, int64(len(services(state))))
	r.number(mib.HawserServicesFailed, int64(servicesFailed(s)))
	r.number(mib.HawserStackCount, int64(len(state.Spec.Stacks)))
	r.number(mib.HawserAlarmsCritical, int64(alarms[cluster.SeverityCritical]))
	r.number(mib.HawserAlarmsMajor, int64(alarms[cluster.SeverityMajor]))
	r.number(mib.HawserAlarmsMinor, int64(alarms[cluster.SeverityMinor]))
	r.number(mib.HawserAlarmsWarning, int64(alarms[cluster.SeverityWarning]))
	r.label(mib.HawserWorstHwHealth, int(cluster.WorstHealth(state)))
	r.number(mib.HawserFirstEventSeq, int64(firstEvent(state)))
	r.number(mib.HawserLastEventSeq, int64(state.LastEvent))
	r.number(mib.HawserFirstConditionSeq, int64(firstCondition(state)))
	r.label(mib.HawserViewState, int(s.View))
	r.number(mib.HawserViewAge, int64(seconds(s.viewAge())))
	r.number(mib.HawserLocalNodeIndex, int64(state.Index(kindNode, s.Local)))
	r.text(mib.HawserLocalNodeName, s.Local)
	r.number(mib.HawserConfigRevision, int64(state.Revision))
}

// firstEvent is the oldest event that is kept, 0 if there is none.
func firstEvent(state *cluster.State) cluster.Seq {
	if state.LastEvent == 0 || state.FirstEvent > state.LastEvent {
		return 0
	}
	return max(state.FirstEvent, 1)
}

// firstCondition is the oldest event whose whole condition is kept, 0 if there is none.
func firstCondition(state *cluster.State) cluster.Seq {
	if state.LastEvent == 0 || state.FirstCondition > state.LastEvent {
		return 0
	}
	return max(state.FirstCondition, 1)
}
