package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Append stores a batch and returns when it is durable. Events that are known already are not stored again; a better
// account of one replaces the poorer (Rank). Appending the same batch twice is the same as once.
func (j *Journal) Append(ctx context.Context, batch Batch) (Outcome, error) {
	var out Outcome
	rows := len(batch.Events) + len(batch.Unknown) + len(batch.Engines) + len(batch.Alarms) + len(batch.Heard)
	if rows == 0 {
		return out, nil
	}
	err := j.update(ctx, rows, func(t *tx) error {
		out = Outcome{}
		return t.appendBatch(&batch, &out)
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("append to the journal: %w", err)
	}
	return out, nil
}

func (t *tx) appendBatch(batch *Batch, out *Outcome) error {
	for i := range batch.Heard {
		if err := t.heard(&batch.Heard[i]); err != nil {
			return err
		}
	}
	for i := range batch.Events {
		if err := t.appendEvent(&batch.Events[i], out); err != nil {
			return err
		}
	}
	for i := range batch.Unknown {
		if err := t.appendUnknown(&batch.Unknown[i], out); err != nil {
			return err
		}
	}
	for i := range batch.Engines {
		if err := t.saveEngine(&batch.Engines[i]); err != nil {
			return err
		}
	}
	for i := range batch.Alarms {
		if err := t.saveAlarm(&batch.Alarms[i]); err != nil {
			return err
		}
	}
	return nil
}

// stored is what the journal holds of an event already.
type stored struct {
	id        int64
	rank      Rank
	authentic bool
	seq       uint32
}

func (t *tx) appendEvent(e *Event, out *Outcome) error {
	have, found, err := t.findEvent(e)
	switch {
	case err != nil:
		return err
	case !found:
		out.New++
		return t.insertEvent(e)
	case have.authentic && !e.Authentic:
		out.Known++ // a hint says nothing about what is known for sure
		return nil
	case !have.authentic && e.Authentic:
		out.Replaced++
		return t.overruleHint(have.id, e)
	}
	if have.rank < e.Rank || have.seq == 0 && e.Seq > 0 {
		out.Replaced++
		if err := t.replaceEvent(have, e); err != nil {
			return err
		}
	} else {
		out.Known++
	}
	return t.addIdentity(have.id, e)
}

// findEvent looks for the same event: by its identity, else by where it arose. The origin's time guards against an
// origin that lost its counter and began again at 1.
func (t *tx) findEvent(e *Event) (stored, bool, error) {
	var s stored
	if e.Seq > 0 {
		found, err := t.get(`SELECT e.id, e.rank, e.authentic, e.seq FROM identity i JOIN event e ON e.id = i.event_id
			WHERE i.cluster_id = ? AND i.generation = ? AND i.seq = ?`,
			[]any{e.ClusterID, int64(e.Generation), e.Seq}, []any{&s.id, &s.rank, &s.authentic, &s.seq})
		if found || err != nil {
			return s, found, err
		}
	}
	if e.Origin == "" || e.OriginSeq == 0 {
		return s, false, nil
	}
	found, err := t.get(`SELECT id, rank, authentic, seq FROM event
		WHERE cluster_id = ? AND origin = ? AND origin_seq = ? AND origin_seq > 0 AND time = ? LIMIT 1`,
		[]any{e.ClusterID, e.Origin, int64(e.OriginSeq), nanos(e.Time)}, []any{&s.id, &s.rank, &s.authentic, &s.seq})
	return s, found, err
}

const insertEvent = `INSERT INTO event (cluster_id, generation, seq, origin, origin_seq, rank, authentic, via, source, user,
	manager, received_at, notification, cluster_name, epoch, time, type, severity, alarm_index, component_type, component_name,
	node_name, error, reaction, result, duration_ms, setter, summary, facts, condition_state)
	VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`

func (t *tx) insertEvent(e *Event) error {
	args, err := eventColumns(e)
	if err != nil {
		return err
	}
	result, err := t.exec(insertEvent, args...)
	if err != nil {
		return fmt.Errorf("store event %s %d/%d: %w", e.ClusterID, e.Generation, e.Seq, err)
	}
	if e.ID, err = result.LastInsertId(); err != nil {
		return err
	}
	return t.addIdentity(e.ID, e)
}

// replaceEvent stores a better account. How and when the event came first stays, and so does its first identity.
func (t *tx) replaceEvent(have stored, e *Event) error {
	facts, err := factsText(e.Facts)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE event SET rank = max(rank, ?), epoch = ?, time = ?, type = ?, severity = ?, alarm_index = ?,
		component_type = ?, component_name = ?, node_name = ?, error = ?, reaction = ?, result = ?, duration_ms = ?,
		setter = CASE WHEN ? = '' THEN setter ELSE ? END, summary = ?, facts = CASE WHEN ? = '' THEN facts ELSE ? END,
		origin = CASE WHEN ? = '' THEN origin ELSE ? END, origin_seq = max(origin_seq, ?) WHERE id = ?`,
		e.Rank, int64(e.Epoch), nanos(e.Time), e.Type, e.Severity, e.AlarmIndex,
		e.ComponentType, e.ComponentName, e.NodeName, e.Error, e.Reaction, e.Result, e.Duration.Milliseconds(),
		e.Setter, e.Setter, e.Summary, facts, facts, e.Origin, e.Origin, int64(e.OriginSeq), have.id)
	if err != nil || have.seq > 0 || e.Seq == 0 {
		return err
	}
	_, err = t.exec(`UPDATE event SET generation = ?, seq = ?, condition_state = ? WHERE id = ?`, int64(e.Generation), e.Seq, ConditionWanted, have.id)
	return err
}

// overruleHint replaces everything an unauthenticated notification claimed, its identities included. Only the number
// stays, because an incident may point to it.
func (t *tx) overruleHint(id int64, e *Event) error {
	if _, err := t.exec(`DELETE FROM identity WHERE event_id = ?`, id); err != nil {
		return err
	}
	args, err := eventColumns(e)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE event SET cluster_id = ?, generation = ?, seq = ?, origin = ?, origin_seq = ?, rank = ?, authentic = ?,
		via = ?, source = ?, user = ?, manager = ?, received_at = ?, notification = ?, cluster_name = ?, epoch = ?, time = ?,
		type = ?, severity = ?, alarm_index = ?, component_type = ?, component_name = ?, node_name = ?, error = ?, reaction = ?,
		result = ?, duration_ms = ?, setter = ?, summary = ?, facts = ?, condition_state = ? WHERE id = ?`, append(args, id)...)
	if err != nil {
		return err
	}
	return t.addIdentity(id, e)
}

