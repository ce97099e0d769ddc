package journal

import (
	"context"
	"fmt"
	"time"
)

// futureSlack is how far ahead a time of reception may lie that is only a clock being slewed.
const futureSlack = 5 * time.Second

// PendingAnalysis returns authentic events that no rule has seen yet, in order of arrival: those whose condition is
// settled, and those received before the deadline, which are analysed without.
// afterID leaves out those up to that one. An event from the future, by a clock that was set back since, waits for nothing.
func (r *Reader) PendingAnalysis(ctx context.Context, deadline time.Time, afterID int64, limit int) ([]Event, error) {
	return query(ctx, r, eventSelect+`WHERE id > ? AND analysed_at = 0 AND authentic = 1 AND (condition_state IN ('whole', 'lost') OR received_at <= ? OR received_at > ?) ORDER BY id LIMIT ?`,
		[]any{afterID, nanos(deadline), nanos(time.Now().Add(futureSlack)), limit}, scanEvent)
}

// MarkAnalysed notes what the rules made of an event, so that no restart analyses it again.
func (j *Journal) MarkAnalysed(ctx context.Context, eventID int64, outcome string) error {
	err := j.update(ctx, 1, func(t *tx) error {
		_, err := t.exec(`UPDATE event SET analysed_at = ?, analysis = ? WHERE id = ? AND analysed_at = 0`, nanos(time.Now()), outcome, eventID)
		return err
	})
	if err != nil {
		return fmt.Errorf("mark event %d analysed: %w", eventID, err)
	}
	return nil
}

// CountFilter chooses the events that History counts. Empty Type or Component match all.
type CountFilter struct {
	ClusterID string
	Type      string
	Component string
	From, To  time.Time // by the origins' clocks, both ends included
}

// Count returns how many authentic events match.
func (r *Reader) Count(ctx context.Context, f CountFilter) (int64, error) {
	counts, err := query(ctx, r, `SELECT count(*) FROM event WHERE cluster_id = ? AND (? = '' OR type = ?) AND (? = '' OR component_name = ?)
		AND time >= ? AND time <= ? AND authentic = 1`,
		[]any{f.ClusterID, f.Type, f.Type, f.Component, f.Component, nanos(f.From), nanos(f.To)}, func(scan func(...any) error) (int64, error) {
			var n int64
			err := scan(&n)
			return n, err
		})
	if err != nil || len(counts) == 0 {
		return 0, err
	}
	return counts[0], nil
}
