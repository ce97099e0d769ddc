package journal

import (
	"context"
	"fmt"
)

// Completed is the whole condition of an event, as it was fetched.
type Completed struct {
	EventID    int64
	Components []Component
}

// SaveConditions stores whole conditions, all in one commit, and marks their events whole. Saying it twice changes nothing.
func (j *Journal) SaveConditions(ctx context.Context, all []Completed) error {
	rows := len(all)
	for _, c := range all {
		rows += len(c.Components)
	}
	if rows == 0 {
		return nil
	}
	err := j.update(ctx, rows, func(t *tx) error {
		for _, c := range all {
			if err := t.saveCondition(c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store the conditions of %d events: %w", len(all), err)
	}
	return nil
}

func (t *tx) saveCondition(c Completed) error {
	if _, err := t.exec(`DELETE FROM condition WHERE event_id = ?`, c.EventID); err != nil {
		return err
	}
	for _, v := range c.Components {
		if _, err := t.exec(`INSERT INTO condition (event_id, idx, component_type, component_name, node_name, state, detail) VALUES (?,?,?,?,?,?,?)`,
			c.EventID, v.Index, v.ComponentType, v.ComponentName, v.NodeName, v.State, v.Detail); err != nil {
			return err
		}
	}
	_, err := t.exec(`UPDATE event SET condition_state = ? WHERE id = ?`, ConditionWhole, c.EventID)
	return err
}

// Poorer returns the sequences from first on of which the journal has a notification's account alone, lowest first.
func (r *Reader) Poorer(ctx context.Context, clusterID string, generation uint64, first uint32, limit int) ([]uint32, error) {
	return query(ctx, r, `SELECT seq FROM event INDEXED BY event_poorer WHERE cluster_id = ? AND generation = ? AND seq >= ?
		AND rank < 3 AND authentic = 1 AND seq > 0 ORDER BY seq LIMIT ?`,
		[]any{clusterID, int64(generation), first, limit}, func(scan func(...any) error) (uint32, error) {
			var seq uint32
			err := scan(&seq)
			return seq, err
		})
}

// Unsettled is an earlier generation of a cluster's log of which events are missing below the last one that is known.
type Unsettled struct {
	Generation uint64
	Highest    uint32 // the last event that the journal knows of
}

// Unsettled returns the generations before one that are not complete up to their last known event.
func (r *Reader) Unsettled(ctx context.Context, clusterID string, before uint64) ([]Unsettled, error) {
	return query(ctx, r, `SELECT k.generation, k.highest FROM (
			SELECT generation, max(seq) AS highest FROM (
				SELECT generation, max(seq) AS seq FROM identity WHERE cluster_id = ?1 GROUP BY generation
				UNION ALL
				SELECT generation, highest FROM cursor WHERE cluster_id = ?1
			) GROUP BY generation
		) k LEFT JOIN cursor c ON c.cluster_id = ?1 AND c.generation = k.generation
		WHERE k.generation < ?2 AND ifnull(c.settled, 0) < k.highest ORDER BY k.generation`, []any{clusterID, int64(before)},
		func(scan func(...any) error) (Unsettled, error) {
			var u Unsettled
			var generation int64
			err := scan(&generation, &u.Highest)
			u.Generation = uint64(generation)
			return u, err
		})
}
