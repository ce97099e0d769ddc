package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// checkLimit is how long the store may be looked through when it is opened; what takes longer is not waited for.
const checkLimit = 30 * time.Second

// companions are the files that belong to the store besides itself.
var companions = []string{"-wal", "-shm", "-journal"}

// exists says whether there is a store to open. A file that holds nothing, or companions without their file, are damage, and
// not a reason to begin an empty one: that would hide the loss.
func exists(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Size() == 0:
		return false, fmt.Errorf("%w: %s is empty (0 octets): it was cut off", ErrCorrupt, path)
	case err == nil:
		return true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	if _, err := os.Stat(path + asideSuffix); err == nil {
		return false, fmt.Errorf("%w: %s is not there: it was being set aside when that was stopped", ErrCorrupt, path)
	}
	for _, suffix := range companions {
		if info, err := os.Stat(path + suffix); err == nil && info.Size() > 0 && suffix != "-shm" {
			return false, fmt.Errorf("%w: %s is not there, but its %s is", ErrCorrupt, path, path+suffix)
		}
	}
	return false, nil
}

// create makes an empty store beside path and moves it there when it is whole, so that a store that is half made is never
// taken for one that was cut off.
func create(ctx context.Context, path string) (err error) {
	draft := path + ".new"
	if err := removeAll(draft, storeFiles); err != nil {
		return err
	}
	if err := fillDraft(ctx, draft); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

func fillDraft(ctx context.Context, draft string) (err error) {
	db, err := sql.Open("sqlite", dsn(draft, false))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return migrate(ctx, conn)
}

// verify looks through the whole store. It cannot see a changed letter within a text; it sees whatever makes rows unreadable.
func verify(ctx context.Context, conn *sql.Conn) error {
	bound, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	rows, err := conn.QueryContext(bound, "PRAGMA quick_check(3)")
	if err == nil {
		err = found(rows)
	}
	if bound.Err() != nil && ctx.Err() == nil {
		return nil // too large to wait for; what is damaged shows when it is read
	}
	return err
}

// found is what the check says besides ok.
func found(rows *sql.Rows) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	var damage []error
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			damage = append(damage, errors.New(text))
		}
	}
	if err := rows.Err(); err != nil || len(damage) == 0 {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, errors.Join(damage...))
}
