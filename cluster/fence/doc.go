// Package fence powers a node off with proof, or says that it did not.
//
// A Device is one way to power one node, as a BMC is. A Ladder is an ordered list of devices, each with a deadline: the
// next is tried when the one before did not confirm. The package decides nothing: when to fence, by whom, and that the
// intent stands in the log before, is the controller's (rules S2 and S4).
//
// # Invariants
//
//   - Off returns nil only if a second read, served by no cache, confirmed the node Off, and the machine's UUID was the
//     one asked for before it was touched (S2 b). Every other outcome is an error: silence, refusal, another machine.
//   - An error is never proof of anything, not even that nothing was done.
//
// # Goroutines
//
// None. Devices are called one after the other in the caller's goroutine and must return soon after their context ends.
package fence
