package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"
)

// NodeEngineID is EngineID for a daemon: where an id that was there cannot be used any more, it says so, because every
// manager that knows the old one must learn the new one.
func NodeEngineID(dataDir, machine string, log *logrus.Entry) ([]byte, error) {
	path := filepath.Join(dataDir, engineIDFile)
	_, err := os.Stat(path)
	former := !errors.Is(err, fs.ErrNotExist)
	before, _ := os.ReadFile(path) // what is wrong with it, EngineID tells
	id, err := EngineID(dataDir, machine)
	if err != nil {
		return nil, err
	}
	if after, err := os.ReadFile(path); former && (err != nil || string(after) != string(before)) {
		log.WithField("file", path).WithField("engine", fmt.Sprintf("%x", id)).
			Error("the file holds no engine id of this machine: it was damaged, or copied from another; a new engine id was made: give it to every receiver and manager (hawser export users)")
	}
	return id, nil
}
