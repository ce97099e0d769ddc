package plugin

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib"
)

// delivery sends to one sink while this node leads: in the order of the log, at most Window notifications between the
// oldest that is not done with and the newest that was sent. One runs per sink; only its own goroutine touches the fields
// below answered.
type delivery struct {
	notifier *Notifier
	sink     cluster.Sink
	secret   credentials
	boots    uint32 // of the reign
	cursors  *cursors
	log      *logrus.Entry
	turn     atomic.Uint32             // attempts in vain: the next one goes to the next address of the sink's name
	answered atomic.Pointer[time.Time] // when something was acknowledged last; nil: not since this delivery began

	cursor  cluster.Seq // all up to here is done with
	taken   cluster.Seq // all up to here was read from the log
	prev    cluster.Seq // the last sequence that was sent
	backlog cluster.Seq // what stood in the log when this delivery began
	flight  []*parcel   // sent and not done with, or done with behind one that is not
}

// parcel is one notification under way. Its end is written and read by the delivery's own goroutine.
type parcel struct {
	event cluster.Event
	prev  cluster.Seq // hawserNotifyPrevSeq
	end   end
}

// arrival is the end of a parcel, on its way from the goroutine that sent it.
type arrival struct {
	parcel *parcel
	end    end
}

// end is how it stands with a notification.
type end int

const (
	underway    end = iota
	delivered       // acknowledged, or sent as a trap
	givenUp         // the sink's patience ended
	stale           // the sink slept so long that it gets states instead
	interrupted     // this node leads no more
)

// done says whether the cursor may pass.
func (e end) done() bool { return e == delivered || e == givenUp }

func newDelivery(n *Notifier, sink cluster.Sink, secret credentials) *delivery {
	return &delivery{
		notifier: n, sink: sink, secret: secret, boots: n.engine.Load().boots, cursors: n.cursors,
		log: n.log.WithField("sink", sink.Name),
	}
}

// run sends what lies behind the cursor, and what comes, until ctx ends.
func (d *delivery) run(ctx context.Context) {
	status := d.cursors.status(d.sink.Name)
	d.cursor, d.taken, d.backlog = status.Cursor, status.Cursor, d.notifier.source.Snapshot().State.LastEvent
	d.prev = d.lastSent(status)
	if d.sleptThrough(status) {
		d.catchUp(ctx)
	}
	for ctx.Err() == nil {
		if d.inOrder(ctx) {
			d.catchUp(ctx)
		}
	}
}

// inOrder sends event by event. It ends with ctx, or (true) when the sink has slept through too much of it.
func (d *delivery) inOrder(ctx context.Context) bool {
	flights, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	ended := make(chan arrival, d.window()) // as many as can be under way: whoever ends never waits
	for flights.Err() == nil {
		changed := d.notifier.source.Changed()
		for _, p := range d.take(ctx) {
			tasks.Go(func() { ended <- arrival{p, d.deliver(flights, p.event, p.prev)} })
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case a := <-ended:
			a.parcel.end = a.end
			d.advance()
			if a.end == stale {
				cancel()
			}
		}
	}
	cancel()
	tasks.Wait()
	close(ended) // nobody is left to send
	for a := range ended {
		a.parcel.end = a.end
	}
	d.advance()
	d.flight, d.taken = nil, d.cursor
	return ctx.Err() == nil
}

func (d *delivery) window() int {
	if d.sink.Kind == cluster.SinkTrap {
		return 1 // nothing is waited for
	}
	return max(d.sink.Window, 1)
}

// take reads on in the log while there is room in the window. Events that are not for this sink are passed over.
func (d *delivery) take(ctx context.Context) (out []*parcel) {
	for len(d.flight) < d.window() && ctx.Err() == nil {
		const portion = 64
		events, err := d.notifier.source.Events(d.taken, portion)
		if err != nil || len(events) == 0 {
			break
		}
		for _, e := range events {
			if len(d.flight) == d.window() {
				break
			}
			d.agedOut(e.Seq)
			d.taken = e.Seq
			if d.wanted(e) {
				p := &parcel{event: e, prev: d.prev}
				d.prev = e.Seq
				d.flight, out = append(d.flight, p), append(out, p)
			}
		}
	}
	d.advance()
	return out
}

// agedOut counts what left the log before it could be sent.
func (d *delivery) agedOut(next cluster.Seq) {
	if from := d.taken + 1; next > from {
		d.notifier.counts.lost.Add(uint64(next - from))
		d.cursors.lost(d.sink.Name, from, next-1)
		d.log.WithField("from", from).WithField("to", next-1).Error("events aged out before they could be sent")
	}
}

// advance moves the cursor behind what is done with, in order. A parcel that ended out of order waits for those before it.
func (d *delivery) advance() {
	for len(d.flight) > 0 && d.flight[0].end.done() {
		d.cursor = d.flight[0].event.Seq
		d.flight = d.flight[1:]
	}
	if len(d.flight) == 0 {
		d.cursor = d.taken
	}
	d.cursors.moved(d.sink.Name, d.cursor)
}

// wanted is the sink's filter: its channel, and for stories a least severity. An event type without a notification is for
// nobody.
func (d *delivery) wanted(e cluster.Event) bool {
	if _, ok := mib.NotificationOID(int(e.Type)); !ok {
		return false
	}
	state := isState(e)
	switch d.sink.Channel {
	case cluster.ChannelState:
		return state
	case cluster.ChannelStory:
		return !state && e.Severity >= d.sink.MinSeverity
	}
	return state || e.Severity >= d.sink.MinSeverity
}

// isState says whether the event belongs to the state channel.
func isState(e cluster.Event) bool {
	return e.Type == cluster.EventAlarmRaised || e.Type == cluster.EventAlarmCleared
}

// lastSent is the last sequence that was sent to the sink before its cursor, by its present filter; 0 if none.
func (d *delivery) lastSent(status cluster.SinkStatus) cluster.Seq {
	if status.Sent == 0 {
		return 0
	}
	const portion = 500
	for to := status.Cursor; to > 0; {
		from := to - min(to, portion)
		events, err := d.notifier.source.Events(from, int(to-from))
		if err != nil || len(events) == 0 {
			break
		}
		for i := len(events) - 1; i >= 0; i-- {
			if e := events[i]; e.Seq <= status.Cursor && d.wanted(e) {
				return e.Seq
			}
		}
		to = from
	}
	return 0
}
