package journal

import (
	"context"
	"fmt"
	"time"
)

// PropertyOff is the global off switch of reconfiguration; it survives restarts.
const PropertyOff = "reconfigurationOff"

// Property is a switch or fact of the store, with who set it and when.
type Property struct {
	Value string    `json:"value"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

// Property returns a stored property; the zero value when it was never set.
func (r *Reader) Property(ctx context.Context, key string) (Property, error) {
	found, err := query(ctx, r, `SELECT value, by, at FROM property WHERE key = ?`, []any{key}, func(scan func(...any) error) (Property, error) {
		var p Property
		var at int64
		err := scan(&p.Value, &p.By, &at)
		p.At = instant(at)
		return p, err
	})
	if err != nil || len(found) == 0 {
		return Property{}, err
	}
	return found[0], nil
}

// SetProperty stores a property and says so in the audit chain.
func (j *Journal) SetProperty(ctx context.Context, key, value, by string) error {
	now := time.Now()
	err := j.update(ctx, 2, func(t *tx) error {
		_, err := t.exec(`INSERT INTO property (key, value, by, at) VALUES (?,?,?,?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, by = excluded.by, at = excluded.at`, key, value, by, nanos(now))
		if err != nil {
			return err
		}
		return t.audit(Audit{At: now, Actor: by, Action: "set " + key, Subject: "manager", Detail: value})
	})
	if err != nil {
		return fmt.Errorf("set %s: %w", key, err)
	}
	return nil
}

// SaveManager notes which manager writes here, with its SNMP engine.
func (j *Journal) SaveManager(ctx context.Context, id, name, engineID string, boots uint32) error {
	return j.update(ctx, 1, func(t *tx) error {
		_, err := t.exec(`INSERT INTO manager (id, name, engine_id, boots, started_at) VALUES (?,?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, engine_id = excluded.engine_id, boots = excluded.boots, started_at = excluded.started_at`,
			id, name, engineID, boots, nanos(time.Now()))
		return err
	})
}

// TrimUnknown keeps the newest keep unknown notifications of each source and returns how many it removed.
func (j *Journal) TrimUnknown(ctx context.Context, keep int) (int64, error) {
	var removed int64
	err := j.update(ctx, 1, func(t *tx) error {
		result, err := t.exec(`DELETE FROM unknown WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY source ORDER BY id DESC) AS n FROM unknown) WHERE n > ?)`, keep)
		if err == nil {
			removed, err = result.RowsAffected()
		}
		return err
	})
	return removed, err
}

// Managers returns the boots of each SNMP engine that a manager wrote here with.
func (r *Reader) Managers(ctx context.Context) (map[string]uint32, error) {
	boots := map[string]uint32{}
	_, err := query(ctx, r, `SELECT engine_id, boots FROM manager`, nil, func(scan func(...any) error) (struct{}, error) {
		var id string
		var n uint32
		err := scan(&id, &n)
		boots[id] = max(boots[id], n)
		return struct{}{}, err
	})
	return boots, err
}

// Newest is the latest time at which something was written here, by the clock of then.
func (r *Reader) Newest(ctx context.Context) (time.Time, error) {
	found, err := query(ctx, r, `SELECT max(at) FROM (SELECT ifnull(max(received_at), 0) AS at FROM event UNION ALL SELECT ifnull(max(started_at), 0) FROM manager
		UNION ALL SELECT ifnull(max(last_polled), 0) FROM cluster)`, nil, func(scan func(...any) error) (time.Time, error) {
		var at int64
		err := scan(&at)
		return instant(at), err
	})
	if err != nil || len(found) == 0 {
		return time.Time{}, err
	}
	return found[0], nil
}
