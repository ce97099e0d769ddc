// Package redfish talks to the management controller (BMC) of one machine: it
// collects inventory, health and sensors, reads and applies BIOS settings, and
// switches power, also as a fence.
//
// It decodes with gofish's types, over its own transport: one session per BMC,
// kept connections, a limit of concurrent requests, a deadline for each
// request, and links that may never leave the BMC's origin. No gofish type
// leaves this package.
//
// Invariants:
//   - What could not be read is unknown or a line in Problems, never OK.
//   - The token and the password go to the configured origin and nowhere else,
//     whatever a link, a Location header or a redirect says.
//   - A setting is sent only after it was validated against the registry, its
//     dependencies included; it counts as applied only when it was read back.
//   - A reset happens only inside Gate.Clear ... done.
//   - Off is confirmed by two uncached reads after ForceOff. Fence sends
//     ForceOff only to the machine whose UUID was named; anything else is an
//     error, and an error is not a fence.
//   - Power acts use connections and slots of their own, so that they never
//     wait behind a collection.
//
// Goroutines: only within a call (members of a collection, branches of a
// collection run); each call waits for those it started.
package redfish
