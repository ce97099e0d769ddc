package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"hawser/cluster"
)

// outage is what a sink with the backlog "state" must have slept through to get states instead of stories.
const outage = time.Minute

// restates says whether the sink wants states instead of stories after an outage.
func (d *delivery) restates() bool {
	return d.sink.Backlog == cluster.BacklogState && d.sink.Kind == cluster.SinkInform
}

// sleptThrough says whether such a sink had an outage when this delivery began: the first event that waits for it is old,
// and nothing was acknowledged meanwhile. Later outages show in the acknowledgements alone, because the time of an event is
// its origin's clock.
func (d *delivery) sleptThrough(status cluster.SinkStatus) bool {
	if !d.restates() || d.backlog <= d.cursor || time.Since(status.LastAck) < outage {
		return false
	}
	for at := d.cursor; ; {
		const portion = 64
		events, err := d.notifier.source.Events(at, portion)
		if err != nil || len(events) == 0 {
			return false
		}
		for _, e := range events {
			if d.wanted(e) {
				return time.Since(e.Time) > outage
			}
			at = e.Seq
		}
	}
}

// catchUp replaces the backlog: one Resync with the range left out, then the last word on each alarm whose state differs
// from what was last acknowledged. Nobody is paged for what is over. The first of them is made anew for each attempt, so
// that it tells how things are when the sink answers at last. The cursor moves only when all was acknowledged; a repetition
// is safe, because raise and clear carry the alarm's index.
func (d *delivery) catchUp(ctx context.Context) {
	for wait := informWait; ctx.Err() == nil; wait = min(2*wait, informWaitMax) {
		restated, to := d.restate(ctx)
		if len(restated) == 0 || d.first(ctx, restated[0], wait) && d.rest(ctx, restated) {
			d.cursor, d.taken = to, to
			d.cursors.moved(d.sink.Name, to)
			return
		}
	}
}

// first makes one attempt with the first notification after an outage.
func (d *delivery) first(ctx context.Context, e cluster.Event, wait time.Duration) bool {
	err := d.attempt(ctx, e, d.prev, wait, wait > informWait)
	if err == nil {
		d.prev = max(d.prev, e.Seq)
		return true
	}
	if ctx.Err() == nil {
		d.cursors.failed(d.sink.Name, err)
	}
	return false
}

// rest delivers the others in order.
func (d *delivery) rest(ctx context.Context, restated []cluster.Event) bool {
	for _, e := range restated[1:] {
		if !d.deliver(ctx, e, d.prev).done() {
			return false
		}
		d.prev = e.Seq
	}
	return true
}

// restate is what the sink gets instead of its backlog, and the last sequence that this covers.
func (d *delivery) restate(ctx context.Context) (out []cluster.Event, to cluster.Seq) {
	states, to := d.states(ctx)
	if d.sink.Channel != cluster.ChannelState && to > d.cursor {
		out = append(out, d.resync(d.cursor+1, to))
	}
	if d.sink.Channel == cluster.ChannelStory {
		return out, to
	}
	return append(out, states...), to
}

// states are the last words on the alarms of the backlog, in the order of the log. An alarm that came and went meanwhile is
// left out, unless its coming may have reached the sink, unacknowledged: what was under way when the sink fell silent lies
// within the first window.
func (d *delivery) states(ctx context.Context) (out []cluster.Event, to cluster.Seq) {
	type alarm struct {
		last   cluster.Event
		differ bool
	}
	alarms, sent := map[uint32]alarm{}, 0
	to = d.cursor
	for ctx.Err() == nil {
		const portion = 500
		events, err := d.notifier.source.Events(to, portion)
		if err != nil || len(events) == 0 {
			break
		}
		for _, e := range events {
			to = e.Seq
			if d.wanted(e) {
				sent++
			}
			if isState(e) {
				a, known := alarms[e.AlarmIndex]
				a.last, a.differ = e, a.differ || sent <= d.window() || !known && e.Type == cluster.EventAlarmCleared
				alarms[e.AlarmIndex] = a
			}
		}
	}
	for _, a := range alarms {
		if a.differ || a.last.Type == cluster.EventAlarmRaised {
			out = append(out, a.last)
		}
	}
	slices.SortFunc(out, func(a, b cluster.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, to
}

// resync tells which events were left out. It is not in the log, so it has no sequence (MIB.md, Identity of an event).
func (d *delivery) resync(from, to cluster.Seq) cluster.Event {
	snapshot := d.notifier.source.Snapshot()
	return cluster.Event{
		Origin: snapshot.Local, Epoch: snapshot.State.Epoch, Time: time.Now(), Type: cluster.EventResync,
		Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentSink, ComponentName: d.sink.Name,
		Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, Facts: cluster.FactsOf(snapshot.State, ""),
		Summary: fmt.Sprintf("events %d to %d were left out after an outage; alarms follow as they are", from, to),
	}
}
