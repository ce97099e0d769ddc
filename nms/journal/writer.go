package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// commitLimits bound one group commit.
type commitLimits struct{ rows int }

// job is one caller's change. fn may run twice: alone, after a group that held it failed.
type job struct {
	fn   func(*tx) error
	rows int
	done chan error
}

// tx runs statements on the writing connection and keeps them prepared.
type tx struct {
	ctx   context.Context // of the writer, not of a caller: a commit is never cut short
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	t.stmts[query] = s
	return s, nil
}

func (t *tx) exec(query string, args ...any) (sql.Result, error) {
	s, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(t.ctx, args...)
}

// get reads one row into dest; found is false when there is none.
func (t *tx) get(query string, args, dest []any) (found bool, err error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(t.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// update runs fn in the next commit and returns when that is durable. When ctx ends first the change may still be
// committed: callers must be able to say it again.
func (j *Journal) update(ctx context.Context, rows int, fn func(*tx) error) error {
	item := &job{fn: fn, rows: max(rows, 1), done: make(chan error, 1)}
	select {
	case j.queue <- item:
	case <-j.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-item.done:
		return explain(j.path, err)
	case <-ctx.Done():
		return ctx.Err()
	case <-j.done:
		select {
		case err := <-item.done:
			return explain(j.path, err)
		default:
			return ErrClosed
		}
	}
}

// write is the one writer. It commits all that is queued together: while a commit is on its way to the disk the next
// group gathers, so groups grow with the load and a lone caller never waits for company.
func (j *Journal) write() {
	defer close(j.done)
	t := &tx{ctx: context.Background(), conn: j.conn, stmts: map[string]*sql.Stmt{}}
	defer func() {
		for _, s := range t.stmts {
			_ = s.Close()
		}
	}()
	for {
		select {
		case first := <-j.queue:
			j.commit(t, j.gather(first))
		case <-j.stop:
			for len(j.queue) > 0 {
				j.commit(t, j.gather(<-j.queue))
			}
			return
		}
	}
}

func (j *Journal) gather(first *job) []*job {
	group, rows := []*job{first}, first.rows
	for rows < j.limits.rows {
		select {
		case next := <-j.queue:
			group, rows = append(group, next), rows+next.rows
		default:
			return group
		}
	}
	return group
}

// commit writes a group in one transaction. When that fails each job gets its own, so that one bad change does not
// take others with it.
func (j *Journal) commit(t *tx, group []*job) {
	began := time.Now()
	err := t.transact(group)
	j.meter.observe(group, time.Since(began), err)
	if err == nil || len(group) == 1 {
		for _, item := range group {
			item.done <- err
		}
		return
	}
	for i, item := range group {
		began = time.Now()
		err = t.transact([]*job{item})
		j.meter.observe(group[i:i+1], time.Since(began), err)
		item.done <- err
	}
}

func (t *tx) transact(group []*job) error {
	if _, err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, item := range group {
		if err := item.fn(t); err != nil {
			t.rollback()
			return err
		}
	}
	if _, err := t.exec("COMMIT"); err != nil {
		t.rollback()
		return err
	}
	return nil
}

// rollback gives up the transaction; SQLite may already have done so by itself after a full disk.
func (t *tx) rollback() { _, _ = t.exec("ROLLBACK") }

// outside runs a statement on the writing connection between two commits.
func (j *Journal) outside(ctx context.Context, statement string) error {
	return j.update(ctx, 1, func(t *tx) error {
		_, err := t.conn.ExecContext(t.ctx, statement)
		return err
	})
}
