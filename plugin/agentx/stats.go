package agentx

import "sync/atomic"

// Stats are the counters of an Agent since it was made.
type Stats struct {
	Connects uint64 // sessions that were opened
	// What was asked, by operation. Sets counts TestSets.
	Gets, GetNexts, GetBulks, Sets uint64
	// Varbinds that were read.
	Varbinds uint64
	// Errors is answers with an error; Late those of them that were given because the deadline had come.
	Errors, Late uint64
	// Undone are SETs that were taken back: by UndoSet, or because their CleanupSet did not come.
	Undone uint64
	// Malformed are messages that could not be read. Panics are requests that ended in one; each is logged.
	Malformed, Panics uint64
	Notifications     uint64
}

// counters are the live form of Stats.
type counters struct {
	connects, gets, getNexts, getBulks, sets, varbinds     atomic.Uint64
	errors, late, undone, malformed, panics, notifications atomic.Uint64
}

// Stats returns the counters as they are now.
func (a *Agent) Stats() Stats {
	c := &a.counters
	return Stats{
		Connects: c.connects.Load(), Gets: c.gets.Load(), GetNexts: c.getNexts.Load(), GetBulks: c.getBulks.Load(),
		Sets: c.sets.Load(), Varbinds: c.varbinds.Load(), Errors: c.errors.Load(), Late: c.late.Load(),
		Undone: c.undone.Load(), Malformed: c.malformed.Load(), Panics: c.panics.Load(), Notifications: c.notifications.Load(),
	}
}
