package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What a gap lacks, and what became of it.
const (
	GapEvent     = "event"
	GapCondition = "condition"
	GapOpen      = "open"
	GapFilled    = "filled"
	GapLost      = "lost"
)

// Gap is a range of a cluster's events (or their conditions) that the journal lacks or lacked.
type Gap struct {
	ClusterID  string    `json:"clusterId"`
	Generation uint64    `json:"generation"`
	What       string    `json:"what"`
	First      uint32    `json:"first"`
	Last       uint32    `json:"last"`
	State      string    `json:"state"`
	Reason     string    `json:"reason,omitempty"`
	Found      time.Time `json:"found"`
	Settled    time.Time `json:"settled,omitzero"`
}

// Range is a run of sequence numbers, both ends included.
type Range struct{ First, Last uint32 }

// saveGap stores a range. What is lost stays lost: it is taken out of the open ranges that hold it, whose rest stays open,
// and an open range leaves it out.
func (t *tx) saveGap(g Gap) error {
	found := nanos(time.Now())
	if g.State != GapOpen {
		if err := t.carve(g); err != nil {
			return err
		}
		return t.putGap(g, g.First, g.Last, found, found)
	}
	lost, err := t.overlapping(g, GapLost)
	if err != nil {
		return err
	}
	have := make([]Range, len(lost))
	for i, l := range lost {
		have[i] = l.Range
	}
	for _, rest := range complement(g.First-1, g.Last, have) {
		if err := t.putGap(g, rest.First, rest.Last, found, 0); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) putGap(g Gap, first, last uint32, found, settled int64) error {
	_, err := t.exec(`INSERT INTO gap (cluster_id, generation, what, first_seq, last_seq, state, reason, found_at, settled_at) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT (cluster_id, generation, what, first_seq) DO UPDATE SET
		last_seq = CASE WHEN state = excluded.state THEN max(last_seq, excluded.last_seq) ELSE excluded.last_seq END,
		state = excluded.state, reason = excluded.reason, settled_at = excluded.settled_at`,
		g.ClusterID, int64(g.Generation), g.What, first, last, g.State, g.Reason, found, settled)
	return err
}

// storedRange is a row of the gap table.
type storedRange struct {
	Range
	id, found int64
	reason    string
}

// carve takes a range out of the open ones of its kind.
func (t *tx) carve(g Gap) error {
	open, err := t.overlapping(g, GapOpen)
	if err != nil {
		return err
	}
	for _, o := range open {
		if o.First < g.First {
			_, err = t.exec(`UPDATE gap SET last_seq = ? WHERE id = ?`, g.First-1, o.id)
		} else {
			_, err = t.exec(`DELETE FROM gap WHERE id = ?`, o.id)
		}
		if err != nil {
			return err
		}
		if o.Last > g.Last {
			rest := g
			rest.State, rest.Reason = GapOpen, o.reason
			if err := t.putGap(rest, g.Last+1, o.Last, o.found, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// overlapping returns the ranges in a state that have something in common with a gap, lowest first.
func (t *tx) overlapping(g Gap, state string) (out []storedRange, err error) {
	s, err := t.stmt(`SELECT id, first_seq, last_seq, reason, found_at FROM gap WHERE cluster_id = ? AND generation = ? AND what = ?
		AND state = ? AND first_seq <= ? AND last_seq >= ? ORDER BY first_seq`)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(t.ctx, g.ClusterID, int64(g.Generation), g.What, state, g.Last, g.First)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r storedRange
		if err := rows.Scan(&r.id, &r.First, &r.Last, &r.reason, &r.found); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// SaveGap notes a range that is missing: open when it may still be fetched, lost when it is gone for good.
func (j *Journal) SaveGap(ctx context.Context, g Gap) error {
	if err := j.update(ctx, 1, func(t *tx) error { return t.saveGap(g) }); err != nil {
		return fmt.Errorf("store gap %d-%d of cluster %s: %w", g.First, g.Last, g.ClusterID, err)
	}
	return nil
}

// Gaps returns what is or was missing of a cluster; of all when clusterID is empty.
func (r *Reader) Gaps(ctx context.Context, clusterID string) ([]Gap, error) {
	return query(ctx, r, `SELECT cluster_id, generation, what, first_seq, last_seq, state, reason, found_at, settled_at FROM gap
		WHERE ? = '' OR cluster_id = ? ORDER BY cluster_id, generation, first_seq`, []any{clusterID, clusterID}, scanGap)
}

func scanGap(scan func(...any) error) (Gap, error) {
	var g Gap
	var generation, found, settled int64
	err := scan(&g.ClusterID, &generation, &g.What, &g.First, &g.Last, &g.State, &g.Reason, &found, &settled)
	g.Generation, g.Found, g.Settled = uint64(generation), instant(found), instant(settled)
	return g, err
}

// Missing returns the ranges up to last of which the journal has neither an authentic event nor a note that they are
// lost. It looks from the cursor on, so that a settled past costs nothing.
func (r *Reader) Missing(ctx context.Context, clusterID string, generation uint64, last uint32) ([]Range, error) {
	settled, err := r.settled(ctx, clusterID, generation)
	if err != nil {
		return nil, err
	}
	have, err := query(ctx, r, `SELECT a, b FROM (
			SELECT i.seq AS a, i.seq AS b FROM identity i JOIN event e ON e.id = i.event_id
				WHERE i.cluster_id = ?1 AND i.generation = ?2 AND i.seq > ?3 AND i.seq <= ?4 AND e.authentic = 1
			UNION ALL
			SELECT first_seq, last_seq FROM gap WHERE cluster_id = ?1 AND generation = ?2 AND what = 'event' AND state = 'lost' AND last_seq > ?3
		) ORDER BY a`, []any{clusterID, int64(generation), settled, last}, func(scan func(...any) error) (Range, error) {
		var g Range
		err := scan(&g.First, &g.Last)
		return g, err
	})
	if err != nil {
		return nil, err
	}
	return complement(settled, last, have), nil
}

// complement returns what of (settled, last] the sorted ranges do not cover.
func complement(settled, last uint32, have []Range) []Range {
	var missing []Range
	next := uint64(settled) + 1
	for _, h := range have {
		if uint64(h.First) > next {
			missing = append(missing, Range{First: uint32(next), Last: min(h.First-1, last)})
		}
		next = max(next, uint64(h.Last)+1)
	}
	if next <= uint64(last) {
		missing = append(missing, Range{First: uint32(next), Last: last})
	}
	return missing
}

func (r *Reader) settled(ctx context.Context, clusterID string, generation uint64) (uint32, error) {
	cursors, err := query(ctx, r, `SELECT settled FROM cursor WHERE cluster_id = ? AND generation = ?`, []any{clusterID, int64(generation)},
		func(scan func(...any) error) (uint32, error) {
			var n uint32
			err := scan(&n)
			return n, err
		})
	if err != nil || len(cursors) == 0 {
		return 0, err
	}
	return cursors[0], nil
}

// Settle moves a generation's cursor: each event up to settled is stored or lost for good. It never moves back. Open
// gaps that end there are filled.
func (j *Journal) Settle(ctx context.Context, clusterID string, generation uint64, settled, highest uint32) error {
	return j.update(ctx, 2, func(t *tx) error {
		_, err := t.exec(`INSERT INTO cursor (cluster_id, generation, settled, highest) VALUES (?,?,?,?)
			ON CONFLICT (cluster_id, generation) DO UPDATE SET settled = max(settled, excluded.settled), highest = max(highest, excluded.highest)`,
			clusterID, int64(generation), settled, highest)
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE gap SET state = 'filled', settled_at = ? WHERE cluster_id = ? AND generation = ? AND what = 'event' AND state = 'open' AND last_seq <= ?`,
			nanos(time.Now()), clusterID, int64(generation), settled)
		return err
	})
}

// Cursor is how far a generation of a cluster is complete.
type Cursor struct {
	Generation uint64 `json:"generation"`
	Settled    uint32 `json:"settled"`
	Highest    uint32 `json:"highest"`
}

// Cursors returns the cursors of a cluster, oldest generation first.
func (r *Reader) Cursors(ctx context.Context, clusterID string) ([]Cursor, error) {
	return query(ctx, r, `SELECT generation, settled, highest FROM cursor WHERE cluster_id = ? ORDER BY generation`, []any{clusterID},
		func(scan func(...any) error) (Cursor, error) {
			var c Cursor
			var generation int64
			err := scan(&generation, &c.Settled, &c.Highest)
			c.Generation = uint64(generation)
			return c, err
		})
}
