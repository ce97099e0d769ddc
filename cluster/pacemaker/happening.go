package pacemaker

import (
	"time"

	"hawser/cluster"
)

// What is what a Happening does to the state before its event: the condition of an event is taken after it.
type What int

// The values of What.
const (
	Told          What = iota // nothing: the event alone
	ServiceFailed             // the instance is failed, and the failure counts
	ServiceBack               // it was restarted, and is active
	NodeLost                  // the node is suspect
	NodeLeft                  // the node is offline, as it was told to
	NodeFenced                // the node is off, and nothing runs there
	NodeBack                  // the node is in again, as a new boot
	StackMoved                // the stack is on Node now
)

// Happening is something that Tracker found, with its event. Exact says that Event.Time comes from the CIB, and so is the
// same at each node; else two nodes may tell of the same a few seconds apart. OnlyNew is for what a Tracker finds as it
// begins: it is told only if its alarm does not stand already.
type Happening struct {
	What    What
	Node    string
	Service string
	Stack   string
	Took    time.Duration
	Event   cluster.Event
	Exact   bool
	OnlyNew bool
	Seen    time.Time
}

// apart is how far the clocks and readings of two nodes may be apart about the same happening.
const apart = 30 * time.Second

// same says whether an event in the ledger tells of this happening.
func (h Happening) same(e cluster.Event) bool {
	m := h.Event
	if e.Type != m.Type || e.ComponentType != m.ComponentType || e.ComponentName != m.ComponentName || e.NodeName != m.NodeName {
		return false
	}
	if h.Exact {
		return e.Time.Equal(m.Time)
	}
	return e.Time.Sub(m.Time).Abs() <= apart
}
