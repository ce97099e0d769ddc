package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Aside is what SetAside did.
type Aside struct {
	Folder string   `json:"folder"` // where the former journal is now
	Files  []string `json:"files"`
	Off    Property `json:"off"` // the off switch of reconfiguration as the new journal has it
}

// SetAside moves a journal that cannot be used into a folder of its own beside it, and begins an empty one, in which
// reconfiguration is off unless the former one could still be read and had it on: what was done and what is forbidden is in
// there. It fails with ErrLocked while a manager has the journal.
func SetAside(ctx context.Context, path, by string) (a Aside, err error) {
	lock, err := lockFile(path)
	if err != nil {
		return a, err
	}
	off := keptSwitch(ctx, path)
	if a, err = move(path); err != nil {
		return a, errors.Join(fmt.Errorf("set the journal aside: %w", err), lock.release())
	}
	if err := lock.release(); err != nil {
		return a, err
	}
	j, err := Open(path)
	if err != nil {
		return a, err
	}
	if off.Value != "" {
		err = j.SetProperty(ctx, PropertyOff, off.Value, off.By)
	}
	if err == nil {
		err = j.SetProperty(ctx, PropertyAside, a.Folder, by)
	}
	a.Off = off
	return a, errors.Join(err, j.Close())
}

// PropertyAside says where the journal is that this one replaced.
const PropertyAside = "setAside"

// keptSwitch reads the off switch from a journal that may be damaged. What cannot be read is off.
func keptSwitch(ctx context.Context, path string) Property {
	unknown := Property{Value: "true", By: "set-aside: the former journal could not be read"}
	if _, err := exists(path); err != nil {
		return unknown
	}
	r, err := OpenReader(path)
	if err != nil {
		return unknown
	}
	p, err := r.Property(ctx, PropertyOff)
	if err = errors.Join(err, r.Close()); err != nil {
		return unknown
	}
	return p
}

// move moves the store and its companions. The folder's name tells when.
func move(path string) (a Aside, err error) {
	a.Folder = filepath.Join(filepath.Dir(path), "set-aside-"+time.Now().UTC().Format("20060102T150405.000Z"))
	if err := os.Mkdir(a.Folder, 0o700); err != nil {
		return a, err
	}
	// The companions first: without its file the rest is refused, and not taken for a journal.
	for _, suffix := range append(append([]string{}, companions...), "") {
		name := filepath.Base(path) + suffix
		switch err := os.Rename(path+suffix, filepath.Join(a.Folder, name)); {
		case err == nil:
			a.Files = append(a.Files, name)
		case !errors.Is(err, fs.ErrNotExist):
			return a, err
		}
	}
	if len(a.Files) == 0 {
		return a, errors.Join(fmt.Errorf("%s: there is no journal: name the dataDir of a manager that has run", path), os.Remove(a.Folder))
	}
	return a, nil
}
