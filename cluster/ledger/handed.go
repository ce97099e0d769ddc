package ledger

import "hawser/cluster"

// handed applies an event that a node kept until now, once, whoever hands it over and how often. The event keeps the number
// that its origin gave it; the state of its alarm gets a number of this entry's proposer, like all that arises here.
func (w *writer) handed(h cluster.Handed) {
	e := h.Event
	if w.stale || e.Origin == "" || e.OriginSeq == 0 || w.s.Handed[e.Origin].Covers(h) {
		return
	}
	w.s.Handed[e.Origin] = cluster.HandedMark{Life: h.Life, Seq: e.OriginSeq}
	if h.Boots != 0 && h.Boots != w.s.EngineBoots {
		e.AlarmKey, e.Raise, e.Clear = "", 0, false // the story of a former office; the alarm is another's by now
	}
	w.numbered = true
	w.event(e)
	w.numbered = false // an end of nothing leaves no event
}
