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
	ErrDisk    = errors.New("the journal's disk does not take it")
	ErrCorrupt = errors.New("the journal is damaged")
	ErrLocked  = errors.New("the journal is in use")
	ErrForeign = errors.New("the file is not a journal this program can use")
	ErrClosed  = errors.New("the journal is closed")
)

// corruptRemedy is the way out of a journal that cannot be used. Nothing is lost by it that a cluster still has.
const corruptRemedy = "stop the manager; then restore a backup, or run `hawser fleet set-aside`: it moves the journal away, keeps it, and begins an empty one; " +
	"the next start of the manager fetches what the clusters still have: their last 10,000 events, the last 1,000 with their condition"

// explain turns an error of the store into one that says what happened to which file and what to do next.
func explain(path string, err error) error {
	switch {
	case err == nil || errors.Is(err, ErrForeign):
		return err
	case errors.Is(err, ErrCorrupt):
		return fmt.Errorf("%w: %s", err, corruptRemedy)
	}
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %s: %w: free space on its file system; INFORMs stay unanswered and are sent again until then", ErrFull, path, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %s: %w: %s", ErrCorrupt, path, err, corruptRemedy)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("%w: %s: %w: look for a full file system, a quota or a failing disk; INFORMs stay unanswered and are sent again until then", ErrDisk, path, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %s: %w: another program writes to it; end that program", ErrLocked, path, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%s: %w: check that the folder exists and that this user may read and write it", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
