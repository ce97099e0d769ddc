package trapd

import "sync/atomic"

// Stats are counters since the start. KernelDrops and ReceiveBuffer speak of all sockets together.
type Stats struct {
	Received      uint64 `json:"received"`      // datagrams
	Events        uint64 `json:"events"`        // stored for the first time
	Known         uint64 `json:"known"`         // retransmissions and other copies
	Unknown       uint64 `json:"unknown"`       // notifications that are not of HAWSER-MIB
	Answered      uint64 `json:"answered"`      // INFORMs acknowledged
	Reports       uint64 `json:"reports"`       // discovery and refusals answered
	Malformed     uint64 `json:"malformed"`     // no SNMP
	Refused       uint64 `json:"refused"`       // unknown user, wrong key, out of the time window, unwanted version
	OverQuota     uint64 `json:"overQuota"`     // dropped because their source sent too many
	Uncommitted   uint64 `json:"uncommitted"`   // not stored because the journal could not; INFORMs come again
	KernelDrops   uint64 `json:"kernelDrops"`   // lost in the kernel's buffer
	ReceiveBuffer int    `json:"receiveBuffer"` // octets granted by the kernel
}

type counters struct {
	failing atomic.Pointer[string] // why the journal could not commit; nil while it can

	received, events, known, unknown, answered, reports, malformed, refused, overQuota, uncommitted, kernelDrops atomic.Uint64
}

// Failing says why the journal could not commit the last notifications; empty while it can.
func (r *Receiver) Failing() string {
	if reason := r.counters.failing.Load(); reason != nil {
		return *reason
	}
	return ""
}

// Stats returns the counters as they stand.
func (r *Receiver) Stats() Stats {
	c := &r.counters
	s := Stats{
		Received: c.received.Load(), Events: c.events.Load(), Known: c.known.Load(), Unknown: c.unknown.Load(),
		Answered: c.answered.Load(), Reports: c.reports.Load(), Malformed: c.malformed.Load(), Refused: c.refused.Load(),
		OverQuota: c.overQuota.Load(), Uncommitted: c.uncommitted.Load(), KernelDrops: c.kernelDrops.Load(),
	}
	for _, socket := range r.sockets {
		s.ReceiveBuffer += socket.granted
	}
	return s
}
