// Package cluster holds the values that every part of hawser speaks in: nodes, links, stacks, services, instances, leases,
// events with their conditions, alarms, changes and jobs. It decides nothing, starts nothing and imports nothing of ours.
//
// The replicated State lives here as plain values. Package ledger applies an Entry to it, package engine reads it and
// answers with decisions, package native carries them out, package plugin shows it by SNMP.
//
// # The rules
//
// A once-only service is one that must never be active on two nodes (mode activeStandby); an activeActive service is not
// bound by the lease rules. Code, tests, events and log lines cite these numbers.
//
//   - S1 At most one node holds an unexpired lease for a once-only service.
//   - S2 A once-only service starts on a node only after proof that its former holder stopped: (a) a verified stop reported
//     by that holder, or (b) a fence confirmed Off by a second, uncached read, or (c) lease end plus margin, where
//     self-fencing was armed. In this release proofs (a) and (b) exist; (c) is off.
//   - S3 A holder that cannot renew has verifiably stopped before its lease ends: it begins to stop at L - stopBudget and
//     kills at L - killBudget.
//   - S4 Every act and every proof names service, epoch, node and boot id; an older one is refused. A fence voids only
//     leases granted before its intent. While a fence intent against a node is open, that node neither joins nor gets a
//     lease.
//   - S5 A stop that fails escalates (kill the group, then fence); it never leads to a start elsewhere.
//   - S6 Recovery is stop, verify, start; never a bare start.
//   - S7 Data partitions and databases never move by (c) unless a hardware watchdog is armed.
//   - S8 SNMP, Redfish, web, logging, the manager and this node's own disk may be slow, stuck or gone without delaying a
//     beat or a decision.
//   - S9 Once-only services run only under a lease, and nothing but hawser starts them; before it joins, a node stops
//     whatever a former daemon left.
//   - S10 A replicated database is promoted only on the standby that the log names as synchronous.
package cluster
