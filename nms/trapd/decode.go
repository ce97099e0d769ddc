package trapd

import (
	"errors"
	"time"

	"hawser/mib/snmp"
	"hawser/nms/notify"
)

func (r *Receiver) decode() {
	for p := range r.packets {
		r.decodeOne(p)
	}
}

// decodeOne turns a datagram into an item for the committer, or a report for its sender, or a count.
func (r *Receiver) decodeOne(p packet) {
	note, reply, err := r.decoder.Decode(p.data, p.from, time.Now())
	if reply != nil {
		r.counters.reports.Add(1)
		if err := p.answer(reply); err != nil {
			r.grumble(p.from.Addr().String(), "report not sent: "+err.Error(), "could not answer a sender; check routes to it")
		}
	}
	switch {
	case err == nil:
		if note.Event != nil && note.Event.Authentic && note.Engine != nil {
			r.quota.trust(p.from.Addr())
		}
		r.items <- item{route: p.route, Note: note}
	case errors.Is(err, notify.ErrDiscovery):
	case errors.Is(err, snmp.ErrMalformed):
		r.counters.malformed.Add(1)
		r.grumble(p.from.Addr().String(), err.Error(), "dropped what is no SNMP notification")
	default:
		r.counters.refused.Add(1)
		r.grumble(p.from.Addr().String(), err.Error(), "refused a notification; `hawser export users` prints the users and engines its sender needs")
	}
}
