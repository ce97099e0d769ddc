package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// query runs one statement and reads each row with read.
func query[T any](ctx context.Context, r *Reader, text string, args []any, read func(scan func(...any) error) (T, error)) (out []T, err error) {
	rows, err := r.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", explain(r.path, err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		item, err := read(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", explain(r.path, err))
		}
		out = append(out, item)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the journal: %w", explain(r.path, err))
	}
	return out, nil
}

// EventFilter chooses events. Zero fields do not restrict.
type EventFilter struct {
	ClusterID string
	Component string // name of the failing component
	Type      string
	Severity  string
	Since     time.Time // by the origin's clock
	AfterID   int64     // events that arrived later than this one
	Limit     int       // the newest so many; 0 = 1,000
	Oldest    bool      // the oldest so many instead
}

const eventSelect = `SELECT id, cluster_id, generation, seq, origin, origin_seq, rank, authentic, via, source, user, manager, received_at,
	notification, cluster_name, epoch, time, type, severity, alarm_index, component_type, component_name, node_name, error, reaction,
	result, duration_ms, setter, summary, facts, condition_state, analysed_at, analysis FROM event `

// Events returns the chosen events in order of arrival.
func (r *Reader) Events(ctx context.Context, f EventFilter) ([]Event, error) {
	where, args := f.where()
	direction := "DESC"
	if f.Oldest {
		direction = "ASC"
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 1000
	}
	text := fmt.Sprintf("SELECT * FROM (%s %s ORDER BY id %s LIMIT %d) ORDER BY id", eventSelect, where, direction, limit)
	return query(ctx, r, text, args, scanEvent)
}

func (f EventFilter) where() (string, []any) {
	var terms []string
	var args []any
	add := func(wanted bool, term string, arg any) {
		if wanted {
			terms, args = append(terms, term), append(args, arg)
		}
	}
	add(f.ClusterID != "", "cluster_id = ?", f.ClusterID)
	add(f.Component != "", "component_name = ?", f.Component)
	add(f.Type != "", "type = ?", f.Type)
	add(f.Severity != "", "severity = ?", f.Severity)
	add(!f.Since.IsZero(), "time >= ?", nanos(f.Since))
	add(f.AfterID > 0, "id > ?", f.AfterID)
	if len(terms) == 0 {
		return "", nil
	}
	return "WHERE " + strings.Join(terms, " AND "), args
}

func scanEvent(scan func(...any) error) (Event, error) {
	var e Event
	var generation, originSeq, received, epoch, when, duration, analysed int64
	var facts string
	err := scan(&e.ID, &e.ClusterID, &generation, &e.Seq, &e.Origin, &originSeq, &e.Rank, &e.Authentic, &e.Via, &e.Source, &e.User, &e.Manager, &received,
		&e.Notification, &e.ClusterName, &epoch, &when, &e.Type, &e.Severity, &e.AlarmIndex, &e.ComponentType, &e.ComponentName, &e.NodeName, &e.Error,
		&e.Reaction, &e.Result, &duration, &e.Setter, &e.Summary, &facts, &e.ConditionState, &analysed, &e.Analysis)
	if err != nil {
		return e, err
	}
	e.Generation, e.OriginSeq, e.Epoch = uint64(generation), uint64(originSeq), uint64(epoch)
	e.Received, e.Time, e.Analysed = instant(received), instant(when), instant(analysed)
	e.Duration = time.Duration(duration) * time.Millisecond
	if facts != "" {
		err = json.Unmarshal([]byte(facts), &e.Facts)
	}
	return e, err
}

// Event returns the event of an identity; found is false when the journal does not have it.
func (r *Reader) Event(ctx context.Context, id Identity) (e Event, found bool, err error) {
	events, err := query(ctx, r, eventSelect+`WHERE id = (SELECT event_id FROM identity WHERE cluster_id = ? AND generation = ? AND seq = ?)`,
		[]any{id.ClusterID, int64(id.Generation), id.Seq}, scanEvent)
	if err != nil || len(events) == 0 {
		return Event{}, false, err
	}
	return events[0], true, nil
}

// Conditions returns the state of every component at the moment of an event, in the order of the cluster's own table.
func (r *Reader) Conditions(ctx context.Context, id Identity) ([]Component, error) {
	return query(ctx, r, `SELECT idx, component_type, component_name, node_name, state, detail FROM condition
		WHERE event_id = (SELECT event_id FROM identity WHERE cluster_id = ? AND generation = ? AND seq = ?) ORDER BY idx`,
		[]any{id.ClusterID, int64(id.Generation), id.Seq}, func(scan func(...any) error) (Component, error) {
			var c Component
			err := scan(&c.Index, &c.ComponentType, &c.ComponentName, &c.NodeName, &c.State, &c.Detail)
			return c, err
		})
}

// UnknownNotifications returns the newest notifications that are not of HAWSER-MIB, newest first.
func (r *Reader) UnknownNotifications(ctx context.Context, limit int) ([]Unknown, error) {
	return query(ctx, r, `SELECT id, received_at, source, version, user, engine_id, kind, trap_oid, varbinds, raw, reason
		FROM unknown ORDER BY id DESC LIMIT ?`, []any{limit}, func(scan func(...any) error) (Unknown, error) {
		var u Unknown
		var received int64
		var varbinds string
		if err := scan(&u.ID, &received, &u.Source, &u.Version, &u.User, &u.EngineID, &u.Kind, &u.TrapOID, &varbinds, &u.Raw, &u.Reason); err != nil {
			return u, err
		}
		u.Received = instant(received)
		return u, json.Unmarshal([]byte(varbinds), &u.Varbinds)
	})
}
