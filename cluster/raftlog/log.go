package raftlog

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"
	bolt "go.etcd.io/bbolt"
)

// FirstIndex is the oldest entry's index, 0 for an empty log.
func (s *Store) FirstIndex() (uint64, error) { return s.edge("first index", (*bolt.Cursor).First) }

// LastIndex is the newest entry's index, 0 for an empty log.
func (s *Store) LastIndex() (uint64, error) { return s.edge("last index", (*bolt.Cursor).Last) }

func (s *Store) edge(what string, move func(*bolt.Cursor) (key, value []byte)) (index uint64, err error) {
	err = s.view(what, func(tx *bolt.Tx) error {
		key, _ := move(tx.Bucket(logBucket).Cursor())
		index, _ = getUint64(key)
		return nil
	})
	return index, err
}

// GetLog fills l with the entry at index, or returns raft.ErrLogNotFound.
func (s *Store) GetLog(index uint64, l *raft.Log) error {
	s.mu.RLock()
	found := s.tail.get(index, l)
	s.mu.RUnlock()
	if found {
		return nil
	}
	return s.view("read entry", func(tx *bolt.Tx) error {
		key := putUint64(index)
		value := tx.Bucket(logBucket).Get(key)
		if value == nil {
			return raft.ErrLogNotFound
		}
		return decodeEntry(key, value, l)
	})
}

// StoreLog stores one entry durably.
func (s *Store) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs stores a batch in one transaction: all of it is on the disk when
// it returns nil, none of it is in the log when it returns an error.
func (s *Store) StoreLogs(logs []*raft.Log) error {
	err := s.update("store entries", func(tx *bolt.Tx) error {
		b := tx.Bucket(logBucket)
		b.FillPercent = 0.9 // keys only grow
		for _, l := range logs {
			if l.Index == 0 {
				return errors.New("entry without an index")
			}
			if err := b.Put(encodeEntry(l)); err != nil {
				return fmt.Errorf("entry %d: %w", l.Index, err)
			}
		}
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.tail.reset() // what the disk holds is the truth
		return err
	}
	for _, l := range logs {
		s.tail.add(*l)
	}
	return nil
}

// DeleteRange deletes the entries from first to last, both included.
func (s *Store) DeleteRange(first, last uint64) error {
	s.mu.Lock()
	s.tail.reset()
	s.mu.Unlock()
	return s.update("delete entries", func(tx *bolt.Tx) error {
		b := tx.Bucket(logBucket)
		for _, key := range keysBetween(b, first, last) {
			if err := b.Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
}

// keysBetween collects the keys first: a cursor does not survive deletions.
func keysBetween(b *bolt.Bucket, first, last uint64) [][]byte {
	var keys [][]byte
	c := b.Cursor()
	for key, _ := c.Seek(putUint64(first)); key != nil; key, _ = c.Next() {
		index, ok := getUint64(key)
		if !ok || index > last {
			break
		}
		keys = append(keys, putUint64(index))
	}
	return keys
}

// Set stores one of raft's own values (its term, its vote) durably.
func (s *Store) Set(key, value []byte) error {
	return s.hold(s.update("store "+string(key), func(tx *bolt.Tx) error {
		return tx.Bucket(stableBucket).Put(key, value)
	}))
}

// Get reads one of raft's own values; nil for an unknown key.
func (s *Store) Get(key []byte) (value []byte, err error) {
	err = s.view("read "+string(key), func(tx *bolt.Tx) error {
		value = cloneNonEmpty(tx.Bucket(stableBucket).Get(key))
		return nil
	})
	return value, err
}

// SetUint64 is Set for a number.
func (s *Store) SetUint64(key []byte, value uint64) error { return s.Set(key, putUint64(value)) }

// GetUint64 is Get for a number; 0 for an unknown key.
func (s *Store) GetUint64(key []byte) (uint64, error) {
	value, err := s.Get(key)
	if err != nil || value == nil {
		return 0, err
	}
	n, ok := getUint64(value)
	if !ok {
		return 0, fmt.Errorf("store %s: %s: %w: %d bytes, want 8", s.path, key, ErrDamaged, len(value))
	}
	return n, nil
}
