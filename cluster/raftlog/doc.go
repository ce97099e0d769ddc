// Package raftlog gives hashicorp/raft what it stands on: a durable log, a
// snapshot folder, a mutually authenticated transport, and a logger.
//
// # Store
//
// [Open] opens one bbolt file that holds the raft log, raft's own stable
// values (term, vote) and small node-local values ([Store.Local]). Every
// write is on the disk (fdatasync) when the call returns. Each log entry
// carries a checksum; Open reads all of them, so that a damaged file is
// refused at the start and not found in the middle of a fail-over. The store
// carries a random id, minted with the file: a store that was lost and made
// anew is another store, and peers can tell. [Store.Pending] says how long
// the oldest operation has been waiting for the disk (S8).
//
// Options.Reserve sets space on the disk aside, so that entries still find
// room when others have filled it. After [Store.Endure] a write that the disk
// does not take waits until it does, instead of failing: raft gives up at
// some errors of its store, and panics at others. Pending tells of such a
// write, [Store.Trouble] names its cause, [Store.GiveUp] ends the wait.
//
// # Transport
//
// [Transport] listens on one address per link and speaks TLS 1.3 with a
// certificate on both sides. Two protocols share the port, told apart by
// ALPN: raft itself, and a stream for the node-to-node calls of the daemon
// (an http.Server serves [Transport.RPCListener]). A node is known by its
// name; its certificate says hawser://CLUSTER-ID/NODE and a dial to node X
// must meet X. An expired certificate is reported and accepted, so that a
// forgotten renewal does not stop a running cluster.
//
// A connection is a bond of one TCP connection per link: each byte is sent
// on every link, the receiver takes the copy that comes first, and a lost link
// is dialled again while the others carry on and gets the newest bytes once
// more. So the cut of a single link
// interrupts nothing, and raft sees no error from it.
//
// # Campaigning at once
//
// Raft's own timeouts are long (S8, timing), and the heartbeat monitor drives
// the elections: [Transport.Campaign] sends the local raft a TimeoutNow
// request over its own transport, by a pipe inside the process. Raft then
// takes itself for the target of a leadership transfer: it skips the pre-vote
// and asks for votes with the leadership-transfer mark, which voters grant
// although they still remember the silent leader. A node leads within
// milliseconds. The request must carry the protocol version and the sender's
// name, as all of raft's requests do.
//
// # Goroutines
//
// The store starts none. The transport starts one per listener, one per
// pending handshake, and for each connection one for the sender, two per
// link, and on the dialling side one that restores lost links;
// [Transport.Close] waits for all of them.
package raftlog
