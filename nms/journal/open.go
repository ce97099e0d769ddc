package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"
)

const (
	busyTimeout = 5 * time.Second
	readers     = 4   // connections for queries; each costs about 1 MB
	queueLength = 256 // callers that wait for one commit; each holds one batch
)

// Journal is the open store. All methods may be called from many goroutines.
type Journal struct {
	Reader
	lock    *fileLock
	writeDB *sql.DB
	conn    *sql.Conn
	queue   chan *job
	stop    chan struct{}
	done    chan struct{}
	closing sync.Once
	limits  commitLimits
	meter   meter
	torn    int
}

// Reader answers queries. It is part of a Journal, or stands alone on a file that a running manager writes.
type Reader struct {
	path string
	db   *sql.DB
}

// Open opens or creates the journal at path for writing. It fails with ErrLocked, naming the holder, when another
// manager has it, with ErrCorrupt when the file is damaged and with ErrForeign when it is not a journal.
func Open(path string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open the journal: %w: name a folder this user may write to", err)
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	return start(path, lock)
}

// OpenBeside opens the journal for a short change while a manager may be running on it: a switch, an approval. The
// store's own locks keep the two apart.
func OpenBeside(path string) (*Journal, error) {
	r, err := OpenReader(path)
	if err != nil {
		return nil, err
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return start(path, nil)
}

func start(path string, lock *fileLock) (*Journal, error) {
	j := &Journal{
		Reader: Reader{path: path}, lock: lock, limits: commitLimits{rows: 1000},
		queue: make(chan *job, queueLength), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if err := j.open(path); err != nil {
		j.closeFiles()
		return nil, fmt.Errorf("open the journal: %w", explain(path, err))
	}
	go j.write()
	return j, nil
}

func (j *Journal) open(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	there, err := exists(path)
	if err == nil && !there {
		err = create(ctx, path)
	}
	if err != nil {
		return err
	}
	if j.lock != nil { // alone with the file, so what is in its log is what the last manager left
		if j.torn, err = tornCommits(path + "-wal"); err != nil {
			return err
		}
	}
	if j.writeDB, err = sql.Open("sqlite", dsn(path, false)); err != nil {
		return err
	}
	j.writeDB.SetMaxOpenConns(1)
	if j.conn, err = j.writeDB.Conn(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, j.conn); err != nil {
		return err
	}
	if j.lock != nil {
		if err := verify(ctx, j.conn); err != nil {
			return err
		}
	}
	j.db, err = openReadOnly(ctx, path)
	return err
}

// OpenReader opens the journal at path for queries only, while a manager may be writing to it.
func OpenReader(path string) (*Reader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("read the journal: %w: name the dataDir of a manager that has run", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), busyTimeout)
	defer cancel()
	db, err := openReadOnly(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", explain(path, err))
	}
	return &Reader{path: path, db: db}, nil
}

func openReadOnly(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, true))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	if err := checkReadable(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func checkReadable(ctx context.Context, db *sql.DB) error {
	newest, err := schemaVersion()
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	have, err := checkSchema(ctx, conn, newest)
	if err == nil && have < newest {
		err = fmt.Errorf("%w: its schema is version %d, this program needs %d: start this version's manager once, it upgrades the file", ErrForeign, have, newest)
	}
	return err
}

// dsn builds the driver's name of the store; the path may hold any character.
func dsn(path string, readOnly bool) string {
	pragmas := []string{
		"busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")",
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-8192)",
	}
	query := url.Values{}
	if readOnly {
		pragmas = []string{pragmas[0], "query_only(1)", "cache_size(-2048)"}
		query.Set("mode", "ro")
	}
	query["_pragma"] = pragmas
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// Torn is how many commits of the last run were found damaged when the journal was opened, and are gone from it: they are
// fetched again where clusters still have them.
func (j *Journal) Torn() int { return j.torn }

// Close commits what is queued, ends the writer and closes the file.
func (j *Journal) Close() error {
	j.closing.Do(func() { close(j.stop) })
	<-j.done
	return j.closeFiles()
}

func (j *Journal) closeFiles() error {
	var errs []error
	if j.db != nil {
		errs = append(errs, j.db.Close())
	}
	if j.conn != nil {
		errs = append(errs, j.conn.Close())
	}
	if j.writeDB != nil {
		errs = append(errs, j.writeDB.Close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.release())
	}
	return errors.Join(errs...)
}

// Close ends the queries of a stand-alone Reader.
func (r *Reader) Close() error { return r.db.Close() }

// Path is the file of the journal.
func (r *Reader) Path() string { return r.path }

// LimitSize bounds the store to so many pages of 4 kB (never below what it uses): an operator's cap, which acts as a
// full disk does.
func LimitSize(ctx context.Context, j *Journal, pages int) error {
	return j.outside(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", max(pages, 1)))
}
