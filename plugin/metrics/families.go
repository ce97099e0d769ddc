package metrics

// What is shown, by subject. Times are Unix seconds, as Prometheus has them: an age is time() less such a figure.
var (
	clusterInfo        = gauge("cluster_info", "The cluster and the node whose view this is; always 1.", "cluster", "cluster_id", "node", "version")
	viewState          = gauge("view_state", "How current this node's view of the cluster is.", "state")
	viewAge            = gauge("view_age_seconds", "Time since the view was last current.")
	quorate            = gauge("cluster_quorate", "1 if this node hears a majority.")
	hasLeader          = gauge("cluster_leader_known", "1 if this node knows a leader.")
	generation         = gauge("cluster_generation", "Generation of the log: it rises when the log is founded, restored or forced.")
	epoch              = gauge("cluster_epoch", "Counter part of the epoch, which rises within a generation with each assignment.")
	maintenance        = gauge("cluster_maintenance", "1 while the cluster is in maintenance.")
	clusterEvents      = counter("cluster_events_total", "Events of this generation.")
	configRevision     = gauge("cluster_config_revision", "Counts changes of the configuration.")
	logApplied         = counter("log_applied_entries_total", "Index of the last entry of the log that this node applied.")
	nodeState          = gauge("node_state", "State of a node.", "node", "role", "state")
	nodeLeads          = gauge("node_leader", "1 for the node that leads.", "node")
	nodeBeat           = gauge("node_last_beat_timestamp_seconds", "When the node was last heard.", "node")
	nodeLease          = gauge("node_lease_end_timestamp_seconds", "Earliest end of the node's leases; no sample while it holds none.", "node")
	nodeOffset         = gauge("node_clock_offset_seconds", "The node's clock less this node's.", "node")
	nodeLag            = gauge("node_log_lag_entries", "Entries of the log that the node has not applied yet.", "node")
	nodeFence          = gauge("node_fence_ready", "1 if the way to fence the node was seen to work.", "node")
	nodeReserved       = gauge("node_reserved", "1 while a hardware job keeps the node free of services.", "node")
	linkState          = gauge("link_state", "State of one direction of a link.", "node", "peer", "link", "state")
	linkRTT            = gauge("link_rtt_seconds", "Round trip time of beats.", "node", "peer", "link")
	linkLoss           = gauge("link_loss_ratio", "Share of beats that were lost.", "node", "peer", "link")
	linkSent           = counter("link_beats_sent_total", "Beats sent.", "node", "peer", "link")
	linkReceived       = counter("link_beats_received_total", "Beats received.", "node", "peer", "link")
	linkFlaps          = counter("link_flaps_total", "Changes of the link's state.", "node", "peer", "link")
	stackState         = gauge("stack_state", "State of a stack.", "stack", "state")
	stackActive        = gauge("stack_active", "1 for the node that is the stack's primary.", "stack", "node")
	stackStandby       = gauge("stack_standby_ready", "1 if another node would take the stack over now.", "stack")
	stackMoving        = gauge("stack_moving", "1 while the stack moves.", "stack")
	stackFailovers     = counter("stack_failovers_total", "Fail-overs of the stack.", "stack")
	stackLast          = gauge("stack_last_failover_timestamp_seconds", "When the stack last failed over; no sample if it never did.", "stack")
	stackTook          = gauge("stack_last_failover_duration_seconds", "How long the last fail-over took.", "stack")
	serviceState       = gauge("service_state", "State of a service.", "stack", "service", "layer", "state")
	serviceRestarts    = counter("service_restarts_total", "Restarts of a service on all nodes.", "service")
	serviceFailures    = counter("service_failures_total", "Failures of a service on all nodes.", "service")
	serviceQuarantined = gauge("service_quarantined", "1 while a service is in quarantine.", "service")
	instanceState      = gauge("instance_state", "State of a service on a node.", "service", "node", "state")
	instanceRestarts   = counter("instance_restarts_total", "Restarts of a service on a node.", "service", "node")
	probeLatency       = gauge("instance_probe_latency_seconds", "Time the last probe took.", "service", "node")
	probes             = counter("instance_probes_total", "Probes.", "service", "node")
	probeFailures      = counter("instance_probe_failures_total", "Probes that were not ok.", "service", "node")
	alarms             = gauge("alarms", "Alarms that stand.", "severity")
	sinkState          = gauge("sink_state", "State of a receiver of notifications.", "sink", "state")
	sinkPending        = gauge("sink_pending_events", "Events that the receiver has not had yet.", "sink")
	sinkSent           = counter("sink_notifications_sent_total", "Notifications sent.", "sink")
	sinkAcked          = counter("sink_notifications_acknowledged_total", "Notifications that the receiver acknowledged.", "sink")
	sinkRetries        = counter("sink_retries_total", "Notifications sent again.", "sink")
	sinkLost           = counter("sink_notifications_lost_total", "Notifications given up.", "sink")
	hwHealth           = gauge("hardware_health", "Health of a node's hardware as its BMC tells it.", "node", "state")
	hwReachable        = gauge("hardware_bmc_reachable", "1 if the node's BMC answers.", "node")
	hwPower            = gauge("hardware_power_state", "Power state of a node.", "node", "state")
	hwCollected        = gauge("hardware_collected_timestamp_seconds", "When the BMC was last read.", "node")
	hwParts            = gauge("hardware_components", "Hardware components by class and health.", "node", "class", "state")
	hwSettings         = gauge("hardware_settings", "Hardware settings with a wish, by state.", "node", "state")
	hwSensorHealth     = gauge("hardware_sensor_ok", "1 if the BMC calls the reading ok, 0 if it does not; no sample while it is unknown.", "node", "sensor", "key")
)

// families are all of them.
var families = []family{
	clusterInfo, viewState, viewAge, quorate, hasLeader, generation, epoch, maintenance, clusterEvents, configRevision, logApplied,
	nodeState, nodeLeads, nodeBeat, nodeLease, nodeOffset, nodeLag, nodeFence, nodeReserved,
	linkState, linkRTT, linkLoss, linkSent, linkReceived, linkFlaps,
	stackState, stackActive, stackStandby, stackMoving, stackFailovers, stackLast, stackTook,
	serviceState, serviceRestarts, serviceFailures, serviceQuarantined, instanceState, instanceRestarts, probeLatency, probes, probeFailures,
	alarms, sinkState, sinkPending, sinkSent, sinkAcked, sinkRetries, sinkLost,
	hwHealth, hwReachable, hwPower, hwCollected, hwParts, hwSettings, hwSensorHealth,
	sensors[0].family, sensors[1].family, sensors[2].family, sensors[3].family, sensors[4].family, sensors[5].family, sensors[6].family,
}
