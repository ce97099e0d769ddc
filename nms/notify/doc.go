// Package notify turns a datagram into a notification: it checks its security, judges whether its facts may be acted on,
// and reads its varbinds into an event, or keeps it as an unknown notification. It has no socket and no store.
//
// A notification is authentic when a known user signed it, within the time window of the engine that sent it, and that
// user and engine belong to the cluster it speaks of. All else is a hint: a reason to poll.
//
// A Decoder starts nothing and may be used by many goroutines.
package notify
