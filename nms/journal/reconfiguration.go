package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// States of a reconfiguration.
const (
	StateProposed  = "proposed"  // a rule asked for it
	StateHeld      = "held"      // a gate is closed; Gate and Reason name it
	StateDryRun    = "dryRun"    // would have been sent
	StateWaiting   = "waiting"   // for approval
	StateApproved  = "approved"  // by a person; the manager takes it up
	StateRejected  = "rejected"  // a person said no
	StateSending   = "sending"   // SET is on its way
	StateUnknown   = "unknown"   // no answer, and the write log does not tell yet
	StateVerifying = "verifying" // accepted, being read back
	StateDone      = "done"      // read back as wanted
	StateFailed    = "failed"    // accepted but not in effect, or no node could be asked
	StateRefused   = "refused"   // the cluster said no

	StateRollingBack = "rollingBack" // not in effect; the old values are being set again
	StateRolledBack  = "rolledBack"  // the old values stand again
)

// Reconfiguration is a proposal of a rule and what became of it.
type Reconfiguration struct {
	ID         int64     `json:"id"`
	Manager    string    `json:"manager"`
	Rule       string    `json:"rule"`
	ClusterID  string    `json:"clusterId"`
	EventID    int64     `json:"eventId"`
	IncidentID int64     `json:"incidentId,omitempty"`
	Kind       string    `json:"kind"`            // reaction, hardware
	Target     string    `json:"target"`          // service, or node/scope
	Apply      bool      `json:"apply,omitempty"` // hardware: a job applies it
	Approval   string    `json:"approval"`
	ApprovedBy string    `json:"approvedBy,omitempty"`
	DryRun     bool      `json:"dryRun,omitempty"`
	State      string    `json:"state"`
	Gate       string    `json:"gate,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Node       string    `json:"node,omitempty"`
	User       string    `json:"user,omitempty"`
	Token      string    `json:"token,omitempty"` // hex
	Serial     int64     `json:"serial,omitempty"`
	WriteSeq   uint32    `json:"writeSeq,omitempty"`
	Job        uint32    `json:"job,omitempty"`
	Proposed   time.Time `json:"proposed"`
	Sent       time.Time `json:"sent,omitzero"`
	Answered   time.Time `json:"answered,omitzero"`
	Ended      time.Time `json:"ended,omitzero"`
	Values     []Change  `json:"values"`
}

// Change is one value that a reconfiguration sets.
type Change struct {
	Object   string `json:"object"`
	Instance string `json:"instance"`
	OID      string `json:"oid,omitempty"`
	Old      string `json:"old"`
	New      string `json:"new"`
	ReadBack string `json:"readBack,omitempty"`
}

// Step is one step of a reconfiguration's life.
type Step struct {
	At    time.Time `json:"at"`
	State string    `json:"state"`
	Text  string    `json:"text"`
}

// Propose stores a new reconfiguration and returns its number. The same rule, event and target give the number of the
// one that exists and isNew false: a restart proposes nothing twice.
func (j *Journal) Propose(ctx context.Context, r Reconfiguration) (id int64, isNew bool, err error) {
	err = j.update(ctx, 2+len(r.Values), func(t *tx) error {
		id, isNew = 0, false
		found, err := t.get(`SELECT id FROM reconfiguration WHERE rule = ? AND event_id = ? AND cluster_id = ? AND target = ?`,
			[]any{r.Rule, r.EventID, r.ClusterID, r.Target}, []any{&id})
		if err != nil || found {
			return err
		}
		isNew = true
		result, err := t.exec(`INSERT INTO reconfiguration (manager, rule, cluster_id, event_id, incident_id, kind, target, apply, approval, dry_run, state, proposed_at)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, r.Manager, r.Rule, r.ClusterID, r.EventID, r.IncidentID, r.Kind, r.Target, r.Apply, r.Approval, r.DryRun, StateProposed, nanos(r.Proposed))
		if err != nil {
			return err
		}
		if id, err = result.LastInsertId(); err != nil {
			return err
		}
		return t.saveChanges(id, r.Values)
	})
	if err != nil {
		return 0, false, fmt.Errorf("store the proposal of rule %s: %w", r.Rule, err)
	}
	return id, isNew, nil
}

