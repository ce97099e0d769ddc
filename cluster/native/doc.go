// Package native is the native controller: one Node per process, which brings beats, the raft log, leases, services and
// fences together.
//
// Every node runs the same tasks. The heartbeat monitor beats and listens; the elector makes a voter campaign as soon as a
// majority is deaf to the leader; raft keeps the log, and the ledger applies it; the agent runs this node's services under
// leases that it renews at the leader. On the leader, and only there, the runner calls engine.Step whenever something
// changed and carries its actions out: entries to commit, fences, power on.
//
// Invariants:
//   - Applying an entry starts nothing (A3). A once-only service is started by the agent alone, under a lease that came as
//     the answer to a renewal that this process sent: the nonce is compared.
//   - A lease is granted after a quorum check that began after the renewal arrived (S1), from committed state.
//   - The holder counts a lease from before it sent, on CLOCK_BOOTTIME; it begins to stop stopBudget before the end and
//     kills killBudget before it (S3).
//   - The fence intent is in the log before the BMC is asked, and leadership is verified in between.
//   - Nothing here waits for SNMP, a manager, a log sink or a BMC except the one goroutine that asks that BMC (S8).
//
// Goroutines: Run owns them all, in one errgroup; each service has one, each fence or power-on one while it lasts.
package native
