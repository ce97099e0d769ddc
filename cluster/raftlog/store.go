package raftlog

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	bolt "go.etcd.io/bbolt"
)

// Defaults and fixed names of the store file.
const (
	defaultCacheBytes  = 1 << 20
	defaultLockTimeout = 200 * time.Millisecond
	formatVersion      = 1

	fileMode = 0o600
	dirMode  = 0o700
)

// Names of the buckets and of the values in the meta bucket.
var (
	metaBucket   = []byte("meta")
	logBucket    = []byte("log")
	stableBucket = []byte("stable")
	localBucket  = []byte("local")

	keyID     = []byte("id")
	keyFormat = []byte("format")
)

// Options of a store; the zero value is the default.
type Options struct {
	// CacheBytes bounds the memory for the newest log entries, which a
	// leader reads again to replicate them. Default 1 MiB.
	CacheBytes int
	// LockTimeout is how long to wait for a file that another process
	// holds. Default 200 ms.
	LockTimeout time.Duration
	// Reserve is how many bytes of the disk are set aside beyond what the
	// file holds, so that it still takes entries when the disk is full.
	// Default 0.
	Reserve int64
}

// Store is a durable raft.LogStore and raft.StableStore in one file, with
// node-local values beside them. All methods may be called concurrently.
type Store struct {
	db   *bolt.DB
	path string
	id   string
	ops  pending
	room room

	enduring atomic.Bool
	trouble  atomic.Pointer[error]
	giveUp   sync.Once
	ending   chan struct{} // closed by GiveUp

	mu   sync.RWMutex // guards tail
	tail tail
}

var (
	_ raft.LogStore    = (*Store)(nil)
	_ raft.StableStore = (*Store)(nil)
)

// Open opens the store file at path, creating it (mode 0600) and its folder
// (mode 0700) when they are missing. It refuses a file that another process
// holds, a damaged one, and one written by a newer version.
func Open(path string, opt Options) (*Store, error) {
	if opt.CacheBytes <= 0 {
		opt.CacheBytes = defaultCacheBytes
	}
	if opt.LockTimeout <= 0 {
		opt.LockTimeout = defaultLockTimeout
	}
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return nil, fmt.Errorf("store %s: make its folder: %w; check the configured data folder", path, err)
	}
	if err := checkMode(path); err != nil {
		return nil, err
	}
	s := &Store{path: path, tail: tail{limit: opt.CacheBytes}, ending: make(chan struct{})}
	if err := s.open(opt.LockTimeout); err != nil {
		return nil, explain(path, err)
	}
	err := s.db.View(func(tx *bolt.Tx) error { return s.room.open(path, opt.Reserve, tx.Size()) })
	if err != nil {
		return nil, errors.Join(explain(path, err), s.db.Close())
	}
	return s, nil
}

// checkMode refuses a file that others can read: it may hold local secrets'
// names and the whole configuration.
func checkMode(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("store %s: %w; check the configured data folder", path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("store %s: not a regular file; check the configured data folder", path)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("store %s: mode %04o lets others in; chmod 600 it", path, info.Mode().Perm())
	}
	return nil
}

// open verifies the file and opens it. The first step reads every page in
// this goroutine and without a lock for writing, so that damage becomes an
// error here; bbolt's own opening would panic on it in a goroutine of its own.
func (s *Store) open(lockTimeout time.Duration) error {
	if err := s.verify(lockTimeout); err != nil {
		return err
	}
	var err error
	s.db, err = bolt.Open(s.path, fileMode, &bolt.Options{
		Timeout:        lockTimeout,
		NoFreelistSync: true, // the list is rebuilt at open; less to write per commit
		FreelistType:   bolt.FreelistMapType,
		NoStatistics:   true,
	})
	if err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

// verify reads a file that exists: all its pages, and each entry's checksum.
func (s *Store) verify(lockTimeout time.Duration) (err error) {
	info, err := os.Stat(s.path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // new
	}
	if err != nil {
		return err
	}
	defer catchDamage(&err)()
	db, err := bolt.Open(s.path, fileMode, &bolt.Options{Timeout: lockTimeout, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bolt.Tx) error {
		if err := s.readMeta(tx); err != nil && !errors.Is(err, errNew) {
			return err
		}
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			return walk(b, bytes.Equal(name, logBucket))
		})
	})
}

// walk reads all of a bucket.
func walk(b *bolt.Bucket, isLog bool) error {
	return b.ForEach(func(key, value []byte) error {
		if inner := b.Bucket(key); value == nil && inner != nil {
			return walk(inner, false)
		}
		if !isLog {
			return nil
		}
		var entry raft.Log
		return decodeEntry(key, value, &entry)
	})
}

// prepare creates the buckets and mints the id of a new file, or reads the
// id of an old one. An existing file is not written to.
func (s *Store) prepare() error {
	err := s.db.View(s.readMeta)
	if !errors.Is(err, errNew) {
		return err
	}
	err = s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{metaBucket, logBucket, stableBucket, localBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(metaBucket)
		if err := meta.Put(keyID, []byte(newID())); err != nil {
			return err
		}
		return meta.Put(keyFormat, putUint64(formatVersion))
	})
	if err != nil {
		return err
	}
	return s.db.View(s.readMeta)
}

func (s *Store) readMeta(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return errForeign
		}
		return errNew
	}
	for _, name := range [][]byte{logBucket, stableBucket, localBucket} {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%w: bucket %s is missing", ErrDamaged, name)
		}
	}
	format, ok := getUint64(meta.Get(keyFormat))
	if !ok {
		return fmt.Errorf("%w: no format version", ErrDamaged)
	}
	if format > formatVersion {
		return fmt.Errorf("%w %d, this program knows %d", errTooNew, format, formatVersion)
	}
	id := string(meta.Get(keyID))
	if len(id) != len("00000000-0000-0000-0000-000000000000") {
		return fmt.Errorf("%w: store id %q", ErrDamaged, id)
	}
	s.id = id
	return nil
}

// newID is a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ID is the random name that this store got when its file was made.
func (s *Store) ID() string { return s.id }

// Path is the file's path.
func (s *Store) Path() string { return s.path }

// Close waits for running transactions and releases the file.
func (s *Store) Close() error {
	s.GiveUp()
	if err := errors.Join(s.db.Close(), s.room.close()); err != nil {
		return fmt.Errorf("store %s: close: %w", s.path, err)
	}
	return nil
}

// Pending is the age of the oldest operation that still waits for the disk,
// or 0. The store watchdog (S8) compares it with its limit.
func (s *Store) Pending() time.Duration { return s.ops.oldest(time.Now()) }

func (s *Store) view(what string, fn func(*bolt.Tx) error) error {
	defer s.ops.begin(time.Now())()
	return s.wrap(what, s.db.View(fn))
}

func (s *Store) update(what string, fn func(*bolt.Tx) error) error {
	defer s.ops.begin(time.Now())()
	return s.wrap(what, s.persist(fn))
}

// wrap says what was tried on which file. raft compares its own two
// not-found errors by identity, so those stay bare.
func (s *Store) wrap(what string, err error) error {
	if err == nil || errors.Is(err, raft.ErrLogNotFound) {
		return err
	}
	return fmt.Errorf("store %s: %s: %w", s.path, what, err)
}

func putUint64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func getUint64(b []byte) (uint64, bool) {
	if len(b) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(b), true
}
