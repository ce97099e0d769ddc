// Package ledger is the replicated state machine without its transport: it applies log entries to a cluster.State, numbers
// events, computes the condition of every component at each event, and keeps the write log.
//
// It is deterministic: it reads no clock (an entry carries its proposer's), no random numbers and no machine. Applying an
// entry never starts anything (A3): whoever carries out decisions reads them from the State. An entry that this program
// does not know is an error, and the node stops there (SAFETY, Log).
//
// Invariants: at most one holder for a once-only service (S1); a release is taken only from the holder's own service,
// epoch, node and boot (S4); an event is numbered once, by (origin, origin sequence), also one that a node kept and hands
// over again (Handed); a change is applied once, by its id.
//
// A Ledger is safe for use by many goroutines; it starts none.
package ledger
