// Package trapd receives SNMP notifications: v1, v2c and v3, TRAP and INFORM, of HAWSER-MIB and of everything else.
//
// What it promises:
//   - An INFORM is answered only after the journal has committed it; a retransmission is answered again and stored once.
//   - An event is what its varbinds say it is: (ClusterId, Generation, EventSeq), never its source address.
//   - Only a notification that a known user authenticated, from an engine that belongs to the cluster it speaks of and
//     within that engine's time window, counts as authentic. Anything else is kept as a hint: a reason to poll.
//   - A notification that is not of HAWSER-MIB is kept too, decoded and raw.
//   - An answer leaves from the address that was asked.
//   - A source that floods cannot push out the clusters that are known: they have their own room.
//
// It writes nothing itself: Store does, which the journal satisfies.
//
// Goroutines, all owned by Run: one reader per socket, one decoder per processor, one committer. Packets flow from the
// readers through the decoders to the committer; when the committer cannot keep up the queues fill, the readers stop, and
// the kernel's buffer takes the rest and counts what it drops.
package trapd
