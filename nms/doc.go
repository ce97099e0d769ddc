// Package nms is the manager: it runs beside the operators' network management system, receives what many clusters
// report, loses none of it, judges it by rules, and sets those clusters right that reconfiguration can cure.
//
// It knows a cluster through SNMP alone, so it needs nothing of a node but HAWSER-MIB.
//
//	notification -> trapd -> journal -> poll (confirm, fill gaps, conditions) -> analyze (rules) -> reconfig (gates, SET, verify)
//
// Parts: trapd receives, journal remembers, ask asks, poll makes complete, analyze judges, reconfig acts, export prints
// what others need, port names who holds a port. Manager wires them and owns their goroutines: one group of tasks, all awaited by Run.
//
// Invariants:
//   - An INFORM is answered when its event is durable, never before.
//   - A rule sees an event once, when it is authentic or polled, and with its whole condition if the cluster still has it.
//   - Nothing is set without a durable record of what, why, and the old values.
package nms
