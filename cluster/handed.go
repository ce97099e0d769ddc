package cluster

// Handed is an event that arose on a node and was kept there, on its disk, until it is seen in the log. It may be handed
// over many times, after a restart or to another leader; it is applied once.
type Handed struct {
	// Life is the daemon that took the event: it rises with each start, also when the store was lost.
	Life uint64 `json:"life"`
	// Boots are those of the cluster engine in whose office the event arose, 0 if it is about the node itself. The event
	// touches its alarm only while that office lasts: the next leader looks for itself.
	Boots uint32 `json:"boots,omitempty"`
	// Event has its Origin and OriginSeq, which rises with each event of that origin.
	Event Event `json:"event"`
}

// HandedMark is how far the events of an origin have come: all up to this one were applied, or given up by their origin.
type HandedMark struct {
	Life uint64 `json:"life"`
	Seq  uint64 `json:"seq"`
}

// Covers says whether an event was applied, or can never be: each origin hands its events over in order.
func (m HandedMark) Covers(h Handed) bool {
	return h.Life < m.Life || h.Life == m.Life && h.Event.OriginSeq <= m.Seq
}
