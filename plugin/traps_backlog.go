package plugin

import (
	"context"
	"fmt"
	"time"

	"hawser/cluster"
)

// outage is what a sink with the backlog "state" must have slept through to get states instead of stories.
const outage = time.Minute

// sleptThrough says whether a sink that wants only states after an outage has had one: the next event is that old, and
// nothing was acknowledged meanwhile.
func (d *delivery) sleptThrough(next cluster.Event) bool {
	return d.sink.Backlog == cluster.BacklogState && d.sink.Kind == cluster.SinkInform && time.Since(next.Time) > outage
}

// catchUp replaces the backlog: one Resync with the range left out, then the last word on each alarm whose state differs
// from what was last acknowledged. Nobody is paged for what is over. The cursor moves only when all of it was
// acknowledged; a repetition is safe, because raise and clear carry the alarm's index.
func (d *delivery) catchUp(ctx context.Context) {
	from := d.status.Cursor + 1
	states, to := d.states(ctx, from)
	prev := d.status.Cursor
	for _, e := range append([]cluster.Event{d.resync(from, to)}, states...) {
		if d.wanted(e) && !d.deliver(ctx, e, prev) {
			return
		}
		prev = e.Seq
	}
	d.status.Cursor = to
	d.cursors.put(d.sink.Name, d.status)
}

// states are the last words on the alarms of the events from a sequence on, and the last sequence seen. An alarm that came
// and went meanwhile is left out.
func (d *delivery) states(ctx context.Context, from cluster.Seq) (out []cluster.Event, to cluster.Seq) {
	first, last := map[uint32]cluster.EventType{}, map[uint32]cluster.Event{}
	var order []uint32
	to = from - 1
	for ctx.Err() == nil {
		const portion = 500
		events, err := d.notifier.source.Events(to, portion)
		if err != nil || len(events) == 0 {
			break
		}
		for _, e := range events {
			to = e.Seq
			if e.Type != cluster.EventAlarmRaised && e.Type != cluster.EventAlarmCleared {
				continue
			}
			if _, ok := first[e.AlarmIndex]; !ok {
				first[e.AlarmIndex] = e.Type
				order = append(order, e.AlarmIndex)
			}
			last[e.AlarmIndex] = e
		}
	}
	for _, index := range order {
		if over := first[index] == cluster.EventAlarmRaised && last[index].Type == cluster.EventAlarmCleared; !over {
			out = append(out, last[index])
		}
	}
	return out, to
}

// resync tells which events were left out; it carries the last of their sequences.
func (d *delivery) resync(from, to cluster.Seq) cluster.Event {
	snapshot := d.notifier.source.Snapshot()
	return cluster.Event{
		Seq: to, Origin: snapshot.Local, Epoch: snapshot.State.Epoch, Time: time.Now(), Type: cluster.EventResync,
		Severity: cluster.SeverityInfo, ComponentType: cluster.ComponentSink, ComponentName: d.sink.Name,
		Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded, Facts: cluster.FactsOf(snapshot.State, ""),
		Summary: fmt.Sprintf("events %d to %d were left out after an outage; alarms follow as they are", from, to),
	}
}
