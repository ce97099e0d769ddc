package journal

import (
	"context"
	"fmt"
	"time"
)

// Cluster is what the journal knows of one cluster. View is the last polled state as the poller wrote it (JSON).
type Cluster struct {
	ClusterID   string    `json:"clusterId"`
	Name        string    `json:"name"`
	ConfigName  string    `json:"configName,omitempty"`
	Generation  uint64    `json:"generation"`
	FirstSeen   time.Time `json:"firstSeen"`
	LastHeard   time.Time `json:"lastHeard,omitzero"`
	LastPolled  time.Time `json:"lastPolled,omitzero"`
	PollError   string    `json:"pollError,omitempty"`
	SilentSince time.Time `json:"silentSince,omitzero"`
	View        string    `json:"-"`
}

func (t *tx) heard(h *Heard) error {
	_, err := t.exec(`INSERT INTO cluster (cluster_id, name, generation, first_seen, last_heard) VALUES (?,?,?,?,?)
		ON CONFLICT (cluster_id) DO UPDATE SET last_heard = max(last_heard, excluded.last_heard),
		name = CASE WHEN excluded.name = '' THEN name ELSE excluded.name END, generation = max(generation, excluded.generation)`,
		h.ClusterID, h.ClusterName, int64(h.Generation), nanos(h.At), nanos(h.At))
	return err
}

// SavePoll stores what a complete poll found; it ends a silence.
func (j *Journal) SavePoll(ctx context.Context, c Cluster) error {
	err := j.update(ctx, 1, func(t *tx) error {
		_, err := t.exec(`INSERT INTO cluster (cluster_id, name, config_name, generation, first_seen, last_polled, view) VALUES (?,?,?,?,?,?,?)
			ON CONFLICT (cluster_id) DO UPDATE SET name = excluded.name, config_name = excluded.config_name,
			generation = max(generation, excluded.generation), last_polled = excluded.last_polled, view = excluded.view, poll_error = '', silent_since = 0`,
			c.ClusterID, c.Name, c.ConfigName, int64(c.Generation), nanos(c.LastPolled), nanos(c.LastPolled), c.View)
		return err
	})
	if err != nil {
		return fmt.Errorf("store the state of cluster %s: %w", c.Name, err)
	}
	return nil
}

// SavePollError notes that a poll failed, and since when nothing answers; a zero silent leaves that as it is.
func (j *Journal) SavePollError(ctx context.Context, clusterID, reason string, silent time.Time) error {
	return j.update(ctx, 1, func(t *tx) error {
		_, err := t.exec(`UPDATE cluster SET poll_error = ?, silent_since = CASE WHEN ? = 0 THEN silent_since ELSE ? END WHERE cluster_id = ?`,
			reason, nanos(silent), nanos(silent), clusterID)
		return err
	})
}

// Clusters returns all clusters, in order of their names.
func (r *Reader) Clusters(ctx context.Context) ([]Cluster, error) {
	return query(ctx, r, `SELECT cluster_id, name, config_name, generation, first_seen, last_heard, last_polled, poll_error, silent_since, view
		FROM cluster ORDER BY name, cluster_id`, nil, func(scan func(...any) error) (Cluster, error) {
		var c Cluster
		var generation, first, heard, polled, silent int64
		err := scan(&c.ClusterID, &c.Name, &c.ConfigName, &generation, &first, &heard, &polled, &c.PollError, &silent, &c.View)
		c.Generation, c.FirstSeen, c.LastHeard, c.LastPolled, c.SilentSince = uint64(generation), instant(first), instant(heard), instant(polled), instant(silent)
		return c, err
	})
}

func (t *tx) saveEngine(e *Engine) error {
	_, err := t.exec(`INSERT INTO engine (engine_id, cluster_id, origin, boots, time, seen_at) VALUES (?,?,?,?,?,?)
		ON CONFLICT (engine_id) DO UPDATE SET
		cluster_id = CASE WHEN excluded.cluster_id = '' THEN cluster_id ELSE excluded.cluster_id END,
		origin = CASE WHEN excluded.origin = '' THEN origin ELSE excluded.origin END,
		time = CASE WHEN excluded.boots > boots THEN excluded.time WHEN excluded.boots = boots THEN max(time, excluded.time) ELSE time END,
		boots = max(boots, excluded.boots), seen_at = max(seen_at, excluded.seen_at)`,
		e.EngineID, e.ClusterID, e.Origin, e.Boots, e.Time, nanos(e.Seen))
	return err
}

// Engines returns every engine that was configured, polled or learnt.
func (r *Reader) Engines(ctx context.Context) ([]Engine, error) {
	return query(ctx, r, `SELECT engine_id, cluster_id, origin, boots, time, seen_at FROM engine ORDER BY engine_id`, nil,
		func(scan func(...any) error) (Engine, error) {
			var e Engine
			var seen int64
			err := scan(&e.EngineID, &e.ClusterID, &e.Origin, &e.Boots, &e.Time, &seen)
			e.Seen = instant(seen)
			return e, err
		})
}

func (t *tx) saveAlarm(a *Alarm) error {
	_, err := t.exec(`INSERT INTO alarm (cluster_id, alarm_index, raised_at, cleared_at, severity, type, component_type, component_name, node_name, text)
		VALUES (?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (cluster_id, alarm_index) DO UPDATE SET cleared_at = max(cleared_at, excluded.cleared_at),
		severity = CASE WHEN cleared_at > 0 AND excluded.cleared_at = 0 THEN severity ELSE excluded.severity END`,
		a.ClusterID, a.AlarmIndex, nanos(a.Raised), nanos(a.Cleared), a.Severity, a.Type, a.ComponentType, a.ComponentName, a.NodeName, a.Text)
	return err
}

// Alarms returns the alarms of a cluster, those that stand first; all clusters' when clusterID is empty.
func (r *Reader) Alarms(ctx context.Context, clusterID string) ([]Alarm, error) {
	return query(ctx, r, `SELECT cluster_id, alarm_index, raised_at, cleared_at, severity, type, component_type, component_name, node_name, text
		FROM alarm WHERE ? = '' OR cluster_id = ? ORDER BY cleared_at > 0, raised_at DESC`, []any{clusterID, clusterID},
		func(scan func(...any) error) (Alarm, error) {
			var a Alarm
			var raised, cleared int64
			err := scan(&a.ClusterID, &a.AlarmIndex, &raised, &cleared, &a.Severity, &a.Type, &a.ComponentType, &a.ComponentName, &a.NodeName, &a.Text)
			a.Raised, a.Cleared = instant(raised), instant(cleared)
			return a, err
		})
}
