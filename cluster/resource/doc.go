// Package resource runs a service on this node: it starts it, sees it end, stops it with proof, and finds what a former
// daemon left running.
//
// It decides nothing. Whether a service may run here is the controller's (S2, S9); this package keeps S5 and S6: Stop
// returns nil only after it looked and found nothing of the service running, and Start refuses while anything of it does.
//
// # How processes are found
//
// A service's processes are those of the process group that it was started in, those whose environment carries
// HAWSER_INSTANCE with this service's key (a fork that left the group), and the children of either. A process is always
// named by its number *and* start time, and signalled through a pidfd: a number that the kernel gave to somebody else is
// never hit. The group is signalled by its number only while its leader is our unreaped child, for that holds the number.
//
// Not found is a process that left the group, cleared its environment, and lost its parent. Only a control group or a PID
// namespace can hold such a one.
//
// # Virtual addresses
//
// A service of kind vip has no process: it runs while this node has the address. The lease is the proof that no other node
// has it (S1, S2); a start asks the link all the same, for a tenth of a second, because a host that is none of ours may have
// it, and that is an error with its MAC address. RFC 5227 and RFC 4862 would ask for seconds, which a fail-over does not
// have, so the kernel's own duplicate detection is off for the address (IFA_F_NODAD): it serves at once. A host that claims
// it later is answered with an announcement and an error in the log. An IPv6 address is deprecated, so that, as with an
// IPv4 address that is secondary, this node's own connections do not come from it.
//
// Neighbours are told by gratuitous ARP (request and reply) or unsolicited neighbour advertisements: a row at the start; a
// row whenever the interface, its way out or a neighbour comes back, or the controller says that a link has healed
// (Announcer); and one now and then, for who was behind a partition that nobody here could see.
//
// The end is seen by netlink, at once: the address was removed by somebody, the interface is gone, down or without carrier,
// the gateway does not answer. A stop is verified when the address is read back as absent on every interface. What a former
// daemon left is known by the record; an address without one is not ours to remove, and nothing starts beside it (S9).
//
// The kernel keeps an address when its daemon dies. Until the guard and the kernel's own expiry come, the fence of the silent
// node is what ends it.
//
// # Invariants
//
//   - Nothing is started before a runtime record with the service's marker is on disk, and Start does not return before
//     the record holds the process: a later daemon finds what an earlier one left, whenever it died.
//   - The child stays in the daemon's session, in a group of its own.
//   - Every successful Start is followed by one Exit on the channel.
//   - Two consecutive looks must find nothing before a stop is verified: one look at /proc is not a snapshot.
//
// # Goroutines
//
// Each run has one that waits for the main process and one that tends its output; a virtual address has one that tends it,
// one that reads netlink and one that reads what neighbours claim. They end when the service was stopped;
// Stop and Kill wait for them. So each Start needs a Stop or Kill, also after the service ended by itself.
package resource