func (t *tx) saveChanges(id int64, values []Change) error {
	for i, v := range values {
		_, err := t.exec(`INSERT OR REPLACE INTO reconfiguration_value (reconfiguration_id, idx, object, instance, oid, old_value, new_value, read_back)
			VALUES (?,?,?,?,?,?,?,?)`, id, i, v.Object, v.Instance, v.OID, v.Old, v.New, v.ReadBack)
		if err != nil {
			return err
		}
	}
	return nil
}

// SaveReconfiguration stores the present state of a reconfiguration, adds a step and extends the audit chain, all in
// one commit: nothing is sent before its intent is durable.
func (j *Journal) SaveReconfiguration(ctx context.Context, r Reconfiguration, actor, text string) error {
	err := j.update(ctx, 4+len(r.Values), func(t *tx) error { return t.saveReconfiguration(r, actor, text) })
	if err != nil {
		return fmt.Errorf("store reconfiguration %d: %w", r.ID, err)
	}
	return nil
}

// Escalate stores the end of a reconfiguration with the incident that tells a person of it, both in one commit, and returns
// the incident's number. One that has an incident already gets no second.
func (j *Journal) Escalate(ctx context.Context, r Reconfiguration, i Incident, actor, text string) (incident int64, err error) {
	err = j.update(ctx, 6+len(r.Values), func(t *tx) error {
		var has int64
		if _, err := t.get(`SELECT incident_id FROM reconfiguration WHERE id = ?`, []any{r.ID}, []any{&has}); err != nil {
			return err
		}
		if has == 0 {
			var err error
			if has, err = t.openIncident(i); err != nil {
				return err
			}
		}
		r.IncidentID, incident = has, has
		return t.saveReconfiguration(r, actor, text)
	})
	if err != nil {
		return 0, fmt.Errorf("store the end of reconfiguration %d: %w", r.ID, err)
	}
	return incident, nil
}

