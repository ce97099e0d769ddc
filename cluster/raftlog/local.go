package raftlog

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Local is a small set of values of this node alone: not replicated, durable
// when a call returns. Sets of different names do not see each other.
type Local struct {
	store *Store
	name  []byte
}

// Local returns the set of that name; it comes to be at its first write.
func (s *Store) Local(name string) *Local { return &Local{store: s, name: []byte(name)} }

// LocalTx is one transaction on a set: all its writes or none.
type LocalTx struct{ bucket *bolt.Bucket }

// Update runs fn in one durable transaction; an error of fn undoes it all.
func (l *Local) Update(fn func(*LocalTx) error) error {
	return l.store.update("write local "+string(l.name), func(tx *bolt.Tx) error {
		b, err := tx.Bucket(localBucket).CreateBucketIfNotExists(l.name)
		if err != nil {
			return err
		}
		return fn(&LocalTx{bucket: b})
	})
}

// View runs fn in one read transaction: it sees one moment.
func (l *Local) View(fn func(*LocalTx) error) error {
	return l.store.view("read local "+string(l.name), func(tx *bolt.Tx) error {
		return fn(&LocalTx{bucket: tx.Bucket(localBucket).Bucket(l.name)})
	})
}

// Get reads a value; nil for an unknown key. The value is the caller's.
func (l *Local) Get(key string) (value []byte, err error) {
	err = l.View(func(tx *LocalTx) error { value = tx.Get(key); return nil })
	return value, err
}

// Put writes a value durably.
func (l *Local) Put(key string, value []byte) error {
	return l.Update(func(tx *LocalTx) error { return tx.Put(key, value) })
}

// GetUint64 reads a number; 0 for an unknown key.
func (l *Local) GetUint64(key string) (n uint64, err error) {
	err = l.View(func(tx *LocalTx) error { n, err = tx.GetUint64(key); return err })
	return n, err
}

// PutUint64 writes a number durably.
func (l *Local) PutUint64(key string, n uint64) error {
	return l.Update(func(tx *LocalTx) error { return tx.PutUint64(key, n) })
}

// Next adds one to the counter and returns it; the first is 1. No number is
// given out twice, not even over a crash.
func (l *Local) Next(key string) (n uint64, err error) {
	err = l.Update(func(tx *LocalTx) error { n, err = tx.Next(key); return err })
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Get reads a value; nil for an unknown key. The value is the caller's.
func (tx *LocalTx) Get(key string) []byte {
	if tx.bucket == nil {
		return nil
	}
	return cloneNonEmpty(tx.bucket.Get([]byte(key)))
}

// Put writes a value; it must be within Update.
func (tx *LocalTx) Put(key string, value []byte) error {
	if tx.bucket == nil {
		return errors.New("write within View; use Update")
	}
	return tx.bucket.Put([]byte(key), value)
}

// Delete removes a value; an unknown key is no error.
func (tx *LocalTx) Delete(key string) error {
	if tx.bucket == nil {
		return errors.New("write within View; use Update")
	}
	return tx.bucket.Delete([]byte(key))
}

// Each calls fn with all keys and values in the order of the keys, until it returns an error. What it gets is valid within
// fn only, and fn must not write.
func (tx *LocalTx) Each(fn func(key string, value []byte) error) error {
	if tx.bucket == nil {
		return nil
	}
	return tx.bucket.ForEach(func(key, value []byte) error { return fn(string(key), value) })
}

// GetUint64 reads a number; 0 for an unknown key.
func (tx *LocalTx) GetUint64(key string) (uint64, error) {
	value := tx.Get(key)
	if value == nil {
		return 0, nil
	}
	n, ok := getUint64(value)
	if !ok {
		return 0, fmt.Errorf("%s: %w: %d bytes, want 8", key, ErrDamaged, len(value))
	}
	return n, nil
}

// PutUint64 writes a number.
func (tx *LocalTx) PutUint64(key string, n uint64) error { return tx.Put(key, putUint64(n)) }

// Next adds one to the counter and returns it.
func (tx *LocalTx) Next(key string) (uint64, error) {
	n, err := tx.GetUint64(key)
	if err != nil {
		return 0, err
	}
	return n + 1, tx.PutUint64(key, n+1)
}
