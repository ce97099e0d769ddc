package pacemaker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// journal keeps the ledger of this node on disk: an image, and the entries since. It is not safe for use by many goroutines.
type journal struct {
	dir  string
	file *os.File
	size int64
}

const (
	imageFile   = "ledger.image"
	entriesFile = "ledger.entries"
	maxEntries  = 4 << 20 // then a new image is written
)

// logged is one line of the entries file.
type logged struct {
	Generation uint32          `json:"generation"`
	Index      uint64          `json:"index"`
	Entry      json.RawMessage `json:"entry"`
}

// openJournal restores what is on disk into l. A line that was cut off by a crash ends it; whatever else is wrong is an error.
func openJournal(dir string, l *ledger.Ledger) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	j := &journal{dir: dir}
	image, err := os.ReadFile(filepath.Join(dir, imageFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := l.Restore(bytes.NewReader(image)); err != nil {
			return nil, fmt.Errorf("%s: %w; move the file away and start again: the other nodes give their state", filepath.Join(dir, imageFile), err)
		}
	}
	if j.file, err = os.OpenFile(filepath.Join(dir, entriesFile), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	if err := j.replay(l); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", filepath.Join(dir, entriesFile), err), j.file.Close())
	}
	return j, nil
}

func (j *journal) replay(l *ledger.Ledger) error {
	in := bufio.NewReader(j.file)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what stands after the last newline was never acknowledged
		}
		if err != nil {
			return err
		}
		var e logged
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("at byte %d: %w", j.size, err)
		}
		if err := replayed(l, e); err != nil {
			return err
		}
		j.size += int64(len(line))
	}
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

// replayed applies an entry unless the image holds it already.
func replayed(l *ledger.Ledger, e logged) error {
	s := l.State()
	if e.Generation < s.Generation || e.Index <= s.Applied {
		return nil
	}
	entry, err := ledger.Decode(e.Entry)
	if err != nil {
		return err
	}
	_, err = l.Apply(e.Index, entry)
	return err
}

// append writes an entry to disk before it is applied.
func (j *journal) append(generation uint32, index uint64, entry cluster.Entry) error {
	data, err := ledger.Encode(entry)
	if err != nil {
		return err
	}
	line, err := json.Marshal(logged{Generation: generation, Index: index, Entry: data})
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := j.file.Write(line); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", j.file.Name(), err), j.back())
	}
	if err := j.file.Sync(); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", j.file.Name(), err), j.back())
	}
	j.size += int64(len(line))
	return nil
}

// back takes half a line off again.
func (j *journal) back() error {
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	_, err := j.file.Seek(j.size, io.SeekStart)
	return err
}

// full says whether an image is due.
func (j *journal) full() bool { return j.size > maxEntries }

// image replaces all by one image.
func (j *journal) image(i *ledger.Image) error {
	path := filepath.Join(j.dir, imageFile)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(i.Write(f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	if d, err := os.Open(j.dir); err == nil { // the new name must outlive a crash
		err = errors.Join(d.Sync(), d.Close())
		if err != nil {
			return err
		}
	}
	j.size = 0
	return j.back()
}

func (j *journal) close() error { return j.file.Close() }
