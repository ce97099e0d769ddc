package plugin

import (
	"hawser/cluster"
	"hawser/mib"
)

func renderSinks(s sight, r *rows) {
	for _, sink := range sinks(s.known) {
		spec, is := sink.spec, s.known.Sinks[sink.spec.Name]
		r.row(sink.index)
		r.address(mib.HawserSinkAddressType, mib.HawserSinkAddress, spec.Address)
		if port, ok := parsePort(spec.Address); ok {
			r.number(mib.HawserSinkPort, int64(port))
		}
		r.label(mib.HawserSinkKind, int(spec.Kind))
		r.label(mib.HawserSinkChannel, int(spec.Channel))
		r.label(mib.HawserSinkBacklog, int(spec.Backlog))
		r.number(mib.HawserSinkCursorSeq, int64(is.Cursor))
		r.number(mib.HawserSinkPending, int64(pending(s.known, is)))
		renderOldestPending(s, is, r)
		r.number(mib.HawserSinkSent, int64(is.Sent))
		r.number(mib.HawserSinkAcked, int64(is.Acked))
		r.number(mib.HawserSinkRetries, int64(is.Retries))
		r.number(mib.HawserSinkLost, int64(is.Lost))
		r.label(mib.HawserSinkState, int(is.State))
		r.age(mib.HawserSinkLastAckAge, s.now, is.LastAck)
		r.text(mib.HawserSinkLastError, is.LastError)
		r.text(mib.HawserSinkName, spec.Name)
	}
}

// renderOldestPending shows how long the oldest event waits: never where none does, no instance while its time has not
// been read from the log.
func renderOldestPending(s sight, is cluster.SinkStatus, r *rows) {
	if pending(s.known, is) == 0 {
		r.number(mib.HawserSinkOldestPendingAge, never)
		return
	}
	if then, ok := s.eventTime(oldestPending(s.known, is)); ok {
		r.age(mib.HawserSinkOldestPendingAge, s.now, then)
	}
}

// pending is how many events the receiver has not had yet.
func pending(state *cluster.State, is cluster.SinkStatus) cluster.Seq {
	if is.Cursor >= state.LastEvent {
		return 0
	}
	return state.LastEvent - is.Cursor
}

// oldestPending is the first event that the receiver has not had and the log still holds.
func oldestPending(state *cluster.State, is cluster.SinkStatus) cluster.Seq {
	return max(is.Cursor+1, firstEvent(state))
}

// indexedSink is a receiver with its index.
type indexedSink struct {
	spec  cluster.Sink
	index uint32
}

func sinks(state *cluster.State) []indexedSink {
	byName := map[string]cluster.Sink{}
	names := make([]string, 0, len(state.Spec.Sinks))
	for _, sink := range state.Spec.Sinks {
		byName[sink.Name] = sink
		names = append(names, sink.Name)
	}
	var out []indexedSink
	for _, n := range sortedBy(state, kindSink, names) {
		out = append(out, indexedSink{byName[n.name], n.index})
	}
	return out
}
