package resource

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// recordVersion is written into each record; a later form gets a higher one.
const recordVersion = 1

// record is what a later daemon needs to find a service. It is written once before the process exists, without PID, and
// once after.
type record struct {
	Version  int       `json:"version"`
	Name     string    `json:"name"`
	Instance string    `json:"instance"`
	Boot     string    `json:"boot"`
	Epoch    string    `json:"epoch,omitempty"`
	Command  []string  `json:"command"`
	Written  time.Time `json:"written"`
	PID      int       `json:"pid,omitempty"`
	Start    uint64    `json:"startTime,omitempty"`
	Group    int       `json:"group,omitempty"`
	Session  int       `json:"session,omitempty"`
}

// writeRecord replaces the file whole: it and its folder are on disk when it returns.
func writeRecord(path string, r record) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("runtime record: %w", err)
	}
	_, err = file.Write(append(raw, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("runtime record: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("runtime record: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("runtime state folder: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("runtime state folder: %w", err)
	}
	return nil
}

// errBadRecord says that a record is there and cannot be read; the marker still finds the service's processes.
var errBadRecord = errors.New("runtime record is damaged")

// readRecord returns os.ErrNotExist if there is none, and errBadRecord if it makes no sense.
func readRecord(path string) (record, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		return record{}, fmt.Errorf("%w: %s: %w", errBadRecord, path, err)
	}
	if r.Version != recordVersion || r.PID < 0 || r.Group < 0 || r.PID > 0 && r.Group != r.PID {
		return record{}, fmt.Errorf("%w: %s: version %d, process %d, group %d", errBadRecord, path, r.Version, r.PID, r.Group)
	}
	return r, nil
}

// removeRecord is safe to repeat.
func removeRecord(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("runtime record: %w", err)
	}
	return nil
}
