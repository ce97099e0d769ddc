package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// ErrTampered says that a row of the audit chain was changed or removed.
var ErrTampered = errors.New("the audit chain is broken")

// Audit is one line of who did what: by a rule, by a person, by the manager itself.
type Audit struct {
	N       int64     `json:"n"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"`
	Subject string    `json:"subject"`
	Detail  string    `json:"detail"`
	Prev    string    `json:"prev"`
	Hash    string    `json:"hash"`
}

// digest is the hash of a line; each part carries its length, so that no two lines hash the same text.
func (a Audit) digest() string {
	h := sha256.New()
	for _, part := range []string{strconv.FormatInt(a.N, 10), strconv.FormatInt(nanos(a.At), 10), a.Actor, a.Action, a.Subject, a.Detail, a.Prev} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (t *tx) audit(a Audit) error {
	var last int64
	if _, err := t.get(`SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1`, nil, []any{&last, &a.Prev}); err != nil {
		return err
	}
	a.N = last + 1
	_, err := t.exec(`INSERT INTO audit (n, at, actor, action, subject, detail, prev, hash) VALUES (?,?,?,?,?,?,?,?)`,
		a.N, nanos(a.At), a.Actor, a.Action, a.Subject, a.Detail, a.Prev, a.digest())
	return err
}

// Record adds a line to the audit chain.
func (j *Journal) Record(ctx context.Context, actor, action, subject, detail string) error {
	err := j.update(ctx, 1, func(t *tx) error {
		return t.audit(Audit{At: time.Now(), Actor: actor, Action: action, Subject: subject, Detail: detail})
	})
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}

// Audit returns the newest lines, oldest of them first; all when limit is 0.
func (r *Reader) Audit(ctx context.Context, limit int) ([]Audit, error) {
	if limit <= 0 {
		limit = -1
	}
	return query(ctx, r, `SELECT n, at, actor, action, subject, detail, prev, hash FROM (SELECT * FROM audit ORDER BY n DESC LIMIT ?) ORDER BY n`, []any{limit},
		func(scan func(...any) error) (Audit, error) {
			var a Audit
			var at int64
			err := scan(&a.N, &at, &a.Actor, &a.Action, &a.Subject, &a.Detail, &a.Prev, &a.Hash)
			a.At = instant(at)
			return a, err
		})
}

// VerifyAudit walks the whole chain and fails with ErrTampered at the first line that does not fit.
func (r *Reader) VerifyAudit(ctx context.Context) error {
	lines, err := r.Audit(ctx, 0)
	if err != nil {
		return err
	}
	prev := ""
	for i, a := range lines {
		if a.N != int64(i)+1 || a.Prev != prev || a.Hash != a.digest() {
			return fmt.Errorf("%w at line %d of %s: compare with a backup; lines before it are sound", ErrTampered, i+1, r.path)
		}
		prev = a.Hash
	}
	return nil
}
