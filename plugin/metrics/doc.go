// Package metrics shows one node's view of its cluster to Prometheus: state of nodes, links, stacks, services, instances,
// alarms, receivers and hardware, in base units under names that begin with hawser_.
//
// It reads the newest snapshot when it is asked and never more: collecting takes no lock that the controller holds and
// waits for nobody (S8). What the node does not know is unknown here too: under an isolated view nothing of other nodes is
// said to be well, and figures without a reading have no sample.
//
// Invariants:
//   - A state is one series per label of its enumeration, of which exactly one is 1.
//   - Labels are names of the configuration, labels of enumerations, and sensors and classes of the machine's own inventory:
//     their number does not grow with time.
//   - Two samples of one scrape never bear the same labels; a text that is no UTF-8 is made so.
//
// Goroutines: Server's listener and its connections, ended and awaited by Run.
package metrics
