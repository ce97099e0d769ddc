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
// Each run has one that waits for the main process and one that tends its output. They end when the service was stopped;
// Stop and Kill wait for them. So each Start needs a Stop or Kill, also after the service ended by itself.
package resource
