package poll

import (
	"context"
	"fmt"
	"time"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// enrich reads the rows of events that the journal knows by their notification alone: that has no room for long texts, and
// does not say who set something.
func (p *Poller) enrich(ctx context.Context, s *source) error {
	id, generation := s.identity()
	seqs, err := p.journal.Poorer(ctx, id, generation, s.extent.FirstKept(), poorerChunk)
	if err != nil {
		return err
	}
	for _, run := range runs(seqs, func(seq uint32) uint32 { return seq }) {
		rows, _, err := p.readEvents(ctx, s, run[0], run[len(run)-1])
		if err != nil {
			return fmt.Errorf("cluster %s: read events %d-%d: %w", s.cfg.Name, run[0], run[len(run)-1], err)
		}
		batch := journal.Batch{}
		for _, row := range rows {
			s.add(&batch, row)
		}
		if _, err := p.journal.Append(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// add puts a row of the event table into a batch, and the alarm that it tells of.
func (s *source) add(batch *journal.Batch, row ask.Event) {
	e := s.event(row)
	batch.Events = append(batch.Events, e)
	if a, ok := e.Alarm(); ok {
		batch.Alarms = append(batch.Alarms, a)
	}
}

func (s *source) event(row ask.Event) journal.Event {
	id, generation := s.identity()
	return journal.Event{
		Identity: journal.Identity{ClusterID: id, Generation: generation, Seq: uint32(row.Seq)},
		Origin:   row.Origin, OriginSeq: uint64(row.OriginSeq), Rank: journal.RankPolled, Authentic: true, Via: journal.ViaPoll,
		Source: s.session.Address(), User: s.session.User(), Received: time.Now(), ClusterName: s.scalars.ClusterName, Epoch: uint64(row.Epoch), Time: row.Time,
		Type: row.Type, Severity: row.Severity, AlarmIndex: uint32(row.AlarmIndex), ComponentType: row.ComponentType, ComponentName: row.ComponentName,
		NodeName: row.NodeName, Error: row.Error, Reaction: row.Reaction, Result: row.Result, Duration: time.Duration(row.Duration) * time.Millisecond,
		Setter: row.Setter, Summary: row.Summary,
	}
}