func (t *tx) addIdentity(id int64, e *Event) error {
	if e.Seq == 0 {
		return nil
	}
	_, err := t.exec(`INSERT OR IGNORE INTO identity (cluster_id, generation, seq, event_id) VALUES (?,?,?,?)`,
		e.ClusterID, int64(e.Generation), e.Seq, id)
	return err
}

// eventColumns are the values of insertEvent, in its order.
func eventColumns(e *Event) ([]any, error) {
	facts, err := factsText(e.Facts)
	if err != nil {
		return nil, err
	}
	state := e.ConditionState
	if state == "" {
		state = ConditionWanted
		if e.Seq == 0 {
			state = ConditionNone
		}
	}
	return []any{
		e.ClusterID, int64(e.Generation), e.Seq, e.Origin, int64(e.OriginSeq), e.Rank, e.Authentic, e.Via, e.Source, e.User,
		e.Manager, nanos(e.Received), e.Notification, e.ClusterName, int64(e.Epoch), nanos(e.Time), e.Type, e.Severity, e.AlarmIndex,
		e.ComponentType, e.ComponentName, e.NodeName, e.Error, e.Reaction, e.Result, e.Duration.Milliseconds(), e.Setter, e.Summary,
		facts, state,
	}, nil
}

func factsText(f Facts) (string, error) {
	if f == (Facts{}) {
		return "", nil
	}
	text, err := json.Marshal(f)
	return string(text), err
}

func (t *tx) appendUnknown(u *Unknown, out *Outcome) error {
	varbinds, err := json.Marshal(u.Varbinds)
	if err != nil {
		return err
	}
	var key any
	if u.InformKey != "" {
		key = u.InformKey
	}
	result, err := t.exec(`INSERT OR IGNORE INTO unknown (received_at, source, version, user, engine_id, kind, trap_oid, varbinds, raw, reason, inform_key)
		VALUES (?,?,?,?,?,?,?,?,?,?,?)`, nanos(u.Received), u.Source, u.Version, u.User, u.EngineID, u.Kind, u.TrapOID, string(varbinds), nonNil(u.Raw), u.Reason, key)
	if err != nil {
		return fmt.Errorf("store a notification from %s: %w", u.Source, err)
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		out.New++
		return err
	}
	out.Known++
	return nil
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// nanos is the stored form of a time; the zero time is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// instant is the time of a stored form.
func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
