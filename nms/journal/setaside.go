package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
// there. It fails with ErrLocked while a manager has the journal, and keeps managers off it until it is through.
//
// The new store is whole before anything is moved, and gets its name last. A stop in between leaves either the former store
// as it was or none, which Open refuses; saying it again goes on where it stopped.
func SetAside(ctx context.Context, path, by string) (a Aside, err error) {
	lock, err := lockFile(path)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if a, err = takeUpAside(ctx, path); err != nil {
		return a, err
	}
	if a.Folder == "" {
		if a, err = prepareAside(ctx, path, by); err != nil {
			return a, fmt.Errorf("prepare an empty journal: %w", err)
		}
	}
	if a.Files, err = move(path, a.Folder); err != nil {
		return a, fmt.Errorf("set the journal aside: %w: say it again", err)
	}
	if err := removeAll(path+asideSuffix, companions); err != nil { // empty, of its reader
		return a, err
	}
	if err := os.Rename(path+asideSuffix, path); err != nil {
		return a, fmt.Errorf("name the empty journal: %w: say it again", err)
	}
	return a, syncFolder(filepath.Dir(path))
}

// asideSuffix names the new store while the former one is being moved.
const asideSuffix = ".aside"

// takeUpAside reads what a set-aside that was stopped was about to do; nothing if the former store is still in its place.
func takeUpAside(ctx context.Context, path string) (a Aside, err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	if _, err := os.Stat(path + asideSuffix); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return a, err
	}
	r, err := OpenReader(path + asideSuffix)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	folder, err := r.Property(ctx, PropertyAside)
	if err != nil {
		return a, err
	}
	a.Folder = folder.Value
	a.Off, err = r.Property(ctx, PropertyOff)
	return a, err
}

// prepareAside makes the folder for the former store and, beside that, the whole new one. The folder's name tells when.
func prepareAside(ctx context.Context, path, by string) (a Aside, err error) {
	if !slices.ContainsFunc(storeFiles, func(suffix string) bool { _, err := os.Lstat(path + suffix); return err == nil }) {
		return a, fmt.Errorf("%s: there is no journal: name the dataDir of a manager that has run", path)
	}
	a.Off = keptSwitch(ctx, path)
	a.Folder = filepath.Join(filepath.Dir(path), "set-aside-"+time.Now().UTC().Format("20060102T150405.000Z"))
	if err := os.Mkdir(a.Folder, 0o700); err != nil {
		return a, err
	}
	draft := path + asideSuffix + ".draft"
	if err := removeAll(draft, storeFiles); err != nil {
		return a, err
	}
	if err := removeAll(path+asideSuffix, storeFiles); err != nil { // of one that was stopped before it moved anything
		return a, err
	}
	if err := writeAside(ctx, draft, a, by); err != nil {
		return a, errors.Join(err, os.Remove(a.Folder))
	}
	if err := os.Rename(draft, path+asideSuffix); err != nil {
		return a, err
	}
	return a, syncFolder(filepath.Dir(path))
}

// writeAside makes an empty store that has the former one's switch. Its close leaves it in one file.
func writeAside(ctx context.Context, draft string, a Aside, by string) error {
	j, err := start(draft, nil)
	if err != nil {
		return err
	}
	if a.Off.Value != "" {
		err = j.SetProperty(ctx, PropertyOff, a.Off.Value, a.Off.By)
	}
	if err == nil {
		err = j.SetProperty(ctx, PropertyAside, a.Folder, by)
	}
	if err = errors.Join(err, j.Close()); err != nil {
		return err
	}
	if info, err := os.Stat(draft + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%s-wal: a part of the empty journal is still in its log: say it again", draft)
	}
	return nil
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

// storeFiles are the endings of all files of a store, itself first: without it the rest is refused, while it would be opened
// without what is in its log.
var storeFiles = append([]string{""}, companions...)

// move moves the store and its companions into a folder, and returns all that is in there.
func move(path, folder string) (files []string, err error) {
	for _, suffix := range storeFiles {
		name := filepath.Base(path) + suffix
		if err := os.Rename(path+suffix, filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return files, err
		}
		if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
			files = append(files, name)
		}
	}
	return files, errors.Join(syncFolder(folder), syncFolder(filepath.Dir(path)))
}

// removeAll removes the files of a store that are there.
func removeAll(path string, suffixes []string) error {
	for _, suffix := range suffixes {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
