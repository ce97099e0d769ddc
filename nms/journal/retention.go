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
	before, err := j.trimBefore(ctx, keep)
	if err == nil && before > 0 {
		removed, err = j.trimAll(ctx, trimByID, before)
	}
	if err == nil && keep.Age > 0 { // by each event's own time, because the clock may have been wrong for a while
		var n int64
		n, err = j.trimAll(ctx, trimByAge, nanos(now.Add(-keep.Age)))
		removed += n
	}
	if err != nil {
		return removed, fmt.Errorf("trim the journal: %w", err)
	}
	return removed, nil
}

// trimBefore is the number of the first event that stays for being one of the newest.
func (j *Journal) trimBefore(ctx context.Context, keep Keep) (int64, error) {
	if keep.Events <= 0 {
		return 0, nil
	}
	found, err := query(ctx, &j.Reader, `SELECT id + 1 FROM event ORDER BY id DESC LIMIT 1 OFFSET ?`, []any{keep.Events}, func(scan func(...any) error) (int64, error) {
		var n int64
		err := scan(&n)
		return n, err
	})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0], nil
}

// The two ways to trim; the store has an index for each, so that what stays costs nothing.
const (
	trimByID  = trimHead + `e.id < ?1` + trimTail + `e.id LIMIT ?2)`
	trimByAge = trimHead + `e.received_at < ?1` + trimTail + `e.received_at LIMIT ?2)`
	trimHead  = `DELETE FROM event WHERE id IN (SELECT e.id FROM event e
		LEFT JOIN cursor c ON c.cluster_id = e.cluster_id AND c.generation = e.generation WHERE `
	trimTail = ` AND (e.authentic = 0 OR e.analysed_at > 0) AND (e.authentic = 0 OR e.condition_state <> 'wanted')
		AND (e.seq = 0 OR e.authentic = 0 OR e.seq <= ifnull(c.settled, 0))
		AND NOT EXISTS (SELECT 1 FROM incident_event m JOIN incident i ON i.id = m.incident_id WHERE m.event_id = e.id AND i.state = 'open')
		AND NOT EXISTS (SELECT 1 FROM reconfiguration r WHERE r.event_id = e.id AND r.ended_at = 0)
		ORDER BY `
)

// trimAll removes what a statement finds below a bound, some at a time.
func (j *Journal) trimAll(ctx context.Context, statement string, bound int64) (removed int64, err error) {
	for ctx.Err() == nil {
		n, err := j.trimSome(ctx, statement, bound)
		if n == 0 || err != nil {
			return removed, err
		}
		removed += n
	}
	return removed, nil
}

func (j *Journal) trimSome(ctx context.Context, statement string, bound int64) (removed int64, err error) {
	err = j.update(ctx, trimAtOnce, func(t *tx) error {
		result, err := t.exec(statement, bound, trimAtOnce)
		if err == nil {
			removed, err = result.RowsAffected()
		}
		return err
	})
	return removed, err
}
