package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/cluster/raftlog"
)

const (
	outboxFile = "outbox.db"
	// keepAgain is when a write is tried again that the disk did not take.
	keepAgain = time.Second
)

// keep writes what changed until ctx ends; close writes the rest. What the disk does not take is tried again.
func (o *outbox) keep(ctx context.Context) error {
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-o.work:
		case <-again:
		}
		again = nil
		if !o.write() {
			again = time.After(keepAgain)
		}
		o.wake.wake()
	}
}

// write brings the disk up to date; false: it did not take it.
func (o *outbox) write() bool {
	fresh, stale, lost := o.unwritten()
	var err error
	if len(fresh) > 0 || len(stale) > 0 || lost != nil {
		err = o.shelf.store(fresh, stale, lost)
	}
	o.written(fresh, stale, lost, err)
	if err == nil {
		err = o.numbers.refill()
	}
	o.tell(err)
	return err == nil
}

// unwritten lists the letters that are not on the disk, the keys of those that need not be any more, and the losses if they changed.
func (o *outbox) unwritten() (fresh []cluster.Handed, stale []string, lost *loss) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.letters {
		if !l.kept {
			fresh = append(fresh, l.handed)
		}
	}
	if o.loss {
		was := o.lost
		lost = &was
	}
	return fresh, slices.Clone(o.stale), lost
}

// written notes what a write did. What a letter was changed to meanwhile is written next.
func (o *outbox) written(fresh []cluster.Handed, stale []string, lost *loss, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range fresh {
		i := slices.IndexFunc(o.letters, func(l *letter) bool { return keyOf(l.handed) == keyOf(h) })
		if i < 0 {
			continue // seen in the log meanwhile: it stands in stale by now
		}
		if err == nil {
			o.letters[i].keep()
		} else {
			o.letters[i].passed = true
		}
	}
	if err != nil {
		return
	}
	o.stale = slices.Delete(o.stale, 0, len(stale)) // only appended to meanwhile
	if lost != nil && *lost == o.lost {
		o.loss = false
	}
}

// tell says once that the disk does not keep events, and once that it does again.
func (o *outbox) tell(err error) {
	o.mu.Lock()
	told := o.trouble
	o.trouble = err != nil
	o.mu.Unlock()
	switch {
	case err != nil && !told:
		o.log.WithError(err).Error("events of this node are not kept on its disk: they are handed over from memory; free space in the data folder or mend the disk")
	case err == nil && told:
		o.log.Info("events of this node are kept on its disk again")
	}
}

// shelf is where letters lie on the disk.
type shelf struct{ local *raftlog.Local }

const (
	shelfLetters = "letter/"
	shelfLost    = "lost"
)

func keyOf(h cluster.Handed) string {
	return fmt.Sprintf("%s%020d/%020d", shelfLetters, h.Life, h.Event.OriginSeq)
}

// load gives all letters in their order.
func (s shelf) load() (letters []cluster.Handed, lost loss, err error) {
	err = s.local.View(func(tx *raftlog.LocalTx) error {
		return tx.Each(func(key string, value []byte) error {
			if key == shelfLost {
				return json.Unmarshal(value, &lost)
			}
			var h cluster.Handed
			if err := json.Unmarshal(value, &h); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			letters = append(letters, h)
			return nil
		})
	})
	return letters, lost, err
}

// store writes all or nothing.
func (s shelf) store(fresh []cluster.Handed, stale []string, lost *loss) error {
	return s.local.Update(func(tx *raftlog.LocalTx) error {
		for _, h := range fresh {
			data, err := json.Marshal(h)
			if err != nil {
				return err
			}
			if err := tx.Put(keyOf(h), data); err != nil {
				return err
			}
		}
		for _, key := range stale {
			if err := tx.Delete(key); err != nil {
				return err
			}
		}
		if lost == nil {
			return nil
		}
		data, err := json.Marshal(lost)
		if err != nil {
			return err
		}
		return tx.Put(shelfLost, data)
	})
}

// openShelf opens the file of the outbox. One that is damaged is moved aside: its events are lost, which lost tells, and
// the node goes on.
func openShelf(dataDir string, log *logrus.Entry) (store *raftlog.Store, damaged error, err error) {
	path := filepath.Join(dataDir, outboxFile)
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		damaged = fmt.Errorf("outbox %s: %w: the file is empty", path, raftlog.ErrDamaged)
	}
	store, err = raftlog.Open(path, raftlog.Options{CacheBytes: 1, Reserve: outboxReserve})
	if err == nil && damaged != nil {
		log.WithError(damaged).Error("the outbox is damaged: events that this node had not handed over yet are lost; it begins with an empty one")
	}
	if err == nil || !errors.Is(err, raftlog.ErrDamaged) {
		return store, damaged, err
	}
	damaged = err
	aside := fmt.Sprintf("%s.damaged-%s", path, time.Now().UTC().Format("20060102T150405.000Z"))
	if err := os.Rename(path, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, damaged, fmt.Errorf("%w; it could not be moved aside: %w", damaged, err)
	}
	log.WithError(damaged).WithField("aside", aside).Error("the outbox is damaged: events that this node had not handed over yet are lost; it begins with an empty one")
	store, err = raftlog.Open(path, raftlog.Options{CacheBytes: 1, Reserve: outboxReserve})
	return store, damaged, err
}

// outboxReserve is the room on the disk that the outbox sets aside: it keeps events while the disk is full.
const outboxReserve = 1 << 20
