package poll

import (
	"context"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

const (
	eventChunk      = 200 // rows of hawserEventTable per commit
	poorerChunk     = 1000
	absentGrace     = 2 * time.Minute // what no node shows for so long, though it should, is lost
	reasonAged      = "aged out at the cluster before it was fetched"
	reasonNoRow     = "its row is missing from hawserEventTable"
	reasonNoRows    = "hawserConditionTable has no rows for it"
	reasonEarlier   = "belongs to an earlier generation of the log"
	reasonUnanswerd = "not fetched yet"
	reasonNotShown  = "the node that was asked does not show it"
)

// source is what one pass reads from: a node, and what its log held when the pass began.
type source struct {
	*target

	session *ask.Session
	scalars ask.Scalars
	extent  ask.Extent
}

func (s *source) identity() (clusterID string, generation uint64) {
	return s.scalars.ClusterID, uint64(s.scalars.Generation)
}

// fill makes the journal complete: events first, then the conditions of all events that lack them, then what an earlier
// generation leaves open. behind says that the node does not show something that it should.
func (p *Poller) fill(ctx context.Context, t *target, session *ask.Session, scalars ask.Scalars) (behind bool, err error) {
	s := &source{target: t, session: session, scalars: scalars, extent: scalars.Extent()}
	if behind, err = p.fillEvents(ctx, s); err != nil {
		return false, err
	}
	if err := p.enrich(ctx, s); err != nil {
		return false, err
	}
	later, err := p.fillConditions(ctx, s)
	if err != nil {
		return false, err
	}
	if behind || later {
		t.ask.Avoid(session.Address()) // another node may have it
	}
	return behind || later, p.dropEarlier(ctx, s)
}

// fillEvents fetches the events that the journal lacks. The cursor moves up to the first that is absent and not lost.
func (p *Poller) fillEvents(ctx context.Context, s *source) (behind bool, err error) {
	id, generation := s.identity()
	last := s.extent.LastEvent
	missing, err := p.journal.Missing(ctx, id, generation, last)
	if err != nil || last == 0 {
		return false, err
	}
	settled := last
	for _, gap := range missing {
		absent, err := p.fillRange(ctx, s, gap)
		if err != nil {
			p.noteGap(ctx, s, gap, reasonUnanswerd)
			return false, fmt.Errorf("cluster %s: fetch events %d-%d: %w", s.cfg.Name, gap.First, gap.Last, err)
		}
		for _, hole := range absent {
			p.noteGap(ctx, s, hole, reasonNotShown)
			settled, behind = min(settled, hole.First-1), true
		}
	}
	return behind, p.journal.Settle(ctx, id, generation, settled, last)
}

// noteGap puts on record that a range is missing and may still be fetched.
func (p *Poller) noteGap(ctx context.Context, s *source, r journal.Range, reason string) {
	id, generation := s.identity()
	open := journal.Gap{ClusterID: id, Generation: generation, What: journal.GapEvent, First: r.First, Last: r.Last, State: journal.GapOpen, Reason: reason}
	if err := p.journal.SaveGap(context.WithoutCancel(ctx), open); err != nil {
		p.log.WithError(err).WithField("cluster", s.cfg.Name).Error("a gap could not be noted; the next poll finds it again")
	}
}

// fillRange fetches one range of missing events, in chunks, and marks what the cluster no longer has. absent is what it
// should have, and does not show yet.
func (p *Poller) fillRange(ctx context.Context, s *source, gap journal.Range) (absent []journal.Range, err error) {
	if first := s.extent.FirstKept(); gap.First < first {
		if err := p.lose(ctx, s, journal.Range{First: gap.First, Last: min(gap.Last, first-1)}, reasonAged); err != nil {
			return nil, err
		}
		gap.First = first
	}
	for from := uint64(gap.First); from <= uint64(gap.Last); from += eventChunk {
		chunk := journal.Range{First: uint32(from), Last: uint32(min(from+eventChunk-1, uint64(gap.Last)))}
		holes, err := p.fillChunk(ctx, s, chunk)
		if err != nil {
			return nil, err
		}
		absent = append(absent, holes...)
	}
	return absent, nil
}

func (p *Poller) fillChunk(ctx context.Context, s *source, chunk journal.Range) (absent []journal.Range, err error) {
	rows, extent, err := p.readEvents(ctx, s, chunk.First, chunk.Last)
	if err != nil {
		return nil, err
	}
	batch, holes := journal.Batch{}, []journal.Range(nil)
	next := chunk.First
	for _, row := range rows {
		seq := uint32(row.Seq)
		if seq > next {
			holes = append(holes, journal.Range{First: next, Last: seq - 1})
		}
		next = seq + 1
		s.add(&batch, row)
	}
	if uint64(next) <= uint64(chunk.Last) {
		holes = append(holes, journal.Range{First: next, Last: chunk.Last})
	}
	if _, err := p.journal.Append(ctx, batch); err != nil {
		return nil, err
	}
	if len(holes) > 0 && len(rows) == 0 {
		if err := s.mayRead(ctx, extent.LastEvent); err != nil {
			return nil, err
		}
	}
	return p.judgeHoles(ctx, s, extent, holes)
}

// readEvents reads rows of the event table, and makes sure that they are still of the log that the pass began with.
func (p *Poller) readEvents(ctx context.Context, s *source, first, last uint32) ([]ask.Event, ask.Extent, error) {
	rows, extent, err := ask.ReadEvents(ctx, s.session, first, last)
	if err == nil && !extent.Same(s.extent) {
		err = fmt.Errorf("the log is now of generation %d, it was of %d; the next poll reads it", extent.Generation, s.extent.Generation)
	}
	return rows, extent, err
}

// mayRead makes sure that the table is visible at all: a user without the right to read it sees nothing, and nothing is
// lost by that.
func (s *source) mayRead(ctx context.Context, newest uint32) error {
	_, visible, err := ask.ReadRow[ask.Event](ctx, s.session, []uint32{newest})
	if err == nil && !visible {
		err = fmt.Errorf("%w: %s shows user %q no rows of hawserEventTable: give that user the role auditor on the cluster", ask.ErrHidden, s.session.Address(), s.session.User())
	}
	return err
}

// judgeHoles decides about rows that are not there. What is older than the oldest has aged out. What the node should have is
// lost only after a time in which other nodes were asked too: one that has just started may not have all of it yet.
func (p *Poller) judgeHoles(ctx context.Context, s *source, extent ask.Extent, holes []journal.Range) (absent []journal.Range, err error) {
	for _, hole := range holes {
		if first := extent.FirstKept(); hole.First < first {
			if err := p.lose(ctx, s, journal.Range{First: hole.First, Last: min(hole.Last, first-1)}, reasonAged); err != nil {
				return nil, err
			}
			if hole.Last < first {
				continue
			}
			hole.First = first
		}
		if !extent.Holds(hole.Last) || !p.gone(s, journal.GapEvent, hole.First) {
			absent = append(absent, hole)
			continue
		}
		if err := p.lose(ctx, s, hole, reasonNoRow); err != nil {
			return nil, err
		}
	}
	return absent, nil
}

func (p *Poller) lose(ctx context.Context, s *source, r journal.Range, reason string) error {
	id, generation := s.identity()
	return p.loseOf(ctx, s, journal.Gap{ClusterID: id, Generation: generation, First: r.First, Last: r.Last, Reason: reason})
}

// loseOf marks events as lost for good.
func (p *Poller) loseOf(ctx context.Context, s *source, g journal.Gap) error {
	g.What, g.State = journal.GapEvent, journal.GapLost
	p.log.WithFields(logrus.Fields{"cluster": s.cfg.Name, "generation": g.Generation, "first": g.First, "last": g.Last, "reason": g.Reason}).Warn("events are lost for good; the range is kept in the journal")
	return p.journal.SaveGap(ctx, g)
}
