package journal

import (
	"context"
	"fmt"
)

// Wanted is an event whose condition is still to be fetched.
type Wanted struct {
	EventID int64
	Identity
}

// WantedConditions returns the events of one generation of a cluster whose condition is not stored yet, oldest first.
func (r *Reader) WantedConditions(ctx context.Context, clusterID string, generation uint64, limit int) ([]Wanted, error) {
	return query(ctx, r, `SELECT id, cluster_id, generation, seq FROM event
		WHERE cluster_id = ? AND generation = ? AND condition_state = 'wanted' AND seq > 0 ORDER BY seq LIMIT ?`,
		[]any{clusterID, int64(generation), limit}, func(scan func(...any) error) (Wanted, error) {
			var w Wanted
			var generation int64
			err := scan(&w.EventID, &w.ClusterID, &generation, &w.Seq)
			w.Generation = uint64(generation)
			return w, err
		})
}

// SaveCondition stores the whole condition of an event and marks it whole. Saying it twice changes nothing.
func (j *Journal) SaveCondition(ctx context.Context, eventID int64, components []Component) error {
	err := j.update(ctx, len(components)+1, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM condition WHERE event_id = ?`, eventID); err != nil {
			return err
		}
		for _, c := range components {
			if _, err := t.exec(`INSERT INTO condition (event_id, idx, component_type, component_name, node_name, state, detail) VALUES (?,?,?,?,?,?,?)`,
				eventID, c.Index, c.ComponentType, c.ComponentName, c.NodeName, c.State, c.Detail); err != nil {
				return err
			}
		}
		_, err := t.exec(`UPDATE event SET condition_state = ? WHERE id = ?`, ConditionWhole, eventID)
		return err
	})
	if err != nil {
		return fmt.Errorf("store the condition of event %d: %w", eventID, err)
	}
	return nil
}

// LoseConditions marks the conditions of a generation's events before seq as lost for good, with their range and the
// reason; it returns how many were still wanted. Before 0 means all of the generation.
func (j *Journal) LoseConditions(ctx context.Context, clusterID string, generation uint64, before uint32, reason string) (int64, error) {
	var lost int64
	err := j.update(ctx, 1, func(t *tx) error {
		var first, last int64
		where := `cluster_id = ? AND generation = ? AND condition_state = 'wanted' AND seq > 0 AND (? = 0 OR seq < ?)`
		args := []any{clusterID, int64(generation), before, before}
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
