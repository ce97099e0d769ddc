package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

const (
	// outboxRoom is how many events wait here at the most. Beyond it the oldest are lost, counted, and told as EventsLost.
	outboxRoom = 1000
	// outboxPatience is how long an event waits for the disk before it is handed over without (S8).
	outboxPatience = diskPatience
	// raiseWait is how long Raise waits for an event to show here: who reads the state afterwards finds it.
	raiseWait = 2 * time.Second
	// maxWords bounds each text of an event.
	maxWords = 2048
)

// errOutboxFull says that an event was lost at once: there are no numbers left for it, and no disk to set more aside.
var errOutboxFull = errors.New("the event was lost: no disk to set numbers aside for it; free space in the data folder")

// errOutboxClosed says that an event came after the end.
var errOutboxClosed = errors.New("the event came too late: this daemon has ended")

// letter is an event on its way into the log.
type letter struct {
	handed cluster.Handed
	taken  time.Time
	kept   bool          // it is on the disk
	passed bool          // the disk did not take it in time, or not at all: it is handed over without
	safe   chan struct{} // closed when it is on the disk
	seen   chan struct{} // closed when it is in the log, or given up
}

func newLetter(h cluster.Handed) *letter {
	return &letter{handed: h, taken: time.Now(), safe: make(chan struct{}), seen: make(chan struct{})}
}

// keep notes that the letter is on the disk.
func (l *letter) keep() {
	select {
	case <-l.safe: // it was before, under another life
	default:
		close(l.safe)
	}
	l.kept, l.passed = true, false
}

