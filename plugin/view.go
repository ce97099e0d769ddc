package plugin

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

const (
	// ageEvery is how old the ages of a view may be.
	ageEvery = 500 * time.Millisecond
	// changeEvery bounds how often changes of the cluster make a new view.
	changeEvery = 50 * time.Millisecond
	// attention is how long after a request new views are made ahead of the next one. A cluster that nobody polls makes
	// none: the first request then waits for one to be made, which takes a few milliseconds.
	attention = 5 * time.Second
)

// PublisherConfig is what a Publisher is made of.
type PublisherConfig struct {
	Source     Source
	Controller int       // mib.ControllerNative or mib.ControllerPacemaker
	Started    time.Time // of this daemon
	// Counters are the figures of this daemon's agent and sender, by descriptor without "hawser" (SelfGets); one that is
	// missing has no instance. Nil: none.
	Counters func() map[string]uint64
	Hardware CollectPace
	Log      *logrus.Entry
}

// Publisher keeps the present view of the cluster for the front ends. It reads the controller's snapshots and never makes
// the controller wait (S8).
type Publisher struct {
	cfg       PublisherConfig
	templates []*rows // of objects, in their order
	self      *rows
	version   string // hawserMibVersion
	ready     chan struct{}

	current atomic.Pointer[published]
	asked   atomic.Int64 // when View was last called, in nanoseconds since birth; 0: never
	birth   time.Time

	build sync.Mutex // one view is made at a time; guards what follows
	swaps uint32
	logs  histories

	timesMu sync.Mutex // guards times
	times   map[cluster.Seq]time.Time
}

// published is a view with what it was made from.
type published struct {
	view  *view.View
	sight sight
	first time.Time // when its snapshot was first seen
	made  time.Time
	// Of each object, in their order: how many variables it has, and when they were made.
	sizes    []int
	rendered []time.Time
	entities map[string]*entity // by node; the local one is in view too
	contexts []string           // names of the nodes that have one, sorted
}

// NewPublisher returns a publisher; Run keeps its view fresh.
func NewPublisher(cfg PublisherConfig) *Publisher {
	p := &Publisher{
		cfg: cfg, self: newRows(mib.HawserSelf), version: moduleVersion(mib.Text), ready: make(chan struct{}),
		birth: time.Now(), times: map[cluster.Seq]time.Time{},
	}
	for _, o := range objects {
		p.templates = append(p.templates, newRows(o.prefix))
	}
	return p
}

// String names the task.
func (p *Publisher) String() string { return "view publisher" }

// Ready is closed when the first view exists.
func (p *Publisher) Ready() <-chan struct{} { return p.ready }

// View returns the present view. Its ages are at most half a second old.
func (p *Publisher) View() *view.View { return p.present().view }

func (p *Publisher) present() *published {
	now := time.Now()
	p.asked.Store(max(int64(now.Sub(p.birth)), 1))
	if cur := p.current.Load(); cur != nil && now.Sub(cur.made) < ageEvery {
		return cur
	}
	return p.refresh(false)
}

// Run makes new views when the cluster changes, and for the sake of ages, while somebody asks for them. It returns nil
// when ctx ends.
func (p *Publisher) Run(ctx context.Context) error {
	p.refresh(false)
	close(p.ready)
	tick := time.NewTicker(ageEvery)
	defer tick.Stop()
	for news := false; ; {
		changed := p.cfg.Source.Changed()
		if times := p.readTimes(); times || p.attended() {
			p.refresh(news || times)
		}
		news = false
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-changed:
			if !pause(ctx, changeEvery) {
				return nil
			}
			news = p.differs()
		}
	}
}

// differs says whether the cluster changed in a way that cannot wait until the ages are made anew: figures can.
func (p *Publisher) differs() bool {
	cur, snap := p.current.Load(), p.cfg.Source.Snapshot()
	if cur == nil || cur.sight.State != snap.State || cur.sight.Leader != snap.Leader || cur.sight.View != snap.View ||
		cur.sight.Quorate != snap.Quorate {
		return true
	}
	for name, live := range snap.Nodes {
		if live.Suspect != cur.sight.Nodes[name].Suspect {
			return true
		}
	}
	return false
}

func (p *Publisher) attended() bool {
	asked := p.asked.Load()
	return asked != 0 && time.Since(p.birth.Add(time.Duration(asked))) < attention
}

// pause waits; false: ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// refresh makes a view of the newest snapshot. Without news a view whose ages are fresh is good enough: somebody else who
// waited for it has just made it.
func (p *Publisher) refresh(news bool) *published {
	p.build.Lock()
	defer p.build.Unlock()
	now, old := time.Now(), p.current.Load()
	if old != nil && !news && now.Sub(old.made) < ageEvery {
		return old
	}
	snap := p.cfg.Source.Snapshot()
	next := &published{first: now, made: now}
	if old != nil && old.sight.Snapshot == snap {
		next.first = old.first
	}
	next.sight = newSight(snap, now.Sub(next.first))
	next.sight.controller, next.sight.mibVersion, next.sight.eventTime = p.cfg.Controller, p.version, p.eventTime
	next.sight.forget(p.cfg.Hardware.Old)
	p.renderEntities(next, old)
	p.render(next, old)
	p.current.Store(next)
	return next
}

// render makes the segments that changed and takes the others over from the old view.
func (p *Publisher) render(next, old *published) {
	var segments []view.Segment
	next.sizes, next.rendered = make([]int, len(objects)), make([]time.Time, len(objects))
	for i, o := range objects {
		if old != nil && o.unchanged(old.sight, next.sight, next.made.Sub(old.rendered[i])) {
			next.sizes[i], next.rendered[i] = old.sizes[i], old.rendered[i]
			continue
		}
		r := p.templates[i].fresh()
		o.render(next.sight, r)
		next.sizes[i], next.rendered[i] = r.count, next.made
		segments = append(segments, view.NewTable(snmp.OID(o.prefix), r.varbinds()))
	}
	segments = append(segments, p.logs.segments(p.cfg, next.sight)...)
	p.swaps++
	segments = append(segments, p.renderSelf(next))
	segments = append(segments, next.entities[next.sight.Local].segments...)
	if old == nil {
		next.view = view.New(known, segments...)
		return
	}
	next.view = old.view.With(segments...)
}

// unchanged says whether the rows of the object, made a while ago, are good for the next view too.
func (o object) unchanged(old, next sight, since time.Duration) bool {
	if old.isolated != next.isolated || (o.volatile && since >= ageEvery) {
		return false
	}
	if o.same != nil {
		return o.same(old.known, next.known)
	}
	return !o.volatile && next.sees(old)
}

// known says whether an identifier falls under an object of the module that can be read.
func known(oid snmp.OID) bool {
	o, _, found := mib.ByOID(oid)
	if !found {
		return knownStandard(oid)
	}
	return (o.Kind == mib.Scalar || o.Kind == mib.Column) && o.Access.Readable()
}
