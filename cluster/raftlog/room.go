package raftlog

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// endureEvery is the pause between two tries of a write that the disk did not take.
const endureEvery = 200 * time.Millisecond

// room sets space of the store's file aside, so that a disk that others have filled still takes entries. Its methods but
// shortage are called by the one writer of the file.
type room struct {
	want      int64 // bytes beyond what is used
	file      *os.File
	allocated int64
	short     atomic.Pointer[error]
}

// open prepares for the file at path; used is how much of it holds data.
func (r *room) open(path string, want, used int64) (err error) {
	if r.want = want; want <= 0 {
		return nil
	}
	if r.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return err
	}
	r.ensure(used)
	return nil
}

// ensure sets the next part aside when half of the last one is used. A file system that cannot do that, or a disk that is
// full, is remembered, and no error: the write that comes may fit all the same.
func (r *room) ensure(used int64) {
	if r.file == nil || used+r.want/2 <= r.allocated {
		return
	}
	err := unix.Fallocate(int(r.file.Fd()), 0, 0, used+r.want)
	if err != nil {
		r.short.Store(&err)
		return
	}
	r.allocated = used + r.want
	r.short.Store(nil)
}

// shortage says why no space could be set aside; nil: it is.
func (r *room) shortage() error {
	if err := r.short.Load(); err != nil {
		return *err
	}
	return nil
}

func (r *room) close() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	return file.Close()
}

// Shortage says why no space could be set aside for the entries to come (Options.Reserve); nil: it is.
func (s *Store) Shortage() error { return s.room.shortage() }

// Endure makes writes wait for a disk that does not take them, because it is full or broken, instead of failing: to whoever
// waits it is a disk that hangs (S8), and when there is space again all goes on. Raft would give up at an error of its
// store, some of them by a panic. GiveUp ends that.
func (s *Store) Endure() { s.enduring.Store(true) }

// GiveUp lets writes fail again, for the end of the daemon.
func (s *Store) GiveUp() { s.giveUp.Do(func() { close(s.ending) }) }

// Trouble is why the disk does not take the write that waits; nil if none waits.
func (s *Store) Trouble() error {
	if err := s.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// persist runs fn in one transaction, as often as the disk needs (Endure). So fn must do the same each time.
func (s *Store) persist(fn func(*bolt.Tx) error) error {
	for {
		err := s.db.Update(func(tx *bolt.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			s.room.ensure(tx.Size())
			return nil
		})
		if err == nil || !s.enduring.Load() || !ofDisk(err) {
			s.trouble.Store(nil)
			return err
		}
		s.trouble.Store(&err)
		select {
		case <-s.ending:
			return err
		case <-time.After(endureEvery):
		}
	}
}

// ofDisk tells errors of the disk from those of a caller.
func ofDisk(err error) bool {
	var code syscall.Errno
	if errors.As(err, &code) {
		return true
	}
	// bbolt does not wrap what it met when it made the file larger.
	return err != nil && (strings.Contains(err.Error(), "file resize error") || strings.Contains(err.Error(), "file sync error"))
}

// hold keeps a caller in raft from an error at which it would panic: the daemon ends, and this goroutine with it.
func (s *Store) hold(err error) error {
	if !s.enduring.Load() || !ofDisk(err) {
		return err
	}
	<-make(chan struct{})
	return err
}
