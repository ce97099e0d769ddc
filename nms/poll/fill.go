package poll

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

const (
	eventChunk      = 200             // rows of hawserEventTable per commit
	conditionChunk  = 256             // events looked up at once
	conditionGrace  = 2 * time.Minute // a condition that shows no rows for so long is lost
	reasonAged      = "aged out at the cluster before it was fetched"
	reasonNoRow     = "its row is missing from hawserEventTable"
	reasonNoRows    = "hawserConditionTable has no rows for it"
	reasonEarlier   = "belongs to an earlier generation of the log"
	reasonUnanswerd = "not fetched yet"
)

// fill makes the journal complete: events first, then the conditions of all events that lack them. behind says that some
// condition is not shown yet.
func (p *Poller) fill(ctx context.Context, t *target, s *ask.Session, scalars ask.Scalars) (behind bool, err error) {
	if err := p.fillEvents(ctx, t, s, scalars); err != nil {
		return false, err
	}
	return p.fillConditions(ctx, t, s, scalars)
}

func (p *Poller) fillEvents(ctx context.Context, t *target, s *ask.Session, scalars ask.Scalars) error {
	id, generation, last := scalars.ClusterID, uint64(scalars.Generation), uint32(scalars.LastEventSeq)
	missing, err := p.journal.Missing(ctx, id, generation, last)
	if err != nil {
		return err
	}
	for _, gap := range missing {
		if err := p.fillRange(ctx, t, s, scalars, gap); err != nil {
			open := journal.Gap{ClusterID: id, Generation: generation, What: journal.GapEvent, First: gap.First, Last: gap.Last, State: journal.GapOpen, Reason: reasonUnanswerd}
			if saveErr := p.journal.SaveGap(context.WithoutCancel(ctx), open); saveErr != nil {
				p.log.WithError(saveErr).WithField("cluster", t.cfg.Name).Error("a gap could not be noted; the next poll finds it again")
			}
			return fmt.Errorf("cluster %s: fetch events %d-%d: %w", t.cfg.Name, gap.First, gap.Last, err)
		}
	}
	if last == 0 {
		return nil
	}
	return p.journal.Settle(ctx, id, generation, last, last)
}

// fillRange fetches one range of missing events, in chunks, and marks what the cluster no longer has.
func (p *Poller) fillRange(ctx context.Context, t *target, s *ask.Session, scalars ask.Scalars, gap journal.Range) error {
	if first := uint32(scalars.FirstEventSeq); gap.First < first {
		aged := journal.Range{First: gap.First, Last: min(gap.Last, first-1)}
		if err := p.lose(ctx, t, scalars, aged, reasonAged); err != nil {
			return err
		}
		gap.First = first
	}
	for from := uint64(gap.First); from <= uint64(gap.Last); from += eventChunk {
		chunk := journal.Range{First: uint32(from), Last: uint32(min(from+eventChunk-1, uint64(gap.Last)))}
		if err := p.fillChunk(ctx, t, s, scalars, chunk); err != nil {
			return err
		}
	}
	return nil
}

func (p *Poller) fillChunk(ctx context.Context, t *target, s *ask.Session, scalars ask.Scalars, chunk journal.Range) error {
	rows, err := ask.ReadRange[ask.Event](ctx, s, chunk.First, chunk.Last)
	if err != nil {
		return err
	}
	var now ask.Scalars
	if _, err := ask.ReadScalars(ctx, s, &now); err != nil {
		return err
	}
	if now.Generation != scalars.Generation || now.ClusterID != scalars.ClusterID {
		return fmt.Errorf("the log began generation %d while generation %d was read; the next poll reads it", now.Generation, scalars.Generation)
	}
	batch := journal.Batch{}
	next := chunk.First
	var holes []journal.Range
	for _, row := range rows {
		seq := uint32(row.Seq)
		if seq > next {
			holes = append(holes, journal.Range{First: next, Last: seq - 1})
		}
		next = seq + 1
		batch.Events = append(batch.Events, toEvent(row, scalars, s.Address(), s.User()))
	}
	if uint64(next) <= uint64(chunk.Last) {
		holes = append(holes, journal.Range{First: next, Last: chunk.Last})
	}
	if _, err := p.journal.Append(ctx, batch); err != nil {
		return err
	}
	return p.loseHoles(ctx, t, s, now, holes)
}

// loseHoles marks rows that are not there as lost, but only if the table is visible at all: a user without the right to
// read it sees nothing, and nothing is lost by that.
func (p *Poller) loseHoles(ctx context.Context, t *target, s *ask.Session, scalars ask.Scalars, holes []journal.Range) error {
	if len(holes) == 0 {
		return nil
	}
	_, visible, err := ask.ReadRow[ask.Event](ctx, s, []uint32{uint32(scalars.LastEventSeq)})
	if err != nil {
		return err
	}
	if !visible {
		return fmt.Errorf("%w: %s shows user %q no rows of hawserEventTable: give that user the role auditor on the cluster", ask.ErrHidden, s.Address(), s.User())
	}
	for _, hole := range holes {
		reason := reasonNoRow
		if hole.Last < uint32(scalars.FirstEventSeq) {
			reason = reasonAged
		}
		if err := p.lose(ctx, t, scalars, hole, reason); err != nil {
			return err
		}
	}
	return nil
}

