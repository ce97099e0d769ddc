package journal

import (
	"context"
	"time"
)

// Wanted is an event whose condition is still to be fetched.
type Wanted struct {
	EventID int64
	Identity
	Received time.Time
}

// WantedConditions returns the authentic events of one generation of a cluster whose condition is not stored yet, oldest first.
func (r *Reader) WantedConditions(ctx context.Context, clusterID string, generation uint64, limit int) ([]Wanted, error) {
	return query(ctx, r, `SELECT id, cluster_id, generation, seq, received_at FROM event
		WHERE cluster_id = ? AND generation = ? AND condition_state = 'wanted' AND seq > 0 AND authentic = 1 ORDER BY seq LIMIT ?`,
		[]any{clusterID, int64(generation), limit}, func(scan func(...any) error) (Wanted, error) {
			var w Wanted
			var generation, received int64
			err := scan(&w.EventID, &w.ClusterID, &generation, &w.Seq, &received)
			w.Generation, w.Received = uint64(generation), instant(received)
			return w, err
		})
}

// SaveCondition stores the whole condition of one event and marks it whole.
func (j *Journal) SaveCondition(ctx context.Context, eventID int64, components []Component) error {
	return j.SaveConditions(ctx, []Completed{{eventID, components}})
}

// LoseConditions marks the conditions of a generation's events in a range as lost for good, with the reason, and returns
// how many were still wanted.
func (j *Journal) LoseConditions(ctx context.Context, clusterID string, generation uint64, in Range, reason string) (int64, error) {
	var lost int64
	err := j.update(ctx, 1, func(t *tx) error {
		var first, last int64
		where := `cluster_id = ? AND generation = ? AND condition_state = 'wanted' AND seq > 0 AND authentic = 1 AND seq BETWEEN ? AND ?`
		args := []any{clusterID, int64(generation), in.First, in.Last}
		if _, err := t.get(`SELECT count(*), ifnull(min(seq), 0), ifnull(max(seq), 0) FROM event WHERE `+where, args, []any{&lost, &first, &last}); err != nil || lost == 0 {
			return err
		}
		if _, err := t.exec(`UPDATE event SET condition_state = 'lost' WHERE `+where, args...); err != nil {
			return err
		}
		return t.saveGap(Gap{ClusterID: clusterID, Generation: generation, What: GapCondition, First: uint32(first), Last: uint32(last), State: GapLost, Reason: reason})
	})
	return lost, err
}

// WantedGenerations returns the generations of a cluster that still have events without their condition.
func (r *Reader) WantedGenerations(ctx context.Context, clusterID string) ([]uint64, error) {
	return query(ctx, r, `SELECT DISTINCT generation FROM event WHERE cluster_id = ? AND condition_state = 'wanted' AND seq > 0 AND authentic = 1`, []any{clusterID},
		func(scan func(...any) error) (uint64, error) {
			var n int64
			err := scan(&n)
			return uint64(n), err
		})
}
