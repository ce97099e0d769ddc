// Package native is the native controller: one Node per process, which brings beats, the raft log, leases, services and
// fences together.
//
// Every node runs the same tasks. The heartbeat monitor beats and listens; the elector makes a voter campaign as soon as a
// majority is deaf to the leader; raft keeps the log, and the ledger applies it; the agent runs this node's services under
// leases that it renews at the leader. On the leader, and only there, the runner calls engine.Step whenever something
// changed and carries its actions out: entries to commit, fences, power on, handing leadership to another.
//
// Invariants:
//   - Applying an entry starts nothing (A3). A once-only service is started by the agent alone, under a lease that came as
//     the answer to a renewal that this process sent: the nonce is compared.
//   - A lease is granted from committed state, after a quorum check that began after the renewal arrived and that confirmed
//     the raft term in which this node took office (S1): a leadership that was lost and won again has a barrier of its own.
//   - The holder counts a lease from before it sent, on CLOCK_BOOTTIME. It begins to stop stopBudget before the end; beside
//     it, and whatever call of the resource hangs, the warden kills killBudget before the end (S3).
//   - A stop is reported only when it is verified, and only for a lease that was withdrawn; under an epoch that was given up
//     nothing is started again (S4, S5).
//   - The fence intent is in the log before the BMC is asked; in between the office and the intent are verified once more
//     (A19). The end of a fence is committed even if another node leads by then (A2).
//   - An event that arises on a node (Raise, a disk that is full, a quorum that is lost) is in the node's outbox, on its disk,
//     before it is handed to the leader, and stays until it is seen in the log: handed over again after a restart, to
//     another leader, in the order in which the events arose. The log takes each once, by (origin, life, number). A disk
//     that hangs or is full delays that by half a second: then events go out from memory (S8).
//   - No entry is proposed that a node could not apply; after one that this program does not know, nothing is applied and no
//     snapshot is taken: the node stops (A4).
//   - Nothing here waits for SNMP, a manager, a BMC or a peer but the one goroutine that asks it. A disk that hangs cuts
//     this node's raft off; its beats, calls and leases go on, and a leader asks another node to take its place (S8, A5).
//     A disk that is full is a disk that hangs, once the space that the store set aside is used up; when there is space
//     again the node goes on by itself.
//
// Goroutines: Run owns the tasks, in one errgroup, among them a poker per peer and two of the outbox. Each service has two,
// its machine and its warden, and one for the probe under way; each fence or power-on has one while it lasts, and the lead
// waits for them. The quorum has one while somebody asks. Only a probe that ignores its context is left behind, and named
// in the log.
package native
