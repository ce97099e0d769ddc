// Package journal is the manager's durable memory: what every cluster reported, in which condition every component was
// at that moment, what was missed and fetched later, what is lost for good, and what the manager did about it.
//
// The store is SQLite in WAL mode with synchronous FULL. One goroutine writes: it takes whatever callers have queued and
// commits it together (group commit), so each call returns only when its rows are on the disk. Readers use their own
// connections and never wait for the writer; another process may read the file while the manager runs (OpenReader).
//
// Invariants:
//   - The identity of an event is (ClusterID, Generation, Seq). An event that is not in its cluster's log yet has Seq 0
//     and is joined with its later self by (ClusterID, Origin, OriginSeq). The source address is never part of it.
//   - What an unauthenticated notification says never replaces what an authentic one or a poll said; the other way round
//     it is replaced whole.
//   - Rows of events, conditions and reconfigurations keep text for enumerations, so that a journal can be read without
//     the MIB that wrote it.
//   - The audit table is a hash chain: each row holds the hash of the one before it.
//   - A store that is damaged is refused, never repaired or deleted: SetAside moves it away and begins an empty one, with
//     reconfiguration off. Opening looks through the whole file; it cannot see a changed letter within a text.
//   - What is trimmed by number or age was judged, has what condition it will ever have, and nothing unfinished points to it.
//
// Goroutines: the writer, started by Open and awaited by Close.
package journal
