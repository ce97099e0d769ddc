package trapd

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
)

// Engine is the manager's own SNMP engine, which is authoritative for the INFORMs it receives. Its id is made once and
// kept; its boots rise with each start, before the first answer.
type Engine struct {
	ID      []byte
	Boots   uint32
	started time.Time
}

// engineFile is the stored form.
type engineFile struct {
	EngineID string `json:"engineId"`
	Boots    uint32 `json:"boots"`
}

// StartEngine reads the engine kept in path, or makes one, and raises its boots durably, above those that known has of it:
// a file that was restored from a backup would set them back, and nobody would talk to this engine any more.
func StartEngine(path string, known map[string]uint32) (*Engine, error) {
	clearDrafts(path)
	kept, err := readEngine(path)
	if err != nil {
		return nil, err
	}
	if kept.EngineID == "" {
		kept.EngineID = hex.EncodeToString(snmp.NewEngineID(mib.PEN))
	}
	id, err := hex.DecodeString(kept.EngineID)
	if err != nil || len(id) < snmp.MinEngineID || len(id) > snmp.MaxEngineID {
		return nil, fmt.Errorf("the manager's engine in %s has the id %q: restore the file from a backup, or remove it and give the clusters the new engine", path, kept.EngineID)
	}
	kept.Boots = max(kept.Boots, known[kept.EngineID])
	if kept.Boots >= snmp.MaxBoots-1 {
		return nil, fmt.Errorf("the manager's engine in %s has used up its boots: remove the file; a new engine id is made", path)
	}
	kept.Boots++
	if err := writeDurably(path, kept); err != nil {
		return nil, fmt.Errorf("keep the manager's engine: %w: free space or fix the mode of the folder", err)
	}
	return &Engine{ID: id, Boots: kept.Boots, started: time.Now()}, nil
}

// ReadEngineID returns the id kept in path in hex, for tools that only print it.
func ReadEngineID(path string) (string, error) {
	kept, err := readEngine(path)
	if err == nil && kept.EngineID == "" {
		err = fmt.Errorf("%s: no engine yet: start the manager once", path)
	}
	return kept.EngineID, err
}

func readEngine(path string) (engineFile, error) {
	var kept engineFile
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil {
		return kept, fmt.Errorf("read the manager's engine from %s: %w: restore the file, or remove it and give the clusters the new engine", path, err)
	}
	return kept, nil
}

// clearDrafts removes what a process that was killed while it wrote left.
func clearDrafts(path string) {
	drafts, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".engine-*"))
	for _, draft := range drafts {
		_ = os.Remove(draft) // it is in nobody's way
	}
}

// writeDurably replaces the file so that after a crash either the old or the new text is there.
func writeDurably(path string, kept engineFile) (err error) {
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".engine-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

func syncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// now is the engine as it stands at this moment.
func (e *Engine) now() snmp.Engine {
	return snmp.Engine{ID: e.ID, Boots: e.Boots, Time: uint32(time.Since(e.started) / time.Second)}
}

// Hex is the engine id as configurations write it.
func (e *Engine) Hex() string { return hex.EncodeToString(e.ID) }