// loss is what the outbox had no room for.
type loss struct {
	Count uint64    `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// outbox keeps the events that arise on this node until they are seen in the log: on its own disk before they are handed to
// the leader, again after a restart, and in their order. A disk that is full or hangs delays them by outboxPatience, and
// nothing else: then they are handed over from memory.
//
// Two goroutines tend it: keep writes the disk, hand turns to the leader. Neither holds mu while it waits.
type outbox struct {
	node    string
	log     *logrus.Entry
	shelf   shelf
	numbers *numbers
	propose func(ctx context.Context, decisions ...cluster.Decision) error
	mark    func() cluster.HandedMark // of this node, in the state as it is here

	work poke // for keep: there is something to write
	wake poke // for hand: there may be something to hand over

	mu      sync.Mutex // guards below
	life    uint64
	letters []*letter
	stale   []string // keys of letters that are in the log or given up: to be taken off the disk
	flying  int      // how many of the first letters are being handed over
	lost    loss
	loss    bool // lost differs from what is on the disk
	trouble bool // the disk did not take the last write, and that was told
	closed  bool
}

// open reads what a former daemon kept. life is this daemon's; it must not be lower than that of any letter.
func (o *outbox) open(life uint64) error {
	kept, lost, err := o.shelf.load()
	if err != nil {
		return err
	}
	o.life, o.lost = life, lost
	for _, h := range kept {
		o.life = max(o.life, h.Life)
		l := newLetter(h)
		l.keep()
		o.letters = append(o.letters, l)
	}
	if n := len(kept); n > 0 {
		o.log.WithField("events", n).Info("events of a former daemon wait to be handed over")
	}
	return nil
}

// take puts an event into the outbox; it does not wait. boots are those of the office in which it arose, 0 for an event of
// the node itself.
func (o *outbox) take(e cluster.Event, boots uint32) (*letter, error) {
	e, err := fit(e)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, errOutboxClosed
	}
	l, err := o.add(e, boots)
	o.work.wake()
	o.wake.wake() // with a disk that hangs nobody else does, and outboxPatience counts from now
	return l, err
}

// add numbers an event and makes room for it; the caller holds mu.
func (o *outbox) add(e cluster.Event, boots uint32) (*letter, error) {
	seq, ok := o.numbers.next()
	if !ok {
		o.lose(e.Time)
		return nil, errOutboxFull
	}
	return o.enter(e, seq, boots), nil
}

// enter makes room for an event that has its number; the caller holds mu.
func (o *outbox) enter(e cluster.Event, seq uint64, boots uint32) *letter {
	e.Origin, e.OriginSeq = o.node, seq
	l := newLetter(cluster.Handed{Life: o.life, Boots: boots, Event: e})
	if len(o.letters) >= outboxRoom {
		o.makeRoom()
	}
	o.letters = append(o.letters, l)
	return l
}

// makeRoom gives up the oldest letter that is not under way: one without an alarm if there is one, for the end of an alarm
// must not be lost while its beginning stands. The caller holds mu.
func (o *outbox) makeRoom() {
	waiting := o.letters[o.flying:]
	i := max(0, slices.IndexFunc(waiting, func(l *letter) bool { return l.handed.Event.AlarmKey == "" }))
	if len(waiting) == 0 {
		return
	}
	gone := waiting[i]
	o.lose(gone.handed.Event.Time)
	o.stale = append(o.stale, keyOf(gone.handed))
	o.letters = slices.Delete(o.letters, o.flying+i, o.flying+i+1)
	close(gone.seen)
}

// lose counts an event that nobody will hear of; the caller holds mu.
func (o *outbox) lose(at time.Time) {
	if o.lost.Count == 0 || at.Before(o.lost.First) {
		o.lost.First = at
	}
	if at.After(o.lost.Last) {
		o.lost.Last = at
	}
	o.lost.Count++
	o.loss = true
}

// close takes no more events and writes what is left; false: the disk did not answer in time. The write goes on then, until
// the disk answers or the process ends.
func (o *outbox) close(wait time.Duration) bool {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	done := make(chan struct{})
	go func() { defer close(done); o.write() }()
	select {
	case <-done:
		return true
	case <-time.After(wait):
		return false
	}
}

// settle removes what the log holds, and tells of losses once something got through.
func (o *outbox) settle() {
	mark := o.mark()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.outlive(mark)
	through := 0
	for through < len(o.letters) && mark.Covers(o.letters[through].handed) {
		l := o.letters[through]
		close(l.seen)
		o.stale = append(o.stale, keyOf(l.handed))
		through++
	}
	o.letters = slices.Delete(o.letters, 0, through)
	o.flying = max(0, o.flying-through)
	if o.lost.Count > 0 && (through > 0 || len(o.letters) == 0) {
		o.tellLoss()
	}
	if through > 0 {
		o.work.wake()
	}
}

// outlive takes a later life where the log knows one of this node: its store was lost, and its clock was set back since.
// The caller holds mu.
func (o *outbox) outlive(mark cluster.HandedMark) {
	if mark.Life <= o.life {
		return
	}
	former := o.life
	o.life = mark.Life + 1
	for _, l := range o.letters {
		if l.handed.Life == former {
			l.handed.Life, l.kept = o.life, false
		}
	}
	o.work.wake()
}

// tellLoss makes an event of the losses, or leaves it for later while there is no number for it; the caller holds mu.
func (o *outbox) tellLoss() {
	seq, ok := o.numbers.next()
	if !ok {
		return
	}
	was := o.lost
	e := cluster.Event{
		Time: time.Now(), Type: cluster.EventEventsLost, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentNode,
		ComponentName: o.node, NodeName: o.node, Reaction: cluster.ReactedNone, Result: cluster.ResultFailed,
		Error: fmt.Sprintf("between %s and %s", was.First.Format(time.RFC3339), was.Last.Format(time.RFC3339)),
		Summary: fmt.Sprintf("%d events of node %s are lost: they could not be handed over, and at most %d wait",
			was.Count, o.node, outboxRoom),
	}
	o.lost, o.loss = loss{}, true
	o.enter(e, seq, 0)
	o.work.wake()
}

// due is what can be handed over now: the first letters, as many as an entry takes. wait is when to look again; zero: when
// something changes.
func (o *outbox) due(now time.Time) (batch []cluster.Decision, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	size := 0
	for _, l := range o.letters {
		if !l.kept && !l.passed {
			if age := now.Sub(l.taken); age < outboxPatience {
				wait = outboxPatience - age
				break
			}
			l.passed = true
		}
		h := l.handed
		d := cluster.Decision{Handed: &h}
		if size += sizeOf(d); size > maxEntry && len(batch) > 0 {
			break
		}
		batch = append(batch, d)
	}
	o.flying = len(batch)
	return batch, wait
}

// hand turns to the leader with what is due, until ctx ends. It may do so twice for the same event; the ledger takes it
// once.
func (o *outbox) hand(ctx context.Context) error {
	again := campaignStep
	for {
		o.settle()
		batch, wait := o.due(time.Now())
		if len(batch) > 0 {
			bound, cancel := context.WithTimeout(ctx, proposeWait)
			err := o.propose(bound, batch...)
			cancel()
			switch {
			case err == nil:
				again = campaignStep
				wait = showWait // until it shows here
			case ctx.Err() != nil:
				return nil
			default:
				wait = again
				again = min(2*again, renewTimeout)
				o.log.WithError(err).WithField("events", len(batch)).Debug("events could not be handed over yet")
			}
		}
		if !o.rest(ctx, wait, batch) {
			return nil
		}
	}
}

// rest waits until the first of a batch is seen, the time is up, or there is news; false: ctx has ended.
func (o *outbox) rest(ctx context.Context, wait time.Duration, batch []cluster.Decision) bool {
	var timer <-chan time.Time
	if wait > 0 {
		timer = time.After(wait)
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer:
			return true
		case <-o.wake:
			if len(batch) == 0 || o.mark().Covers(*batch[len(batch)-1].Handed) {
				return true
			}
		}
	}
}

// fit makes an event fit for the log: its texts are cut, and its enumerations must be known.
func fit(e cluster.Event) (cluster.Event, error) {
	e.Seq, e.AlarmIndex, e.Facts = 0, 0, cluster.Facts{}
	for _, text := range []*string{&e.ComponentName, &e.NodeName, &e.StackName, &e.Error, &e.Setter, &e.Summary, &e.AlarmKey} {
		*text = cutText(*text)
	}
	data, err := json.Marshal(e)
	if err == nil {
		err = json.Unmarshal(data, new(cluster.Event))
	}
	if err != nil {
		return e, fmt.Errorf("the event %q is not one that the log can hold: %w", e.Summary, err)
	}
	return e, nil
}

func cutText(text string) string {
	if len(text) <= maxWords {
		return text
	}
	cut := maxWords
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}
