package native

import (
	"slices"

	"hawser/cluster"
)

// Waiting are the events of this node that are not in the log yet, in their order; they have no sequence. What waits may be
// told before it is there: (Origin, OriginSeq) stay with it for ever.
func (n *Node) Waiting() []cluster.Event { return n.outbox.waiting() }

func (o *outbox) waiting() []cluster.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]cluster.Event, len(o.letters))
	for i, l := range o.letters {
		out[i] = l.handed.Event
	}
	return slices.Clip(out)
}
