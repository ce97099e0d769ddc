package agentx

import (
	"sync/atomic"

	"hawser/mib/snmp"
)

// Stats are the counters of an Agent since it was made.
type Stats struct {
	Connects uint64 // sessions that were opened
	// What was asked, by operation. Sets counts TestSets.
	Gets, GetNexts, GetBulks, Sets uint64
	// Varbinds that were read.
	Varbinds uint64
	// Errors is answers with an error; Late those of them that were given because the deadline had come. ByStatus has them
	// by snmp.ErrorStatus, those that only AgentX knows as genErr.
	Errors, Late uint64
	ByStatus     [snmp.InconsistentName + 1]uint64
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
	byStatus                                               [snmp.InconsistentName + 1]atomic.Uint64
}

// Stats returns the counters as they are now.
func (a *Agent) Stats() Stats {
	c := &a.counters
	s := Stats{
		Connects: c.connects.Load(), Gets: c.gets.Load(), GetNexts: c.getNexts.Load(), GetBulks: c.getBulks.Load(),
		Sets: c.sets.Load(), Varbinds: c.varbinds.Load(), Errors: c.errors.Load(), Late: c.late.Load(),
		Undone: c.undone.Load(), Malformed: c.malformed.Load(), Panics: c.panics.Load(), Notifications: c.notifications.Load(),
	}
	for status := range s.ByStatus {
		s.ByStatus[status] = c.byStatus[status].Load()
	}
	return s
}

// refused counts an answer with an error.
func (c *counters) refused(status Status) {
	c.errors.Add(1)
	if int(status) >= len(c.byStatus) {
		status = Status(snmp.GenErr)
	}
	c.byStatus[status].Add(1)
}
