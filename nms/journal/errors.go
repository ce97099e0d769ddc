package journal

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors that callers tell apart.
var (
	ErrFull    = errors.New("the journal's disk is full")
	ErrCorrupt = errors.New("the journal is damaged")
	ErrLocked  = errors.New("the journal is in use")
	ErrForeign = errors.New("the file is not a journal this program can use")
	ErrClosed  = errors.New("the journal is closed")
)

// explain turns an error of the store into one that says what happened to which file and what to do next.
func explain(path string, err error) error {
	if err == nil || errors.Is(err, ErrForeign) {
		return err
	}
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %s: %w: free space on its file system; INFORMs stay unanswered and are sent again until then", ErrFull, path, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %s: %w: stop the manager, move the file away together with its -wal and -shm, restore a backup or start empty; clusters still hold their last 10,000 events", ErrCorrupt, path, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %s: %w: another program writes to it; end that program", ErrLocked, path, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%s: %w: check that the folder exists and that this user may read and write it", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
