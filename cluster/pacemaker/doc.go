// Package pacemaker is the second controller: hawser over a Pacemaker and Corosync cluster that runs already. Pacemaker
// decides and acts; this package reads it, tells its reactions as events with the condition of all components, and keeps
// the ledger. Read-only for now: an act on the cluster is refused with the reason; what concerns hawser alone (alarms, sinks,
// hardware settings and jobs) is taken.
//
// # Reading
//
// One reading is `cibadmin --query` (configuration, operation histories, fail counts) and `crm_mon --output-as=xml` (what
// Pacemaker makes of them: nodes, roles, fencing), taken again while the CIB changes in between. It costs about 0.1 s of
// time, so it is event-driven: a `crm_mon` that stays connected prints whenever the CIB changes; its text is never parsed, it
// is the hint to read. Because that crm_mon holds changes back for up to 2 s, readings go on in quick turns until the CIB has
// been still for longer. Without hints a reading is taken each Config.Period, which also finds a crm_mon that hangs.
//
// Every program runs with a deadline, bounded output and a process group of its own that is killed as a whole; what does
// not answer makes the view lag and then isolated: unknown, never OK.
//
// # Pure parts
//
// Parse makes a View of two documents. SpecOf makes stacks and services of it, FactsOf the states that the tables show.
// Tracker compares Views and tells what happened: a failed operation, and how it ended (started again on the same node: a
// restart; elsewhere: a failover), nodes lost, fenced and back, quorum, planned moves. They read no clock and no machine.
//
// # Stacks
//
// A group is a stack, its members are its services in their order. Any other primitive or clone is a stack of its own,
// unless a colocation of score INFINITY ties it to another: then it follows the services of that stack. A layer is told from
// the agent (layerOf), unless the configuration says otherwise (Config.Layers). A clone is activeActive; a promotable clone
// is activeStandby: promoted is active, unpromoted is standby. Fence devices are no services.
//
// # The ledger
//
// The hawser of the DC leads it, for only a partition with quorum has a DC that may change the CIB. A new leader first takes
// the state of the most advanced node that it reaches, then writes its term as a property of the CIB (hawser-term), so that
// corosync's quorum decides: where the property cannot be written nobody leads. Each term is a new generation. Each entry is
// copied to every node that answers before it counts; a node that did not answer gets the whole state when it is back, and
// one whose last entry was of a dead leader brings its events along: they are told by (origin, origin sequence) and taken once.
// Every node derives events from its own readings: what a dead DC did not record, the next one does.
//
// Goroutines: Controller.Run starts and awaits all: reader, hints, leader, server, hardware observer.
package pacemaker