func (t *tx) saveReconfiguration(r Reconfiguration, actor, text string) error {
	now := time.Now()
	_, err := t.exec(`UPDATE reconfiguration SET approved_by = ?, state = ?, gate = ?, reason = ?, node = ?, user = ?, token = ?, serial = ?, write_seq = ?,
		job = ?, sent_at = ?, answered_at = ?, ended_at = ?, incident_id = ? WHERE id = ?`, r.ApprovedBy, r.State, r.Gate, r.Reason, r.Node, r.User, r.Token, r.Serial, r.WriteSeq,
		r.Job, nanos(r.Sent), nanos(r.Answered), nanos(r.Ended), r.IncidentID, r.ID)
	if err != nil {
		return err
	}
	if err := t.saveChanges(r.ID, r.Values); err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO reconfiguration_step (reconfiguration_id, at, state, text) VALUES (?,?,?,?)`, r.ID, nanos(now), r.State, text); err != nil {
		return err
	}
	return t.audit(Audit{
		At: now, Actor: actor, Action: "reconfiguration " + r.State, Subject: fmt.Sprintf("%s/%s", r.ClusterID, r.Target),
		Detail: fmt.Sprintf("reconfiguration %d of rule %s: %s", r.ID, r.Rule, text),
	})
}

// ErrNotWaiting says that a reconfiguration does not wait for approval.
var ErrNotWaiting = errors.New("it does not wait for approval")

// Decide approves or rejects a reconfiguration that waits, whoever has the journal open.
func (j *Journal) Decide(ctx context.Context, id int64, by, state, text string) error {
	now := time.Now()
	err := j.update(ctx, 3, func(t *tx) error {
		var ended int64
		if state == StateRejected {
			ended = nanos(now)
		}
		result, err := t.exec(`UPDATE reconfiguration SET state = ?, approved_by = ?, reason = ?, ended_at = ? WHERE id = ? AND state = 'waiting'`, state, by, text, ended, id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotWaiting)
		}
		if _, err := t.exec(`INSERT INTO reconfiguration_step (reconfiguration_id, at, state, text) VALUES (?,?,?,?)`, id, nanos(now), state, text+" by "+by); err != nil {
			return err
		}
		return t.audit(Audit{At: now, Actor: by, Action: "reconfiguration " + state, Subject: fmt.Sprint(id), Detail: text})
	})
	if err != nil {
		return fmt.Errorf("reconfiguration %d: %w: see `hawser fleet reconfig`", id, err)
	}
	return nil
}

// ReconfigurationFilter chooses reconfigurations. Zero fields do not restrict.
type ReconfigurationFilter struct {
	ID        int64
	ClusterID string
	Rule      string
	State     string
	SentSince time.Time // sent at or after
	Unended   bool      // only those that have not come to an end
	Limit     int       // the newest so many; 0 = 200
}

// Reconfigurations returns the chosen reconfigurations with their values, newest first.
func (r *Reader) Reconfigurations(ctx context.Context, f ReconfigurationFilter) ([]Reconfiguration, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 200
	}
	out, err := query(ctx, r, `SELECT id, manager, rule, cluster_id, event_id, incident_id, kind, target, apply, approval, approved_by, dry_run, state, gate, reason, node, user,
		token, serial, write_seq, job, proposed_at, sent_at, answered_at, ended_at FROM reconfiguration
		WHERE (?1 = 0 OR id = ?1) AND (?2 = '' OR cluster_id = ?2) AND (?3 = '' OR rule = ?3) AND (?4 = '' OR state = ?4) AND (?5 = 0 OR sent_at >= ?5) AND (?6 = 0 OR ended_at = 0)
		ORDER BY id DESC LIMIT ?7`, []any{f.ID, f.ClusterID, f.Rule, f.State, nanos(f.SentSince), f.Unended, limit}, scanReconfiguration)
	for i := range out {
		if err == nil {
			out[i].Values, err = r.changes(ctx, out[i].ID)
		}
	}
	return out, err
}

func scanReconfiguration(scan func(...any) error) (Reconfiguration, error) {
	var c Reconfiguration
	var proposed, sent, answered, ended int64
	err := scan(&c.ID, &c.Manager, &c.Rule, &c.ClusterID, &c.EventID, &c.IncidentID, &c.Kind, &c.Target, &c.Apply, &c.Approval, &c.ApprovedBy, &c.DryRun, &c.State, &c.Gate,
		&c.Reason, &c.Node, &c.User, &c.Token, &c.Serial, &c.WriteSeq, &c.Job, &proposed, &sent, &answered, &ended)
	c.Proposed, c.Sent, c.Answered, c.Ended = instant(proposed), instant(sent), instant(answered), instant(ended)
	return c, err
}

func (r *Reader) changes(ctx context.Context, id int64) ([]Change, error) {
	return query(ctx, r, `SELECT object, instance, oid, old_value, new_value, read_back FROM reconfiguration_value WHERE reconfiguration_id = ? ORDER BY idx`,
		[]any{id}, func(scan func(...any) error) (Change, error) {
			var c Change
			err := scan(&c.Object, &c.Instance, &c.OID, &c.Old, &c.New, &c.ReadBack)
			return c, err
		})
}

// Steps returns the steps of a reconfiguration, oldest first.
func (r *Reader) Steps(ctx context.Context, id int64) ([]Step, error) {
	return query(ctx, r, `SELECT at, state, text FROM reconfiguration_step WHERE reconfiguration_id = ? ORDER BY id`, []any{id},
		func(scan func(...any) error) (Step, error) {
			var s Step
			var at int64
			err := scan(&at, &s.State, &s.Text)
			s.At = instant(at)
			return s, err
		})
}
