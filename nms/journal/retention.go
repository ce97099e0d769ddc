package journal

import (
	"context"
	"fmt"
	"time"
)

// Keep is what the journal keeps of its events. Zero fields do not limit.
type Keep struct {
	Events int           // the newest so many
	Age    time.Duration // since they were received
}

// trimAtOnce is how many events one commit removes, with their conditions: those who wait for it want to be answered.
const trimAtOnce = 100

// TrimEvents removes what is beyond keep, oldest first, and returns how many events it removed. It never removes an event
// that a rule has still to judge, whose condition is still wanted, that belongs to an open incident or an unfinished
// reconfiguration, or that lies where the journal of its cluster is not complete yet.
func (j *Journal) TrimEvents(ctx context.Context, keep Keep, now time.Time) (removed int64, err error) {
	before, err := j.trimBefore(ctx, keep, now)
	for err == nil && ctx.Err() == nil {
		var n int64
		if n, err = j.trimSome(ctx, before); n == 0 {
			break
		}
		removed += n
	}
	if err != nil {
		return removed, fmt.Errorf("trim the journal: %w", err)
	}
	return removed, nil
}

// trimBefore is the number of the first event that stays.
func (j *Journal) trimBefore(ctx context.Context, keep Keep, now time.Time) (int64, error) {
	before := int64(0)
	take := func(n int64) { before = max(before, n) }
	scan := func(scan func(...any) error) (int64, error) {
		var n int64
		err := scan(&n)
		return n, err
	}
	if keep.Events > 0 {
		found, err := query(ctx, &j.Reader, `SELECT id + 1 FROM event ORDER BY id DESC LIMIT 1 OFFSET ?`, []any{keep.Events}, scan)
		if err != nil {
			return 0, err
		}
		for _, n := range found {
			take(n)
		}
	}
	if keep.Age > 0 {
		found, err := query(ctx, &j.Reader, `SELECT ifnull(max(id), 0) + 1 FROM event WHERE received_at < ?`, []any{nanos(now.Add(-keep.Age))}, scan)
		if err != nil {
			return 0, err
		}
		for _, n := range found {
			take(n)
		}
	}
	return before, nil
}

func (j *Journal) trimSome(ctx context.Context, before int64) (removed int64, err error) {
	err = j.update(ctx, trimAtOnce, func(t *tx) error {
		result, err := t.exec(`DELETE FROM event WHERE id IN (SELECT e.id FROM event e
			LEFT JOIN cursor c ON c.cluster_id = e.cluster_id AND c.generation = e.generation
			WHERE e.id < ?1 AND (e.authentic = 0 OR e.analysed_at > 0) AND (e.authentic = 0 OR e.condition_state <> 'wanted')
			AND (e.seq = 0 OR e.authentic = 0 OR e.seq <= ifnull(c.settled, 0))
			AND NOT EXISTS (SELECT 1 FROM incident_event m JOIN incident i ON i.id = m.incident_id WHERE m.event_id = e.id AND i.state = 'open')
			AND NOT EXISTS (SELECT 1 FROM reconfiguration r WHERE r.event_id = e.id AND r.ended_at = 0)
			ORDER BY e.id LIMIT ?2)`, before, trimAtOnce)
		if err == nil {
			removed, err = result.RowsAffected()
		}
		return err
	})
	return removed, err
}