func (p *Poller) lose(ctx context.Context, t *target, scalars ask.Scalars, r journal.Range, reason string) error {
	p.log.WithFields(logrus.Fields{"cluster": t.cfg.Name, "first": r.First, "last": r.Last, "reason": reason}).Warn("events are lost for good; the range is kept in the journal")
	return p.journal.SaveGap(ctx, journal.Gap{
		ClusterID: scalars.ClusterID, Generation: uint64(scalars.Generation), What: journal.GapEvent, First: r.First, Last: r.Last, State: journal.GapLost, Reason: reason,
	})
}

func toEvent(row ask.Event, scalars ask.Scalars, address, user string) journal.Event {
	return journal.Event{
		Identity: journal.Identity{ClusterID: scalars.ClusterID, Generation: uint64(scalars.Generation), Seq: uint32(row.Seq)},
		Origin:   row.Origin, OriginSeq: uint64(row.OriginSeq), Rank: journal.RankPolled, Authentic: true, Via: journal.ViaPoll,
		Source: address, User: user, Received: time.Now(), ClusterName: scalars.ClusterName, Epoch: uint64(row.Epoch), Time: row.Time,
		Type: row.Type, Severity: row.Severity, AlarmIndex: uint32(row.AlarmIndex), ComponentType: row.ComponentType, ComponentName: row.ComponentName,
		NodeName: row.NodeName, Error: row.Error, Reaction: row.Reaction, Result: row.Result, Duration: time.Duration(row.Duration) * time.Millisecond,
		Setter: row.Setter, Summary: row.Summary,
	}
}

func (p *Poller) fillConditions(ctx context.Context, t *target, s *ask.Session, scalars ask.Scalars) (behind bool, err error) {
	id, generation := scalars.ClusterID, uint64(scalars.Generation)
	if err := p.dropEarlier(ctx, t, scalars); err != nil {
		return false, err
	}
	if first := uint32(scalars.FirstConditionSeq); first > 1 {
		if err := p.loseConditions(ctx, t, id, generation, journal.Range{First: 1, Last: first - 1}, reasonAged); err != nil {
			return false, err
		}
	}
	wanted, err := p.journal.WantedConditions(ctx, id, generation, conditionChunk)
	if err != nil {
		return false, err
	}
	for _, w := range wanted {
		missing, err := p.fillCondition(ctx, t, s, w)
		if err != nil {
			return false, fmt.Errorf("cluster %s: fetch the condition of event %d: %w", t.cfg.Name, w.Seq, err)
		}
		behind = behind || missing
	}
	if len(wanted) == conditionChunk {
		p.enqueue(t) // there are more: they get the next pass
	}
	return behind, nil
}

// fillCondition fetches one condition; missing says that the node does not show it yet.
func (p *Poller) fillCondition(ctx context.Context, t *target, s *ask.Session, w journal.Wanted) (missing bool, err error) {
	rows, err := ask.ReadTable[ask.Component](ctx, s, w.Seq)
	if err != nil {
		return false, err
	}
	if len(rows) == 0 {
		if time.Since(w.Received) < conditionGrace {
			return true, nil
		}
		return false, p.loseConditions(ctx, t, w.ClusterID, w.Generation, journal.Range{First: w.Seq, Last: w.Seq}, reasonNoRows)
	}
	components := make([]journal.Component, len(rows))
	for i, r := range rows {
		components[i] = journal.Component{
			Index: uint32(r.Index), ComponentType: r.ComponentType, ComponentName: r.ComponentName, NodeName: r.NodeName, State: r.State, Detail: r.Detail,
		}
	}
	return false, p.journal.SaveCondition(ctx, w.EventID, components)
}

// dropEarlier gives up conditions of earlier generations once: the tables show the present one only.
func (p *Poller) dropEarlier(ctx context.Context, t *target, scalars ask.Scalars) error {
	t.mu.Lock()
	done := t.generation == scalars.Generation
	t.mu.Unlock()
	if done {
		return nil
	}
	generations, err := p.journal.WantedGenerations(ctx, scalars.ClusterID)
	if err != nil {
		return err
	}
	for _, g := range generations {
		if g < uint64(scalars.Generation) {
			if err := p.loseConditions(ctx, t, scalars.ClusterID, g, journal.Range{First: 1, Last: math.MaxUint32}, reasonEarlier); err != nil {
				return err
			}
		}
	}
	t.mu.Lock()
	t.generation = scalars.Generation
	t.mu.Unlock()
	return nil
}

func (p *Poller) loseConditions(ctx context.Context, t *target, clusterID string, generation uint64, in journal.Range, reason string) error {
	lost, err := p.journal.LoseConditions(ctx, clusterID, generation, in, reason)
	if lost > 0 {
		p.log.WithFields(logrus.Fields{"cluster": t.cfg.Name, "conditions": lost, "reason": reason}).Warn("conditions are lost for good; the range is kept in the journal")
	}
	return err
}
