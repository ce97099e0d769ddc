package journal

import (
	"context"
	"fmt"
	"time"
)

// Kinds and states of incidents, and the parts events play in them.
const (
	IncidentEvents = "events"
	IncidentSilent = "silent" // a cluster that no longer answers
	// IncidentReconfiguration is one that was accepted and did not take effect; a person closes it.
	IncidentReconfiguration = "reconfiguration"
	IncidentOpen            = "open"
	IncidentClosed          = "closed"
	RoleRoot                = "root"
	RoleFollower            = "follower"
)

// Incident is one trouble: a root event and those that follow from it.
type Incident struct {
	ID        int64     `json:"id"`
	ClusterID string    `json:"clusterId"`
	Kind      string    `json:"kind"`
	State     string    `json:"state"`
	Severity  string    `json:"severity"`
	Title     string    `json:"title"`
	Opened    time.Time `json:"opened"`
	Updated   time.Time `json:"updated"`
	Closed    time.Time `json:"closed,omitzero"`
	Root      int64     `json:"rootEvent,omitempty"`
	Events    int       `json:"events"`
}

// OpenIncident stores a new incident with its root event (0 = none) and returns its number.
func (j *Journal) OpenIncident(ctx context.Context, i Incident) (int64, error) {
	var id int64
	err := j.update(ctx, 2, func(t *tx) (err error) {
		id, err = t.openIncident(i)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("open an incident of cluster %s: %w", i.ClusterID, err)
	}
	return id, nil
}

func (t *tx) openIncident(i Incident) (int64, error) {
	result, err := t.exec(`INSERT INTO incident (cluster_id, kind, state, severity, title, opened_at, updated_at) VALUES (?,?,?,?,?,?,?)`,
		i.ClusterID, i.Kind, IncidentOpen, i.Severity, i.Title, nanos(i.Opened), nanos(i.Opened))
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	if err != nil || i.Root == 0 {
		return id, err
	}
	return id, t.joinIncident(id, i.Root, RoleRoot)
}

func (t *tx) joinIncident(incident, event int64, role string) error {
	_, err := t.exec(`INSERT OR IGNORE INTO incident_event (event_id, incident_id, role) VALUES (?,?,?)`, event, incident, role)
	return err
}

// FollowIncident adds an event to an incident and raises its severity if need be.
func (j *Journal) FollowIncident(ctx context.Context, incident, event int64, severity string, at time.Time) error {
	return j.update(ctx, 2, func(t *tx) error {
		if err := t.joinIncident(incident, event, RoleFollower); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE incident SET updated_at = max(updated_at, ?), severity = ? WHERE id = ?`, nanos(at), severity, incident)
		return err
	})
}

// CloseIncident ends an incident.
func (j *Journal) CloseIncident(ctx context.Context, incident int64, at time.Time) error {
	return j.update(ctx, 1, func(t *tx) error {
		_, err := t.exec(`UPDATE incident SET state = 'closed', closed_at = ?, updated_at = ? WHERE id = ? AND state = 'open'`, nanos(at), nanos(at), incident)
		return err
	})
}

// IncidentFilter chooses incidents. Zero fields do not restrict.
type IncidentFilter struct {
	ID        int64
	ClusterID string
	Kind      string
	OpenOnly  bool
	Limit     int // the newest so many; 0 = 200
}

// Incidents returns the chosen incidents, newest first.
func (r *Reader) Incidents(ctx context.Context, f IncidentFilter) ([]Incident, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 200
	}
	return query(ctx, r, `SELECT i.id, i.cluster_id, i.kind, i.state, i.severity, i.title, i.opened_at, i.updated_at, i.closed_at,
		ifnull((SELECT event_id FROM incident_event WHERE incident_id = i.id AND role = 'root'), 0),
		(SELECT count(*) FROM incident_event WHERE incident_id = i.id)
		FROM incident i WHERE (?1 = '' OR i.cluster_id = ?1) AND (?2 = '' OR i.kind = ?2) AND (?3 = 0 OR i.state = 'open') AND (?5 = 0 OR i.id = ?5) ORDER BY i.id DESC LIMIT ?4`,
		[]any{f.ClusterID, f.Kind, f.OpenOnly, limit, f.ID}, func(scan func(...any) error) (Incident, error) {
			var i Incident
			var opened, updated, closed int64
			err := scan(&i.ID, &i.ClusterID, &i.Kind, &i.State, &i.Severity, &i.Title, &opened, &updated, &closed, &i.Root, &i.Events)
			i.Opened, i.Updated, i.Closed = instant(opened), instant(updated), instant(closed)
			return i, err
		})
}

// IncidentMembers returns the events of an incident, the root first.
func (r *Reader) IncidentMembers(ctx context.Context, incident int64) ([]Event, error) {
	return query(ctx, r, eventSelect+`WHERE id IN (SELECT event_id FROM incident_event WHERE incident_id = ?1)
		ORDER BY id NOT IN (SELECT event_id FROM incident_event WHERE incident_id = ?1 AND role = 'root'), id`, []any{incident}, scanEvent)
}
